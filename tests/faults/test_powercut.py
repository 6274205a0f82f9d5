"""Power fails at any operation of a recording: the node starts again unattended and has lost at most a GOP and two seconds."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.files import Log
from tests.faults.powercut import Bench, Cut, cut, sent
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


def cuts(tape: Tape, count: int, seed: int) -> Iterator[Cut]:
    """`count` states; every operation of the log is cut at before one is cut at twice."""
    first, last = after_opening(tape), len(tape.log.ops)
    places = list(range(first, last + 1))
    chance = random.Random(seed)
    while count > 0:
        chance.shuffle(places)
        for upto in places[:count]:
            yield cut(tape, upto, chance.randrange(1 << 32))
        count -= len(places)


def judged(bench: Bench, tape: Tape, count: int, seed: int) -> list[str]:
    """The first states that are wrong, with what is wrong with them; half of them are cut a second time."""
    bad: list[str] = []
    for number, state in enumerate(cuts(tape, count, seed)):
        found = bench.recovered(tape, state)
        wrong = bench.judge(tape, state, found)
        if not wrong and number % 2:
            again, found = bench.recovered_twice(tape, state, seed)
            wrong = [f"{again.name}: {line}" for line in bench.judge(tape, again, found)]
        if wrong:
            bad.append(f"{state.name}: {'; '.join(wrong)}")
    return bad


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
