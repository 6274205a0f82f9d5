"""The past: seek to first chunk."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import children, clip, node, proc
from bench.report import Report, Run
from bench.viewers import percentile, seek

SEEKS = 40


@dataclass(frozen=True)
class Settings:
    cameras: int = 50
    seconds: float = 30.0
    runs: int = 3
    folder: Path | None = None


def playback_run(running: node.Node, ids: Sequence[str], seed: int) -> Run:
    """Seeks to instants recorded since the benchmark began, spread over cameras, while all record."""
    chance, busy = random.Random(seed), proc.busy()
    took: list[float] = []
    for camera in chance.sample(list(ids), min(5, len(ids))):
        now_us = time.time_ns() // 1000
        spans = running.get(f"/cameras/{camera}/timeline", **{"from": now_us - 3_600_000_000, "to": now_us})["recorded"]
        from_us, to_us = node.time_us(spans[0]["from"]), node.time_us(spans[-1]["to"]) - 5_000_000
        targets = [chance.randrange(from_us, to_us) for _ in range(SEEKS // 5)]
        took += asyncio.run(seek(running, camera, from_us, targets))
    return Run("vms", proc.busy().percent_since(busy), {"seek_ms_p50": percentile(took, 50), "seek_ms_p95": percentile(took, 95)})


def bench(settings: Settings) -> Report:
    """`seconds` of recording first, then the runs while recording goes on."""
    source = clip.ensure()
    report = Report("playback", {"cameras": settings.cameras, "seconds": settings.seconds})
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=settings.folder) as top,
        children.cameras(settings.cameras, Path(top), source) as url,
        node.serve(Path(top)) as running,
    ):
        ids = running.add_cameras(url, settings.cameras)
        time.sleep(settings.seconds)
        for number in range(settings.runs):
            report.runs.append(playback_run(running, ids, number))
    return report
