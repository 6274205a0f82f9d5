"""When files are read back into the index: when a volume comes, after a worker's death, when an operator asks for a rescan.

One after the other in a thread, beside the recording. Not here: how (record.recovery).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy.orm import Session

from vms.base.clock import Clock
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.base.log import get_log
from vms.base.timespan import Span
from vms.owner.requests import Actor, RescanAnswer, RescanVolume
from vms.record.open_table import OpenTable
from vms.record.recovery import Recovered, recover_newest, recover_span, recover_volume
from vms.storage.volumes import Volume

Lanes = Sequence[tuple[str, str]]
"""Camera and profile of each recording."""
SETTLE_S = 0.3  # a killed worker's locks are gone with it; its last writes are in the page cache
RETRY_S = 2.0


class Recovery:
    """`run` is one life: volumes as they come and go, orphans of dead workers. `volumes` are the open ones, kept by others."""

    def __init__(self, database: Database, volumes: Mapping[str, Volume], open_table: OpenTable, clock: Clock) -> None:
        self._database = database
        self._volumes = volumes
        self._open_table = open_table
        self._clock = clock
        self._jobs: asyncio.Queue[Callable[[], None]] = asyncio.Queue()
        self._reading = threading.Lock()  # a volume is not closed under a pass over it
        self._log = get_log("control.recovery")

    def orphans(self, worker: str, lanes: Lanes) -> None:
        """A worker has died that recorded these. On the loop."""
        self._jobs.put_nowait(lambda: self._recover(lanes))

    def volume_is_here(self, volume: Volume) -> None:
        self._jobs.put_nowait(lambda: self._read(volume))

    def volume_is_gone(self, volume: Volume) -> None:
        self._jobs.put_nowait(lambda: self._close(volume))

    async def run(self) -> None:
        while True:
            job = await self._jobs.get()
            await self._clock.sleep(SETTLE_S)
            while True:
                try:
                    await asyncio.to_thread(job)
                    break
                except VmsError as error:
                    if error.kind not in (Kind.UNAVAILABLE, Kind.TIMEOUT):
                        raise
                    await self._clock.sleep(RETRY_S)  # the database is away; what it knows decides what is read

    def rescan(self, session: Session, actor: Actor, request: RescanVolume) -> RescanAnswer:
        """Handler: files that no row knows become rows. May take as long as the volume is large."""
        with self._reading:
            volume = self._volumes.get(request.volume)
            if volume is None:
                raise VmsError(Kind.NOT_FOUND, "no such volume", volume=request.volume[:64])
            found = recover_volume(self._database, volume)
        self._tell("rescan", volume, found)
        return RescanAnswer(volume.id, files=found.files, added=len(found.committed), unproved=len(found.unproved))

    def read_span(self, lane: tuple[str, str], within: Span) -> bool:
        """Read what a dead writer left of this span, on all volumes; False while somebody writes there. Blocking."""
        busy = False
        with self._reading:
            for volume in tuple(self._volumes.values()):
                found = recover_span(self._database, volume, lane, within)
                self._tell("a fill that was interrupted", volume, found)
                busy = busy or bool(found.busy)
        return not busy

    def _read(self, volume: Volume) -> None:
        with self._reading:
            found = recover_volume(self._database, volume)
        self._tell("the volume is here", volume, found)

    def _close(self, volume: Volume) -> None:
        with self._reading:
            volume.close()

    def _recover(self, lanes: Lanes) -> None:
        with self._reading:
            for volume in tuple(self._volumes.values()):
                found = recover_newest(self._database, volume, lanes, self._clock.wall_us())
                self._open_table.committed([*found.committed, *found.removed, *found.unproved])
                self._tell("worker's death", volume, found)

    def _tell(self, why: str, volume: Volume, found: Recovered) -> None:
        counts = {name: len(getattr(found, name)) for name in ("committed", "removed", "unproved", "unreadable")}
        if any(counts.values()):
            self._log.info("files read back into the index", why=why, volume=volume.id, cut_bytes=found.cut_bytes, **counts)
