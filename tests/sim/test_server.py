"""Simulated cameras as a client on loopback meets them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator

import pytest

from tests.sim.client import FakeClient
from vms.base.clock import SystemClock
from vms.media.rtp import parse_rtcp, parse_rtp
from vms.sim.camera import CameraStream
from vms.sim.clips import load_clips
from vms.sim.faults import Fault, Wrong
from vms.sim.marks import find_marks, tally
from vms.sim.server import CameraServer, serve
from vms.stream.udp import bind_pair


@contextlib.asynccontextmanager
async def one_camera(*faults: Fault, clip: str = "aac", user: str = "", password: str = "") -> AsyncGenerator[CameraServer]:
    clock = SystemClock()
    clips = load_clips([clip])
    stream = CameraStream(1, "main", clips[clip], others={}, faults=faults, started_us=clock.wall_us(), user=user, password=password)
    async with asyncio.timeout(20), serve([stream], clock) as server:
        yield server


def test_a_client_gets_the_latest_key_frame_at_once_and_then_every_picture() -> None:
    async def run() -> None:
        async with one_camera() as server, FakeClient(server.port, "/cam/1/main") as client:
            answer = await client.play(1, 2)
            packets = await client.read_until(0, 160)
            headers = [header for header in map(parse_rtp, packets) if header is not None]
            first = answer.headers.get("RTP-Info") or ""
            assert f"seq={headers[0].seq};rtptime={headers[0].timestamp}" in first
            assert [(header.seq - headers[0].seq) & 0xFFFF for header in headers] == list(range(len(headers)))
            assert packets[0][12] & 0x1F == 24  # STAP-A with the parameter sets, before the mark and the IDR
            marks = find_marks(b"".join(packets))
            assert tally(marks)[1:] == (0, 0)
            assert {mark.camera for mark in marks} == {1}
            assert len(parse_rtcp(client.packets[1][0])[0]) == 1
            assert len(client.packets[2]) > 10
        assert server.stats.sessions == 1

    asyncio.run(run())


def test_udp_goes_to_the_ports_of_the_client() -> None:
    async def run() -> None:
        media, control = bind_pair(socket.AF_INET, "127.0.0.1")
        async with one_camera() as server, FakeClient(server.port, "/cam/1/main") as client:
            port = media.getsockname()[1]
            answer = await client.ask("SETUP", "/trackID=1", Transport=f"RTP/AVP;unicast;client_port={port}-{port + 1}")
            assert "server_port=" in (answer.headers.get("Transport") or "")
            assert (await client.ask("PLAY")).status == 200
            loop = asyncio.get_running_loop()
            packets = [await loop.sock_recv(media, 2048) for _ in range(60)]
            assert len(parse_rtcp(await loop.sock_recv(control, 2048))[0]) == 1
            assert tally(find_marks(b"".join(packets)))[1:] == (0, 0)
            assert (await client.ask("TEARDOWN")).status == 200
        _close(media, control)

    asyncio.run(run())


def _close(*sockets: socket.socket) -> None:
    for each in sockets:
        each.close()


def test_a_client_may_pause_and_play_again() -> None:
    async def run() -> None:
        async with one_camera() as server, FakeClient(server.port, "/cam/1/main") as client:
            await client.play(1)
            await client.read_until(0, 30)
            assert (await client.ask("PAUSE")).status == 200
            before = len(client.packets[0])
            assert (await client.ask("PLAY")).status == 200
            packets = await client.read_until(0, before + 20)
            assert packets[before][12] & 0x1F == 24

    asyncio.run(run())


def test_unknown_cameras_are_not_found_and_strangers_not_let_in() -> None:
    async def run() -> None:
        async with one_camera(user="u", password="w") as server:
            for path in ("/cam/2/main", "/cam/1/third", "/else", "/cam/x/main"):
                async with FakeClient(server.port, path) as client:
                    assert (await client.ask("DESCRIBE")).status == 404
            async with FakeClient(server.port, "/cam/1/main") as client:
                answer = await client.ask("DESCRIBE")
                assert answer.status == 401
                assert "Digest" in (answer.headers.get("WWW-Authenticate") or "")

    asyncio.run(run())


@pytest.mark.parametrize(
    ("kind", "status", "in_body"),
    [(Wrong.REFUSE, 503, b""), (Wrong.SIGN_IN, 401, b""), (Wrong.UNSUPPORTED_CODEC, 200, b"VP8"), (Wrong.NO_VIDEO, 200, b"m=audio")],
)
def test_what_a_faulty_camera_answers(kind: Wrong, status: int, in_body: bytes) -> None:
    async def run() -> None:
        async with one_camera(Fault(kind)) as server, FakeClient(server.port, "/cam/1/main") as client:
            answer = await client.ask("DESCRIBE")
            assert answer.status == status
            assert in_body in answer.body
            assert b"H264" not in answer.body

    asyncio.run(run())


@pytest.mark.parametrize("kind", [Wrong.ENDLESS_HEADER, Wrong.OVERSIZED_SDP])
def test_answers_too_long_for_any_client(kind: Wrong) -> None:
    async def run() -> None:
        async with one_camera(Fault(kind, bytes=300_000)) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(f"DESCRIBE rtsp://127.0.0.1:{server.port}/cam/1/main RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
            assert len(await reader.readexactly(250_000)) == 250_000
            writer.close()

    asyncio.run(run())


def test_a_camera_that_drops_out_hangs_up_and_answers_nobody() -> None:
    async def run() -> None:
        async with one_camera(Fault(Wrong.DROP_OUT, after_s=0.5)) as server, FakeClient(server.port, "/cam/1/main") as client:
            await client.play(1)
            with pytest.raises(ConnectionError):
                await client.read_until(0, 100_000)
            async with FakeClient(server.port, "/cam/1/main") as again:
                with pytest.raises(ConnectionError):
                    await again.ask("OPTIONS")
            assert server.stats.faults[Wrong.DROP_OUT] == 1

    asyncio.run(run())


def test_malformed_requests_end_the_connection_alone() -> None:
    async def run() -> None:
        async with one_camera() as server, FakeClient(server.port, "/cam/1/main") as client:
            await client.play(1)
            for rubbish in (b"\0\1\2\3" * 2000, b"GET / HTTP/1.1\r\n\r\n", b"A" * 10_000):
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
                writer.write(rubbish)
                assert b"400" in await reader.read(100)
                writer.close()
            await client.read_until(0, 200)

    asyncio.run(run())
