"""The committer's thread: what workers report becomes rows, and only then is acknowledged (skeleton invariant 7).

With the database away it keeps trying; workers keep what is not acknowledged, and the files keep the truth.
Not here: what a report does to the rows (record.committer).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import EllipsisType

from sqlalchemy.orm import Session

from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.log import get_log
from vms.owner.ask import Transactions
from vms.record.committer import commit_segments
from vms.record.reports import SegmentReport

BATCH_MOST = 100
BATCH_WAIT_S = 0.05
RETRY_S = 1.0
MAX_FACTS = 20_000  # waiting for a database that is away; reports are few and stay


@dataclass(frozen=True, slots=True)
class Item:
    """A segment to be committed, or other work that runs inside the transaction; `done` is called after commit."""

    report: SegmentReport | None = None
    work: Callable[[Session], None] | None = None
    done: Callable[[], None] | None = None


class Commits:
    """Batches items into transactions, in the order they came."""

    def __init__(self, database: Transactions, clock: Clock, *, retry_s: float = RETRY_S, max_facts: int = MAX_FACTS) -> None:
        self._database = database
        self._clock = clock
        self._retry_s = retry_s
        self._max_facts = max_facts
        self._queue: SimpleQueue[Item | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="commits", daemon=True)
        self._stopping = threading.Event()
        self._log = get_log("control.commits")
        self._away = False
        self._full = False

    def start(self) -> None:
        self._thread.start()

    def put(self, item: Item) -> None:
        full = item.report is None and self._queue.qsize() >= self._max_facts
        if full and not self._full:
            self._log.error("facts are dropped: too many wait for the database")
        self._full = full
        if not full:
            self._queue.put(item)

    def stop(self, timeout_s: float = 4.0) -> bool:
        """Finish what is queued; False when the database did not answer in time, and what is left stays with the workers."""
        self._queue.put(None)
        self._thread.join(timeout_s)
        in_time = not self._thread.is_alive()
        self._stopping.set()
        self._thread.join(timeout_s)
        return in_time

    def _run(self) -> None:
        item = self._queue.get()
        while item is not None:
            batch = [item]
            until_us = self._clock.mono_us() + int(BATCH_WAIT_S * 1_000_000)
            item = self._next(until_us)
            while isinstance(item, Item) and len(batch) < BATCH_MOST:
                batch.append(item)
                item = self._next(until_us)
            self._commit(batch)
            if item is ...:
                item = self._queue.get()

    def _next(self, until_us: int) -> Item | EllipsisType | None:
        """What comes until then: an item, the end (None), or nothing (...)."""
        with contextlib.suppress(Empty):
            return self._queue.get(timeout=max(0.0, (until_us - self._clock.mono_us()) / 1_000_000))
        return ...

    def _commit(self, batch: Sequence[Item]) -> None:
        """All in one transaction; when that fails for a reason of one item, each in its own, so that one poisoned
        report holds up nobody else's."""
        while True:
            try:
                kept = self._once(batch)
            except Exception as error:  # noqa: BLE001  (one bad report must not end the thread that serves all cameras)
                if not self._retryable(error):
                    self._one_by_one(batch, error)
                    return
                if self._stopping.wait(self._retry_s):
                    return
            else:
                self._back()
                self._tell(batch, kept)
                return

    def _one_by_one(self, batch: Sequence[Item], error: Exception) -> None:
        if len(batch) == 1:
            path = batch[0].report.path if batch[0].report else None
            self._log.error("this cannot be committed; a file stays for `vms check`", path=path, error=repr(error)[:500])
            return
        for item in batch:
            self._commit([item])

    def _once(self, batch: Sequence[Item]) -> set[str]:
        """Paths of the reports that became rows."""
        reports = [item.report for item in batch if item.report is not None]
        with self._database.transaction() as session:
            kept = set(commit_segments(session, reports)) if reports else set[str]()
            for item in batch:
                if item.work is not None:
                    item.work(session)
        return kept

    def _tell(self, batch: Sequence[Item], kept: set[str]) -> None:
        """After the commit, and outside its retries: what is committed is never done again."""
        for item in batch:
            if item.report is not None and item.report.path not in kept:
                self._log.error("a report no index can hold; its file stays for `vms check`", path=item.report.path)
            if item.done is not None:
                with contextlib.suppress(RuntimeError):  # the loop is gone: the worker tells it again to the next control
                    item.done()

    def _retryable(self, error: Exception) -> bool:
        if not isinstance(error, VmsError):
            return False
        away = error.kind in (Kind.UNAVAILABLE, Kind.TIMEOUT)
        if away and not self._away:
            self._away = True
            self._log.warning("the database is away; reports wait", error=error.message)
        return away

    def _back(self) -> None:
        if self._away:
            self._away = False
            self._log.info("the database is back; reports are committed")
