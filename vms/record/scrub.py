"""The scrub: closed segments are read again, slowly, and held against the index; bit rot is found before somebody needs the picture.

One task a node, one thread of low priority, a bound on bytes a second; a pass over a volume begins at most once a day and goes on
where it was after a restart. Not here: which part is damaged (damage), rows (damages).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.orm import Session

from vms.base.clock import Clock
from vms.base.db import Database, after_commit
from vms.base.errors import Kind, VmsError
from vms.base.journal import announce
from vms.base.log import get_log
from vms.base.tasks import Bell
from vms.owner.integrity import ScrubNow, ScrubStarted
from vms.owner.requests import Actor
from vms.record import damages
from vms.record.damage import DamagedPart, locate
from vms.record.facts import SegmentDamaged
from vms.record.models import Segment
from vms.storage.volumes import Volume

PIECE = 1024 * 1024
PAGE = 100
DAY_US = 86_400_000_000
NICE = 15
LOOK_EVERY_S = 600.0
T = TypeVar("T")


@dataclass(slots=True)
class _Tally:
    """What a page of a pass came to."""

    segments: int = 0
    bytes: int = 0
    damaged: int = 0


class Scrub:
    """`run` is one life. `bytes_per_s` 0 reads only when asked (`ask_now`), then without a bound."""

    def __init__(self, database: Database, volumes: Mapping[str, Volume], clock: Clock, bytes_per_s: int) -> None:
        self._database = database
        self._volumes = volumes
        self._clock = clock
        self._bytes_per_s = bytes_per_s
        self._bell: Bell | None = None
        self._wanted = threading.Event()
        self._log = get_log("vms.scrub")

    def ask_now(self, session: Session, actor: Actor, request: ScrubNow) -> ScrubStarted:
        """Handler: begin a pass over every volume from its first segment, now."""
        for volume in self._volumes:
            damages.begin_pass(session, volume, self._clock.wall_us())
        after_commit(session, self._begin)
        return ScrubStarted(tuple(self._volumes))

    def _begin(self) -> None:
        """Behind the commit: before it the task would find the pass before, and be done."""
        self._wanted.set()
        if self._bell is not None:
            self._bell.ring()

    async def run(self) -> None:
        self._bell = Bell(self._clock)
        with ThreadPoolExecutor(1, "scrub", initializer=_lower_priority) as pool:
            while True:
                asked = self._wanted.is_set()
                self._wanted.clear()
                if asked or self._bytes_per_s:
                    for volume in tuple(self._volumes.values()):
                        await self._pass(volume, pool, asked=asked)
                if not self._wanted.is_set():
                    await self._bell.wait(LOOK_EVERY_S)

    async def _pass(self, volume: Volume, pool: ThreadPoolExecutor, *, asked: bool) -> None:
        """The rest of the pass over one volume, or a new one when the last began a day ago."""
        if not await self._in(pool, lambda: self._is_due(volume.id, asked=asked)):
            return
        while not self._wanted.is_set():
            rows = await self._in(pool, lambda: self._next(volume.id))
            if not rows:
                await self._in(pool, lambda: self._finish(volume.id))
                return
            tally = _Tally()
            try:
                with volume.in_use():
                    for row in rows:
                        await self._segment(volume, row, pool, tally)
            except OSError as error:
                raise VmsError(Kind.IO_ERROR, "the volume cannot be read", volume=volume.id, error=str(error)) from error
            await self._in(pool, lambda rows=rows, tally=tally: self._advance(volume.id, rows[-1], tally))

    async def _segment(self, volume: Volume, row: Segment, pool: ThreadPoolExecutor, tally: _Tally) -> None:
        tally.segments += 1
        files = volume.files
        try:
            fd = await self._in(pool, lambda: files.open(volume.root_fd, row.path))
        except FileNotFoundError:
            gone = [DamagedPart(row.start_us, row.end_us, "the file is gone")]
            tally.damaged += await self._in(pool, lambda: self._found(row, gone, "missing"))
            return
        except OSError as error:
            raise VmsError(Kind.IO_ERROR, "the volume cannot be read", volume=volume.id, error=str(error)) from error
        try:
            size = await self._in(pool, lambda: self._fresh_size(volume, fd))
            whole = size == row.bytes and await self._hash(volume, fd, size, pool) == row.sha256
            tally.bytes += size
            if not whole:
                parts = await self._in(pool, lambda: locate(lambda count, at: files.read_at(fd, count, at), size, row))
                tally.damaged += await self._in(pool, lambda: self._found(row, parts, "damaged"))
            elif row.state == "damaged":
                await self._in(pool, lambda: self._healed(row))
        finally:
            await self._in(pool, lambda: self._close(volume, fd))

    async def _hash(self, volume: Volume, fd: int, size: int, pool: ThreadPoolExecutor) -> bytes:
        """SHA-256 of the file, a piece at a time within the bound; empty when it cannot be read to its end."""
        digest, offset = hashlib.sha256(), 0

        def step(at: int) -> int:
            piece = volume.files.read_at(fd, PIECE, at)
            digest.update(piece)
            return len(piece)

        while offset < size:
            try:
                count = await self._in(pool, lambda at=offset: step(at))
            except OSError:
                return b""
            if not count:
                return b""
            offset += count
            if self._bytes_per_s:
                await self._clock.sleep(count / self._bytes_per_s)
        return digest.digest()

    def _fresh_size(self, volume: Volume, fd: int) -> int:
        volume.files.forget(fd)
        return volume.files.size(fd)

    def _close(self, volume: Volume, fd: int) -> None:
        volume.files.forget(fd)
        volume.files.close(fd)

    def _is_due(self, volume: str, *, asked: bool) -> bool:
        with self._database.transaction() as session:
            known, now_us = damages.pass_of(session, volume), self._clock.wall_us()
            finished = known is not None and known.finished_started_us == known.started_us
            if known is None or (finished and not asked and now_us - known.started_us >= DAY_US):
                damages.begin_pass(session, volume, now_us)
                return True
            return not finished

    def _next(self, volume: str) -> Sequence[Segment]:
        with self._database.transaction() as session:
            return damages.next_segments(session, volume, damages.pass_of(session, volume), PAGE)

    def _advance(self, volume: str, row: Segment, tally: _Tally) -> None:
        if not self._wanted.is_set():  # else the pass begins anew
            with self._database.transaction() as session:
                damages.advance(session, volume, row, segments=tally.segments, size_bytes=tally.bytes, damaged=tally.damaged)

    def _finish(self, volume: str) -> None:
        with self._database.transaction() as session:
            damages.finish_pass(session, volume, self._clock.wall_us())

    def _found(self, row: Segment, parts: Sequence[DamagedPart], state: str) -> bool:
        """A fact a part, once; the log tells of the segment. False when the segment was deleted meanwhile."""
        with self._database.transaction() as session:
            new = damages.mark(session, row, parts, state, self._clock.wall_us())
            if new:
                facts = [SegmentDamaged(row.camera_id, row.profile, row.path, p.start_us, p.end_us, p.what) for p in parts]
                announce(session, *facts)
        if new:
            self._log.error("a segment is not as it was", path=row.path, state=state, what="; ".join(p.what for p in parts)[:300])
        return new is not None

    def _healed(self, row: Segment) -> None:
        with self._database.transaction() as session:
            damages.clear(session, row)
        self._log.info("a damaged segment is whole again", path=row.path)

    async def _in(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, work)


def _lower_priority() -> None:
    """Of this thread alone (Linux: a thread has its own nice value)."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
