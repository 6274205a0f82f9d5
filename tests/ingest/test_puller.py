"""One life of a camera on real loopback sockets: the good ones, then each fault."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.faults.proxy import HALF_OPEN, TcpProxy
from tests.ingest.camera import ALAW, SDP, STEP_90K, Camera, listening, scripted
from tests.ingest.listener import PATIENCE_S, Listener
from vms.base.clock import Clock, SystemClock
from vms.base.errors import Kind, VmsError
from vms.ingest.batch import BatchReader
from vms.ingest.orders import PullOrder
from vms.ingest.puller import Limits, Puller, Surroundings
from vms.media.types import Codec
from vms.rtsp.auth import Gate
from vms.stream.stream import Begin, Gap, Stream

USUAL = Limits()
QUICK = Limits(connect_s=0.5, first_frame_s=0.5, stall_s=0.5)


def order(url: str, **fields: Any) -> PullOrder:
    return PullOrder("c1", "main", url, allow=("127.0.0.0/8",), **fields)


class SetForward(SystemClock):
    """Somebody sets the clock an hour forward whenever anybody looks."""

    ahead_us = 0

    def wall_us(self) -> int:
        self.ahead_us += 3600 * 1_000_000
        return super().wall_us() + self.ahead_us


class Life:
    """A puller at work and what its Stream gave."""

    def __init__(
        self, pull: PullOrder, *, limits: Limits = USUAL, live: bool = False, udp: bool = False, clock: Clock | None = None
    ) -> None:
        self.heard = Listener()
        self.stream = Stream()
        self.stream.attach(self.heard, 1)
        self.first = asyncio.Event()
        around = Surroundings(clock or SystemClock(), BatchReader(tick_s=0.05), limits)
        self.puller = Puller(pull, "udp" if udp else "tcp", self.stream, around, self.first.set)
        self.puller.set_live(live)
        self.task = asyncio.create_task(self.puller.run())


@asynccontextmanager
async def life(pull: PullOrder, **options: Any) -> AsyncGenerator[Life]:
    lived = Life(pull, **options)
    try:
        yield lived
    finally:
        lived.task.cancel()
        with contextlib.suppress(asyncio.CancelledError, VmsError):
            await lived.task


async def cause(pull: PullOrder, **options: Any) -> VmsError:
    """How a life ends that must end."""
    lived = Life(pull, **options)
    with pytest.raises(VmsError) as error:
        async with asyncio.timeout(PATIENCE_S):
            await lived.task
    return error.value


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


@pytest.mark.parametrize("udp", [False, True])
def test_every_picture_of_a_camera_becomes_a_chunk(udp: bool) -> None:
    async def body() -> None:
        async with listening(Camera()) as camera, life(order(camera.url), udp=udp) as lived:
            await camera.playing()
            camera.send_video(60)
            await lived.heard.video_frames(59)  # the last one may wait for its end
            (begin,) = lived.heard.of(Begin)
            assert begin.inits[0].info.codec is Codec.H264
            chunks = lived.heard.chunks(1)
            assert [b.media for _, b in pairwise(chunks)] == [a.media + a.duration for a, _ in pairwise(chunks)]
            assert chunks[0].key
            assert lived.heard.of(Gap) == []
            assert lived.puller.figures is not None
            assert lived.puller.figures.gop_ms == 1000

    run(body())


def test_live_mode_makes_one_chunk_per_frame_and_batched_mode_one_per_read_and_gop() -> None:
    async def body() -> None:
        async with listening(Camera()) as camera, life(order(camera.url), live=True) as lived:
            await camera.playing()
            camera.send_video(30)
            await lived.heard.video_frames(29)
            first = len(lived.heard.items)
            lived.puller.set_live(False)
            camera.send_video(30)
            await lived.heard.video_frames(59)
        chunks = lived.heard.chunks(1)
        assert {c.frames for c in chunks[3:20]} == {1}
        late = [c for c in lived.heard.items[first:] if c in chunks]
        assert len(late) <= 6
        assert sum(c.frames for c in chunks if c.key) > 0
        assert [c.media // STEP_90K // 25 for c in chunks] == [(c.media + c.duration - 1) // STEP_90K // 25 for c in chunks]

    run(body())


def test_lost_packet_is_a_gap_up_to_the_next_key_frame_in_the_same_run() -> None:
    async def body() -> None:
        async with listening(Camera()) as camera, life(order(camera.url)) as lived:
            await camera.playing()
            camera.send_video(40, skip_packet=33)
            camera.send_video(20)
            await lived.heard.until(lambda: bool(lived.heard.of(Gap)) and lived.heard.frames(1) > 15)
        assert len(lived.heard.of(Begin)) == 1
        at = lived.heard.items.index(Gap("network"))
        after = lived.heard.items[at + 1]
        assert after in lived.heard.chunks(1)
        assert after.key  # pyright: ignore[reportAttributeAccessIssue]

    run(body())


def test_jump_of_the_cameras_clock_begins_a_new_run_that_starts_at_zero() -> None:
    async def body() -> None:
        async with listening(Camera()) as camera, life(order(camera.url)) as lived:
            await camera.playing()
            camera.send_video(25)
            await lived.heard.video_frames(24)
            camera.send_video(25, jump_90k=90_000 * 600)
            await lived.heard.until(lambda: len(lived.heard.of(Begin)) == 2)
            first, second = lived.heard.of(Begin)
            assert first.run != second.run
            await lived.heard.video_frames(45)
        at = lived.heard.items.index(second)
        chunk = next(c for c in lived.heard.chunks(1) if c in lived.heard.items[at:])
        assert (chunk.media, chunk.key, chunk.seq) == (0, True, 1)

    run(body())


def test_audio_lies_beside_video_by_rtp_info() -> None:
    async def body() -> None:
        async with listening(Camera(sdp=SDP + ALAW)) as camera, life(order(camera.url), live=True) as lived:
            await camera.playing()
            camera.send_video(5)
            await lived.heard.video_frames(4)
            camera.send_audio([800, 960, 1120])  # 100 ms, 120 ms, 140 ms behind the first picture
            await lived.heard.until(lambda: lived.heard.frames(2) == 3)
            (begin,) = lived.heard.of(Begin)
        assert [init.info.codec for init in begin.inits] == [Codec.H264, Codec.PCMA]
        assert [c.media for c in lived.heard.chunks(2)] == [800, 960, 1120]
        video = lived.heard.chunks(1)[0]
        assert abs(lived.heard.chunks(2)[0].wall_us - video.wall_us - 100_000) < 30_000

    run(body())


def test_digest_password_opens_the_camera() -> None:
    async def body() -> None:
        gate = Gate({"admin": "right"}.get)
        async with listening(Camera(gate=gate)) as camera, life(order(camera.url, username="admin", password="right")):
            await camera.playing()

    run(body())


def test_session_is_torn_down_when_the_life_is_ended() -> None:
    async def body() -> None:
        async with listening(Camera()) as camera:
            async with life(order(camera.url)):
                await camera.playing()
            await camera.ended.wait()

    run(body())


def own_certificate(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "camera.example.org")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "pem").write_bytes(built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM) + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "pem")
    return context


def test_camera_with_a_certificate_of_its_own_is_read_by_rtsps(tmp_path: Path) -> None:
    async def body() -> None:
        async with listening(Camera(), own_certificate(tmp_path)) as camera, life(order(camera.url.replace("rtsp", "rtsps"))) as lived:
            await camera.playing()
            camera.send_video(60)
            await lived.heard.video_frames(59)

    run(body())


def test_rtsps_to_a_camera_without_tls_is_protocol() -> None:
    async def body() -> None:
        async with listening(Camera()) as camera:
            assert (await cause(order(camera.url.replace("rtsp", "rtsps")))).kind is Kind.PROTOCOL

    run(body())


@pytest.mark.parametrize("udp", [False, True])
def test_the_same_over_uvloop(udp: bool) -> None:
    async def body() -> None:
        async with listening(Camera()) as camera, life(order(camera.url), udp=udp) as lived:
            for _ in range(2):
                await camera.playing() if not lived.heard.items else None
                camera.send_video(30)
                await lived.heard.video_frames(29)
                lived.puller.set_live(True)

    uvloop.run(body())


# --- faults ---


def test_closed_port_is_refused() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"rtsp://127.0.0.1:{unused.getsockname()[1]}/x"

        async def body() -> None:
            assert (await cause(order(url))).kind is Kind.REFUSED

        run(body())


def test_port_that_accepts_nobody_is_unreachable() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        url = f"rtsp://127.0.0.1:{full.getsockname()[1]}/x"
        with socket.create_connection(full.getsockname()):

            async def body() -> None:
                assert (await cause(order(url), limits=QUICK)).kind is Kind.UNREACHABLE

            run(body())


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("rtsp://192.0.2.1/x", Kind.NOT_ALLOWED),
        ("rtsp://[::1]/x", Kind.NOT_ALLOWED),
        ("http://127.0.0.1/x", Kind.NOT_ALLOWED),
        ("rtsp://user:pw@127.0.0.1/x", Kind.NOT_ALLOWED),
    ],
)
def test_address_outside_the_list_is_not_dialled(url: str, kind: Kind) -> None:
    async def body() -> None:
        assert (await cause(order(url))).kind is kind

    run(body())


def test_wrong_password_is_auth() -> None:
    async def body() -> None:
        async with listening(Camera(gate=Gate({"admin": "right"}.get))) as camera:
            assert (await cause(order(camera.url, username="admin", password="wrong"))).kind is Kind.AUTH
            assert (await cause(order(camera.url))).kind is Kind.AUTH

    run(body())


@pytest.mark.parametrize(
    ("sdp", "kind"),
    [
        ("v=0\r\n" + ALAW, Kind.NO_VIDEO),
        ("v=0\r\nm=video 0 RTP/AVP 26\r\n", Kind.UNSUPPORTED_CODEC),
        ("v=0\r\n" + "a=x\r\n" * 10_000, Kind.PROTOCOL),
    ],
)
def test_description_that_cannot_be_used_names_its_cause(sdp: str, kind: Kind) -> None:
    async def body() -> None:
        async with listening(Camera(sdp=sdp)) as camera:
            assert (await cause(order(camera.url))).kind is kind

    run(body())


def test_unknown_path_is_not_found() -> None:
    async def body() -> None:
        async with listening(Camera()) as camera:
            assert (await cause(order(camera.url + "x"))).kind is Kind.NOT_FOUND

    run(body())


def test_camera_that_sends_no_frame_is_stalled() -> None:
    async def body() -> None:
        async with listening(Camera()) as camera:
            assert (await cause(order(camera.url), limits=QUICK)).kind is Kind.STALLED

    run(body())


def test_camera_that_stops_sending_is_stalled() -> None:
    async def body() -> None:
        async with listening(Camera()) as camera, life(order(camera.url), limits=QUICK) as lived:
            await camera.playing()
            camera.send_video(10)
            await lived.first.wait()
            with pytest.raises(VmsError) as error:
                await lived.task
        assert error.value.kind is Kind.STALLED

    run(body())


def test_a_clock_that_is_set_is_no_silence() -> None:
    """T1: how long nothing has come is a matter of monotonic time."""

    async def body() -> None:
        async with listening(Camera()) as camera, life(order(camera.url), limits=QUICK, clock=SetForward()) as lived:
            await camera.playing()
            for _ in range(20):
                camera.send_video(2)
                await asyncio.sleep(0.1)
            assert not lived.task.done()

    run(body())


def test_camera_that_hangs_up_is_unreachable() -> None:
    async def body() -> None:
        async with listening(Camera()) as camera, life(order(camera.url)) as lived:
            await camera.playing()
            camera.send_video(10)
            await lived.first.wait()
            camera.hang_up()
            with pytest.raises(VmsError) as error:
                await lived.task
        assert error.value.kind is Kind.UNREACHABLE

    run(body())


def test_garbage_in_the_middle_of_the_stream_is_protocol() -> None:
    async def body() -> None:
        async with listening(Camera()) as camera, life(order(camera.url)) as lived:
            await camera.playing()
            camera.write(b"\x00garbage")
            with pytest.raises(VmsError) as error:
                await lived.task
        assert error.value.kind is Kind.PROTOCOL

    run(body())


@pytest.mark.parametrize(
    "flood", [b"\xff" * 1000, b"RTSP/1.0 200 OK\r\n" + b"A: b\r\n" * 20_000, b"RTSP/1.0 200 OK\r\nA: " + b"x" * 100_000]
)
def test_garbage_and_endless_headers_are_protocol(flood: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(flood)
        await reader.read()

    async def body() -> None:
        async with scripted(script) as url:
            assert (await cause(order(url))).kind is Kind.PROTOCOL

    run(body())


def test_silent_server_is_given_up_when_no_frame_comes() -> None:
    async def script(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def body() -> None:
        async with scripted(script) as url:
            assert (await cause(order(url), limits=QUICK)).kind in (Kind.STALLED, Kind.TIMEOUT)

    run(body())


def test_a_camera_that_drips_is_stalled_and_leaves_nothing_behind() -> None:
    """C2: a byte a moment is neither an answer nor silence."""

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: DESCRIBE\r\nX-More: " + b"a" * 10_000:
            writer.write(bytes((byte,)))
            await asyncio.sleep(0.02)

    async def body() -> None:
        async with scripted(script) as url:
            await leaves_nothing(url)

    run(body())


def test_a_half_open_camera_is_stalled_and_leaves_nothing_behind() -> None:
    """C2: the connection stands, and nothing goes through any more."""

    async def body() -> None:
        async with listening(Camera()) as camera, TcpProxy(("127.0.0.1", camera.port), 1) as proxy:
            url = camera.url.replace(str(camera.port), str(proxy.port))
            async with life(order(url), limits=QUICK) as lived:
                await camera.playing()
                camera.send_video(30)
                await lived.first.wait()
                proxy.policies = HALF_OPEN
                camera.send_video(30)
                with pytest.raises(VmsError) as error:
                    await lived.task
            assert error.value.kind is Kind.STALLED
            await leaves_nothing(url)

    run(body())


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def leaves_nothing(url: str) -> None:
    """Ten lives end as stalled; sockets and tasks are as many as after the first."""
    counts: list[tuple[int, int]] = []
    for _ in range(10):
        assert (await cause(order(url), limits=QUICK)).kind in (Kind.STALLED, Kind.TIMEOUT)
        await asyncio.sleep(0)
        counts.append((len(asyncio.all_tasks()), open_descriptors()))
    assert counts[-1][0] <= counts[0][0] + 12, counts  # the far side's own, one for each connection
    assert counts[-1][1] <= counts[0][1] + 24, counts


def test_pictures_without_a_key_frame_are_told_as_such() -> None:
    """C7: whoever reads it knows that the camera is there and what to set."""

    async def body() -> None:
        async with listening(Camera()) as camera, life(order(camera.url), limits=QUICK) as lived:
            await camera.playing()
            camera.send_video(24, from_picture=1)
            with pytest.raises(VmsError) as error:
                await lived.task
        assert (error.value.kind, "no key frame" in error.value.message) == (Kind.STALLED, True), error.value

    run(body())
