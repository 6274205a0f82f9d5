"""Live HLS of a whole node in players that are not ours: ffmpeg and GStreamer; what it carries and what it refuses."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Literal

import pytest
from websockets.exceptions import ConnectionClosed

from tests.counterparts import ff, gstreamer
from tests.support.node import API, Node, Setup, now_us, serve, sim_cameras
from tests.support.wait import wait_until
from vms.base.timespan import parse_time
from vms.sim.marks import find_marks

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def node() -> Generator[Node]:
    with (
        tempfile.TemporaryDirectory(prefix="vms-") as top,
        serve(Path(top) / "node", Setup(more="[viewing]\nmax_views_per_camera = 2")) as running,
    ):
        yield running
        assert running.stop() == 0
        assert running.bad_log_lines() == []


def record(node: Node, camera: str, seconds: float, target: Path) -> None:
    """ffmpeg pulls the playlist and copies what comes."""
    source = ["-headers", f"Authorization: Bearer {node.token}\r\n", "-i", f"{node.url}{API}/cameras/{camera}/live.m3u8"]
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *source, "-t", str(seconds), "-c", "copy", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0 and not done.stderr.strip(), done.stderr


def over_the_limit(node: Node, camera: str) -> None:
    """One view is open and one more may be: the third is refused in words, whatever it comes by, and the second stays."""
    with node.websocket(f"/cameras/{camera}/live.mse") as second:
        assert json.loads(second.recv(timeout=15))["type"] == "init"
        with node.websocket(f"/cameras/{camera}/live.mse") as third:
            told = json.loads(third.recv(timeout=15))
            with pytest.raises(ConnectionClosed) as closed:
                third.recv(timeout=15)
        refused = node.http.get(f"{API}/cameras/{camera}/live.m3u8", params={"profile": "sub"})
        assert second.recv(timeout=15)
    assert (told["cause"], closed.value.rcvd and closed.value.rcvd.code) == ("overload", 4503)
    assert (refused.status_code, refused.headers["retry-after"], refused.json()["params"]["scope"]) == (503, "5", "camera")


def test_ffmpeg_gets_every_frame_and_the_view_is_counted(node: Node, tmp_path: Path) -> None:
    with sim_cameras(tmp_path, 1) as base:
        profiles = [{"name": name, "url": f"{base}/cam/1/{name}"} for name in ("main", "sub")]
        camera = node.add_camera("", name="both", profiles=profiles)
        node.wait_recording([camera])
        record(node, camera, 6, tmp_path / "live.mkv")
        text = node.http.get(f"{API}/cameras/{camera}/live.m3u8").text
        assert node.http.get(f"{API}/cameras/{camera}/live/other.m4s").status_code == 404
        outside = node.http.get(f"{API}/cameras/{camera}/live/media.m4s", params={"segment": "../../etc/passwd"})
        assert (outside.status_code, outside.json()["code"]) == (400, "bad_request")
        wait_until("the view is counted", lambda: node.get("/system")["counts"]["viewers"] == 1, 10)
        over_the_limit(node, camera)
        node.http.delete(f"{API}/cameras/{camera}")
    counters = [mark.counter for mark in find_marks((tmp_path / "live.mkv").read_bytes())]
    assert len(counters) > 4 * 25
    assert counters == list(range(counters[0], counters[0] + len(counters)))
    assert "#EXT-X-TARGETDURATION:2\n" in text
    assert max(map(float, re.findall(r"#EXTINF:([\d.]+)", text))) <= 2.1
    newest_us = parse_time(re.findall(r"DATE-TIME:(\S+)", text)[-1])
    assert 0 < now_us() - newest_us < 20_000_000


@pytest.mark.long
@pytest.mark.parametrize(("codec", "audio"), [("h264", "aac"), ("h265", "aac"), ("h264", "pcma")])
def test_gstreamer_and_ffmpeg_play_picture_and_aac(
    node: Node, codec: Literal["h264", "h265"], audio: Literal["aac", "pcma"], tmp_path: Path
) -> None:
    with gstreamer.serve(codec=codec, audio=audio) as peer:
        recorded = audio == "aac"  # the others are pulled by their first viewer
        camera = node.add_camera(peer.url, name=f"{codec} {audio}", record="always" if recorded else "never")
        if recorded:
            node.wait_recording([camera], 25)
        record(node, camera, 4, tmp_path / "live.mkv")
        played = gstreamer.play(f"{node.url}{API}/cameras/{camera}/live.m3u8", node.token, 8)
        node.http.delete(f"{API}/cameras/{camera}")
        assert bool(node.files(camera)) is recorded
    streams = {stream["codec_type"]: stream["codec_name"] for stream in ff.probe(tmp_path / "live.mkv")["streams"]}
    assert streams == {"video": "h264" if codec == "h264" else "hevc"} | ({"audio": "aac"} if audio == "aac" else {})
    ff.decode(tmp_path / "live.mkv")
    assert played.video > 2 * 25
    assert (played.audio > 0) is (audio == "aac")
