"""Starts and ends the processes of a benchmark: simulated cameras, ffmpeg, the C floor. Each dies with its context."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

START_S = 60.0
STOP_S = 20.0
LOG_LINES = 12  # of a failed process, for the one who reads why
FLOOR_SOURCE = Path(__file__).with_name("floor.c")


class BenchError(Exception):
    """A benchmark that cannot be made, with the reason."""


@contextmanager
def child(command: Sequence[str | Path], log: Path, **environment: str) -> Generator[subprocess.Popen[bytes]]:
    """A process whose output goes to `log`; SIGINT ends it, SIGKILL when it does not listen."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            list(command), stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, env={**os.environ, **environment}
        )
    try:
        yield process
    except BenchError as error:
        last = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        raise BenchError("\n  ".join([str(error), *last])) from error
    finally:
        end([process])


def end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + STOP_S
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(what: str, there: Callable[[], bool], process: subprocess.Popen[bytes] | None = None, seconds: float = START_S) -> None:
    """Poll `there` until it is true; fails when the process ends or the time is over."""
    deadline = time.monotonic() + seconds
    while not there():
        if process is not None and process.poll() is not None:
            raise BenchError(f"{what}: the process ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise BenchError(f"{what}: not there after {seconds:.0f} s")
        time.sleep(0.05)


@contextmanager
def cameras(count: int, folder: Path, clip: Path | None) -> Generator[str]:
    """`vms sim cameras`; yields the base URL, to which `/cam/{n}/main` is added."""
    ready = folder / "cameras.json"
    command = [sys.executable, "-m", "vms", "sim", "cameras", "--count", str(count), "--port", "0", "--ready-file", str(ready)]
    command += ["--clip", str(clip)] if clip else []
    with child(command, folder / "cameras.log") as process:
        wait_for("simulated cameras", ready.exists, process)
        content = json.loads(ready.read_text())
        yield f"rtsp://127.0.0.1:{content['port']}"


@contextmanager
def ffmpeg_recorders(base_url: str, count: int, folder: Path) -> Generator[list[int]]:
    """One `ffmpeg -c copy` per camera into fragmented MP4, as recorders built on FFmpeg do; yields the process ids."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for number in range(1, count + 1):
            source = ["-rtsp_transport", "tcp", "-i", f"{base_url}/cam/{number}/main"]
            target = ["-c", "copy", "-f", "mp4", "-movflags", "+frag_keyframe+empty_moov+default_base_moof", folder / f"{number}.mp4"]
            command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *source, *target]
            processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        wait_for("ffmpeg", lambda: all(_has_bytes(folder / f"{n}.mp4") for n in range(1, count + 1)), seconds=START_S + count / 2)
        if any(process.poll() is not None for process in processes):
            raise BenchError("an ffmpeg ended before the measurement")
        yield [process.pid for process in processes]
    finally:
        end(processes)


@contextmanager
def floor_recorder(base_url: str, count: int, folder: Path, binary: Path) -> Generator[list[int]]:
    """The C floor; yields its process id."""
    log = folder / "floor.log"
    host, port = base_url.removeprefix("rtsp://").split(":")
    with child([binary, host, port, str(count), folder], log) as process:
        wait_for("C floor", lambda: log.read_bytes().startswith(b"ready"), process)
        yield [process.pid]
        process.terminate()


def build_floor(folder: Path = Path("build/bench")) -> Path | None:
    """Compile the floor; None without a C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    binary = folder / "floor"
    if not binary.exists() or binary.stat().st_mtime < FLOOR_SOURCE.stat().st_mtime:
        subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", binary, FLOOR_SOURCE], check=True)
    return binary.absolute()


def _has_bytes(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0
