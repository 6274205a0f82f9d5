"""Cameras that are wrong in every way beside a good one: each has its cause and a message in the list, the good one loses no frame."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.node import Node, Setup, free_port, now_us, serve, sim_cameras
from tests.support.wait import pass_time, wait_until
from vms.base.timespan import parse_time
from vms.sim.marks import tally

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(150)]

FAULTS = "".join(
    f'[[fault]]\nkind = "{kind}"\ncameras = [{number}]\nbytes = {size}\nafter_s = {after}\n'
    for number, kind, size, after in (
        (2, "wrong_password", 2000, 0),
        (3, "no_video", 2000, 0),
        (4, "unsupported_codec", 2000, 0),
        (5, "garbage", 200_000, 0),
        (6, "endless_header", 2000, 0),
        (7, "oversized_sdp", 400_000, 0),
        (8, "stall", 2000, 0),
    )
)
EXPECTED = {
    "wrong_password": "auth",
    "no_video": "no_video",
    "unsupported_codec": "unsupported_codec",
    "garbage": "protocol",
    "endless_header": "protocol",
    "oversized_sdp": "protocol",
    "stall": "stalled",
    "refused_port": "refused",
    "wrong_path": "not_found",
}
SECOND = 1_000_000


class Locked:
    """A camera that answers every request with 401 and counts the credentials it was shown."""

    def __init__(self) -> None:
        self.tries: list[tuple[int, str]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://127.0.0.1:{self._listener.getsockname()[1]}/stream"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            text = ""
            while data := connection.recv(4096):
                text += data.decode()
                while "\r\n\r\n" in text:
                    head, _, text = text.partition("\r\n\r\n")
                    connection.sendall(self._answer(head))

    def _answer(self, head: str) -> bytes:
        fields: dict[str, str] = {}
        for line in head.split("\r\n")[1:]:
            name, _, value = line.partition(": ")
            fields[name] = value
        if head.startswith("OPTIONS"):
            return f"RTSP/1.0 200 OK\r\nCSeq: {fields['CSeq']}\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n".encode()
        if shown := fields.get("Authorization"):
            self.tries.append((now_us(), shown))
        challenge = 'WWW-Authenticate: Digest realm="cam", nonce="8d2f", algorithm=MD5, qop="auth"'
        return f"RTSP/1.0 401 Unauthorized\r\nCSeq: {fields['CSeq']}\r\n{challenge}\r\n\r\n".encode()


class Mixed:
    def __init__(self, node: Node, good: str, bad: dict[str, str], locked: Locked, lock_id: str) -> None:
        self.node, self.good, self.bad, self.locked, self.lock_id = node, good, bad, locked, lock_id
        self.since_us = now_us()


@pytest.fixture(scope="module")
def mixed() -> Generator[Mixed]:
    setup = Setup(allow=("192.0.2.0/24",))
    with tempfile.TemporaryDirectory(prefix="vms-") as top, sim_cameras(Path(top), 8, faults=FAULTS) as base:
        locked = Locked()
        with serve(Path(top) / "node", setup) as node:
            good = node.add_camera(f"{base}/cam/1/main", name="good")
            node.wait_recording([good])
            sick = list(EXPECTED)[:7]
            bad = {kind: node.add_camera(f"{base}/cam/{number}/main", name=kind) for number, kind in enumerate(sick, 2)}
            bad["refused_port"] = node.add_camera(f"rtsp://127.0.0.1:{free_port()}/none", name="refused_port")
            bad["wrong_path"] = node.add_camera(f"{base}/nothing/here", name="wrong_path")
            bad["unreachable"] = node.add_camera("rtsp://192.0.2.77/none", name="unreachable")
            lock_id = node.add_camera(locked.url, name="locked", username="viewer", password="wrong-one")
            yield Mixed(node, good, bad, locked, lock_id)
            assert node.stop() == 0
            assert node.bad_log_lines() == []
            assert "wrong-one" not in node.log.read_text()
        locked.close()


@pytest.mark.parametrize("kind", EXPECTED)
def test_a_camera_that_is_wrong_says_why(mixed: Mixed, kind: str) -> None:
    shown = mixed.node.wait_state(mixed.bad[kind], "offline", EXPECTED[kind], 25)
    assert shown["message"]
    assert not shown["recording"]
    listed = {camera["id"]: camera for camera in mixed.node.items("/cameras")}[mixed.bad[kind]]
    assert (listed["cause"], listed["message"]) == (shown["cause"], shown["message"])
    assert parse_time(listed["since"]) <= now_us()


def test_an_address_that_nobody_answers_is_unreachable_or_times_out(mixed: Mixed) -> None:
    def offline() -> str | None:
        shown = mixed.node.camera(mixed.bad["unreachable"])
        return shown["cause"] if shown["state"] == "offline" else None

    assert wait_until("the dial's end", offline, 30) in ("unreachable", "timeout")


def test_a_wrong_password_is_tried_once_a_minute(mixed: Mixed) -> None:
    mixed.node.wait_state(mixed.lock_id, "offline", "auth", 15)
    pass_time(10)
    assert len(mixed.locked.tries) == 1, mixed.locked.tries


@pytest.mark.long
def test_a_wrong_password_is_tried_again_after_a_minute(mixed: Mixed) -> None:
    mixed.node.wait_state(mixed.lock_id, "offline", "auth", 15)
    wait_until("the second try", lambda: len(mixed.locked.tries) > 1, 75)
    first, second = (at for at, _ in mixed.locked.tries[:2])
    assert 58 * SECOND <= second - first <= 75 * SECOND


def test_the_right_password_is_used_at_once(mixed: Mixed, tmp_path: Path) -> None:
    """Nobody waits a minute after having mended it."""
    with sim_cameras(tmp_path, 1, user="viewer", password="right-one") as base:
        camera = mixed.node.add_camera(f"{base}/cam/1/main", username="viewer", password="wrong-one")
        mixed.node.wait_state(camera, "offline", "auth", 15)
        mixed.node.patch(f"/cameras/{camera}", {"password": "right-one"})
        mixed.node.wait_state(camera, "online", None, 5)
        mixed.node.http.delete(f"/api/v1/cameras/{camera}")


def test_a_probe_tells_the_same_causes(mixed: Mixed) -> None:
    for kind in ("no_video", "refused_port", "oversized_sdp"):
        told = mixed.node.post("/probe", {"url": mixed.node.camera(mixed.bad[kind])["profiles"][0]["url"]})
        assert (told["ok"], told["cause"]) == (False, EXPECTED[kind]), told
        assert told["message"]


def test_an_address_outside_the_camera_networks_is_refused(mixed: Mixed) -> None:
    profiles = [{"name": "main", "url": "rtsp://203.0.113.5/none"}]
    answer = mixed.node.http.post("/api/v1/cameras", json={"name": "outside", "profiles": profiles})
    assert (answer.status_code, answer.json()["code"]) == (422, "not_allowed")


def test_the_good_camera_lost_no_frame_beside_them(mixed: Mixed) -> None:
    wait_until("twelve seconds beside bad cameras", lambda: now_us() - mixed.since_us > 12 * SECOND, 15)
    found = tally(mixed.node.marks(mixed.good))
    assert (found.missing, found.doubled) == (0, 0), found
    line = mixed.node.timeline(mixed.good, mixed.since_us, now_us())
    assert not line.gaps, line
