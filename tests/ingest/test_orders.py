from __future__ import annotations

import json
from typing import Any

import pytest

from vms.base.errors import Kind, VmsError
from vms.ingest.orders import MAX_ALLOW, MAX_TEXT, CameraState, PullOrder, Resume
from vms.media.types import Codec, TrackInfo

ORDER = PullOrder("c1", "main", "rtsp://192.0.2.1/x", "u", "p", "tcp", False, True, ("192.0.2.0/24",), Resume(5, "network"))


def test_order_survives_its_json() -> None:
    assert PullOrder.from_json(json.loads(json.dumps(ORDER.to_json()))) == ORDER
    bare = PullOrder("c1", "main", "rtsp://192.0.2.1/x")
    assert PullOrder.from_json({"camera": "c1", "profile": "main", "url": "rtsp://192.0.2.1/x"}) == bare


@pytest.mark.parametrize(
    "change",
    [
        {"camera": ""},
        {"camera": 5},
        {"profile": None},
        {"url": "x" * (MAX_TEXT + 1)},
        {"transport": "pigeon"},
        {"record": "yes"},
        {"allow": "192.0.2.0/24"},
        {"allow": [1]},
        {"allow": ["192.0.2.0/24"] * (MAX_ALLOW + 1)},
        {"resume": []},
        {"resume": {"end_us": True, "cause": "x"}},
    ],
)
def test_order_with_a_field_out_of_form_is_refused_by_name(change: dict[str, Any]) -> None:
    with pytest.raises(VmsError) as error:
        PullOrder.from_json(ORDER.to_json() | change)
    assert error.value.kind is Kind.BAD_REQUEST
    assert error.value.facts["field"] in (*change, "end_us", "cause")


def test_password_is_never_printed() -> None:
    assert "secret" not in repr(PullOrder("c", "m", "rtsp://192.0.2.1/", password="secret"))


def test_state_survives_its_json_but_for_the_bytes_of_its_tracks() -> None:
    track = TrackInfo(1, Codec.H264, 90_000, 'video/mp4; codecs="avc1.64001f"', b"box", 640, 480, 25.0, 2)
    state = CameraState("c1", "main", "online", None, "", 5, True, 9, (track,), 2000, 25.0, 2_000_000)
    text = json.dumps(state.to_json())
    assert "sample_entry" not in text
    back = CameraState.from_json(json.loads(text))
    assert back.tracks[0].mime == track.mime
    assert CameraState.from_json(back.to_json()) == back


@pytest.mark.parametrize("change", [{"state": "asleep"}, {"tracks": [5]}, {"tracks": [{"codec": "av1"}]}, {"fps": "25"}, {"since_us": 1.5}])
def test_state_out_of_form_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(VmsError):
        CameraState.from_json(CameraState("c1", "main", "online").to_json() | change)


def test_a_wish_goes_with_the_order_as_it_is() -> None:
    order = PullOrder("c", "main", "rtsp://192.0.2.1/", wish={"steps": [[0, "event"]]})
    assert PullOrder.from_json(order.to_json()) == order
    with pytest.raises(VmsError):
        PullOrder.from_json(order.to_json() | {"wish": 5})
