"""A long run with faults: `python -m tests.soak [--minutes 30] [--cameras 16] [--seed N]`. Prints its seed first.

A served node records simulated cameras while its processes are killed or stopped at random moments. At the end the
files say what was lost, and `vms check` says whether index and files agree. Not a pytest module: it runs as long as it is told.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench import children, marks, node, proc

ROLES = ("worker", "control", "edge", "postgres")
EACH_S = (10.0, 40.0)  # between two faults
STOPPED_S = 12.0  # longer than root's patience with a silent child
RECOVERY_S = 15.0
FLUSH_S = 5.0
LOST_PER_WORKER_FAULT = 100 + 75  # frames: one GOP of the clips at most, three seconds until recording again


@dataclass
class Soak:
    """What is done to the node, in the order that the seed says."""

    running: node.Node
    chance: random.Random
    done: list[str] = field(default_factory=list[str])

    def faults(self, until: float) -> None:
        while time.monotonic() + EACH_S[1] + RECOVERY_S < until:
            time.sleep(self.chance.uniform(*EACH_S))
            self.fault(self.chance.choice(ROLES), self.chance.choice((signal.SIGKILL, signal.SIGSTOP)))
        time.sleep(max(RECOVERY_S, until - time.monotonic()))

    def fault(self, role: str, number: signal.Signals) -> None:
        candidates = sorted(pid for pid in map(pid_of, proc.tree([self.running.pid])) if is_role(pid, role))
        if not candidates:
            raise children.BenchError(f"no {role} is running")
        pid = self.chance.choice(candidates[:1] if role == "postgres" else candidates)
        os.kill(pid, number)
        self.done.append(f"{number.name} {role}")
        sys.stdout.write(f"{time.strftime('%H:%M:%S')} {self.done[-1]} ({pid})\n")
        if number == signal.SIGSTOP:
            time.sleep(STOPPED_S)
            with contextlib.suppress(ProcessLookupError):  # root has judged it
                os.kill(pid, signal.SIGCONT)


def pid_of(process: proc.Process) -> int:
    return process.pid


def is_role(pid: int, role: str) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return (f"vms.processes.{role}" in command) if role != "postgres" else ("/postgres\0" in command)


def check(data: Path, folder: Path) -> dict[str, int]:
    report = folder / "check.json"
    subprocess.run([sys.executable, "-m", "vms", "check", "--data", data, "--json", report], check=False, timeout=600)
    return json.loads(report.read_text())


def verdict(soak: Soak, tally: marks.Tally, cameras: int, found: dict[str, int]) -> list[str]:
    """What is wrong; empty when nothing is."""
    allowed = LOST_PER_WORKER_FAULT * cameras * sum("worker" in fault for fault in soak.done)
    sys.stdout.write(f"{tally.frames} frames, {tally.lost} lost (≤ {allowed}), {tally.doubled} doubled; check: {found}\n")
    wrong = [f"{name}: {found[name]}" for name in ("missing", "orphan", "short", "changed", "chain_broken") if found[name]]
    if tally.lost > allowed:
        wrong.append("more frames are lost than the faults explain")
    if tally.doubled:
        wrong.append("frames are recorded twice")
    if tally.cameras < cameras:
        wrong.append("a camera was not recorded at all")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--cameras", type=int, default=16)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    arguments = parser.parse_args()
    sys.stdout.write(f"seed {arguments.seed}\n")
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as top,
        children.cameras(arguments.cameras, Path(top), None) as url,
        node.serve(Path(top)) as running,
    ):
        running.add_cameras(url, arguments.cameras)
        soak, from_us = Soak(running, random.Random(arguments.seed)), time.time_ns() // 1000
        soak.faults(time.monotonic() + arguments.minutes * 60)
        to_us = time.time_ns() // 1000
        time.sleep(FLUSH_S)
        tally = marks.count(running.segment_files(), from_us, to_us)
        wrong = verdict(soak, tally, arguments.cameras, check(running.data, Path(top)))
    for line in wrong:
        sys.stdout.write(f"{line}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
