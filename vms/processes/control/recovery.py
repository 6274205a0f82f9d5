"""When files are read back into the index: at start, after a worker's death, when an operator asks for a rescan.

Each in a thread, beside the recording. Not here: how (record.recovery).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from vms.base.clock import Clock
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.base.log import get_log
from vms.owner.requests import Actor, RescanAnswer, RescanVolume
from vms.record.open_table import OpenTable
from vms.record.recovery import Recovered, recover_newest, recover_volume
from vms.storage.volumes import Volume

Lanes = Sequence[tuple[str, str]]
"""Camera and profile of each recording."""
SETTLE_S = 0.3  # a killed worker's locks are gone with it; its last writes are in the page cache


class Recovery:
    """`run` is one life: the pass at start, then the orphans of dead workers as they come."""

    def __init__(self, database: Database, volumes: Mapping[str, Volume], open_table: OpenTable, clock: Clock) -> None:
        self._database = database
        self._volumes = volumes
        self._open_table = open_table
        self._clock = clock
        self._orphans: asyncio.Queue[tuple[str, Lanes]] = asyncio.Queue()
        self._log = get_log("control.recovery")

    def orphans(self, worker: str, lanes: Lanes) -> None:
        """A worker has died that recorded these. On the loop."""
        self._orphans.put_nowait((worker, lanes))

    async def run(self) -> None:
        for volume in self._volumes.values():
            found = await asyncio.to_thread(recover_volume, self._database, volume)
            self._tell("start", volume, found)
        while True:
            worker, lanes = await self._orphans.get()
            await self._clock.sleep(SETTLE_S)
            await asyncio.to_thread(self._recover, worker, lanes)

    def rescan(self, session: Session, actor: Actor, request: RescanVolume) -> RescanAnswer:
        """Handler: files that no row knows become rows. May take as long as the volume is large."""
        volume = self._volumes.get(request.volume)
        if volume is None:
            raise VmsError(Kind.NOT_FOUND, "no such volume", volume=request.volume[:64])
        found = recover_volume(self._database, volume)
        self._tell("rescan", volume, found)
        return RescanAnswer(volume.id, files=found.files, added=len(found.committed), unproved=len(found.unproved))

    def _recover(self, worker: str, lanes: Lanes) -> None:
        for volume in self._volumes.values():
            found = recover_newest(self._database, volume, lanes, self._clock.wall_us())
            self._open_table.committed([*found.committed, *found.removed, *found.unproved])
            self._tell("worker's death", volume, found)

    def _tell(self, why: str, volume: Volume, found: Recovered) -> None:
        counts = {name: len(getattr(found, name)) for name in ("committed", "removed", "unproved", "unreadable")}
        if any(counts.values()):
            self._log.info("files read back into the index", why=why, volume=volume.id, cut_bytes=found.cut_bytes, **counts)
