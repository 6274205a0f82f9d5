"""A real process is gone at every single operation of a recording, before it, half-way through it and after it."""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.faults.files import CHANGING, KILLED, Exit
from tests.faults.powercut import Bench, Cut
from tests.faults.scripts import SCRIPTS, TICK_US, Stage, Tape, after_opening, fault_of, record
from tests.faults.test_powercut import memory
from vms.base.db import Database

WHENS = ("before", "midst", "after")


@pytest.fixture
def folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="vms-", dir=memory()) as name:
        yield Path(name)


def die_at(script: str, folder: Path, at: int, when: str) -> int:
    """Play the script in a child that ends itself at the `at`-th operation; its exit code."""
    pid = os.fork()
    if not pid:
        try:
            SCRIPTS[script](Stage(folder, fault_of(script), Exit(at, when=when)))
        finally:
            os._exit(1)  # it lived to the end, or failed: both are wrong
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def left_by(tape: Tape, folder: Path, at: int, when: str) -> Cut:
    """What lies there, and the rows that stood: the child did what the tape says, up to its death."""
    changes = [number for number, op in enumerate(tape.log.ops) if number >= after_opening(tape) and op.name in CHANGING]
    upto = changes[at - 1] + (when == "after")
    files: dict[str, bytes | None] = {}
    for path in sorted(folder.rglob("*")):
        files[str(path.relative_to(folder))] = path.read_bytes() if path.is_file() else None
    rows = [path for op in tape.log.ops[:upto] if op.name == "committed" for path in json.loads(op.path)]
    return Cut(f"gone {when} operation {at}", files, tuple(rows), upto)


def deaths(script: str, folder: Path, bench: Bench, share: float, seed: int) -> tuple[int, list[str]]:
    """How many died, and what was wrong afterwards."""
    tape = record(script, folder / "tape")
    first, last = after_opening(tape), next(i for i in range(len(tape.log.ops), 0, -1) if tape.log.ops[i - 1].name == "fed")
    count = sum(op.name in CHANGING for op in tape.log.ops[first:last])
    chance, died, bad = random.Random(seed), 0, list[str]()
    for at in range(1, count + 1):
        if chance.random() > share:
            continue
        when = chance.choice(WHENS)
        place = folder / "life"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        shutil.copy(folder / "tape" / "volume.json", place)
        code = die_at(script, place, at, when)
        died += code == KILLED
        state = left_by(tape, place, at, when)
        wrong = bench.judge(tape, state, bench.recovered(tape, state), unsynced_us=TICK_US)
        if wrong or code != KILLED:
            bad.append(f"{state.name}, exit {code}: {'; '.join(wrong)}")
    return died, bad


@pytest.mark.parametrize("script", ["rollover", "delete"])
def test_some_deaths_cost_a_gop_and_what_was_in_hand(database: Database, folder: Path, script: str) -> None:
    died, bad = deaths(script, folder, Bench(database, folder / "state"), 0.3, 20_260_102)
    assert bad == []
    assert died >= 5


@pytest.mark.scenario
@pytest.mark.long
@pytest.mark.parametrize("script", [name for name in SCRIPTS if name != "several cameras"])  # six times the same operations
def test_a_death_at_every_operation_costs_a_gop_and_what_was_in_hand(database: Database, folder: Path, script: str) -> None:
    died, bad = deaths(script, folder, Bench(database, folder / "state"), 1.0, random.SystemRandom().randrange(1 << 32))
    assert bad == []
    assert died >= 10
