"""The committer's thread: what workers report becomes rows, and only then is acknowledged (skeleton invariant 7).

With the database away it keeps trying; workers keep what is not acknowledged, and the files keep the truth.
Not here: what a report does to the rows (record.committer).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from sqlalchemy.orm import Session

from vms.base.db import Database
from vms.base.errors import VmsError
from vms.base.log import get_log
from vms.record.committer import commit_segments
from vms.record.reports import SegmentReport

BATCH_MOST = 100
BATCH_WAIT_S = 0.05
RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Item:
    """A segment to be committed, or other work that runs inside the transaction; `done` is called after commit."""

    report: SegmentReport | None = None
    work: Callable[[Session], None] | None = None
    done: Callable[[], None] | None = None


class Commits:
    """Batches items into transactions, in the order they came."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: SimpleQueue[Item | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="commits", daemon=True)
        self._stopping = threading.Event()
        self._log = get_log("control.commits")
        self._away = False

    def start(self) -> None:
        self._thread.start()

    def put(self, item: Item) -> None:
        self._queue.put(item)

    def stop(self, timeout_s: float = 4.0) -> None:
        """Finish what is queued, unless the database does not answer in time."""
        self._queue.put(None)
        self._thread.join(timeout_s)
        self._stopping.set()

    def _run(self) -> None:
        ending = False
        while not ending:
            batch: list[Item] = []
            item = self._queue.get()
            while item is not None:
                batch.append(item)
                if len(batch) >= BATCH_MOST:
                    break
                try:
                    item = self._queue.get(timeout=BATCH_WAIT_S)
                except Empty:
                    break
            else:
                ending = True
            self._commit(batch)

    def _commit(self, batch: Sequence[Item]) -> None:
        """All in one transaction; when that fails for a reason of one item, each in its own, so that one poisoned
        report holds up nobody else's."""
        while batch:
            try:
                self._once(batch)
                self._back()
                return
            except VmsError as error:
                if not self._retryable(error):
                    break
                if self._stopping.wait(RETRY_S):
                    return
            except Exception as bug:  # noqa: BLE001  (one bad report must not end the thread that serves all cameras)
                self._log.error("a batch failed, trying its items one by one", error=repr(bug))
                break
        for item in batch if len(batch) > 1 else ():
            self._commit([item])
        if len(batch) == 1:
            self._log.error("a report cannot be committed; its file stays for `vms check`")

    def _once(self, batch: Sequence[Item]) -> None:
        reports = [item.report for item in batch if item.report is not None]
        with self._database.transaction() as session:
            kept = set(commit_segments(session, reports)) if reports else set[str]()
            for item in batch:
                if item.work is not None:
                    item.work(session)
        for item in batch:
            if item.report is not None and item.report.path not in kept:
                self._log.error("a report no index can hold; its file stays for `vms check`", path=item.report.path)
            if item.done is not None:
                item.done()

    def _retryable(self, error: VmsError) -> bool:
        away = error.kind in ("unavailable", "timeout")
        if away and not self._away:
            self._away = True
            self._log.warning("the database is away; reports wait", error=error.message)
        return away

    def _back(self) -> None:
        if self._away:
            self._away = False
            self._log.info("the database is back; reports are committed")
