"""Who said what was safe, and what was there in the end: attempts, acknowledgements and observations, checked against each other.

A line is `{"t": mono seconds, "k": "attempt" | "ack" | "observe", "p": producer, "n": counter}`; producers count from where they like, in
steps of one, in the order in which they attempt. Used for frames (the cameras' own marks) and for whatever else is acknowledged: facts,
alarms, audit rows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

ATTEMPT, ACK, OBSERVE = "attempt", "ack", "observe"


class Entry(NamedTuple):
    """One line; `t` is monotonic time in seconds."""

    k: str
    p: str
    n: int
    t: float = 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """Of one producer. Lost are acknowledged and never observed, by where they lie among what it attempted and what was observed.

    `recovered` were observed without an acknowledgement: allowed, the answer got lost. `unexpected` were never attempted.
    """

    prefix: tuple[int, ...] = ()
    middle: tuple[int, ...] = ()
    postfix: tuple[int, ...] = ()
    doubled: tuple[int, ...] = ()
    unexpected: tuple[int, ...] = ()
    reordered: tuple[int, ...] = ()
    recovered: tuple[int, ...] = ()

    @property
    def lost(self) -> tuple[int, ...]:
        return self.prefix + self.middle + self.postfix

    @property
    def ok(self) -> bool:
        return not (self.lost or self.doubled or self.unexpected or self.reordered)

    def holes(self) -> list[tuple[int, int]]:
        """The lost ones as runs, first and last."""
        runs: list[tuple[int, int]] = []
        for n in sorted(self.lost):
            runs[-1:] = [(runs[-1][0], n)] if runs and runs[-1][1] == n - 1 else [*runs[-1:], (n, n)]
        return runs


@dataclass(slots=True)
class _Producer:
    attempted: list[int] = field(default_factory=list[int])
    acknowledged: set[int] = field(default_factory=set[int])
    observed: list[int] = field(default_factory=list[int])


def check(entries: Iterable[Entry], *, ordered: bool = True) -> dict[str, Finding]:
    """By producer. `ordered`: observations must come in the order of the attempts (not so for pictures in decoding order)."""
    producers: dict[str, _Producer] = {}
    for entry in entries:
        producer = producers.setdefault(entry.p, _Producer())
        match entry.k:
            case "attempt":
                producer.attempted.append(entry.n)
            case "ack":
                producer.acknowledged.add(entry.n)
            case "observe":
                producer.observed.append(entry.n)
            case other:
                raise ValueError(f"no ledger entry: {other!r}")
    return {name: _finding(producer, ordered=ordered) for name, producer in producers.items()}


def read(path: Path) -> Iterator[Entry]:
    """A line that a dying writer cut short is the end of its file."""
    lines = path.read_text().split("\n")
    for number, line in enumerate(lines):
        if not line:
            continue
        try:
            yield Entry(**json.loads(line))
        except ValueError:
            if number != len(lines) - 1:
                raise


def write(path: Path, entries: Iterable[Entry]) -> None:
    """Appends."""
    with path.open("a") as file:
        file.writelines(json.dumps({"t": round(e.t, 6), "k": e.k, "p": e.p, "n": e.n}) + "\n" for e in entries)


def _finding(producer: _Producer, *, ordered: bool) -> Finding:
    counts = Counter(producer.observed)
    attempted = set(producer.attempted)
    lost = sorted(producer.acknowledged - counts.keys())
    seen = sorted(counts.keys() & attempted)
    first, last = (seen[0], seen[-1]) if seen else (None, None)
    place = {n: at for at, n in enumerate(producer.attempted)}
    known = [n for n in dict.fromkeys(producer.observed) if n in place]
    return Finding(
        prefix=tuple(n for n in lost if first is None or n < first),
        middle=tuple(n for n in lost if first is not None and last is not None and first < n < last),
        postfix=tuple(n for n in lost if last is not None and n > last),
        doubled=tuple(sorted(n for n, times in counts.items() if times > 1)),
        unexpected=tuple(sorted(counts.keys() - attempted)),
        reordered=tuple(b for a, b in pairwise(known) if place[b] < place[a]) if ordered else (),
        recovered=tuple(sorted((counts.keys() & attempted) - producer.acknowledged)),
    )
