"""GStreamer as a peer that is not ours: its RTSP server, and its client. `serve(codec="h265", audio="aac", user="u", password="p")`."""

from __future__ import annotations

import json
import select
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

SYSTEM_PYTHON = "/usr/bin/python3"  # python3-gi belongs to it, not to our environment
START_S = 20


class Peer(NamedTuple):
    """A listening server; `url` carries neither user nor password."""

    port: int
    url: str


@contextmanager
def serve(
    *,
    codec: Literal["h264", "h265"] = "h264",
    audio: Literal["none", "pcma", "pcmu", "aac"] = "none",
    transport: Literal["any", "tcp", "udp"] = "any",
    user: str = "",
    password: str = "",
    basic: bool = False,
    size: tuple[int, int] = (320, 240),
    gop: int = 25,
    file: Path | None = None,
) -> Generator[Peer]:
    """A live test picture at 25 frames a second (or `file`, as it is, from its start for each client). Digest MD5 unless `basic`."""
    command = [SYSTEM_PYTHON, str(Path(__file__).with_name("gst_rtsp_server.py"))]
    command += ["--codec", codec, "--audio", audio, "--transport", transport, "--gop", str(gop)]
    command += ["--width", str(size[0]), "--height", str(size[1])]
    if user:
        command += ["--user", user, "--password", password, *(["--basic"] if basic else [])]
    if file is not None:
        command += ["--file", str(file)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin and process.stdout
    try:
        ready, _, _ = select.select([process.stdout], [], [], START_S)
        line = process.stdout.readline() if ready else ""
        assert line.strip(), "GStreamer's RTSP server did not start; `make test` installs its packages"
        yield Peer(int(line), f"rtsp://127.0.0.1:{int(line)}/cam")
    finally:
        process.stdin.close()  # its sign to leave
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def pull(url: str, user: str, password: str, protocol: Literal["tcp", "udp"], frames: int) -> tuple[int, int]:
    """How many pictures its client got, and how many of them came after a hole."""
    command = [SYSTEM_PYTHON, str(Path(__file__).with_name("gst_pull.py")), url, user, password, protocol, str(frames)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert answer.returncode == 0, answer.stderr
    got, broken = answer.stdout.split()
    return int(got), int(broken)


class Played(NamedTuple):
    """Decoded frames of each kind."""

    video: int
    audio: int


def play(uri: str, token: str, seconds: float) -> Played:
    """Plays `uri`, signed in by cookie; an error of the player is a failure."""
    command = [SYSTEM_PYTHON, str(Path(__file__).with_name("gst_play.py")), uri, token, str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 30, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr[-800:]
    seen = json.loads(done.stdout)
    assert not seen["error"], seen["error"]
    return Played(seen["video"], seen["audio"])
