"""A decoder or another platform pulls a camera from the node by RTSP: ffmpeg and GStreamer see every frame, over TCP and UDP."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Literal

import pytest

from tests.counterparts import ff, gstreamer
from tests.support.node import Node, Setup, free_port, serve, sim_cameras
from tests.support.wait import wait_until
from vms.sim.marks import find_marks, tally

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(120)]

KINDS = {"h264": 1, "alaw": 5, "aac": 6, "h265": 7}
SECONDS = 4.0


class Pulled:
    """A node with a camera of each kind, and where its restream is."""

    def __init__(self, node: Node, cameras: dict[str, str], port: int) -> None:
        self.node, self.cameras, self.port = node, cameras, port

    def url(self, kind: str, token: str | None = None) -> str:
        return f"rtsp://token:{token or self.node.token}@127.0.0.1:{self.port}/{self.cameras[kind]}/main"


@pytest.fixture(scope="module")
def pulled() -> Generator[Pulled]:
    setup = Setup(rtsp_port=free_port())
    with tempfile.TemporaryDirectory(prefix="vms-") as top, sim_cameras(Path(top), 10) as base, serve(Path(top) / "node", setup) as node:
        cameras = {kind: node.add_camera(f"{base}/cam/{number}/main", name=kind) for kind, number in KINDS.items()}
        node.wait_recording(cameras.values())
        yield Pulled(node, cameras, setup.rtsp_port)
        assert node.stop() == 0
        assert node.bad_log_lines() == []


@pytest.mark.parametrize(("kind", "transport"), [("h264", "tcp"), ("h264", "udp"), ("h265", "tcp")])
def test_ffmpeg_gets_every_frame(pulled: Pulled, tmp_path: Path, kind: str, transport: str) -> None:
    target = tmp_path / "pulled.mkv"
    ff.record_rtsp(pulled.url(kind), target, SECONDS, transport)
    found = tally(find_marks(target.read_bytes()))
    assert found.missing == found.doubled == 0
    assert found.frames >= SECONDS * 25 - 5


@pytest.mark.parametrize(("kind", "codec"), [("alaw", "pcm_alaw"), ("aac", "aac")])
def test_sound_comes_with_the_picture(pulled: Pulled, kind: str, codec: str) -> None:
    streams = ff.probe(pulled.url(kind), "-rtsp_transport", "tcp")["streams"]
    assert [stream["codec_name"] for stream in streams] == ["h264", codec]


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_gstreamer_gets_every_picture(pulled: Pulled, protocol: Literal["tcp", "udp"]) -> None:
    url = pulled.url("h264").replace(f"token:{pulled.node.token}@", "")
    assert gstreamer.pull(url, "token", pulled.node.token, protocol, frames=75) == (75, 0)


def test_the_view_counts_and_ends_with_its_connection(pulled: Pulled) -> None:
    def views() -> int:
        return int(pulled.node.get("/system")["counts"]["viewers"])

    with ff.pulling(pulled.url("h264")):
        wait_until("the view is counted", lambda: views() == 1, 10)
    wait_until("the view is over", lambda: views() == 0, 10)


def test_a_token_of_the_command_line_opens_what_its_rights_say(pulled: Pulled) -> None:
    def token(right: str) -> str:
        command = [sys.executable, "-m", "vms", "token", "decoder", "--right", right, "--config", str(pulled.node.data.parent / "vms.toml")]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, stdin=subprocess.DEVNULL).stdout.strip()

    assert ff.probe(pulled.url("h264", token("live")), "-rtsp_transport", "tcp")["streams"]
    assert "404 Not Found" in ff.refused(pulled.url("h264", token("list")))


def test_who_proves_nothing_is_refused(pulled: Pulled) -> None:
    assert "401 Unauthorized" in ff.refused(pulled.url("h264", token="t_wrong"))
    assert "404 Not Found" in ff.refused(pulled.url("h264").replace(pulled.cameras["h264"], "nowhere"))
