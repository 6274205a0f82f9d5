"""Facts: pages, the long poll, and the stream that resumes by id."""

from __future__ import annotations

import pytest
from starlette.websockets import WebSocketDisconnect

from tests.api.fakes import BEARER, CAMERA_ID, SESSION, TOKEN, FakeNode


def test_facts_are_read_behind_the_last_one_seen() -> None:
    node = FakeNode()
    for kind in ("camera.created", "camera.changed", "camera.created"):
        node.facts.add(kind)
    page = node.client.get("/api/v1/facts?limit=2", headers=BEARER).json()
    assert ([f["seq"] for f in page["items"]], page["next"]) == ([1, 2], "n1.1.2")
    assert page["items"][0] == {
        "id": "n1.1.1",
        "epoch": 1,
        "seq": 1,
        "type": "camera.created",
        "at": "2026-05-01T12:00:00.000001Z",
        "node_id": "n1",
        "subject": {"kind": "camera", "id": CAMERA_ID},
        "data": {"name": "gate"},
    }
    rest = node.client.get("/api/v1/facts?after=n1.1.2", headers=BEARER).json()
    assert ([f["seq"] for f in rest["items"]], rest["next"]) == ([3], None)
    only = node.client.get("/api/v1/facts?type=camera.changed", headers=BEARER).json()
    assert [f["seq"] for f in only["items"]] == [2]


def test_a_long_poll_answers_as_soon_as_a_fact_comes() -> None:
    node = FakeNode()
    node.facts.while_waiting = node.facts.add
    page = node.client.get("/api/v1/facts?wait_s=30", headers=BEARER).json()
    assert [f["seq"] for f in page["items"]] == [1]
    assert len(node.facts.waits) == 1


def test_a_long_poll_ends_empty_when_nothing_comes() -> None:
    node = FakeNode()
    assert node.client.get("/api/v1/facts?wait_s=0.02", headers=BEARER).json() == {"items": [], "next": None}
    assert node.client.get("/api/v1/facts?wait_s=31", headers=BEARER).status_code == 422


def test_a_stream_resumes_behind_the_last_id_and_goes_on() -> None:
    node = FakeNode()
    node.facts.add()
    node.facts.add()
    with node.client.websocket_connect("/api/v1/facts/stream?after=n1.1.1", headers=BEARER) as socket:
        assert socket.receive_json()["seq"] == 2
        node.facts.add()
        assert socket.receive_json()["seq"] == 3


def test_a_stream_without_a_place_starts_now() -> None:
    node = FakeNode()
    node.facts.add()
    node.facts.while_waiting = lambda: None if len(node.facts.rows) > 1 else node.facts.add()
    with node.client.websocket_connect("/api/v1/facts/stream", headers=BEARER) as socket:
        assert socket.receive_json()["seq"] == 2


def test_a_browser_opens_the_stream_from_our_own_page() -> None:
    node = FakeNode()
    node.facts.add()
    headers = {"Cookie": f"vms_session={SESSION}", "Origin": "http://testserver"}  # the test client's WebSockets go there
    with node.client.websocket_connect("/api/v1/facts/stream?after=n1.1.0", headers=headers) as socket:
        assert socket.receive_json()["seq"] == 1


def test_a_stream_is_closed_when_its_session_ends() -> None:
    node = FakeNode(recheck_s=0.01)
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        node.client.websocket_connect("/api/v1/facts/stream", headers=BEARER) as socket,
    ):
        del node.actors[TOKEN]
        socket.receive_text()
    assert closed.value.code == 4401
