"""ffprobe and ffmpeg as independent readers of what we write and serve."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def _run(command: list[str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout_s, stdin=subprocess.DEVNULL)


def probe(source: str | Path, *options: str, timeout_s: float = 30) -> dict[str, Any]:
    """ffprobe's streams and format. Any warning is a failure: `options` come before the source, as `-rtsp_transport tcp`."""
    command = ["ffprobe", "-v", "warning", *options, "-show_streams", "-show_format", "-of", "json", str(source)]
    answer = _run(command, timeout_s)
    assert answer.returncode == 0 and not answer.stderr.strip(), answer.stderr
    return json.loads(answer.stdout)


def packets(source: str | Path, stream: str = "v:0", timeout_s: float = 60) -> list[dict[str, Any]]:
    """Every packet's pts, dts, duration, size and flags, as ffprobe reads them."""
    entries = "packet=pts,dts,duration,size,flags,pts_time,dts_time"
    command = ["ffprobe", "-v", "warning", "-select_streams", stream, "-show_entries", entries, "-of", "json", str(source)]
    answer = _run(command, timeout_s)
    assert answer.returncode == 0 and not answer.stderr.strip(), answer.stderr
    return json.loads(answer.stdout)["packets"]


def decode(source: str | Path, *options: str, timeout_s: float = 120) -> None:
    """ffmpeg decodes everything; a warning is a failure."""
    command = ["ffmpeg", "-v", "warning", "-nostdin", *options, "-i", str(source), "-f", "null", "-"]
    answer = _run(command, timeout_s)
    assert answer.returncode == 0 and not answer.stderr.strip(), answer.stderr


def record_rtsp(url: str, target: Path, seconds: float, transport: str = "tcp") -> None:
    """ffmpeg pulls `url` and copies it into `target` for `seconds`."""
    source = ["-rtsp_transport", transport, "-i", url, "-t", str(seconds)]
    answer = _run(["ffmpeg", "-v", "error", "-nostdin", "-y", *source, "-c", "copy", str(target)], seconds + 30)
    assert answer.returncode == 0, answer.stderr


def refused(url: str) -> str:
    """What ffprobe says of a URL that it is not given."""
    answer = _run(["ffprobe", "-v", "error", "-rtsp_transport", "tcp", url], 30)
    assert answer.returncode != 0
    return answer.stderr


@contextmanager
def pulling(url: str) -> Generator[None]:
    """ffmpeg pulls `url` while the context lasts."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-rtsp_transport", "tcp", "-i", url, "-c", "copy", "-f", "null", "-"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)
