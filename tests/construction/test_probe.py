"""A probe is checked like a registration before the media plane dials anything."""

from __future__ import annotations

import pytest

from tests.construction.desk import URL, TestDesk
from vms.base.errors import Kind, VmsError
from vms.owner.registration import ProbeCamera


def test_the_media_plane_gets_url_and_credentials_apart(desk: TestDesk) -> None:
    assert desk.ask(ProbeCamera("rtsp://admin:w@192.0.2.7/stream1", transport="tcp")).cause == "auth"
    assert desk.probed == [ProbeCamera(URL, "admin", "w", "tcp")]
    desk.ask(ProbeCamera("rtsp://admin:w@192.0.2.7/stream1", username="viewer"))
    assert desk.probed[-1] == ProbeCamera(URL, "viewer", None)
    assert "w@" not in repr(desk.probed)


def test_a_probe_of_a_forbidden_place_is_never_made(desk: TestDesk) -> None:
    for url, kind in (("http://192.0.2.7/", Kind.BAD_REQUEST), ("rtsp://127.0.0.1/", Kind.NOT_ALLOWED)):
        with pytest.raises(VmsError) as refused:
            desk.ask(ProbeCamera(url))
        assert refused.value.kind is kind
    assert desk.probed == []
