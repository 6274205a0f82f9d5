"""A volume with small real files that have rows, and a disk of a chosen size under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select, text

from tests.record.reports import CAMERA, SECOND_US, T0_US, report
from vms.base.clock import ManualClock
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.base.timespan import Span
from vms.owner.requests import Actor
from vms.record import queries, week
from vms.record.clearing import Place, Policy, clear
from vms.record.committer import commit_segments
from vms.record.holds import Holds
from vms.record.models import Garbage, Segment
from vms.record.plan import SHORT_FORMS
from vms.record.reader import CameraFacts
from vms.record.reports import SegmentReport
from vms.record.retention import Lane
from vms.storage.files import RealFiles
from vms.storage.volumes import folder_of, make_folder, open_volume

OTHER = "aaaaaaaa-0000-4000-8000-000000000002"
RIGHTS = frozenset({"hold", "approve_hold", "playback", "list", "configure"})
WANG = Actor("wang", "Wang", "person", rights=RIGHTS)
LI = Actor("li", "Li", "person", rights=RIGHTS)
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
EVER = Span(T0_US - DAY_US, T0_US + 400 * DAY_US)


class DiskFiles(RealFiles):
    """Nothing waits for the disk; the disk has `capacity` bytes, and can refuse to unlink."""

    def __init__(self, capacity: int = 10**9) -> None:
        super().__init__()
        self.capacity = capacity
        self.refuse = False
        self.done: list[str] = []

    def fsync(self, fd: int) -> None: ...

    def syncfs(self, root: int) -> None: ...

    def fsync_dir(self, root: int, path: str) -> None:
        self.done.append(f"sync {path}")

    def unlink(self, root: int, path: str) -> None:
        if self.refuse:
            raise OSError(5, "refused")
        super().unlink(root, path)
        self.done.append(f"unlink {path}")

    def capacity_bytes(self, root: int) -> int:
        return self.capacity

    def free_bytes(self, root: int) -> int:
        return max(0, self.capacity - sum(size for _, size in self.walk(root)))


class Store:
    """A database, a volume, a clock, and what a feature would ask of them."""

    def __init__(self, database: Database, path: Path, *, capacity: int = 10**9, policy: Policy | None = None) -> None:
        self.database = database
        self.files = DiskFiles(capacity)
        self.volume = open_volume(str(path), "node-1", self.files, create=True)
        self.clock = ManualClock(T0_US)
        self.policy = policy or Policy(free_bytes=0)
        self.regions: dict[str, tuple[str, ...]] = {}
        self.rang = 0
        self.holds = Holds(self.camera, {self.volume.id: self.volume}, self.clock, self.ring)

    @property
    def place(self) -> Place:
        return Place(self.database, {self.volume.id: self.volume}, self.policy, lambda _session: self.regions)

    def ring(self) -> None:
        self.rang += 1

    def camera(self, session: object, key: str) -> CameraFacts:
        if len(key) != 36:
            raise VmsError(Kind.NOT_FOUND, "no such camera")
        return CameraFacts(key, 0, SHORT_FORMS["always"], week.Calendar(ZoneInfo("UTC")))

    def record(self, start_s: float, end_s: float, *, camera: str = CAMERA, profile: str = "main") -> SegmentReport:
        """A file of 10 bytes a second, and its row."""
        made = report(start_s, end_s, camera=camera)
        path = made.path.replace("/main/", f"/{profile}/")
        size = int((end_s - start_s) * 10)
        told = replace(made, volume=self.volume.id, path=path, profile=profile, size=size)
        make_folder(self.volume, folder_of(path))
        fd = self.files.create(self.volume.root_fd, path)
        self.files.write(fd, [b"v" * size])
        self.files.close(fd)
        self.commit(told)
        return told

    def commit(self, *reports: SegmentReport) -> None:
        with self.database.transaction() as session:
            commit_segments(session, reports)

    def clear(self, **options: object) -> int:
        """How many went."""
        ages = bool(options.get("ages", True))
        relief = {self.volume.id: int(str(options["relief"]))} if "relief" in options else None
        return clear(self.place, self.clock.wall_us(), "node:1", ages=ages, relief=relief).segments

    def paths(self, *, garbage: bool = False) -> list[str]:
        table = Garbage if garbage else Segment
        with self.database.transaction() as session:
            return list(session.scalars(select(table.path).where(table.volume == self.volume.id).order_by(table.start_us)))

    def starts(self, camera: str = CAMERA, profile: str = "main") -> list[float]:
        with self.database.transaction() as session:
            rows = session.scalars(select(Segment.start_us).where(Segment.camera_id == camera, Segment.profile == profile))
            return sorted((us - T0_US) / SECOND_US for us in rows)

    def gaps(self, camera: str = CAMERA) -> list[tuple[float, float, str, str]]:
        with self.database.transaction() as session:
            found = queries.gap_rows(session, camera, "main", EVER)
        return [((g.start_us - T0_US) / SECOND_US, (g.end_us - T0_US) / SECOND_US, g.cause, g.detail) for g in found]

    def files_left(self) -> set[str]:
        return {path for path, _ in self.files.walk(self.volume.root_fd)}

    def sums(self) -> dict[Lane, int]:
        with self.database.transaction() as session:
            rows = session.execute(text("SELECT camera_id, profile, volume, bytes FROM stored_bytes WHERE bytes > 0"))
            return {Lane(str(c), p, str(v)): b for c, p, v, b in rows}

    def facts(self, *types: str) -> list[tuple[str, dict[str, object]]]:
        with self.database.transaction() as session:
            rows = session.execute(text("SELECT type, data FROM journal_inbox ORDER BY xid, id"))
            return [(kind, data) for kind, data in rows if not types or kind in types]

    def tombstones(self) -> Sequence[tuple[str, float, float, int, int, str | None]]:
        with self.database.transaction() as session:
            rows = session.execute(
                text("SELECT rule, from_us, to_us, segments, bytes, hold_id FROM tombstones ORDER BY at_us, from_us, rule")
            )
            return [(r[0], (r[1] - T0_US) / SECOND_US, (r[2] - T0_US) / SECOND_US, r[3], r[4], r[5] and str(r[5])) for r in rows]
