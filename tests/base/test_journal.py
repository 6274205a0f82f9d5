"""Nothing announced is missed, doubled or reordered, however late its transaction commits."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from sqlalchemy import text

from vms.base.clock import SystemClock
from vms.base.db import Database
from vms.base.journal import START, Position, announce, head, open_journal, read, seal, seal_once


@dataclass(frozen=True)
class Said:
    type: ClassVar[str] = "test.said"
    subject_kind: ClassVar[str] = "test"
    subject_id: str
    number: int = 0

    def data(self) -> Mapping[str, Any]:
        return {"number": self.number}


@dataclass(frozen=True)
class Shouted(Said):
    type: ClassVar[str] = "test.shouted"


@pytest.fixture
def journal(database: Database) -> Database:
    with database.transaction() as session:
        open_journal(session)
    return database


def say(database: Database, *facts: Said) -> None:
    with database.transaction() as session:
        announce(session, *facts, now_us=1_700_000_000_000_000)


def everything(database: Database) -> list[tuple[int, str, int]]:
    with database.transaction() as session:
        return [(f.seq, f.subject_id, f.data["number"]) for f in read(session, None, None, 1_000)]


def test_a_fact_is_read_after_its_commit_and_its_sealing(journal: Database) -> None:
    say(journal, Said("a", 1), Said("a", 2))
    assert everything(journal) == []
    assert seal_once(journal, SystemClock()) == (2, False)
    with journal.transaction() as session:
        first, second = read(session, START, None, 10)
        assert head(session) == second.position == (1, 2)
        assert (first.type, first.subject_kind, first.at_us) == ("test.said", "test", 1_700_000_000_000_000)


def test_a_fact_of_a_rolled_back_change_never_was(journal: Database) -> None:
    with pytest.raises(ZeroDivisionError), journal.transaction() as session:
        announce(session, Said("a"))
        raise ZeroDivisionError
    say(journal, Said("b"))
    seal_once(journal, SystemClock())
    assert everything(journal) == [(1, "b", 0)]


def test_a_fact_waits_for_an_older_transaction_that_still_runs(journal: Database) -> None:
    with journal.transaction() as late:
        announce(late, Said("late"))
        say(journal, Said("early"))
        assert seal_once(journal, SystemClock()) == (0, True)
    assert seal_once(journal, SystemClock()) == (2, False)
    assert [s for _, s, _ in everything(journal)] == ["late", "early"]


def test_reading_is_by_position_by_type_and_bounded(journal: Database) -> None:
    say(journal, Said("a", 1), Shouted("a", 2), Said("a", 3))
    seal_once(journal, SystemClock())
    with journal.transaction() as session:
        assert [f.data["number"] for f in read(session, (1, 1), None, 10)] == [2, 3]
        assert [f.data["number"] for f in read(session, None, ["test.shouted"], 10)] == [2]
        assert [f.data["number"] for f in read(session, None, None, 2)] == [1, 2]
        assert read(session, (1, 3), None, 10) == []


def test_sealing_is_bounded_and_goes_on_where_it_was(journal: Database) -> None:
    say(journal, *(Said("a", n) for n in range(5)))
    with journal.transaction() as session:
        assert seal(session, limit=3) == 3
    with journal.transaction() as session:
        assert seal(session, limit=3) == 2
    assert [(seq, n) for seq, _, n in everything(journal)] == [(n + 1, n) for n in range(5)]


def test_eight_writers_with_late_commits_and_two_sealers_lose_and_double_nothing(journal: Database) -> None:
    writers, each = 8, 40
    done = threading.Event()

    def write(writer: int) -> None:
        dice = random.Random(writer)
        wait = threading.Event()
        for number in range(each):
            with journal.transaction() as session:
                announce(session, Said(str(writer), number))
                wait.wait(dice.random() * 0.01)  # others begin and commit meanwhile

    def seal_along() -> None:
        while not done.is_set():
            seal_once(journal, SystemClock())

    seen: list[tuple[int, str, int]] = []

    def follow() -> None:
        position = START
        while len(seen) < writers * each and not done.wait(0.002):
            with journal.transaction() as session:
                for fact in read(session, position, None, 100):
                    seen.append((fact.seq, fact.subject_id, fact.data["number"]))
                    position = fact.position

    with ThreadPoolExecutor(writers + 3) as pool:
        sealers = [pool.submit(seal_along) for _ in range(2)]
        follower = pool.submit(follow)
        for writing in [pool.submit(write, w) for w in range(writers)]:
            writing.result()
        try:
            follower.result(timeout=20)
        finally:
            done.set()
        for sealer in sealers:
            sealer.result()
    assert [seq for seq, _, _ in seen] == list(range(1, writers * each + 1))
    for writer in range(writers):
        assert [n for _, w, n in seen if w == str(writer)] == list(range(each))


def test_a_restored_database_begins_a_new_epoch(journal: Database) -> None:
    say(journal, Said("a"))
    seal_once(journal, SystemClock())
    with journal.transaction() as session:
        assert open_journal(session) == (1, 1)  # an ordinary start
        assert open_journal(session, known=Position(1, 7)) == (2, 0)  # seven had been told to others
        session.execute(text("UPDATE journal_head SET server = 'another'"))
        session.expire_all()
        assert open_journal(session) == (3, 0)


def test_facts_unsealed_at_a_restore_are_sealed_on_the_new_server(journal: Database) -> None:
    say(journal, Said("a"))
    with journal.transaction() as session:
        session.execute(text("UPDATE journal_inbox SET xid = '999999999999'::xid8"))
        session.execute(text("UPDATE journal_head SET server = 'another'"))
    assert seal_once(journal, SystemClock()) == (0, True)
    with journal.transaction() as session:
        open_journal(session)
    assert seal_once(journal, SystemClock()) == (1, False)


def test_sealing_before_the_journal_is_open_is_a_wiring_fault(database: Database) -> None:
    with pytest.raises(RuntimeError, match="open_journal"):
        seal_once(database, SystemClock())
