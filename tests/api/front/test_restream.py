"""The RTSP edge in front of fakes: asked before anything is shown, one clear answer to everything a client may send."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from tests.media.streams import h264_track_frames
from tests.playback.recorded import CAMERA
from tests.stream.links import begin, on_a_loop, until
from vms.api.front.asking import Asking, Credential, Verdict
from vms.api.front.open_views import Limits, OpenViews
from vms.api.front.restream import Restream, stream_of
from vms.base.busy import Busy
from vms.base.clock import ManualClock
from vms.base.errors import Kind, VmsError
from vms.media.cmaf import Chunker, make_init
from vms.media.types import Chunk
from vms.owner.requests import CameraRequest, LiveOpened, OpenLive
from vms.rtsp.auth import Credentials, answer, choose, proof_of, proves, secret_of
from vms.stream.hub import WorkerLink

PATH = f"/{CAMERA}/main"
RIGHT = "t_right"
TCP = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"


class FakeAsking(Asking):
    """Judges proofs as control does."""

    def __init__(self) -> None:
        super().__init__("/nowhere", ManualClock())
        self.refusal: VmsError | None = None
        self.asked: list[CameraRequest] = []

    async def ask(self, credential: Credential, request: CameraRequest) -> Verdict:
        proof = proof_of(credential.secret)
        if proof is None or not proves(proof, secret_of(proof.algorithm, "token", "vms", "t_right")):
            raise VmsError(Kind.UNAUTHENTICATED, "sign in first")
        self.asked.append(request)
        if self.refusal is not None:
            raise self.refusal
        assert isinstance(request, OpenLive)
        return Verdict(LiveOpened(CAMERA, request.profile, 0), "session-1", "officer-1")


class Edge:
    """The restream with one worker, on a port of its own."""

    def __init__(self) -> None:
        self.asking, self.clock = FakeAsking(), ManualClock()
        self.worker = WorkerLink("/nowhere", self.clock)
        self.views = OpenViews(Limits(node=10, user=3, camera=10, busy_percent=85), Busy(self.clock))
        self.restream = Restream(self.asking, [self.worker], self.clock, self.views)
        self.port = 0

    def publish(self, gops: int = 1) -> list[Chunk]:
        """A run with a GOP."""
        stream, (info, frames) = self.worker.watch(CAMERA, "main").stream, h264_track_frames()
        stream.start(begin(make_init(info)), 0)
        chunker = Chunker(info)
        published = [chunker.chunk([frame], 1_700_000_000_000_000 + number * 40_000) for number, frame in enumerate(frames[:12])]
        for chunk in published:
            stream.publish(chunk, self.clock.mono_us())
        return published


@asynccontextmanager
async def listening() -> AsyncGenerator[Edge]:
    edge, listener = Edge(), socket.create_server(("127.0.0.1", 0))
    edge.port = listener.getsockname()[1]
    server = await edge.restream.listen(listener)
    try:
        yield edge
    finally:
        server.close()
        edge.restream.close()
        await until(lambda: not edge.restream.connections)


class Client:
    """A client that speaks plain text and signs in by digest."""

    def __init__(self, edge: Edge, password: str = RIGHT) -> None:
        self.base, self.password, self.edge = f"rtsp://127.0.0.1:{edge.port}", password, edge
        self.count = self.cseq = 0
        self.challenge: str = ""

    async def __aenter__(self) -> Client:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.edge.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def ask(self, method: str, path: str, *headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body; signs in once when asked to."""
        status, answered, body = await self._ask(method, path, *headers)
        if status == 401 and not self.challenge:
            self.challenge = answered["www-authenticate"]
            return await self._ask(method, path, *headers)
        return status, answered, body

    async def _ask(self, method: str, path: str, *headers: str) -> tuple[int, dict[str, str], bytes]:
        self.cseq += 1
        url, lines = self.base + path, [*headers]
        if self.challenge:
            self.count += 1
            known = choose([self.challenge])
            assert known is not None
            given = answer(known, Credentials("token", self.password), method, url, count=self.count, client_nonce="c")
            lines.append(f"Authorization: {given}")
        self.writer.write("\r\n".join([f"{method} {url} RTSP/1.0", f"CSeq: {self.cseq}", *lines, "", ""]).encode())
        return await self._answer()

    async def _answer(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(5):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in reversed(head[1:]))}
            return int(head[0].split()[1]), headers, await self.reader.readexactly(int(headers.get("content-length", 0)))

    async def frame(self) -> tuple[int, bytes]:
        """The next interleaved frame."""
        async with asyncio.timeout(5):
            head = await self.reader.readexactly(4)
            assert head[0] == 0x24, head
            return head[1], await self.reader.readexactly(int.from_bytes(head[2:], "big"))

    async def play(self) -> str:
        """Described, set up and played; the session."""
        assert (await self.ask("DESCRIBE", PATH))[0] == 200
        status, headers, _ = await self.ask("SETUP", PATH + "/trackID=1", TCP)
        assert status == 200
        session = "Session: " + headers["session"].partition(";")[0]
        status, headers, _ = await self.ask("PLAY", PATH, session)
        assert status == 200 and "seq=" in headers["rtp-info"]
        return session

    async def closed(self) -> bool:
        async with asyncio.timeout(5):
            while await self.reader.read(65536):
                pass
        return True


@on_a_loop
async def test_a_player_is_given_the_last_gop_at_once() -> None:
    async with listening() as edge, Client(edge) as client:
        published = edge.publish()
        session = await client.play()
        assert (await client.frame())[0] == 1  # the report says first how times stand
        packets = [await client.frame() for _ in range(len(published))]
        assert {channel for channel, _ in packets} == {0}
        assert (len(edge.views), edge.views.sessions()) == (1, ["session-1"])
        assert edge.asking.asked == [OpenLive(CAMERA, "main")]
        client.writer.write(f"TEARDOWN {client.base}{PATH} RTSP/1.0\r\nCSeq: 99\r\n{session}\r\n\r\n".encode())
        assert await client.closed()
    await until(lambda: not len(edge.views))
    assert edge.restream.connections == set()


@on_a_loop
async def test_a_second_player_costs_no_second_asking_of_the_worker() -> None:
    async with listening() as edge, Client(edge) as one, Client(edge) as other:
        edge.publish()
        await one.play()
        await other.play()
        assert edge.worker.streams() == 1
        assert len(edge.views) == 2


@on_a_loop
async def test_a_withdrawn_right_ends_the_connection() -> None:
    async with listening() as edge, Client(edge) as client:
        edge.publish()
        await client.play()
        edge.views.revoke("session-1", None)
        assert await client.closed()
        assert len(edge.views) == 0


@on_a_loop
async def test_a_pause_stops_and_play_goes_on() -> None:
    async with listening() as edge, Client(edge) as client:
        edge.publish()
        session = await client.play()
        while (await client.frame())[0] == 1:
            pass
        client.writer.write(f"PAUSE {client.base}{PATH} RTSP/1.0\r\nCSeq: 98\r\n{session}\r\n\r\n".encode())
        await until(lambda: not len(edge.views))
        client.writer.write(f"PLAY {client.base}{PATH} RTSP/1.0\r\nCSeq: 99\r\n{session}\r\n\r\n".encode())
        await until(lambda: bool(len(edge.views)))


@on_a_loop
async def test_a_wrong_password_is_asked_for_again_and_nothing_is_opened() -> None:
    async with listening() as edge, Client(edge, "t_wrong") as client:
        edge.publish()
        assert (await client.ask("DESCRIBE", PATH))[0] == 401
        assert edge.asking.asked == []


@on_a_loop
async def test_one_view_too_many_is_told_to_come_again() -> None:
    async with listening() as edge:
        edge.publish()
        clients = [Client(edge) for _ in range(4)]
        for client in clients[:3]:
            await client.__aenter__()
            await client.play()
        async with clients[3] as late:
            assert (await late.ask("DESCRIBE", PATH))[0] == 200
            _, headers, _ = await late.ask("SETUP", PATH + "/trackID=1", TCP)
            status, headers, _ = await late.ask("PLAY", PATH, "Session: " + headers["session"].partition(";")[0])
            assert (status, headers["retry-after"]) == (503, "5")
        for client in clients[:3]:
            await client.__aexit__()


@pytest.mark.parametrize(
    ("kind", "status"), [(Kind.NOT_FOUND, 404), (Kind.FORBIDDEN, 403), (Kind.NO_VIDEO, 503), (Kind.UNAVAILABLE, 503), (Kind.LIMIT, 503)]
)
def test_a_refusal_is_told_in_the_status(kind: Kind, status: int) -> None:
    @on_a_loop
    async def body() -> None:
        async with listening() as edge, Client(edge) as client:
            edge.asking.refusal = VmsError(kind, "no")
            found, headers, _ = await client.ask("DESCRIBE", PATH)
            assert found == status
            assert headers["x-problem"].startswith(f"{kind}: ")

    body()


@on_a_loop
async def test_a_connection_is_for_one_stream_and_its_tracks() -> None:
    async with listening() as edge, Client(edge) as client:
        edge.publish()
        assert (await client.ask("DESCRIBE", PATH))[0] == 200
        assert (await client.ask("DESCRIBE", f"/{CAMERA}/sub"))[0] == 400
        assert (await client.ask("SETUP", PATH + "/trackID=7", TCP))[0] == 404
        assert (await client.ask("SETUP", PATH + "/trackID=1", TCP))[0] == 200
        assert (await client.ask("PLAY", PATH, "Session: wrong"))[0] == 454


@on_a_loop
async def test_other_tracks_end_the_connection() -> None:
    async with listening() as edge, Client(edge) as client:
        edge.publish()
        await client.play()
        info, _ = h264_track_frames()
        edge.worker.watch(CAMERA, "main").stream.start(begin(make_init(info))._replace(inits=()), 0)
        assert await client.closed()


@pytest.mark.parametrize("garbage", [b"\0" * 100, b"GET / HTTP/1.1\r\n\r\n", b"A" * 100_000, b"DESCRIBE x RTSP/1.0\r\nCSeq: x\r\n\r\n"])
def test_garbage_is_answered_once_and_ends_only_its_own_connection(garbage: bytes) -> None:
    @on_a_loop
    async def body() -> None:
        async with listening() as edge, Client(edge) as bad, Client(edge) as good:
            edge.publish()
            bad.writer.write(garbage)
            async with asyncio.timeout(5):
                assert (await bad.reader.readuntil(b"\r\n")).startswith(b"RTSP/1.0 400")
            await good.play()

    body()


@on_a_loop
async def test_who_asks_for_nothing_is_sent_away() -> None:
    async with listening() as edge, Client(edge) as client:
        await until(lambda: bool(edge.restream.connections))
        await edge.clock.advance(31)
        for connection in tuple(edge.restream.connections):
            connection.sweep(edge.clock.mono_us())
        assert await client.closed()


@on_a_loop
async def test_who_describes_and_sets_nothing_up_is_sent_away_and_holds_no_stream() -> None:
    async with listening() as edge, Client(edge) as client:
        edge.publish()
        assert (await client.ask("DESCRIBE", PATH))[0] == 200
        await edge.clock.advance(31)
        for connection in tuple(edge.restream.connections):
            connection.sweep(edge.clock.mono_us())
        assert await client.closed()


@pytest.mark.parametrize(("path", "stream"), [("/a", ("a", "main")), ("/a/sub", ("a", "sub")), ("/%E6%B9%96/main", ("湖", "main"))])
def test_a_path_names_camera_and_profile(path: str, stream: tuple[str, str]) -> None:
    assert stream_of(path) == stream


@pytest.mark.parametrize("path", ["/", "/a/b", "/a/main/x", "/" + "a" * 65])
def test_other_paths_name_no_stream(path: str) -> None:
    with pytest.raises(VmsError) as error:
        stream_of(path)
    assert error.value.kind is Kind.NOT_FOUND
