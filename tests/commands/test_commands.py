"""doctor finds what is wrong and changes nothing; probe tells what a camera sends or why it does not."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from vms.base.errors import VmsError
from vms.commands.doctor import examine
from vms.commands.probe import probe_url, tell
from vms.settings import HttpSettings, Settings


def test_doctor_looks_at_everything_and_makes_nothing(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = {f.name: f for f in examine(Settings(data_dir=tmp_path / "d", http=HttpSettings(host="127.0.0.1", port=port, tls=False)))}
    assert {"data directory", "free space", "open files", "port", "database", "user", "clock"} == found.keys()
    assert found["data directory"].ok
    assert not found["port"].ok
    assert str(port) in found["port"].detail
    assert not (tmp_path / "d").exists()


def test_probe_tells_a_refused_connection_with_an_advice_and_no_password() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    result = probe_url(f"rtsp://user:hunter2@127.0.0.1:{port}/cam")
    assert (result["ok"], result["cause"], result["tracks"]) == (False, "refused", [])
    assert "is RTSP switched on" in tell(result)
    assert "hunter2" not in str(result)


def test_probe_of_what_is_no_url_is_an_error_of_the_caller() -> None:
    with pytest.raises(VmsError):
        probe_url("http://192.0.2.1/")


def test_tracks_are_told_a_line_each() -> None:
    video = {"track": 1, "codec": "h264", "width": 640, "height": 360, "fps": 25.0, "timescale": 90_000, "mime": "video/mp4"}
    audio = video | {"track": 2, "codec": "pcma", "width": 0, "timescale": 8000, "mime": "audio/mp4"}
    lines = tell({"ok": True, "elapsed_ms": 12, "tracks": [video, audio]}).splitlines()
    assert lines[0] == "[ok] first picture after 12 ms"
    assert "640x360 25 fps" in lines[1]
    assert "8000 Hz" in lines[2]
