"""Live viewing while everything records: CPU per frame and viewer, frame rate, added latency, also while long lists are paged."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import children, clip, node, proc
from bench.direct import Arrivals, watch
from bench.report import Report, Run
from bench.viewers import Viewer, page_through, percentile, view

SETTLE_S = 4.0
DIRECT = 8
CALM_S = 4.0
CALM_TRIES = 20
See = Callable[[node.Node, Viewer], Coroutine[Any, Any, None]]
"""How a viewer watches."""


@dataclass(frozen=True)
class Settings:
    cameras: int = 100
    seconds: float = 15.0
    viewers: int = 50
    points: int = 11_000
    runs: int = 3
    folder: Path | None = None


@dataclass(frozen=True)
class Phase:
    """Cost and busyness of one stretch of time."""

    from_us: int
    to_us: int
    cpu_us: int
    busy_percent: float


@contextlib.asynccontextmanager
async def running_tasks(coroutines: Sequence[Coroutine[Any, Any, None]]) -> AsyncGenerator[None]:
    """All run until the context ends; one that fails early fails the benchmark."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
                raise children.BenchError("a viewer was sent away")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def phase(running: node.Node, seconds: float) -> Phase:
    await asyncio.sleep(SETTLE_S)
    cpu, busy, from_us = proc.cpu_us(running.processes()), proc.busy(), time.time_ns() // 1000
    await asyncio.sleep(seconds)
    to_us, busy_after = time.time_ns() // 1000, proc.busy()
    return Phase(from_us, to_us, proc.cpu_us(running.processes()) - cpu, busy_after.percent_since(busy))


async def calm(running: node.Node) -> None:
    """Until what registering left behind is done: the cost of recording alone is what viewers are compared with."""
    before = float("inf")
    for _ in range(CALM_TRIES):
        cpu = proc.cpu_us(running.processes()) + proc.cpu_us(running.database())
        await asyncio.sleep(CALM_S)
        spent = proc.cpu_us(running.processes()) + proc.cpu_us(running.database()) - cpu
        if spent > 0.9 * before:
            return
        before = spent


async def watched(
    running: node.Node, viewers: Sequence[Viewer], seconds: float, *others: Coroutine[Any, Any, None], see: See = view
) -> Phase:
    async with running_tasks([*(see(running, viewer) for viewer in viewers), *others]):
        return await phase(running, seconds)


def cost_per_frame(seen: Phase, idle: Phase, viewers: Sequence[Viewer]) -> float:
    """CPU above that of recording alone, over all frames that reached a viewer."""
    frames = sum(seen.from_us <= at_us < seen.to_us for viewer in viewers for at_us, _ in viewer.frames)
    share = (seen.to_us - seen.from_us) / (idle.to_us - idle.from_us)
    return (seen.cpu_us - idle.cpu_us * share) / frames


async def one_run(running: node.Node, ids: Sequence[str], base_url: str, settings: Settings) -> Run:
    await calm(running)
    idle = await phase(running, settings.seconds)
    crowd = [Viewer(ids[number % 4]) for number in range(settings.viewers)]
    crowded = await watched(running, crowd, settings.seconds)

    singles = [Viewer(camera) for camera in ids[: settings.viewers]]
    alone = await watched(running, singles, settings.seconds)

    direct = [Arrivals() for _ in range(min(DIRECT, len(ids)))]
    late, pages = [Viewer(camera) for camera in ids[: len(direct)]], list[float]()
    readers = [watch(f"{base_url}/cam/{number}/main", arrivals) for number, arrivals in enumerate(direct, start=1)]
    paged = await watched(running, late, settings.seconds, *readers, page_through(running, pages))
    added = [ms for viewer, arrivals in zip(late, direct, strict=True) for ms in viewer.added_ms(arrivals, paged.from_us)]
    first = [viewer.first_frame_ms for viewer in (*crowd, *singles, *late)]
    return Run(
        "vms",
        max(idle.busy_percent, crowded.busy_percent, alone.busy_percent, paged.busy_percent),
        {
            "us_per_frame_viewer": cost_per_frame(crowded, idle, crowd),
            "us_per_frame_single": cost_per_frame(alone, idle, singles),
            "fps_min": min(
                viewer.fps(seen.from_us, seen.to_us) for seen, group in ((crowded, crowd), (alone, singles)) for viewer in group
            ),
            "added_ms_p50": percentile(added, 50),
            "added_ms_p99": percentile(added, 99),
            "first_frame_ms_p95": percentile(first, 95),
            "list_page_ms_p99": percentile(pages, 99),
        },
    )


def bench(settings: Settings) -> Report:
    source = clip.ensure()
    asked = {"cameras": settings.cameras, "viewers": settings.viewers, "points": settings.points, "seconds": settings.seconds}
    report = Report("live", asked)
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=settings.folder) as top,
        children.cameras(settings.cameras, Path(top), source) as url,
        node.serve(Path(top)) as running,
    ):
        ids = running.add_cameras(url, settings.cameras)
        running.add_points(max(0, settings.points - settings.cameras))
        for _ in range(settings.runs):
            report.runs.append(asyncio.run(one_run(running, ids, url, settings)))
    return report
