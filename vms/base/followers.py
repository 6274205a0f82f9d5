"""Tasks around the journal: the one Sealer, and Followers that apply facts behind a kept cursor.

Both run under the Supervisor; their SQL runs in threads. Not here: the order of facts and its proof (journal).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Generator

import psycopg
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from vms.base.clock import Clock
from vms.base.db import Database
from vms.base.journal import CHANNEL, Position, SealedFact, hook_commits, open_journal, read, seal_once
from vms.base.journal_models import CursorRow
from vms.base.tasks import Bell

POLL_S = 1.0
_GATHER_S = 0.02  # lets the commits of a burst be sealed, and told, together

Apply = Callable[[Session, list[SealedFact]], None]
"""Effects of facts, in the transaction that moves the cursor: both happen or neither."""


class Sealer:
    """Seals soon after commits of this process, and at the latest every second; then rings its followers."""

    def __init__(self, database: Database, clock: Clock, known: Position | None = None) -> None:
        self._database = database
        self._clock = clock
        self._known = known
        self._bell: Bell | None = None
        self.on_sealed: list[Callable[[], None]] = []
        hook_commits(database, self.ring)

    def ring(self) -> None:
        if self._bell is not None:
            self._bell.ring()

    async def run(self) -> None:
        self._bell = Bell(self._clock)
        await asyncio.to_thread(self._open)
        while True:
            sealed = await asyncio.to_thread(seal_once, self._database, self._clock)
            if sealed.facts:
                for told in self.on_sealed:
                    told()
            if sealed.more:
                await self._clock.sleep(_GATHER_S)
            else:
                await self._bell.wait(POLL_S)
                await self._clock.sleep(_GATHER_S)

    def _open(self) -> None:
        with self._database.transaction() as session:
            open_journal(session, self._known, self._clock.wall_us())


class Follower:
    """Applies facts in order, each exactly once."""

    def __init__(self, name: str, database: Database, clock: Clock, apply: Apply, types: Collection[str] | None = None) -> None:
        self._name = name
        self._database = database
        self._clock = clock
        self._apply = apply
        self._types = types
        self._bell: Bell | None = None

    def ring(self) -> None:
        """Say that there is news; made for `Sealer.on_sealed`."""
        if self._bell is not None:
            self._bell.ring()

    async def run(self) -> None:
        self._bell = Bell(self._clock)
        while True:
            if not await asyncio.to_thread(self.step):
                await self._bell.wait(POLL_S)

    def step(self, limit: int = 500) -> int:
        """Apply one batch and move the cursor in the same transaction; return how many facts."""
        with self._database.transaction() as session:
            cursor = session.get(CursorRow, self._name, with_for_update=True)
            if cursor is None:
                cursor = CursorRow(name=self._name, epoch=0, seq=0)
                session.add(cursor)
            facts = read(session, Position(cursor.epoch, cursor.seq), self._types, limit)
            if facts:
                self._apply(session, facts)
                cursor.epoch, cursor.seq = facts[-1].position
        return len(facts)


def listen(database: Database, poll_s: float = POLL_S) -> Generator[bool]:
    """For another process: yields True after each sealing and False every `poll_s` without one. Blocks: use a thread."""
    url = make_url(database.url)
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(f"LISTEN {CHANNEL}")
        while True:
            yield any(True for _ in connection.notifies(timeout=poll_s, stop_after=1))
