"""A camera on loopback that plays what the test tells it to, and one that misbehaves by script."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from tests.media.packetise import Sender, rtp, units_of
from vms.base.errors import VmsError
from vms.rtsp.auth import Gate
from vms.rtsp.server import Described, Played, RtpInfo, ServerConfig, ServerConnection, SetupAsked
from vms.rtsp.transport import Transport
from vms.rtsp.wire import interleave

UNITS = units_of("h264_four_slices.h264")  # 50 pictures, a key frame every 25
STEP_90K = 3600
SDP = "v=0\r\ns=-\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=1\r\n"
ALAW = "m=audio 0 RTP/AVP 8\r\na=control:trackID=2\r\n"


class Camera:
    """Serves H.264 (and A-law) to one client at a time; `send_video` plays the next pictures of the fixture, in a loop."""

    def __init__(self, *, sdp: str = SDP, gate: Gate | None = None, tcp: bool = True, udp: bool = True, timeout_s: int = 60) -> None:
        self.config = ServerConfig(lambda: "5", gate, timeout_s, tcp, udp)
        self.sdp = sdp
        self.port = 0
        self.connections = 0
        self.ended = asyncio.Event()
        self._playing = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        self._transports: dict[int, Transport] = {}
        self._picture = 0
        self._jump_90k = 0
        self._sender = Sender(limit=1400)
        self._audio_seq = 0
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/cam/1/main"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writer = writer
        end = ServerConnection(self.config)
        try:
            while data := await reader.read(65536):
                for event in end.receive(data, 0):
                    self._answer(end, event)
                self._transports = dict(end.transports) or self._transports
                writer.write(end.take_output())
        except VmsError:
            writer.write(end.take_output())
        finally:
            self.ended.set()

    def _answer(self, end: ServerConnection, event: object) -> None:
        match event:
            case Described(path="/cam/1/main"):
                end.describe(self.sdp)
            case Described():
                end.refuse(404)
            case SetupAsked(transport=transport):
                end.accept_setup((40000, 40001) if transport.protocol == "udp" else None)
            case Played(tracks=tracks):
                end.play([RtpInfo(track, 0, 0) for track in tracks])
                asyncio.get_running_loop().call_soon(self._playing.set)
            case _:
                pass

    async def playing(self) -> None:
        """Wait for the next PLAY."""
        await self._playing.wait()
        self._playing.clear()

    def send_video(self, pictures: int, *, skip_packet: int = -1, jump_90k: int = 0, from_picture: int | None = None) -> None:
        """`skip_packet` is lost; `jump_90k` is added to the clock first; `from_picture` plays on from another one."""
        self._picture = self._picture if from_picture is None else from_picture
        self._jump_90k += jump_90k
        packets: list[bytes] = []
        for _ in range(pictures):
            unit = UNITS[self._picture % len(UNITS)]
            packets += self._sender.unit(unit, self._picture * STEP_90K + self._jump_90k)
            self._picture += 1
        self._send(1, [p for at, p in enumerate(packets) if at != skip_packet])

    def send_audio(self, timestamps: list[int]) -> None:
        """160 samples (20 ms) of A-law each."""
        for timestamp in timestamps:
            self._send(2, [rtp(bytes(160), self._audio_seq, timestamp, pt=8, ssrc=9)])
            self._audio_seq += 1

    def rewind(self) -> None:
        self._picture = 0

    def hang_up(self) -> None:
        assert self._writer is not None
        self._writer.close()

    def write(self, data: bytes) -> None:
        assert self._writer is not None
        self._writer.write(data)

    def _send(self, track: int, packets: list[bytes]) -> None:
        transport = self._transports[track]
        if transport.channels is not None:
            self.write(interleave(transport.channels[0], packets))
        elif transport.client_ports is not None:
            for packet in packets:
                self._udp.sendto(packet, ("127.0.0.1", transport.client_ports[0]))

    def close(self) -> None:
        self._udp.close()


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(script: Script, tls: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    """Runs `script` for every connection and leaves none of them open; gives the port."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await script(reader, writer)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await server.wait_closed()


@asynccontextmanager
async def listening(camera: Camera, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Camera]:
    async with serving(camera.serve, tls) as camera.port:
        try:
            yield camera
        finally:
            camera.close()


@asynccontextmanager
async def scripted(script: Script) -> AsyncGenerator[str]:
    """A server that does what `script` says to every connection; gives its URL."""
    async with serving(script) as port:
        yield f"rtsp://127.0.0.1:{port}/x"
