"""Recording: CPU per recorded frame with everything on, memory per camera, lost frames; beside plain writing, ffmpeg and the C floor."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bench import children, clip, node, proc
from bench.children import BenchError
from bench.marks import count
from bench.report import Report, Run

WARM_UP_S = 4.0  # every camera's first GOP, and the interpreter's caches
FLUSH_S = 4.0  # two sync groups: what was received in the window is in the files
RUNS = 3
CONTENDERS = ("vms", "plain", "ffmpeg", "floor")


@dataclass(frozen=True)
class Settings:
    cameras: int = 200
    seconds: float = 20.0
    runs: int = RUNS
    contenders: tuple[str, ...] = CONTENDERS
    folder: Path | None = None


@dataclass(frozen=True)
class Window:
    """What happened between two moments."""

    from_us: int
    to_us: int
    cpu_us: int
    database_cpu_us: int
    busy_percent: float


def measure(seconds: float, own: Callable[[], Iterable[proc.Process]], database: Callable[[], Iterable[proc.Process]] = tuple) -> Window:
    time.sleep(WARM_UP_S)
    own_before, database_before = proc.cpu_us(own()), proc.cpu_us(database())
    busy_before, from_us = proc.busy(), time.time_ns() // 1000
    time.sleep(seconds)
    to_us, busy_after = time.time_ns() // 1000, proc.busy()
    own_after, database_after = proc.cpu_us(own()), proc.cpu_us(database())
    return Window(from_us, to_us, own_after - own_before, database_after - database_before, busy_after.percent_since(busy_before))


def figures(window: Window, files: Iterable[Path], cameras: int) -> dict[str, float]:
    """CPU per frame counts the database as well: it is part of recording. Loss counts from the files alone."""
    tally = count(files, window.from_us, window.to_us)
    if tally.cameras < cameras:
        raise BenchError(f"{cameras - tally.cameras} of {cameras} cameras have no frame in the files")
    return {
        "us_per_frame": (window.cpu_us + window.database_cpu_us) / tally.frames,
        "lost_frames": tally.lost,
        "doubled_frames": tally.doubled,
        "frames": tally.frames,
    }


def run_vms(base_url: str, settings: Settings, folder: Path) -> Run:
    return _run_node("vms", "vms", base_url, settings, folder)


def run_plain(base_url: str, settings: Settings, folder: Path) -> Run:
    return _run_node("plain", "bench.plain", base_url, settings, folder)


def _run_node(name: str, module: str, base_url: str, settings: Settings, folder: Path) -> Run:
    with node.serve(folder, module) as running:
        time.sleep(WARM_UP_S)
        empty = proc.pss_bytes(running.processes())
        running.add_cameras(base_url, settings.cameras)
        window = measure(settings.seconds, running.processes, running.database)
        full = proc.pss_bytes(running.processes())
        time.sleep(FLUSH_S)
        found = figures(window, running.segment_files(), settings.cameras)
    found["rss_mb_per_camera"] = (full - empty) / settings.cameras / 1e6
    found["us_per_frame_database"] = window.database_cpu_us / found["frames"]
    return Run(name, window.busy_percent, found)


def run_ffmpeg(base_url: str, settings: Settings, folder: Path) -> Run:
    with children.ffmpeg_recorders(base_url, settings.cameras, folder) as pids:
        window = measure(settings.seconds, lambda: proc.tree(pids))
        memory = proc.pss_bytes(proc.tree(pids))
    found = figures(window, folder.glob("*.mp4"), settings.cameras)  # a fragment is written when its GOP is over
    found["rss_mb_per_camera"] = memory / settings.cameras / 1e6
    return Run("ffmpeg", window.busy_percent, found)


def run_floor(base_url: str, settings: Settings, folder: Path) -> Run:
    binary = children.build_floor()
    if binary is None:
        raise BenchError("the floor needs a C compiler")
    with children.floor_recorder(base_url, settings.cameras, folder, binary) as pids:
        window = measure(settings.seconds, lambda: proc.tree(pids))
        memory = proc.pss_bytes(proc.tree(pids))
    found = figures(window, folder.glob("*.rtp"), settings.cameras)
    found["rss_mb_per_camera"] = memory / settings.cameras / 1e6
    return Run("floor", window.busy_percent, found)


def bench(settings: Settings) -> Report:
    """Alternating runs, so that whatever else the machine does falls on all alike."""
    contenders = [name for name in settings.contenders if name != "floor" or children.build_floor() is not None]
    source = clip.ensure()
    report = Report("ingest", {"cameras": settings.cameras, "seconds": settings.seconds, "clip": "1080p25, 2 Mbit/s, GOP 2 s"})
    prefix = "bench-"
    with (
        tempfile.TemporaryDirectory(prefix=prefix, dir=settings.folder) as top,
        children.cameras(settings.cameras, Path(top), source) as url,
    ):
        for number in range(settings.runs):
            for name in contenders:
                with tempfile.TemporaryDirectory(prefix=f"{name}-{number}-", dir=top) as folder:
                    report.runs.append(RUNNERS[name](url, settings, Path(folder)))
    return report


RUNNERS = {"vms": run_vms, "plain": run_plain, "ffmpeg": run_ffmpeg, "floor": run_floor}
