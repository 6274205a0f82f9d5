"""HTTPS with the node's own authority and sign-in by link; a foreign RTSP server through the whole node; facts as they happen."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Literal
from urllib.parse import urlparse

import httpx2
import pytest

from tests.counterparts import ff, gstreamer
from tests.support.node import API, Node, Setup, now_us, serve, sim_cameras
from tests.support.wait import pass_time, wait_until

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(120)]

SECOND = 1_000_000
DROPS_OUT = '[[fault]]\nkind = "drop_out"\nevery_s = 12\nfor_s = 4\n'


@pytest.fixture(scope="module")
def node() -> Generator[Node]:
    with tempfile.TemporaryDirectory(prefix="vms-") as top, serve(Path(top) / "node", Setup(tls=True)) as running:
        yield running
        assert running.stop() == 0
        assert running.bad_log_lines() == []


def test_a_browser_signs_in_by_the_link_that_init_prints(node: Node) -> None:
    command = [sys.executable, "-m", "vms", "init", "--config", str(node.data.parent / "vms.toml")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, stdin=subprocess.DEVNULL).stdout.strip()
    link = urlparse(printed.splitlines()[-1])
    assert link.scheme == "https"
    secret = re.fullmatch(r"token=(.+)", link.fragment)
    assert secret is not None
    trust = ssl.create_default_context(cafile=str(node.data / "tls" / "root.crt"))
    with httpx2.Client(base_url=f"https://{link.netloc}", verify=trust, trust_env=False, timeout=15) as browser:
        assert browser.get(f"{API}/me").status_code == 401
        opened = browser.post(f"{API}/sessions", json={"login_token": secret[1]}, headers={"Origin": f"https://{link.netloc}"})
        assert opened.status_code in (200, 201), opened.text
        cookie = opened.headers["set-cookie"]
        assert cookie.startswith("__Host-")
        assert all(word in cookie.lower() for word in ("secure", "httponly", "path=/", "samesite"))
        assert browser.get(f"{API}/me").status_code == 200
        assert browser.post(f"{API}/sessions", json={"login_token": secret[1]}).status_code in (401, 403)


def test_without_its_authority_nobody_trusts_it(node: Node) -> None:
    with httpx2.Client(base_url=node.url, trust_env=False, timeout=15) as stranger, pytest.raises(httpx2.ConnectError):
        stranger.get("/healthz")


@pytest.mark.parametrize(
    ("codec", "audio", "transport"),
    [
        ("h264", "pcma", "tcp"),
        pytest.param("h265", "none", "udp", marks=pytest.mark.long),
        pytest.param("h264", "aac", "udp", marks=pytest.mark.long),
    ],
)
def test_a_foreign_server_with_digest_is_recorded(
    node: Node, codec: Literal["h264", "h265"], audio: Literal["none", "pcma", "aac"], transport: Literal["tcp", "udp"], tmp_path: Path
) -> None:
    with gstreamer.serve(codec=codec, audio=audio, transport=transport, user="viewer", password="secret") as peer:
        camera = node.add_camera(peer.url, name=f"{codec} {audio} {transport}", username="viewer", password="secret", transport=transport)
        node.wait_recording([camera], 25)
        since_us = now_us()
        pass_time(8)
        answer = node.clip(camera, since_us, now_us() - 2 * SECOND, "mov" if audio == "pcma" else "mp4")
        assert answer.status_code == 200, answer.text[:300]
        shown = node.camera(camera)["profiles"][0]
        node.http.delete(f"{API}/cameras/{camera}")
    path = tmp_path / "clip.mov"
    path.write_bytes(answer.content)
    streams = {stream["codec_type"]: stream["codec_name"] for stream in ff.probe(path)["streams"]}
    assert streams["video"] == {"h264": "h264", "h265": "hevc"}[codec]
    assert streams.get("audio") == {"none": None, "pcma": "pcm_alaw", "aac": "aac"}[audio]
    ff.decode(path, *(("-guess_layout_max", "0") if audio == "pcma" else ()))
    assert (shown["codec"], shown["width"], shown["height"]) == (codec, 320, 240)
    steps = [packet["duration"] for packet in ff.packets(path)]
    assert len(steps) >= 5 * 25


def test_facts_come_as_they_happen(node: Node, tmp_path: Path) -> None:
    before = node.get("/facts", limit=500)["items"]
    with (
        node.websocket("/facts/stream") as stream,
        sim_cameras(tmp_path, 1, faults=DROPS_OUT) as base,
    ):
        camera = node.add_camera(f"{base}/cam/1/main")
        seen: list[tuple[str, str]] = []

        def told() -> bool:
            fact = json.loads(stream.recv(timeout=40))
            if fact["subject"]["id"] == camera:
                seen.append((fact["type"], fact["data"].get("state", fact["data"].get("cause", ""))))
            gone = seen.index(("camera.state", "offline")) if ("camera.state", "offline") in seen else len(seen)
            return any(kind == "recording.gap" for kind, _ in seen[gone:])  # not the one before its first picture

        wait_until("the gap's fact", told, 45)
    assert ("camera.state", "online") in seen
    assert ("camera.state", "offline") in seen
    kept = [item for item in node.items("/facts", limit=500) if item["subject"]["id"] == camera]
    assert "recording.gap" in {item["type"] for item in kept}
    assert len({item["id"] for item in node.get("/facts", limit=500)["items"]}) >= len(before)
    node.http.delete(f"{API}/cameras/{camera}")
