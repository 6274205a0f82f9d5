"""Admission: a view that the node cannot carry is refused at once, in words, over HTTP and over WebSocket; others stay."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from tests.api.front.front import API, LIMITS, Edge
from tests.playback.recorded import CAMERA
from vms.api.front.open_views import Limits, View
from vms.base.errors import VmsError
from vms.owner.requests import ContinueSpan, OpenLive

FULL = {
    "node": Limits(node=1, user=9, camera=9, busy_percent=90),
    "user": Limits(node=9, user=1, camera=9, busy_percent=90),
    "camera": Limits(node=9, user=9, camera=1, busy_percent=90),
}


def nothing() -> None:
    """A view of another program that nobody ends."""


def refused(session: WebSocketTestSession) -> dict[str, Any]:
    """The word before the close; the code must be the contract's."""
    word = json.loads(session.receive_text())
    with pytest.raises(WebSocketDisconnect) as closed:
        session.receive_text()
    assert closed.value.code == 4503
    assert json.loads(closed.value.reason)["code"] == "overload"
    return word


def hls_refused(client: TestClient) -> dict[str, Any]:
    answer = client.get(API + "/live.m3u8")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (503, "5", "overload")
    return answer.json()["params"]


@pytest.mark.parametrize("scope", FULL)
@pytest.mark.parametrize("path", ["/live.mse", "/playback.mse?from=5"])
def test_one_view_too_many_is_told_why_and_when_to_come_again(scope: str, path: str) -> None:
    edge = Edge(limits=FULL[scope])
    edge.open.add(View("session-2", "t0ken", CAMERA, nothing))
    with edge.client() as client:
        with client.websocket_connect(API + path) as session:
            word = refused(session)
        assert (word["type"], word["cause"], word["retry_after_s"]) == ("end", "overload", 5)
        assert hls_refused(client)["scope"] == scope
    assert (len(edge.open), edge.worker.streams()) == (1, 0 if path.startswith("/playback") else edge.worker.streams())
    assert not edge.hls.feeds


def test_a_node_that_is_full_asks_nobody() -> None:
    edge = Edge(limits=FULL["node"])
    edge.open.add(View("session-2", "x", CAMERA, nothing))
    with edge.client() as client:
        hls_refused(client)
    assert edge.asking.asked == []


def test_another_user_and_another_camera_still_have_room() -> None:
    edge = Edge(limits=Limits(node=9, user=1, camera=1, busy_percent=90))
    view = View("s", "one", "a", nothing)
    edge.open.add(view)
    edge.open.admit_view("two", "b")
    for user, camera in (("one", "b"), ("two", "a")):
        with pytest.raises(VmsError):
            edge.open.admit_view(user, camera)
    edge.open.discard(view)
    edge.open.discard(view)
    edge.open.admit_view("one", "a")


def test_without_cpu_to_spare_nothing_new_begins_and_what_runs_goes_on() -> None:
    edge = Edge()
    edge.busy.look()
    edge.open.add(View("session-2", "x", CAMERA, nothing))
    edge.clock.step_mono(1_000_000)
    edge.cpu_us = 950_000
    edge.busy.look()
    with edge.client() as client:
        told = hls_refused(client)
    assert (told["scope"], told["process"], told["busy_percent"]) == ("cpu", "edge", 95)
    assert len(edge.open) == 1


def test_a_worker_that_records_with_all_it_has_opens_no_new_stream_but_shares_those_that_are_open() -> None:
    edge = Edge()
    edge.worker.busy_percent = 95
    with edge.client() as client:
        assert client.portal is not None
        assert hls_refused(client)["process"] == "worker"
        with client.websocket_connect(API + "/live.mse") as session:
            assert refused(session)["cause"] == "overload"
        with client.websocket_connect(API + "/playback.mse?from=5") as session:
            session.send_text("nonsense")
            while (message := session.receive())["type"] != "websocket.close":
                pass
            assert json.loads(message["reason"])["code"] == "bad_request"
        client.portal.call(edge.worker.watch, CAMERA, "main")
        with client.websocket_connect(API + "/live.mse") as session:
            session.send_text("nonsense")
            assert json.loads(session.receive_text())["cause"] == "bad_request"
    assert {type(request) for request in edge.asking.asked} >= {OpenLive, ContinueSpan}
    assert len(edge.open) == 0
    assert LIMITS.busy_percent == 90
