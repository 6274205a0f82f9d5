"""Answers about what is kept: volumes, cameras, regions, deletions, rules. Reads, but for a rule that is set.

Not here: making room (clearing), what is told of it (watch).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from vms.base.clock import Clock
from vms.base.db import after_commit
from vms.base.errors import Kind, VmsError
from vms.base.ids import is_id
from vms.base.journal import announce
from vms.owner import storage as requests
from vms.owner.requests import Actor
from vms.owner.storage import Deletion, DeletionPage, Kept, KeptPage, KeptRegion, Rule, VolumeSpace
from vms.record import stored
from vms.record.clearing import Place, limits_of
from vms.record.facts import RetentionChanged
from vms.record.models import RetentionRule, Tombstone, VolumeWatch
from vms.record.reader import Cameras
from vms.record.retention import DAY_US, Lane, Limits
from vms.record.watch import Seen
from vms.storage.volumes import Volume

MAX_PAGE = 500
MAX_DAYS = 36_500


class KeptDesk:
    """The handlers. `full` names volumes that say they take nothing now; `on_change` runs behind the commit of each rule."""

    def __init__(self, place: Place, cameras: Cameras, clock: Clock, full: Callable[[str], bool], on_change: Callable[[], None]) -> None:
        self._place = place
        self._cameras = cameras
        self._clock = clock
        self._full = full
        self._on_change = on_change

    def volumes(self, session: Session, actor: Actor, asked: requests.ListVolumes) -> tuple[VolumeSpace, ...]:
        sums, oldest = dict[str, int](), dict[str, int]()
        after: tuple[str, str, str] | None = None
        while page := stored.lanes_page(session, after, MAX_PAGE):
            for lane, size, _, oldest_us in page:
                sums[lane.volume] = sums.get(lane.volume, 0) + size
                if oldest_us is not None:
                    oldest[lane.volume] = min(oldest_us, oldest.get(lane.volume, oldest_us))
            after = page[-1].lane
        limits = limits_of(session, self._place.policy, self._place.regions)
        found: list[VolumeSpace] = []
        for volume in tuple(self._place.volumes.values()):
            watch = session.get(VolumeWatch, volume.id)
            found.append(self._space(volume, limits, watch, sums.get(volume.id, 0), oldest.get(volume.id)))
        return tuple(found)

    def kept(self, session: Session, actor: Actor, asked: requests.ListKept) -> KeptPage:
        limit, after = _limit(asked.limit), _lane_cursor(asked.cursor)
        page = stored.lanes_page(session, after, limit + 1)
        limits, now_us = limits_of(session, self._place.policy, self._place.regions), self._clock.wall_us()
        items: list[Kept] = []
        for lane, size, segments, oldest_us in page[:limit]:
            days_kept = 0.0 if oldest_us is None else max(0, now_us - oldest_us) / DAY_US
            own = limits.cameras.get(lane.camera)
            rule = rule_of(limits, lane)
            kept = Kept(*lane, size, segments, oldest_us, days_kept, limits.days(lane), rule, own.max_bytes if own else None)
            items.append(kept)
        return KeptPage(tuple(items), "/".join(page[limit - 1].lane) if len(page) > limit else None)

    def regions(self, session: Session, actor: Actor, asked: requests.ListKeptRegions) -> tuple[KeptRegion, ...]:
        limits = limits_of(session, self._place.policy, self._place.regions)
        sums, cameras = dict[str, int](), dict[str, set[str]]()
        for lane, size in stored.stored(session).items():
            for region in limits.regions_of.get(lane.camera, ()):
                sums[region] = sums.get(region, 0) + size
                cameras.setdefault(region, set()).add(lane.camera)
        said = limits.regions
        found = (
            KeptRegion(
                r, sums.get(r, 0), len(cameras.get(r, ())), said[r].days if r in said else None, said[r].max_bytes if r in said else None
            )
            for r in sorted(sums.keys() | said.keys())
        )
        return tuple(found)

    def deletions(self, session: Session, actor: Actor, asked: requests.ListDeletions) -> DeletionPage:
        limit, statement = _limit(asked.limit), select(Tombstone)
        if asked.camera is not None:
            statement = statement.where(Tombstone.camera_id == self._cameras(session, asked.camera).id)
        if asked.cursor is not None:
            statement = statement.where(tuple_(Tombstone.at_us, Tombstone.id) < _deletion_cursor(session, asked.cursor))
        rows = session.scalars(statement.order_by(Tombstone.at_us.desc(), Tombstone.id.desc()).limit(limit + 1)).all()
        more = rows[limit - 1].id if len(rows) > limit else None
        return DeletionPage(tuple(_deletion(row) for row in rows[:limit]), more)

    def rules(self, session: Session, actor: Actor, asked: requests.ListRules) -> tuple[Rule, ...]:
        """Those of the settings first: the node's, the volumes'."""
        policy = self._place.policy
        found = [Rule("node", "", policy.days, None, "", None)]
        found += [
            Rule("volume", volume, said.days, said.max_bytes, "", None) for volume, said in sorted(policy.volumes.items()) if any(said)
        ]
        rows = session.scalars(select(RetentionRule).order_by(RetentionRule.scope, RetentionRule.subject_id)).all()
        return (*found, *(Rule(r.scope, r.subject_id, r.days, r.max_bytes, r.changed_by, r.changed_us) for r in rows))

    def set_rule(self, session: Session, actor: Actor, asked: requests.SetRule) -> Rule:
        subject, now_us = self._subject(session, asked), self._clock.wall_us()
        if any(value is not None and value < 0 for value in (asked.days, asked.max_bytes)) or (asked.days or 0) > MAX_DAYS:
            raise VmsError(Kind.BAD_REQUEST, f"days must be 0 to {MAX_DAYS}, max_bytes 0 or more", place="days")
        row = session.get(RetentionRule, (asked.scope, subject), with_for_update=True)
        if asked.days is None and asked.max_bytes is None:
            if row is not None:
                session.delete(row)
        elif row is None:
            values = {"days": asked.days, "max_bytes": asked.max_bytes, "changed_by": actor.id, "changed_us": now_us}
            session.add(RetentionRule(scope=asked.scope, subject_id=subject, **values))
        else:
            row.days, row.max_bytes, row.changed_by, row.changed_us = asked.days, asked.max_bytes, actor.id, now_us
        session.flush()
        announce(session, RetentionChanged(subject, asked.scope, asked.days, asked.max_bytes, actor.id))
        after_commit(session, self._on_change)
        return Rule(asked.scope, subject, asked.days, asked.max_bytes, actor.id, now_us)

    def _subject(self, session: Session, asked: requests.SetRule) -> str:
        if asked.scope == "camera":
            return self._cameras(session, asked.subject).id
        if not is_id(asked.subject) or (asked.scope == "volume" and asked.subject not in self._place.volumes):
            raise VmsError(Kind.NOT_FOUND, f"no such {asked.scope}", subject=asked.subject[:64])
        return asked.subject

    def _space(self, volume: Volume, limits: Limits, watch: VolumeWatch | None, size: int, oldest_us: int | None) -> VolumeSpace:
        said = limits.volumes.get(volume.id)
        quota, days = (said.max_bytes if said else None) or 0, limits.days(Lane("", "main", volume.id))
        try:
            capacity_bytes, free_bytes, failed = volume.capacity_bytes(), volume.free_bytes(), False
        except OSError:
            capacity_bytes, free_bytes, failed = 0, 0, True
        floor_bytes = self._place.policy.floor_bytes(capacity_bytes)
        seen = Seen(volume.id, capacity_bytes, free_bytes, floor_bytes, size, watch.held_bytes if watch else 0, quota)
        rate = watch.write_bytes_per_day if watch else 0
        room = (quota - size) if quota else free_bytes - floor_bytes
        return VolumeSpace(
            id=volume.id,
            path=volume.path,
            state="failed" if failed else "full" if self._full(volume.id) else "ok",
            capacity_bytes=capacity_bytes,
            free_bytes=free_bytes,
            floor_bytes=floor_bytes,
            quota_bytes=quota or None,
            stored_bytes=size,
            held_bytes=seen.held_bytes,
            percent=round(seen.percent, 1),
            level=watch.used_level if watch else 0,
            held_percent=round(seen.held_percent, 1),
            held_level=watch.held_level if watch else 0,
            at_risk=watch.at_risk if watch else False,
            short=watch is not None and watch.short_us is not None,
            days=days,
            oldest_us=oldest_us,
            write_bytes_per_day=rate,
            days_left=round(max(0, room) / rate, 2) if rate else None,
        )


def rule_of(limits: Limits, lane: Lane) -> str:
    """Where the days in force are said: camera, region, volume, node, or nowhere."""
    regions = (limits.regions.get(region) for region in limits.regions_of.get(lane.camera, ()))
    for name, limit in (
        ("camera", limits.cameras.get(lane.camera)),
        *(("region", limit) for limit in regions),
        ("volume", limits.volumes.get(lane.volume)),
        ("node", limits.node),
    ):
        if limit is not None and limit.days is not None:
            return name if limit.days else ""
    return ""


def _deletion(row: Tombstone) -> Deletion:
    return Deletion(
        row.id,
        row.camera_id,
        row.profile,
        row.volume,
        row.from_us,
        row.to_us,
        row.segments,
        row.bytes,
        row.rule,
        row.hold_id,
        row.actor,
        row.at_us,
    )


def _limit(limit: int) -> int:
    if not 1 <= limit <= MAX_PAGE:
        raise VmsError(Kind.BAD_REQUEST, f"limit must be 1 to {MAX_PAGE}", limit=limit)
    return limit


def _lane_cursor(cursor: str | None) -> tuple[str, str, str] | None:
    if cursor is None:
        return None
    parts = cursor.split("/")
    if len(parts) != 3 or not is_id(parts[0]) or parts[1] not in ("main", "sub") or not is_id(parts[2]):
        raise _bad_cursor()
    return cast("tuple[str, str, str]", tuple(parts))


def _deletion_cursor(session: Session, cursor: str) -> tuple[int, str]:
    row = session.get(Tombstone, cursor) if is_id(cursor) else None
    if row is None:
        raise _bad_cursor()
    return row.at_us, row.id


def _bad_cursor() -> VmsError:
    return VmsError(Kind.BAD_REQUEST, "the cursor is not one this node gave out: begin without it")
