"""WebSocket views: asked first, refused in close codes, ended when the right goes."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from tests.api.front.front import API, Edge
from tests.media.streams import h264_track_frames
from tests.playback.recorded import CAMERA
from tests.stream.links import begin, chunk
from vms.base.errors import Kind, VmsError
from vms.media.cmaf import make_init
from vms.owner.requests import ContinueSpan, Extent, OpenLive, OpenSpan


def ended(session: WebSocketTestSession) -> tuple[int, dict[str, Any]]:
    """The close code and the word before it."""
    word = json.loads(session.receive_text())
    with pytest.raises(WebSocketDisconnect) as closed:
        session.receive_text()
    return closed.value.code, word


def test_a_live_view_gets_init_then_chunks_as_the_contract_frames_them() -> None:
    edge, init = Edge(), make_init(h264_track_frames()[0])
    with edge.client() as client, client.websocket_connect(API + "/live.mse?profile=sub") as session:
        assert client.portal is not None

        def publish() -> None:
            stream = edge.worker.watch(CAMERA, "sub").stream
            stream.start(begin(init), 0)
            stream.publish(chunk(7, key=True), 0)

        client.portal.call(publish)
        text = json.loads(session.receive_text())
        assert (text["type"], text["track"], text["mime"], text["run"]) == ("init", 1, init.info.mime, "run-1")
        assert session.receive_bytes()[16:] == init.data
        assert session.receive_bytes() == struct.pack(">BBHIq", 2, 1, 0, 7, chunk(7).wall_us) + chunk(7).data
        session.send_text("nonsense")
        assert ended(session)[0] == 4503
    assert edge.asking.asked == [OpenLive(CAMERA, "sub")]


@pytest.mark.parametrize(("kind", "code"), [(Kind.FORBIDDEN, 4403), (Kind.NOT_FOUND, 4404), (Kind.UNAVAILABLE, 4503), (Kind.LIMIT, 4503)])
@pytest.mark.parametrize("path", ["/live.mse", "/playback.mse?from=5"])
def test_a_refusal_is_told_in_the_close_code(kind: Kind, code: int, path: str) -> None:
    edge = Edge()
    edge.asking.refusal = VmsError(kind, "no")
    with edge.client().websocket_connect(API + path) as session:
        assert ended(session) == (code, {"type": "end", "cause": kind, "detail": "no"})


def test_who_is_not_signed_in_or_comes_from_another_page_is_not_even_asked_for() -> None:
    edge = Edge()
    with edge.client(signed_in=False).websocket_connect(API + "/live.mse") as session:
        assert ended(session)[0] == 4401
    with edge.client().websocket_connect(API + "/live.mse", headers={"Origin": "https://evil.example.org"}) as session:
        assert ended(session)[0] == 4403
    assert edge.asking.asked == []


def test_a_live_view_changes_its_profile_and_asks_anew() -> None:
    edge = Edge()
    with edge.client() as client, client.websocket_connect(API + "/live.mse") as session:
        session.send_text('{"type":"profile","profile":"sub"}')
        session.send_text("nonsense")
        assert ended(session)[1]["cause"] == "bad_request"
    assert [request for request in edge.asking.asked if isinstance(request, OpenLive)] == [
        OpenLive(CAMERA, "main"),
        OpenLive(CAMERA, "sub"),
    ]


def test_a_withdrawn_right_ends_its_views_and_no_others(day: tuple[Extent, ...]) -> None:
    edge = Edge(day)
    with edge.client() as client, client.websocket_connect(API + f"/playback.mse?from={day[0].start_us}") as session:
        assert client.portal is not None
        assert json.loads(session.receive_text())["type"] == "init"
        client.portal.call(edge.open.revoke, "session-2", None)
        assert len(edge.open) == 1
        client.portal.call(edge.open.revoke, "session-1", None)
        while (message := session.receive())["type"] != "websocket.close":
            pass
        assert message["code"] == 4401
    assert not edge.open


def test_playback_sends_what_is_recorded_and_takes_the_viewers_words(day: tuple[Extent, ...]) -> None:
    edge = Edge(day)
    with edge.client() as client, client.websocket_connect(API + f"/playback.mse?from={day[0].start_us}") as session:
        assert json.loads(session.receive_text())["type"] == "init"
        assert session.receive_bytes()[0] == 1
        assert struct.unpack_from(">q", session.receive_bytes(), 8)[0] == day[0].start_us
        session.send_text(json.dumps({"type": "speed", "value": 99}))
        while (message := session.receive())["type"] != "websocket.close":
            pass
        assert message["code"] == 4503


def test_a_playback_is_audited_at_its_begin_and_at_each_seek_only(day: tuple[Extent, ...]) -> None:
    edge = Edge(day)
    first, later = day[0].start_us, day[-1].start_us
    with edge.client() as client, client.websocket_connect(API + f"/playback.mse?from={first}") as session:
        assert json.loads(session.receive_text())["type"] == "init"
        session.send_text(json.dumps({"type": "seek", "at_us": later, "seek": 1}))
        while '"seek":1' not in session.receive().get("text", "").replace(" ", ""):
            pass
        session.send_text("nonsense")
        while session.receive()["type"] != "websocket.close":
            pass
    audited = [request.from_us for request in edge.asking.asked if isinstance(request, OpenSpan) and request.audited]
    assert audited == [first, later]
    assert any(type(request) is ContinueSpan for request in edge.asking.asked)
