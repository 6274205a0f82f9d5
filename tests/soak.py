"""Long runs with faults: `python -m tests.soak [nemesis|powercuts|kills|database] [--minutes 30] [--cameras 8] [--count N] [--seed N]`.

`nemesis` (what `make soak` does): a served node records while a mix of faults happens to it, in the order that the seed says.
`powercuts`: thousands of disks that a power cut may leave (2,000). `kills`: workers and control killed inside chosen windows (1,000).
`database`: PostgreSQL stands still for that many minutes while cameras record; no frame lost, the index within a minute.
The seed is printed first, and the verdict and a table for docs/ref/faults.md last. Not a pytest module: it runs as long as it is told.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import FAST_DATABASE
from tests.faults import database_away, kills, nemesis
from tests.faults.powercut import Bench, judged
from tests.faults.scripts import SCRIPTS, record
from vms.base.db import Database
from vms.base.postgres import EmbeddedPostgres
from vms.migrations.upgrade import upgrade

KILL_S = 6.0  # what one kill takes at most, several workers at once


def run_nemesis(folder: Path, options: argparse.Namespace) -> list[str]:
    verdict = nemesis.soak(folder, options.seed, options.minutes, options.cameras)
    frames = {camera: len(finding.lost) for camera, finding in verdict.frames.items()}
    say(verdict.table(), f"proxy: {dict(verdict.harm)}", f"lost frames by camera: {frames}")
    return verdict.wrong


def run_kills(folder: Path, options: argparse.Namespace) -> list[str]:
    count = options.count or 1_000
    told = kills.KillRun(folder, options.seed, kills=count * 19 // 20, control_kills=count // 20, limit_s=count * KILL_S).run()
    say(*(f"{name}: {value}" for name, value in told.figures().items()))
    return kills.judge(told, count, min(100, count // 2))


def run_database(folder: Path, options: argparse.Namespace) -> list[str]:
    told = database_away.run(folder, options.minutes * 60, options.cameras)
    say(str(told))
    return list(database_away.judge(told))


def run_powercuts(folder: Path, options: argparse.Namespace) -> list[str]:
    """Each script has its share of the states."""
    each = -(-(options.count or 2_000) // len(SCRIPTS))
    postgres = EmbeddedPostgres(folder / "pg", folder / "run", settings=FAST_DATABASE)
    postgres.prepare()
    postgres.popen()
    try:
        postgres.wait_ready()
        upgrade(postgres.url())
        database = Database(postgres.url(), pool_size=4)
        wrong: list[str] = []
        for name in SCRIPTS:
            tape = record(name, folder / "tapes" / name)
            bad = judged(Bench(database, folder / "state"), tape, each, options.seed)
            say(f"{name}: {each - len(bad)} of {each} recovered, {len(tape.log.ops)} operations")
            wrong += [f"{name}: {line}" for line in bad]
        database.dispose()
        return wrong
    finally:
        postgres.stop()


def say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


RUNS = {"nemesis": run_nemesis, "powercuts": run_powercuts, "kills": run_kills, "database": run_database}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("what", nargs="?", choices=RUNS, default="nemesis")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    say(f"{options.what}, seed {options.seed}")
    started = time.monotonic()
    memory = "/dev/shm" if options.what == "powercuts" and Path("/dev/shm").is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="soak-", dir=memory))
    try:
        wrong = RUNS[options.what](folder, options)
        if wrong and (log := folder / "node" / "node.log").exists():
            kept = Path(tempfile.gettempdir()) / f"soak-{options.seed}.log"
            shutil.copy(log, kept)
            say(f"the node's log is kept: {kept}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    say(*wrong, f"{'wrong: ' + str(len(wrong)) if wrong else 'all holds'} after {time.monotonic() - started:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
