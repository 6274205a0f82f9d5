"""WHEP at the edge: asked first, one clear problem for each fault, a session is a view and belongs to who opened it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx2
import pytest
from starlette.testclient import TestClient

from tests.api.front.front import API, LIMITS, Edge
from tests.playback.recorded import CAMERA
from vms.api.front.rtc import Rtc
from vms.base.errors import Kind, VmsError
from vms.owner.requests import LiveOpened, OpenLive

SDP = {"Content-Type": "application/sdp"}
WHEP = API + "/whep"
OFFER = "v=0\r\n"


class FakeRtc(Rtc):
    """Answers every offer; keeps what it was given."""

    def __init__(self) -> None:
        super().__init__("/nowhere")
        self.offers: list[tuple[str, LiveOpened, str, str]] = []
        self.closed: list[str] = []
        self.refusal: VmsError | None = None
        self.gone: dict[str, asyncio.Future[VmsError | None]] = {}

    async def offer(self, viewer: str, opened: LiveOpened, host: str, sdp: str) -> str:
        self.offers.append((viewer, opened, host, sdp))
        if self.refusal is not None:
            raise self.refusal
        self.gone[viewer] = asyncio.get_running_loop().create_future()
        return "v=0\r\nanswer"

    async def ended(self, viewer: str) -> VmsError | None:
        return await self.gone[viewer]

    def close(self, viewer: str) -> None:
        self.closed.append(viewer)


@pytest.fixture
def rtc() -> FakeRtc:
    return FakeRtc()


@pytest.fixture
def edge(rtc: FakeRtc) -> Edge:
    return Edge(rtc=rtc)


def code(answer: httpx2.Response) -> str:
    return answer.json()["code"]


def test_an_offer_is_answered_with_a_session_of_its_own(edge: Edge, rtc: FakeRtc) -> None:
    with edge.client() as client:
        answer = client.post(WHEP + "?profile=sub", content=OFFER, headers=SDP)
        assert (answer.status_code, answer.text, answer.headers["content-type"]) == (201, "v=0\r\nanswer", "application/sdp")
        assert answer.headers["access-control-allow-origin"] == "*"
        place = answer.headers["location"]
        assert place.startswith(WHEP + "/")
        assert len(place.rpartition("/")[2]) >= 32
        assert edge.asking.asked == [OpenLive(CAMERA, "sub")]
        assert rtc.offers[0][1:] == (LiveOpened(CAMERA, "sub", 0), "testserver", OFFER)
        assert (len(edge.open), edge.open.sessions()) == (1, ["session-1"])
        assert client.delete(place).status_code == 200
        assert not len(edge.open)
        assert rtc.closed == [rtc.offers[0][0]]
        assert client.delete(place).status_code == 404


@pytest.mark.parametrize("method", ["PATCH", "GET", "PUT", "DELETE"])
def test_the_endpoint_takes_offers_alone(edge: Edge, method: str) -> None:
    answer = edge.client().request(method, WHEP)
    assert (answer.status_code, answer.headers["allow"], answer.headers["accept-post"]) == (405, "POST, OPTIONS", "application/sdp")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["PATCH", "GET", "POST"])
def test_a_session_knows_no_trickle(edge: Edge, method: str) -> None:
    answer = edge.client().request(method, WHEP + "/x", content="a=candidate", headers={"Content-Type": "application/trickle-ice-sdpfrag"})
    assert (answer.status_code, answer.headers["allow"], answer.json()["status"]) == (405, "DELETE, OPTIONS", 405)


def test_a_player_on_another_page_may_ask_what_is_allowed_without_a_credential(edge: Edge) -> None:
    answer = edge.client(signed_in=False).options(WHEP, headers={"Origin": "https://player.example.org"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-headers"] == "Authorization, Content-Type"
    assert answer.headers["access-control-expose-headers"] == "Location"


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"x" * 200_000, SDP, 413),
        (b"\xff\xfe", SDP, 400),
        (OFFER.encode(), {"Content-Type": "text/plain"}, 415),
        (OFFER.encode(), {}, 415),
    ],
)
def test_a_bad_body_is_told_before_anybody_is_asked(edge: Edge, content: bytes, headers: dict[str, str], status: int) -> None:
    answer = edge.client().post(WHEP, content=content, headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert edge.asking.asked == []


@pytest.mark.parametrize(
    ("kind", "status", "later"),
    [(Kind.NOT_ACCEPTABLE, 406, None), (Kind.BAD_REQUEST, 400, None), (Kind.OVERLOAD, 503, "2"), (Kind.UNAVAILABLE, 503, "2")],
)
def test_a_refusal_of_rtc_is_a_problem_and_no_view(edge: Edge, rtc: FakeRtc, kind: Kind, status: int, later: str | None) -> None:
    rtc.refusal = VmsError(kind, "no", reason="b_frames")
    answer = edge.client().post(WHEP, content=OFFER, headers=SDP)
    assert (answer.status_code, code(answer), answer.headers.get("retry-after")) == (status, kind, later)
    assert answer.json()["params"] == {"reason": "b_frames"}
    assert not len(edge.open)


def test_who_may_not_watch_reaches_nobody(edge: Edge, rtc: FakeRtc) -> None:
    assert edge.client(signed_in=False).post(WHEP, content=OFFER, headers=SDP).status_code == 401
    edge.asking.refusal = VmsError(Kind.NOT_FOUND, "no such camera")
    assert edge.client().post(WHEP, content=OFFER, headers=SDP).status_code == 404
    assert rtc.offers == []


def test_a_cookie_needs_this_console_and_its_header(edge: Edge, rtc: FakeRtc) -> None:
    client = TestClient(edge.app, cookies={"vms_session": "t0ken"})
    ours = {**SDP, "X-VMS-CSRF": "1"}
    assert client.post(WHEP, content=OFFER, headers=SDP).status_code == 403
    assert client.post(WHEP, content=OFFER, headers={**ours, "Origin": "https://evil.example.org"}).status_code == 403
    assert rtc.offers == []
    with client:
        assert client.post(WHEP, content=OFFER, headers={**ours, "Origin": "http://testserver"}).status_code == 201


def test_only_who_opened_a_session_may_end_it(edge: Edge) -> None:
    with edge.client() as client:
        place = client.post(WHEP, content=OFFER, headers=SDP).headers["location"]
        stranger = {"Authorization": "Bearer an0ther"}
        assert client.delete(place, headers=stranger).status_code == 404
        assert client.delete(place.replace(CAMERA, "other-camera")).status_code == 404
        assert len(edge.open) == 1


def test_a_withdrawn_right_ends_the_session(edge: Edge, rtc: FakeRtc) -> None:
    with edge.client() as client:
        place = client.post(WHEP, content=OFFER, headers=SDP).headers["location"]
        assert client.portal is not None
        client.portal.call(edge.open.revoke, "session-2", None)
        assert rtc.closed == []
        client.portal.call(edge.open.revoke, "session-1", None)
        assert client.delete(place).status_code == 404
        assert (rtc.closed, len(edge.open)) == ([rtc.offers[0][0]], 0)


def test_a_viewer_that_left_or_was_lost_is_no_view_any_more(edge: Edge, rtc: FakeRtc) -> None:
    with edge.client() as client:
        place = client.post(WHEP, content=OFFER, headers=SDP).headers["location"]
        assert client.portal is not None
        viewer = rtc.offers[0][0]
        client.portal.call(rtc.gone[viewer].set_result, VmsError(Kind.UNAVAILABLE, "the WebRTC process ended"))
        assert client.delete(place).status_code == 404
        assert not len(edge.open)


def test_a_full_node_says_so(rtc: FakeRtc) -> None:
    answer = Edge(limits=replace(LIMITS, node=0), rtc=rtc).client().post(WHEP, content=OFFER, headers=SDP)
    assert (answer.status_code, answer.headers["retry-after"], code(answer)) == (503, "5", "overload")
    assert rtc.offers == []


def test_a_node_without_webrtc_says_so() -> None:
    answer = Edge().client().post(WHEP, content=OFFER, headers=SDP)
    assert (answer.status_code, code(answer)) == (503, "unavailable")
    assert "live.mse" in answer.json()["detail"]
