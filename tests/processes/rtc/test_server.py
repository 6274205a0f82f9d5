"""rtc's link with a plain aiortc viewer on the other side of a real UDP socket; the edge and the worker are fakes."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from av import VideoFrame

from tests.live.test_rtpstream import chunks
from tests.media.streams import h264_slices_track_frames, h265_track_frames
from tests.stream.links import FakeLink, on_a_loop, until
from tests.support import whep
from tests.webrtc.offers import CHROMIUM
from vms.base.clock import SystemClock
from vms.base.errors import Kind
from vms.media.cmaf import make_init
from vms.media.types import TrackInfo
from vms.processes.config import NodeConfig
from vms.processes.rtc.server import RtcServer
from vms.stream.frames import MESSAGE, LinkFrame
from vms.stream.hub import WorkerLink
from vms.stream.stream import Begin, Stream

CAMERA = "camera-1"
INFO, FRAMES = h264_slices_track_frames()
PATIENCE_S = 20.0


def config(**changes: Any) -> NodeConfig:
    fixed = NodeConfig(
        *(
            "node",
            "station",
            "Lakeside",
            "1",
            "/data",
            "/run",
            "127.0.0.1",
            0,
            "",
            "",
            1,
            "UTC",
            60.0,
            1,
            (),
            (),
            "",
            "",
            "",
            "json",
            "INFO",
        )
    )
    return replace(fixed, **changes)


class Rtc:
    """The server between a fake edge and a stream that the test feeds."""

    def __init__(self, **changes: Any) -> None:
        self.edge = FakeLink()
        self.worker = WorkerLink("/nowhere", SystemClock())
        self.server = RtcServer(config(**changes), [self.worker], SystemClock())
        self.said = self.edge.messages

    @property
    def stream(self) -> Stream:
        watched = self.worker.watch(CAMERA, "main")
        self.worker.unwatch(CAMERA, "main")
        return watched.stream

    def begin(self, info: TrackInfo = INFO) -> None:
        self.stream.start(Begin("run-1", (make_init(info),), 1_700_000_000_000_000), 0)

    def send(self, **message: Any) -> None:
        self.server.on_frame(self.edge, LinkFrame(MESSAGE, 0, 0, json.dumps(message).encode()))

    def offer(self, sdp: str, viewer: str = "v1") -> None:
        self.send(op="offer", id=viewer, worker=0, camera=CAMERA, profile="main", host="127.0.0.1", sdp=sdp)

    def told(self, op: str) -> list[dict[str, Any]]:
        return [message for _, message in self.said if message["op"] == op]

    async def refused(self, sdp: str) -> dict[str, Any]:
        self.offer(sdp)
        async with asyncio.timeout(PATIENCE_S):
            await until(lambda: bool(self.told("refused")))
        return self.told("refused")[0]["error"]


@asynccontextmanager
async def rtc(**changes: Any) -> AsyncGenerator[Rtc]:
    running = Rtc(**changes)
    try:
        yield running
    finally:
        await running.server.close()


@asynccontextmanager
async def viewer(running: Rtc, name: str = "v1") -> AsyncGenerator[tuple[RTCPeerConnection, Any]]:
    """A connected viewer and its video track."""
    connection, tracks = await whep.offer(("video",))
    try:
        before = len(running.told("answer"))
        running.offer(connection.localDescription.sdp, name)
        async with asyncio.timeout(PATIENCE_S):
            await until(lambda: len(running.told("answer")) > before)
        await connection.setRemoteDescription(RTCSessionDescription(running.told("answer")[-1]["sdp"], "answer"))
        async with asyncio.timeout(PATIENCE_S):
            await until(lambda: connection.connectionState == "connected")
        yield connection, tracks["video"]
    finally:
        await connection.close()


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    whep.on_loopback(monkeypatch)
    yield


async def feed(stream: Stream, first: int = 0, end: int | None = None) -> None:
    """The fixture's chunks, somewhat faster than a camera sends them."""
    for chunk in chunks(INFO, FRAMES)[first:end]:
        stream.publish(chunk, SystemClock().mono_us())
        await asyncio.sleep(0.02)


@on_a_loop
async def test_a_viewer_gets_the_gop_so_far_and_then_the_stream_and_leaves() -> None:
    async with rtc() as running:
        running.begin()
        await feed(running.stream, 0, 4)
        async with viewer(running) as (connection, track):
            feeding = asyncio.ensure_future(feed(running.stream, 4))
            for _ in range(len(FRAMES) // 2):
                frame = await asyncio.wait_for(track.recv(), PATIENCE_S)
                assert isinstance(frame, VideoFrame)
                assert (frame.width, frame.height) == (INFO.width, INFO.height)
            await feeding
            assert running.told("hello")[0]["pid"]
            assert connection.connectionState == "connected"
        async with asyncio.timeout(PATIENCE_S):
            await until(lambda: running.told("ended") == [{"op": "ended", "id": "v1", "error": None}])
        assert not running.stream.subscribers


@on_a_loop
async def test_two_viewers_share_one_stream_and_one_goes_without_the_other() -> None:
    async with rtc() as running:
        running.begin()
        async with viewer(running, "v1"), viewer(running, "v2") as (_, track):
            assert len(running.stream.subscribers) == 1
            running.send(op="close", id="v1")
            feeding = asyncio.ensure_future(feed(running.stream))
            assert await asyncio.wait_for(track.recv(), PATIENCE_S)
            await feeding
            assert len(running.stream.subscribers) == 1


@on_a_loop
async def test_viewers_live_no_longer_than_the_edge_that_brought_them() -> None:
    async with rtc() as running:
        running.begin()
        async with viewer(running) as (connection, _):
            running.server.on_closed(running.edge, None)
            async with asyncio.timeout(PATIENCE_S):
                await until(lambda: not running.stream.subscribers)
                await until(lambda: connection.connectionState == "closed")


@on_a_loop
async def test_a_viewer_whose_stream_becomes_something_else_is_told_why() -> None:
    async with rtc() as running:
        running.begin()
        async with viewer(running):
            async with asyncio.timeout(PATIENCE_S):
                await until(lambda: not running.told("ended") and bool(running.stream.subscribers))
            running.stream.lose("loss", 0)
            running.begin(h265_track_frames()[0])
            async with asyncio.timeout(PATIENCE_S):
                await until(lambda: bool(running.told("ended")))
            assert running.told("ended")[0]["error"]["kind"] == Kind.NOT_ACCEPTABLE


@on_a_loop
async def test_what_cannot_be_shown_is_refused_and_leaves_nothing_open() -> None:
    async with rtc() as running:
        running.begin(h265_track_frames()[0])
        error = await running.refused(CHROMIUM)
        assert (error["kind"], error["facts"]["reason"]) == (Kind.NOT_ACCEPTABLE, "codec")
        assert not running.stream.subscribers
    async with rtc() as running:
        assert (await running.refused("v=0\r\nm=x"))["kind"] == Kind.BAD_REQUEST
    async with rtc(webrtc_viewers=0) as running:
        assert (await running.refused(CHROMIUM))["kind"] == Kind.OVERLOAD


@on_a_loop
async def test_a_camera_without_pictures_is_waited_for_and_then_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vms.processes.rtc.server.BEGIN_S", 0.05)
    async with rtc() as running:
        assert (await running.refused(CHROMIUM))["kind"] == Kind.UNAVAILABLE


@on_a_loop
async def test_ports_come_from_the_range_and_when_it_is_full_that_is_said() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with rtc(webrtc_ports=(port, port)) as running:
            running.begin()
            assert (await running.refused(CHROMIUM))["kind"] == Kind.OVERLOAD
    async with rtc(webrtc_ports=(port, port), webrtc_host="192.0.2.9") as running:
        running.begin()
        running.offer(CHROMIUM)
        async with asyncio.timeout(PATIENCE_S):
            await until(lambda: bool(running.told("answer")))
        assert f"a=candidate:1 1 udp 2130706431 192.0.2.9 {port} typ host" in running.told("answer")[0]["sdp"]


@on_a_loop
async def test_nobody_is_sent_a_packet_at_an_address_that_an_offer_only_names() -> None:
    """An offer must not make the node knock at doors of its sender's choosing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as third:
        third.bind(("127.0.0.1", 0))
        third.setblocking(False)
        named = f"a=candidate:9 1 udp 2122260223 127.0.0.1 {third.getsockname()[1]} typ host\r\n"
        async with rtc() as running:
            running.begin()
            running.offer(CHROMIUM.replace("a=mid:0", named + "a=mid:0"))
            async with asyncio.timeout(PATIENCE_S):
                await until(lambda: bool(running.told("answer")))
            await asyncio.sleep(0.3)
            with pytest.raises(BlockingIOError):
                third.recv(2000)
