"""What processes cost, read from /proc: CPU of a whole tree, memory as PSS, how busy the machine is. Nothing is started here."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


class Process(NamedTuple):
    """One line of /proc/PID/stat; `cpu_us` is its own time and that of the children it has reaped."""

    pid: int
    parent: int
    name: str
    cpu_us: int


class Busy(NamedTuple):
    """Machine time since boot, all cores, in ticks."""

    total: int
    idle: int

    def percent_since(self, before: Busy) -> float:
        total = self.total - before.total
        return 100.0 * (1 - (self.idle - before.idle) / total) if total else 0.0


def parse_stat(line: str) -> Process:
    """proc(5): the name is in parentheses and may itself hold spaces and parentheses."""
    pid, rest = line.split(" (", 1)
    name, rest = rest.rsplit(") ", 1)
    fields = rest.split()
    return Process(int(pid), int(fields[1]), name, sum(map(int, fields[11:15])) * TICK_US)


def processes() -> list[Process]:
    found: list[Process] = []
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                found.append(parse_stat((entry / "stat").read_text()))
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while we looked
    return found


def tree(roots: Iterable[int]) -> list[Process]:
    """The living processes `roots` and everything below them."""
    everything = processes()
    children: dict[int, list[Process]] = {}
    for process in everything:
        children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    queue = [process for process in everything if process.pid in set(roots)]
    while queue:
        process = queue.pop()
        found.append(process)
        queue += children.get(process.pid, [])
    return found


def is_database(process: Process) -> bool:
    return process.name.startswith("postgres")


def cpu_us(found: Iterable[Process]) -> int:
    return sum(process.cpu_us for process in found)


def pss_bytes(found: Iterable[Process]) -> int:
    """Proportional set size: shared pages are counted once over all who share them."""
    total = 0
    for process in found:
        try:
            text = (PROC / str(process.pid) / "smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")), 0)
    return total


def busy() -> Busy:
    ticks = [int(word) for word in (PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]]
    return Busy(sum(ticks), ticks[3] + ticks[4])
