"""Counts frames by the marks found in files, so that every contender is judged by what it left on disk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from vms.sim.marks import find_marks


@dataclass
class Seen:
    """The counters of one camera inside the measured window, and how often each was found."""

    counters: dict[int, int] = field(default_factory=dict[int, int])


@dataclass(frozen=True)
class Tally:
    """`lost`: pictures whose neighbours before and after lie in the window, but which no file holds."""

    frames: int
    lost: int
    doubled: int
    cameras: int


def count(files: Iterable[Path], from_us: int, to_us: int) -> Tally:
    """Marks whose wall time lies in [from_us, to_us)."""
    cameras: dict[int, Seen] = {}
    for path in files:
        for mark in find_marks(path.read_bytes()):
            if from_us <= mark.wall_us < to_us:
                seen = cameras.setdefault(mark.camera, Seen()).counters
                seen[mark.counter] = seen.get(mark.counter, 0) + 1
    return Tally(
        frames=sum(len(seen.counters) for seen in cameras.values()),
        lost=sum(max(seen.counters) - min(seen.counters) + 1 - len(seen.counters) for seen in cameras.values()),
        doubled=sum(sum(seen.counters.values()) - len(seen.counters) for seen in cameras.values()),
        cameras=len(cameras),
    )
