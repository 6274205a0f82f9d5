"""Reports become rows in batches; what cannot be committed holds up nobody; a database that is away is waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.record.reports import report
from vms.base.clock import ManualClock
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.processes.control.commits import BATCH_MOST, Commits, Item

PATIENCE_S = 10.0


class FakeDatabase:
    """Counts transactions; `fails` are raised by the next ones."""

    def __init__(self, *fails: Exception) -> None:
        self.fails = list(fails)
        self.transactions = 0
        self.session = Any

    @contextmanager
    def transaction(self) -> Generator[Any]:
        self.transactions += 1
        if self.fails:
            raise self.fails.pop(0)
        yield self.session


def work(note: Callable[[], None]) -> Callable[[Session], None]:
    return lambda _session: note()


def committed(database: Any, items: list[Item]) -> None:
    """All queued before the thread starts, so that batches are the same every time."""
    commits = Commits(database, ManualClock(), retry_s=0.0)
    for item in items:
        commits.put(item)
    commits.start()
    assert commits.stop(PATIENCE_S)


def test_items_share_transactions_and_keep_their_order() -> None:
    database, done = FakeDatabase(), list[int]()
    committed(database, [Item(work=work(lambda n=n: done.append(n))) for n in range(BATCH_MOST + 5)])
    assert done == list(range(BATCH_MOST + 5))
    assert database.transactions == 2


def test_done_is_called_after_the_commit_and_one_that_fails_repeats_nothing() -> None:
    database, order = FakeDatabase(), list[str]()

    def loop_is_gone() -> None:
        order.append("first done")
        raise RuntimeError("Event loop is closed")

    first = Item(work=work(lambda: order.append("first")), done=loop_is_gone)
    second = Item(work=work(lambda: order.append("second")), done=lambda: order.append("second done"))
    committed(database, [first, second])
    assert order == ["first", "second", "first done", "second done"]
    assert database.transactions == 1


def test_a_poisoned_item_fails_alone() -> None:
    database, done = FakeDatabase(), list[str]()

    def poison(_session: Session) -> None:
        raise ValueError("no such thing")

    items = [Item(work=work(lambda: None), done=lambda: done.append("a")), Item(work=poison, done=lambda: done.append("poison"))]
    committed(database, [*items, Item(work=work(lambda: None), done=lambda: done.append("b"))])
    assert done == ["a", "b"]


@pytest.mark.parametrize("kind", [Kind.UNAVAILABLE, Kind.TIMEOUT])
def test_a_database_that_is_away_is_tried_again_until_it_is_back(kind: Kind) -> None:
    database, done = FakeDatabase(VmsError(kind, "away"), VmsError(kind, "away")), list[str]()
    committed(database, [Item(work=work(lambda: None), done=lambda: done.append("in"))])
    assert done == ["in"]
    assert database.transactions == 3


def test_stop_does_not_wait_for_a_database_that_stays_away() -> None:
    tried = threading.Event()

    class Away(FakeDatabase):
        @contextmanager
        def transaction(self) -> Generator[Any]:
            tried.set()
            raise VmsError(Kind.UNAVAILABLE, "away")
            yield

    commits = Commits(Away(), ManualClock(), retry_s=0.0)
    commits.put(Item(work=work(lambda: None)))
    commits.start()
    assert tried.wait(PATIENCE_S)
    assert not commits.stop(timeout_s=0.01)


def test_facts_that_wait_are_bounded() -> None:
    done: list[int] = []
    commits = Commits(FakeDatabase(), ManualClock(), retry_s=0.0, max_facts=3)
    for n in range(9):
        commits.put(Item(work=work(lambda n=n: done.append(n))))
    commits.start()
    assert commits.stop(PATIENCE_S)
    assert done == [0, 1, 2]


def test_reports_become_rows_and_only_what_an_index_cannot_hold_is_left_out(database: Database) -> None:
    done: list[str] = []
    bad = replace(report(60, 120), camera="no-uuid")
    items = [Item(report=r, done=lambda r=r: done.append(r.path)) for r in (report(0, 60), bad, report(120, 180))]
    committed(database, [*items, items[0]])
    with database.transaction() as session:
        rows = session.scalars(text("SELECT path FROM segments ORDER BY start_us")).all()
    assert rows == [report(0, 60).path, report(120, 180).path]
    assert done.count(report(0, 60).path) == 2  # told twice, there once
    assert bad.path in done
