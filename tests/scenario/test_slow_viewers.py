"""Viewers that are slow, stop or vanish, on a node's real processes: they lose pictures, nobody else does, and memory stays bounded."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.node import API, Node, Setup, serve, sim_cameras
from tests.support.wait import pass_time, wait_until
from vms.sim.marks import find_marks

pytestmark = [pytest.mark.scenario, pytest.mark.long, pytest.mark.timeout(150)]

VANISHING = 200
SLOW_BYTES_PER_S = 10_000
MB = 1024 * 1024


@pytest.fixture(scope="module")
def node() -> Generator[Node]:
    with tempfile.TemporaryDirectory(prefix="vms-") as top, serve(Path(top) / "node", Setup()) as running:
        yield running
        assert running.stop() == 0
        assert running.bad_log_lines() == []


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """4 Mbit/s in small pictures, a key frame a second: what a slow viewer cannot take. The fixtures have a fortieth of it."""
    path = tmp_path_factory.mktemp("clip") / "noise.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=60,noise=alls=60:allf=t"]
    x264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "0", "-g", "25", "-b:v", "4M"]
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *source, *x264, str(path)], check=True, timeout=60)
    return path


@dataclass
class Healthy:
    """Reads all it is sent, in a thread: the counters of its frames and when they came."""

    node: Node
    camera: str
    counters: list[int] = field(default_factory=list[int])
    at_s: list[float] = field(default_factory=list[float])
    gaps: list[str] = field(default_factory=list[str])

    def run(self, stop: threading.Event) -> None:
        with self.node.websocket(f"/cameras/{self.camera}/live.mse") as view:
            while not stop.is_set():
                try:
                    message = view.recv(timeout=1)
                except TimeoutError:
                    continue
                if isinstance(message, str):
                    self.gaps += [message] if json.loads(message)["type"] == "gap" else []
                    continue
                for mark in find_marks(message):
                    self.counters.append(mark.counter)
                    self.at_s.append(time.monotonic())

    def longest_wait_s(self, from_s: float) -> float:
        return max(late - early for early, late in pairwise(at for at in self.at_s if at >= from_s))


def open_view(node: Node, camera: str, receive_bytes: int = 16 * 1024) -> socket.socket:
    """A WebSocket handshake by hand and no more, with a small receive buffer: what it does not read waits at the node.

    One that reads on needs room for two of loopback's segments (64 kB): below that the kernel sends by probes alone.
    """
    place = urlsplit(node.url)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    sock.settimeout(20)
    sock.connect((place.hostname, place.port))
    key = base64.b64encode(os.urandom(16)).decode()
    lines = (
        f"GET {API}/cameras/{camera}/live.mse HTTP/1.1", f"Host: {place.netloc}", f"Authorization: Bearer {node.token}",
        "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", "", "",
    )  # fmt: skip
    sock.sendall("\r\n".join(lines).encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += sock.recv(1)
    assert head.startswith(b"HTTP/1.1 101"), head
    return sock


def frames(data: bytes) -> Generator[tuple[int, bytes]]:
    """Opcode and payload of each whole WebSocket frame of a server (RFC 6455 §5.2: unmasked)."""
    at = 0
    while at + 2 <= len(data):
        opcode, size, at = data[at] & 15, data[at + 1], at + 2
        if size == 126:
            size, at = struct.unpack_from(">H", data, at)[0], at + 2
        elif size == 127:
            size, at = struct.unpack_from(">Q", data, at)[0], at + 8
        if at + size > len(data):
            return
        yield opcode, data[at : at + size]
        at += size


def memory_bytes(pid: int) -> int:
    """PSS: what this process alone would free."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(pid)


@pytest.mark.parametrize("stopped", [pytest.param(10, id="10 stop"), pytest.param(VANISHING, id="200 vanish", marks=pytest.mark.long)])
def test_a_slow_one_and_many_that_stop_cost_nobody_else_a_picture(
    node: Node, clip: Path, tmp_path: Path, stopped: int, record_property: Callable[[str, object], None]
) -> None:
    seconds = 7.0 if stopped < VANISHING else 35.0
    with ExitStack() as held:
        base = held.enter_context(sim_cameras(tmp_path, 1, clip=clip))
        camera = node.add_camera(f"{base}/cam/1/main")
        node.wait_recording([camera])
        stop, healthy = threading.Event(), Healthy(node, camera)
        reading = threading.Thread(target=healthy.run, args=(stop,))
        reading.start()
        held.callback(reading.join)
        held.callback(stop.set)
        wait_until("a picture", lambda: healthy.counters, 15)

        edge = node.pid_of("edge")
        before = memory_bytes(edge)
        slow = held.enter_context(open_view(node, camera, 96 * 1024))
        for _ in range(stopped):
            held.enter_context(open_view(node, camera))
        from_s, got = time.monotonic(), bytearray()
        while time.monotonic() - from_s < seconds:
            got += slow.recv(SLOW_BYTES_PER_S // 10)
            pass_time(0.1)
        grown = (memory_bytes(edge) - before) / (stopped + 1)
        record_property("MB per slow viewer", round(grown / MB, 2))
        record_property("longest wait of a healthy one, s", round(healthy.longest_wait_s(from_s), 2))
        assert grown <= 4 * MB
        if stopped == VANISHING:  # never a word: let go all the same, and the slow one, which still reads, is not
            wait_until("those that stopped are gone", lambda: node.get("/system")["counts"]["viewers"] == 2, 30)

        told = _what_the_slow_one_is_told(slow, bytes(got))
        stop.set()
        reading.join()
        node.http.delete(f"{API}/cameras/{camera}")
        pass_time(1)
    assert told["cause"] == "slow_viewer"
    assert int(told["dropped_frames"]) > 0
    assert healthy.gaps == []
    assert healthy.counters == list(range(healthy.counters[0], healthy.counters[0] + len(healthy.counters)))
    recorded = [mark.counter for mark in node.marks(camera)]
    assert recorded == list(range(recorded[0], recorded[0] + len(recorded)))
    assert len(recorded) > seconds * 20


def _what_the_slow_one_is_told(slow: socket.socket, got: bytes) -> dict[str, str | int]:
    """It reads on at full speed; what it lost is told where it was lost."""
    deadline_s = time.monotonic() + 20
    while time.monotonic() < deadline_s:
        for opcode, payload in frames(got):
            if opcode == 1 and (message := json.loads(payload))["type"] == "gap":
                return message
        got += slow.recv(MB)
    raise AssertionError("the slow viewer was told nothing")


@pytest.mark.long
def test_a_view_of_a_node_that_ends_is_closed(node: Node, tmp_path: Path) -> None:
    """Letting go by the kernel's clock must not cost an orderly viewer its close."""
    with sim_cameras(tmp_path, 1) as base:
        camera = node.add_camera(f"{base}/cam/1/main")
        with node.websocket(f"/cameras/{camera}/live.mse") as view:
            view.send("nonsense")
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    view.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4503
        node.http.delete(f"{API}/cameras/{camera}")
