"""ffmpeg and ffprobe, which are not ours, pull every simulated stream; the command as a process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.counterparts import ff
from vms.sim.cameras import demo_cameras

pytestmark = pytest.mark.scenario

CAMERAS = demo_cameras(12)
STREAMS = [(c.number, "main", c.clip) for c in CAMERAS[:10]] + [(c.number, "sub", c.sub_clip) for c in CAMERAS[:4]]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    ready = tmp_path_factory.mktemp("sim") / "ready.json"
    options = ["--count", "12", "--port", "0", "--user", "u", "--password", "w", "--ready-file", str(ready)]
    with subprocess.Popen([sys.executable, "-m", "vms.sim", *options], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "are up" in process.stderr.readline()
        answer = json.loads(ready.read_text())
        assert len(answer["cameras"]) == 12
        assert ready.stat().st_mode & 0o777 == 0o600
        yield answer["port"]
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=10)
        assert process.returncode == 0, log
        assert "dropped_frames=0" in log


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(("camera", "profile", "clip"), STREAMS, ids=[f"{clip}-{number}" for number, _, clip in STREAMS])
def test_ffmpeg_decodes_a_second_of_each_stream_without_a_warning(port: int, camera: int, profile: str, clip: str, transport: str) -> None:
    url = f"rtsp://u:w@127.0.0.1:{port}/cam/{camera}/{profile}"
    ff.decode(url, "-rtsp_transport", transport, "-t", "1")


def test_ffprobe_sees_the_tracks_of_the_description(port: int) -> None:
    seen: dict[str, list[str]] = {}
    for number in (5, 6, 7, 8):
        url = f"rtsp://u:w@127.0.0.1:{port}/cam/{number}/main"
        seen[CAMERAS[number - 1].clip] = [s["codec_name"] for s in ff.probe(url, "-rtsp_transport", "tcp")["streams"]]
    assert seen == {"alaw": ["h264", "pcm_alaw"], "aac": ["h264", "aac"], "h265": ["hevc"], "bframes": ["h264"]}


def test_a_wrong_password_is_refused(port: int) -> None:
    url = f"rtsp://u:wrong@127.0.0.1:{port}/cam/1/main"
    answer = subprocess.run(["ffprobe", "-v", "error", url], capture_output=True, text=True, check=False, timeout=20)
    assert "401" in answer.stderr
