"""Live as HLS: every request judged, one segmenter for all, a view that begins in the audit and ends when nobody asks."""

from __future__ import annotations

import re
from collections.abc import Generator

import pytest
from starlette.testclient import TestClient

from tests.api.front.front import API, Edge
from tests.media.streams import h264_track_frames
from tests.playback.recorded import CAMERA
from tests.stream.links import begin, chunk, until
from vms.api.front.asking import Credential, Verdict
from vms.api.front.live_hls import ASK_AGAIN_S, IDLE_S
from vms.base.errors import Kind, VmsError
from vms.media.cmaf import make_init
from vms.owner.requests import CameraRequest, ContinueLive, OpenLive


class Live(Edge):
    """An edge whose one camera sends; the picture is there before anybody asks."""

    def send(self, frames: range = range(151)) -> None:
        stream = self.worker.watch(CAMERA, "main").stream
        if stream.begin is None:
            stream.start(begin(make_init(h264_track_frames()[0])), 0)
        for number in frames:
            stream.publish(chunk(number, key=number % 50 == 0), 0)

    async def sends_when_watched(self) -> None:
        await until(lambda: bool(self.hls.feeds))
        self.send(range(50, 151))

    def opened(self, *, audited: bool = False) -> list[type[object]]:
        return [type(request) for request in self.asking.asked if request.audited or not audited]


@pytest.fixture
def edge() -> Live:
    return Live()


@pytest.fixture
def client(edge: Live) -> Generator[TestClient]:
    """Two seconds of picture are there, and more arrive behind the first asker's back."""
    with edge.client() as client:
        assert client.portal is not None
        client.portal.call(edge.send, range(50))
        tasks = [client.portal.start_task_soon(task) for task in (edge.sends_when_watched, edge.hls.run)]
        yield client
        for task in tasks:
            task.cancel()


def test_every_entry_of_the_playlist_can_be_fetched_and_one_act_is_in_the_audit(edge: Live, client: TestClient) -> None:
    answer = client.get(API + "/live.m3u8")
    assert (answer.status_code, answer.headers["content-type"], answer.headers["cache-control"]) == (
        200, "application/vnd.apple.mpegurl", "no-store",
    )  # fmt: skip
    inits = re.findall(r'URI="([^"]+)"', answer.text)
    media = [line for line in answer.text.splitlines() if line.startswith("live/media")]
    assert all(client.get(f"{API}/{uri}").content[4:8] == b"ftyp" for uri in inits)
    assert b"".join(client.get(f"{API}/{uri}").content for uri in media) == b"".join(chunk(number).data for number in range(150))
    assert [request for request in edge.asking.asked if request.audited] == [OpenLive(CAMERA, "main")]


def test_a_second_viewer_shares_the_segmenter_and_is_a_view_of_its_own(edge: Live, client: TestClient) -> None:
    first = client.get(API + "/live.m3u8")
    edge.asking.secrets.add("other")
    second = client.get(API + "/live.m3u8", headers={"Authorization": "Bearer other"})
    assert first.content == second.content
    assert (len(edge.hls.feeds), len(edge.open)) == (1, 2)


@pytest.mark.parametrize("path", ["/live.m3u8", "/live/init.mp4?map=1", "/live/media.m4s?segment=1"])
def test_nothing_leaves_without_a_yes(edge: Live, client: TestClient, path: str) -> None:
    assert client.get(API + path, headers={"Authorization": ""}).status_code == 401
    assert edge.asking.asked == []
    edge.asking.refusal = VmsError(Kind.NOT_FOUND, "no such camera")
    refused = client.get(API + path)
    assert (refused.status_code, refused.headers["content-type"]) == (404, "application/problem+json")
    assert not edge.hls.feeds


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/live.m3u8?profile=x", 400),
        ("/live/init.mp4", 400),
        ("/live/media.m4s?segment=../../etc/passwd", 400),
        ("/live/media.m4s?segment=-1", 400),
        ("/live/media.m4s?segment=1", 404),
        ("/live/init.mp4?map=1", 404),
        ("/live/../../../../etc/passwd", 404),
        ("/live/other.m4s", 404),
    ],
)
def test_what_lies_outside_is_one_clear_error(client: TestClient, path: str, status: int) -> None:
    client.get(API + "/live.m3u8")
    answer = client.get(API + path)
    assert answer.status_code in (status, 503 if "other" in path or ".." in path else status)  # the API's own 404, with control away
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_a_view_ends_when_nobody_asks_and_the_stream_with_its_last(edge: Live, client: TestClient) -> None:
    client.get(API + "/live.m3u8")
    assert client.portal is not None
    client.portal.call(edge.clock.advance, IDLE_S - 1)
    client.get(API + "/live.m3u8")
    client.portal.call(edge.clock.advance, IDLE_S - 1)
    assert len(edge.open) == 1
    client.portal.call(edge.clock.advance, 5)
    assert (len(edge.open), edge.hls.feeds, edge.hls.views) == (0, {}, {})
    assert client.get(API + "/live/media.m4s?segment=1").status_code == 404
    assert edge.opened(audited=True) == [OpenLive, OpenLive]


def test_a_withdrawn_right_ends_it_at_once(edge: Live, client: TestClient) -> None:
    client.get(API + "/live.m3u8")
    assert client.portal is not None
    client.portal.call(edge.open.revoke, "session-2", None)
    assert len(edge.open) == 1
    client.portal.call(edge.open.revoke, "session-1", None)
    assert (len(edge.open), edge.hls.feeds) == (0, {})
    edge.asking.refusal = VmsError(Kind.UNAUTHENTICATED, "sign in first")
    assert client.get(API + "/live.m3u8").status_code == 401


def test_a_long_view_is_judged_again_and_goes_on_while_control_is_away(edge: Live, client: TestClient) -> None:
    def watch_on(refusal: Kind) -> int:
        """Asked for all the while; the second time is due for judgement."""
        assert client.portal is not None
        edge.asking.refusal = VmsError(refusal, "no")
        client.portal.call(edge.clock.advance, ASK_AGAIN_S / 2 + 1)
        client.get(API + "/live.m3u8")
        client.portal.call(edge.clock.advance, ASK_AGAIN_S / 2 + 1)
        return client.get(API + "/live.m3u8").status_code

    assert client.get(API + "/live.m3u8").status_code == 200
    assert watch_on(Kind.UNAVAILABLE) == 200
    assert watch_on(Kind.NOT_FOUND) == 404
    assert edge.opened() == [OpenLive, ContinueLive, ContinueLive]
    assert len(edge.open) == 0


def test_a_right_that_goes_while_it_is_judged_is_gone(edge: Live, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get(API + "/live.m3u8").status_code == 200
    assert client.portal is not None
    client.portal.call(edge.clock.advance, ASK_AGAIN_S + 1)
    yes = edge.asking.ask

    async def withdrawn_meanwhile(credential: Credential, request: CameraRequest) -> Verdict:
        verdict = await yes(credential, request)
        edge.open.revoke("session-1", None)
        edge.asking.refusal = VmsError(Kind.NOT_FOUND, "no such camera")
        return verdict

    monkeypatch.setattr(edge.asking, "ask", withdrawn_meanwhile)
    assert client.get(API + "/live.m3u8").status_code == 404
    assert edge.opened() == [OpenLive, ContinueLive, OpenLive]
    assert (len(edge.open), edge.hls.feeds) == (0, {})


def test_a_camera_without_a_picture_is_one_clear_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vms.api.front.live_hls.FIRST_SEGMENT_S", 0.0)
    with Edge().client() as client:
        answer = client.get(API + "/live.m3u8")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (503, "2", "unavailable")
