"""The task that signs: soon after each minute's end its root. Recording and committing never wait for it.

One life reads the key file anew each round, so a rotated key is taken up, and a file that cannot be read ends the life: the
supervisor tells once and tries again, meanwhile minutes queue and are signed late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from vms.base.clock import Clock
from vms.base.db import Database
from vms.base.log import get_log
from vms.base.node_key import NAME, ensure_key, load_key
from vms.integrity import keys, roots
from vms.integrity.roots import Signed
from vms.record import chain_rows
from vms.record.chain import MINUTE_US

SETTLE_S = 0.5  # behind the end of a minute, so that the last commit of it need not be waited for


class Signer:
    """`on_signed` hears of each round with its last minute, in the thread that signed."""

    def __init__(self, database: Database, node: str, folder: Path, clock: Clock) -> None:
        self._database = database
        self._node = node
        self._folder = folder
        self._clock = clock
        self.on_signed: list[Callable[[int], None]] = []
        self._log = get_log("vms.integrity")

    async def run(self) -> None:
        while True:
            done = await asyncio.to_thread(self.step)
            if not (done and done.more):
                await self._clock.sleep(self._until_next_s())

    def step(self) -> Signed | None:
        """One round; None when every minute that is over has its root. Raises CONFIG while the key is not there. Blocking."""
        now_us = self._clock.wall_us()
        with self._database.transaction() as session:
            keys.settle(session, self._folder)
            known = bool(keys.used_keys(session))
        # A key is made once: a node that announced one and lost its file must not go on as somebody else.
        key = load_key(self._folder / NAME if known else ensure_key(self._folder))
        with self._database.transaction() as session:
            keys.announce_key(session, self._node, key, now_us)
            minutes = roots.due(session, now_us)
        if minutes is None:
            return None
        with self._database.transaction() as session:
            chain_rows.close_minutes(session, minutes[1])
        # A transaction of its own: only now every record of those minutes can be seen.
        with self._database.transaction() as session:
            signed = roots.sign_minutes(session, self._node, key, minutes, now_us)
        if signed.roots > 1:
            self._log.info("minutes signed that were missed", roots=signed.roots, first=minutes[0])
        for told in self.on_signed:
            told(signed.minute)
        return signed

    def _until_next_s(self) -> float:
        return (MINUTE_US - self._clock.wall_us() % MINUTE_US) / 1_000_000 + SETTLE_S
