"""ffprobe and ffmpeg as judges of what the package makes. Both are a requirement of the suite: missing is a failure."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any


def ffprobe(path: Path, *options: str) -> dict[str, Any]:
    done = subprocess.run(["ffprobe", "-v", "warning", "-of", "json", *options, str(path)], capture_output=True, check=False, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(done.stdout))


def packets(path: Path, stream: str = "v:0") -> list[dict[str, Any]]:
    return list(ffprobe(path, "-show_packets", "-select_streams", stream)["packets"])


def decode(path: Path, stream: str = "v:0") -> int:
    """Decodes all frames without a warning; their number."""
    command = ["ffmpeg", "-v", "warning", "-i", str(path), "-map", f"0:{stream}", "-f", "framecrc", "-"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    # G.711 has no box that names a channel layout: for one and two channels ffmpeg says that it guesses
    warnings = [line for line in done.stderr.splitlines() if "Guessed Channel Layout" not in line]
    assert (done.returncode, warnings) == (0, [])
    return sum(1 for line in done.stdout.splitlines() if not line.startswith("#"))


def pictures(path: Path) -> list[str]:
    """Hashes of the decoded pictures. The demuxer's parser, which reads the first configuration only, may complain."""
    command = ["ffmpeg", "-v", "warning", "-i", str(path), "-map", "0:v:0", "-f", "framemd5", "-"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    complaints = [line for line in done.stderr.splitlines() if not line.startswith("[NULL @") and "Last message repeated" not in line]
    assert (done.returncode, complaints) == (0, [])
    return [line.rsplit(",", 1)[1].strip() for line in done.stdout.splitlines() if not line.startswith("#")]
