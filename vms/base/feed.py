"""The feed: the journal for readers that keep no cursor here (consoles, long polls), with a wait that costs no query."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from vms.base.clock import Clock
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.base.journal import START, Position, SealedFact, head, read


def fact_id(position: Position) -> str:
    """The public id of a position: `<epoch>-<seq>`."""
    return f"{position.epoch}-{position.seq}"


def parse_fact_id(text: str) -> Position:
    """Raises BAD_REQUEST."""
    epoch, _, seq = text.partition("-")
    if not (epoch.isascii() and epoch.isdigit() and seq.isascii() and seq.isdigit() and max(len(epoch), len(seq)) <= 18):
        raise VmsError(Kind.BAD_REQUEST, "'after' must be the id of a fact", given=text[:40])
    return Position(int(epoch), int(seq))


class Feed:
    """`read` and `newest` run SQL: threads only. `wait` is for the loop; `ring` is made for `Sealer.on_sealed`.

    Take `mark` before `read`; `wait(mark, …)` returns at once when something was sealed since.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._mark = 0
        self._changed = asyncio.Event()

    def read(self, after: str | None, types: Collection[str], limit: int) -> list[SealedFact]:
        """Facts behind the id `after`, or from the first kept one; of all types when `types` is empty."""
        position = START if after is None else parse_fact_id(after)
        with self._database.transaction() as session:
            return read(session, position, types or None, limit)

    def newest(self) -> str | None:
        """The id of the last fact, or of the begin of an epoch that has none yet; None while there never was one."""
        with self._database.transaction() as session:
            position = head(session)
        return fact_id(position) if position > Position(1, 0) else None

    def mark(self) -> int:
        return self._mark

    def ring(self) -> None:
        """Something was sealed. Called on the loop."""
        self._mark += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self, mark: int, seconds: float) -> None:
        """Return when something was sealed since `mark`, or after `seconds`."""
        if mark != self._mark:
            return
        changed = asyncio.ensure_future(self._changed.wait())
        passed = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait((changed, passed), return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
            passed.cancel()
