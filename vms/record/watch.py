"""What is told of a volume's space: levels at 70, 85 and 95 %, recordings at risk, recordings kept too short. Each change once.

The decisions are pure; `look` keeps what was told in `volume_watches`, so that a restart repeats nothing. Not here: making room.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from vms.base.journal import announce
from vms.record.facts import RecordingAtRisk, RecordingShort, VolumeLevel
from vms.record.models import VolumeWatch

LEVELS = (95, 85, 70)
BACK_PERCENT = 2.0
"""A level is left this much below it, so that it does not come and go."""
DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Seen:
    """A volume as it is now. `limit_bytes`: what it may hold, its quota or all of it; `stored_bytes` counts against a quota."""

    volume: str
    capacity_bytes: int
    free_bytes: int
    floor_bytes: int
    stored_bytes: int
    held_bytes: int
    quota_bytes: int = 0

    @property
    def limit_bytes(self) -> int:
        return min(self.quota_bytes or self.capacity_bytes, self.capacity_bytes) or 1

    @property
    def percent(self) -> float:
        used = self.stored_bytes if self.quota_bytes else self.capacity_bytes - self.free_bytes
        return 100 * used / self.limit_bytes

    @property
    def held_percent(self) -> float:
        return 100 * self.held_bytes / self.limit_bytes

    @property
    def room_bytes(self) -> int:
        """What recording can use without touching what is held: it stays the same while recording and retention keep step."""
        return self.free_bytes + max(0, self.stored_bytes - self.held_bytes)


def level(percent: float, before: int) -> int:
    """0, 70, 85 or 95; from `before` only down when the share is clearly below."""
    now = next((step for step in LEVELS if percent >= step), 0)
    return before if now < before and percent > before - BACK_PERCENT else now


def at_risk(seen: Seen, before: bool, exhausted: bool) -> bool:
    """Begins when a pass found nothing that may go, or the room falls below the floor; ends when there is clearly room again."""
    if before:
        return exhausted or seen.room_bytes < 2 * seen.floor_bytes + seen.floor_bytes // 2
    return exhausted or seen.room_bytes < seen.floor_bytes


def look(
    session: Session, seen: Seen, *, exhausted: bool, young: bool, now_us: int, least_days: int, rate: int | None = None
) -> VolumeWatch:
    """Tell what changed since it was last told. `rate`: bytes a day, when it was measured anew."""
    row = session.get(VolumeWatch, seen.volume, with_for_update=True)
    if row is None:
        row = VolumeWatch(
            volume=seen.volume,
            used_level=0,
            held_level=0,
            held_bytes=0,
            at_risk=False,
            short_us=None,
            write_bytes_per_day=0,
            changed_us=now_us,
        )
        session.add(row)
    _tell_levels(session, row, seen, now_us)
    risk = at_risk(seen, row.at_risk, exhausted)
    if risk != row.at_risk:
        row.at_risk, row.changed_us = risk, now_us
        announce(session, RecordingAtRisk(seen.volume, risk, seen.free_bytes, seen.held_bytes))
    if young and row.short_us is None:
        announce(session, RecordingShort(seen.volume, True, least_days))
    if young:
        row.short_us = now_us
    elif row.short_us is not None and row.short_us < now_us - DAY_US:
        row.short_us = None
        announce(session, RecordingShort(seen.volume, False, least_days))
    if rate is not None:
        row.write_bytes_per_day = rate
    row.held_bytes = seen.held_bytes
    return row


def _tell_levels(session: Session, row: VolumeWatch, seen: Seen, now_us: int) -> None:
    used, held = level(seen.percent, row.used_level), level(seen.held_percent, row.held_level)
    if used != row.used_level:
        announce(session, VolumeLevel(seen.volume, "used", used, int(seen.percent), row.used_level))
        row.used_level, row.changed_us = used, now_us
    if held != row.held_level:
        announce(session, VolumeLevel(seen.volume, "held", held, int(seen.held_percent), row.held_level))
        row.held_level, row.changed_us = held, now_us
