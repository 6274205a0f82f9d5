"""Power fails at any operation of a recording: the node starts again unattended and has lost at most a GOP and two seconds."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.files import Log
from tests.faults.powercut import Bench, cuts, judged, sent
from tests.faults.scripts import SCRIPTS, Tape, after_opening, record
from vms.base.db import Database

STATES = 200
SEED = 20_260_101
Figure = Callable[[str, object], None]


def memory() -> str | None:
    """States are data for a test; what the disk would do is in the replay."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


@pytest.fixture
def bench(database: Database) -> Generator[Bench]:
    with tempfile.TemporaryDirectory(prefix="vms-", dir=memory()) as folder:
        yield Bench(database, Path(folder) / "state")


@pytest.fixture(scope="module")
def tapes() -> Generator[dict[str, Tape]]:
    with tempfile.TemporaryDirectory(prefix="vms-", dir=memory()) as folder:
        yield {name: record(name, Path(folder) / name) for name in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_few_states_of_each_script_are_recovered(bench: Bench, tapes: dict[str, Tape], script: str) -> None:
    assert judged(bench, tapes[script], 12, SEED) == []


@pytest.mark.scenario
@pytest.mark.long
@pytest.mark.timeout(120)
def test_200_power_cuts_are_recovered_unattended(bench: Bench, tapes: dict[str, Tape], record_property: Figure) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    record_property("seed", seed)
    each = -(-STATES // len(tapes))
    bad = [f"{name}: {line}" for name, tape in tapes.items() for line in judged(bench, tape, each, seed)]
    record_property("recovered", f"{each * len(tapes) - len(bad)}/{each * len(tapes)}")
    assert bad == []


def test_a_recorder_that_forgets_to_sync_is_found(bench: Bench, tapes: dict[str, Tape]) -> None:
    """The suite itself is held: without `syncfs` in its log the same recording must be called wrong."""
    tape, start = tapes["rollover"], after_opening(tapes["rollover"])
    log = Log()
    log.ops = [op for at, op in enumerate(tape.log.ops) if at < start or op.name != "syncfs"]
    assert len(log.ops) < len(tape.log.ops)
    assert judged(bench, replace(tape, log=log), 40, SEED) != []


def test_the_cuts_are_what_they_claim(tapes: dict[str, Tape]) -> None:
    """Or the suite would pass over disks that nothing happened to: some lose bytes, some whole files, some rows are under way."""
    kinds: Counter[str] = Counter()
    for tape in tapes.values():
        for state in cuts(tape, 60, SEED):
            ops = tape.log.ops[: state.upto]
            written = sum(len(op.data) for op in ops if op.name == "write")
            kept = sum(len(data) for data in state.files.values() if data is not None)
            created = {op.path for op in ops if op.name == "create" and op.path.endswith(".mp4")}
            kinds["bytes lost"] += kept < written
            kinds["nothing lost"] += kept >= written
            kinds["a file lost"] += not created <= state.files.keys()
            kinds["rows stand"] += bool(state.rows)
            kinds["sent"] += bool(sent(ops))
    assert min(kinds.values()) > 20, kinds
    assert len(kinds) == 5
