"""`vms check`: index against chain and files. Read only, works while the node runs; with `rebuild` the index is made again from the files.

Every file is read whole. An open file is known by its writer's lock; a file that was closed a moment ago gets time to be committed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field

from sqlalchemy import text
from sqlalchemy.orm import Session

from vms.base.db import Database
from vms.base.errors import VmsError
from vms.events import Event
from vms.record import queries
from vms.record.check_chain import check_chains
from vms.record.damage import is_whole, locate
from vms.record.garbage import regrow_gaps
from vms.record.models import Segment
from vms.record.recovery import Recovered, place_of, recover_volume
from vms.storage.scan import ReadAt, read_closed, scan
from vms.storage.volumes import Volume

PAGE = 500
SETTLE_TRIES = 12


@dataclass(slots=True)
class CheckResult:
    """The answer of the contract; `findings` names the first files of each kind."""

    rows: int = 0
    files: int = 0
    missing: int = 0
    orphan: int = 0
    short: int = 0
    changed: int = 0
    chain_broken: int = 0
    findings: list[str] = field(default_factory=list[str])

    @property
    def ok(self) -> bool:
        return not (self.missing or self.orphan or self.short or self.changed or self.chain_broken)

    def counts(self) -> dict[str, int]:
        return {name: value for name, value in asdict(self).items() if isinstance(value, int)}

    def found(self, kind: str, path: str) -> None:
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.findings) < 100:
            self.findings.append(f"{kind} {path}")


def check(database: Database, volumes: Sequence[Volume], pause: Callable[[float], None] = time.sleep) -> CheckResult:
    """Compare every row with its record and its file, and every file with its row.

    `pause` waits for segments on their way into the index.
    """
    result = CheckResult()
    for item, what in check_chains(database):
        result.found("chain_broken", f"{item}: {what}")
    for volume in volumes:
        files = dict(volume.files.walk(volume.root_fd))  # before the rows: what closes meanwhile has both
        result.files += len(files)
        chain = _Chain()
        for row in _rows(database, volume.id):
            result.rows += 1
            files.pop(row.path, None)
            _check_row(volume, row, chain, result)
        for path in _unknown(database, volume, sorted(files), pause):
            result.found("orphan", path)
    return result


def rebuild(database: Database, volumes: Sequence[Volume]) -> list[Recovered]:
    """Forget all rows and read them again from the files of all volumes. Workers may go on, the committer must not run.

    The chain is never forgotten: it is told what it does not know, and what it tells of without a file stays a finding.
    """
    with database.transaction() as session:
        session.execute(text("TRUNCATE segments, gaps, damages"))
    found = [recover_volume(database, volume, _silent, rebuilding=True) for volume in volumes]
    with database.transaction() as session:
        regrow_gaps(session)
    return found


def _silent(session: Session, fact: Event) -> None:
    """What is read again was told when it happened."""


class _Chain:
    """Segments of a run name the last seal of the one before; rows come in order of start, so one value a run is enough.

    A segment that a crash cut short has lost the seal that its follower names.
    """

    def __init__(self) -> None:
        self._last: dict[tuple[str, int], str] = {}

    def follows(self, row: Segment, after: str, last_seal: bytes) -> bool:
        before = self._last.pop((row.run, row.seq - 1), None)
        if row.end_reason != "crash":
            self._last[row.run, row.seq] = last_seal.hex()
        return before is None or after in ("", before)


def _check_row(volume: Volume, row: Segment, chain: _Chain, result: CheckResult) -> None:
    files = volume.files
    try:
        fd = files.open(volume.root_fd, row.path)
    except FileNotFoundError:
        result.found("missing", row.path)
        return
    try:
        size = files.size(fd)

        def read_at(count: int, offset: int) -> bytes:
            return files.read_at(fd, count, offset)

        if not is_whole(read_at, size, row):
            parts = ", ".join(f"{part.what} [{part.start_us}, {part.end_us})" for part in locate(read_at, size, row))
            result.found("short" if size < row.bytes else "changed", f"{row.path}: {parts}")
        if row.state != "suspect" and not _proved(read_at, size, row, chain):  # a suspect one is told as damaged already
            result.found("chain_broken", row.path)
    finally:
        files.close(fd)


def _proved(read_at: ReadAt, size: int, row: Segment, chain: _Chain) -> bool:
    try:
        found = scan(read_at, size)
    except VmsError:
        return False
    whole = found.closed and len(found.gops) == row.gop_count and found.end_us == row.end_us
    return whole and chain.follows(row, found.head.after, found.last_seal)


def _unknown(database: Database, volume: Volume, paths: list[str], pause: Callable[[float], None]) -> list[str]:
    for tries in range(SETTLE_TRIES):
        paths = [path for path in paths if not _is_open(volume, path)]
        places = [place for path in paths if (place := place_of(path))]
        with database.transaction() as session:
            known = queries.paths_among(session, places)
        paths = [path for path in paths if path not in known]
        young = [path for path in paths if _is_whole(volume, path)]
        if not young or tries == SETTLE_TRIES - 1:
            break
        pause(0.5)
    return paths


def _is_open(volume: Volume, path: str) -> bool:
    try:
        fd = volume.files.open(volume.root_fd, path)
    except OSError:
        return True  # gone meanwhile: no orphan
    try:
        return not volume.files.lock(fd)
    finally:
        volume.files.close(fd)


def _is_whole(volume: Volume, path: str) -> bool:
    """A closed file may be on its way into the index; a torn one waits for recovery and is an orphan now."""
    try:
        fd = volume.files.open(volume.root_fd, path)
    except OSError:
        return False
    try:
        return read_closed(lambda count, offset: volume.files.read_at(fd, count, offset), volume.files.size(fd)) is not None
    finally:
        volume.files.close(fd)


def _rows(database: Database, volume: str) -> Iterator[Segment]:
    after: Segment | None = None
    while True:
        with database.transaction() as session:
            page = queries.rows_of_volume(session, volume, after, PAGE)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1]
