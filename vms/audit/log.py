"""The audit as its users see it: `record` before an act, and the task that chains what was recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from vms.audit.chain import Entry
from vms.audit.queries import intend, open_audit, seal
from vms.audit.spool import Spool
from vms.base.clock import Clock
from vms.base.db import Database
from vms.base.errors import VmsError
from vms.base.log import get_log
from vms.base.tasks import Bell

_log = get_log("vms.audit")
SEAL_EVERY_S = 0.5
LOOK_EVERY_S = 5.0  # for what another process, or a spool of an earlier life, has left
_DAY_US = 86_400_000_000


class AuditLog:
    """Writes to the database, or to the spool while that is away; an act is refused only when both fail."""

    def __init__(self, database: Database, spool: Spool) -> None:
        self._database = database
        self._spool = spool
        self.on_record: list[Callable[[], None]] = []

    def record(self, entry: Entry) -> None:
        """Return when the entry is durable. Raises what the spool raises when neither takes it. Blocks: use a thread."""
        self._write(entry)
        for told in self.on_record:
            told()

    def _write(self, entry: Entry) -> None:
        try:
            with self._database.transaction() as session:
                intend(session, entry)
        except VmsError as error:
            _log.flood("audit entry spooled", cause=error.kind)
            self._spool.append(entry)


class AuditSealer:
    """Merges the spool and chains rows within half a second of the `ring` that follows each; idle it costs nothing."""

    def __init__(self, database: Database, spool: Spool, clock: Clock) -> None:
        self._database = database
        self._spool = spool
        self._clock = clock
        self._opened_us = -_DAY_US
        self._bell: Bell | None = None

    def ring(self) -> None:
        """Something was recorded; from any thread."""
        if self._bell is not None:
            self._bell.ring()

    async def run(self) -> None:
        self._bell = Bell(self._clock)
        while True:
            await asyncio.to_thread(self.step)
            await self._clock.sleep(SEAL_EVERY_S)
            await self._bell.wait(LOOK_EVERY_S)

    def step(self) -> int:
        """One round; return how many rows were chained."""
        now_us = self._clock.wall_us()
        if now_us - self._opened_us >= _DAY_US:
            with self._database.transaction() as session:
                open_audit(session, now_us)
            self._opened_us = now_us
        self._spool.merge(self._write)
        with self._database.transaction() as session:
            return seal(session, now_us)

    def _write(self, entries: list[Entry]) -> None:
        with self._database.transaction() as session:
            intend(session, *entries)
