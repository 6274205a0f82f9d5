"""Live viewing by WebRTC beside the same by WebSocket, while everything records: CPU per frame and viewer, rate, added latency."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import children, clip, node, viewers, whep_viewers
from bench.direct import Arrivals, watch
from bench.live import Phase, See, calm, cost_per_frame, phase, watched
from bench.report import Report, Run
from bench.viewers import Viewer, percentile

DIRECT = 8


@dataclass(frozen=True)
class Settings:
    cameras: int = 50
    seconds: float = 12.0
    viewers: int = 20
    runs: int = 3
    folder: Path | None = None


@dataclass(frozen=True)
class Bed:
    """What all contenders of a run share."""

    running: node.Node
    ids: Sequence[str]
    base_url: str
    settings: Settings
    idle: Phase


async def contender(name: str, see: See, bed: Bed) -> Run:
    """`viewers` on four cameras, then each on a camera of its own, then some beside direct readers."""
    running, ids, settings, idle = bed.running, bed.ids, bed.settings, bed.idle
    crowd = [Viewer(ids[number % 4]) for number in range(settings.viewers)]
    crowded = await watched(running, crowd, settings.seconds, see=see)
    singles = [Viewer(camera) for camera in ids[: settings.viewers]]
    alone = await watched(running, singles, settings.seconds, see=see)
    direct = [Arrivals() for _ in range(min(DIRECT, len(ids)))]
    late = [Viewer(camera) for camera in ids[: len(direct)]]
    readers = [watch(f"{bed.base_url}/cam/{number}/main", arrivals) for number, arrivals in enumerate(direct, start=1)]
    beside = await watched(running, late, settings.seconds, *readers, see=see)
    added = [ms for viewer, arrivals in zip(late, direct, strict=True) for ms in viewer.added_ms(arrivals, beside.from_us)]
    groups = ((crowded, crowd), (alone, singles))
    return Run(
        name,
        max(idle.busy_percent, crowded.busy_percent, alone.busy_percent, beside.busy_percent),
        {
            "us_per_frame_viewer": cost_per_frame(crowded, idle, crowd),
            "us_per_frame_single": cost_per_frame(alone, idle, singles),
            "fps_min": min(viewer.fps(seen.from_us, seen.to_us) for seen, group in groups for viewer in group),
            "added_ms_p50": percentile(added, 50),
            "added_ms_p99": percentile(added, 99),
            "first_frame_ms_p95": percentile([viewer.first_frame_ms for viewer in (*crowd, *singles, *late)], 95),
        },
    )


async def one_run(running: node.Node, ids: Sequence[str], base_url: str, settings: Settings) -> list[Run]:
    await calm(running)
    bed = Bed(running, ids, base_url, settings, await phase(running, settings.seconds))
    return [await contender(name, see, bed) for name, see in (("vms", whep_viewers.view), ("mse", viewers.view))]


def bench(settings: Settings) -> Report:
    source = clip.ensure()
    report = Report("whep", {"cameras": settings.cameras, "viewers": settings.viewers, "seconds": settings.seconds})
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=settings.folder) as top,
        children.cameras(settings.cameras, Path(top), source) as url,
        node.serve(Path(top)) as running,
    ):
        ids = running.add_cameras(url, settings.cameras)
        for _ in range(settings.runs):
            report.runs += asyncio.run(one_run(running, ids, url, settings))
    return report
