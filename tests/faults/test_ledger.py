"""The ledger tells each kind of wrong by its name, and nothing else."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.ledger import ACK, ATTEMPT, OBSERVE, Entry, Finding, check, read, write

P = "camera 7"


def entries(attempted: range, acknowledged: list[int] | range, observed: list[int] | range) -> list[Entry]:
    said = [(ATTEMPT, attempted), (ACK, acknowledged), (OBSERVE, observed)]
    return [Entry(kind, P, n) for kind, numbers in said for n in numbers]


@pytest.mark.parametrize(
    ("observed", "finding"),
    [
        ([1, 2, 3, 4, 5], Finding()),
        ([3, 4, 5], Finding(prefix=(1, 2))),
        ([1, 2, 5], Finding(middle=(3, 4))),
        ([1, 2, 3], Finding(postfix=(4, 5))),
        ([], Finding(prefix=(1, 2, 3, 4, 5))),
        ([1, 2, 2, 3, 4, 5], Finding(doubled=(2,))),
        ([1, 2, 3, 4, 5, 9], Finding(unexpected=(9,))),
        ([1, 3, 2, 4, 5], Finding(reordered=(2,))),
    ],
)
def test_each_kind_of_wrong_has_its_name(observed: list[int], finding: Finding) -> None:
    found = check(entries(range(1, 6), range(1, 6), observed))[P]
    assert found == finding
    assert found.ok == (finding == Finding())


def test_what_was_never_acknowledged_may_be_lost_or_recovered() -> None:
    found = check(entries(range(1, 6), [1, 2], [1, 2, 4]))[P]
    assert found == Finding(recovered=(4,))
    assert found.ok


def test_pictures_may_come_out_of_order() -> None:
    assert check(entries(range(4), range(4), [0, 2, 1, 3]), ordered=False)[P].ok


def test_holes_are_runs() -> None:
    assert check(entries(range(10), range(10), [0, 4, 5, 7]))[P].holes() == [(1, 3), (6, 6), (8, 9)]


@given(st.integers(0, 2**32), st.integers(2, 60))
def test_a_random_history_is_told_exactly(seed: int, count: int) -> None:
    chance = random.Random(seed)
    acknowledged = {n for n in range(count) if chance.random() < 0.8}
    lost = {n for n in range(count) if chance.random() < 0.2}
    doubled = {n for n in range(count) if n not in lost and chance.random() < 0.1}
    observed = sorted([n for n in range(count) if n not in lost] + list(doubled))
    found = check(entries(range(count), sorted(acknowledged), observed))[P]
    assert set(found.lost) == acknowledged & lost
    assert set(found.doubled) == doubled
    assert set(found.recovered) == set(range(count)) - lost - acknowledged
    assert not found.unexpected and not found.reordered


def test_a_file_of_lines_is_read_back_also_when_its_writer_died(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    said = [Entry(ATTEMPT, P, 1, 0.5), Entry(ACK, P, 1, 0.75)]
    write(path, said[:1])
    write(path, said[1:])
    with path.open("a") as file:
        file.write('{"t": 1, "k": "obs')
    assert list(read(path)) == said


def test_damage_inside_a_file_is_no_end(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text('{"k": "ack"\n{"k": "ack", "p": "a", "n": 1, "t": 0}\n')
    with pytest.raises(ValueError, match="delimiter"):
        list(read(path))
