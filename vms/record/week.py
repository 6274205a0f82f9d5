"""Which instant a rule means: the week in local wall time, holidays, and the days when the clock is moved. Pure.

A day's pieces are what a clock on the wall shows: where it is set back, the hour that comes twice is recorded twice; where it is
set forward, the hour that does not come is not missed. Not here: what a rule is (plan).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from vms.base.timespan import MAX_US, SECOND_US, Span
from vms.record.plan import DAY_US, DAYS, HOLIDAY, Plan, Rule, Step, Word

HOUR_US = 3_600 * SECOND_US
LOOK_DAYS = 8
MOST_LOOKS = 6
"""A change is looked for over this many windows: 48 days hold every week and every string of holidays."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The node's time zone, and the dates that follow another row: a weekday's name or `holiday`."""

    zone: ZoneInfo
    holidays: Mapping[date, str] = field(default_factory=dict[date, str])


def wanted(plan: Plan, profile: str, at_us: int, calendar: Calendar) -> Word:
    return word_at(plan.rule(profile), at_us, calendar)


def next_change_us(plan: Plan, profile: str, at_us: int, calendar: Calendar) -> int | None:
    """The first instant after `at_us` from which something else is wanted; None when the coming weeks bring no change."""
    rule, begin_us = plan.rule(profile), at_us
    now = word_at(rule, at_us, calendar)
    for _ in range(MOST_LOOKS):
        window = Span(begin_us, min(begin_us + LOOK_DAYS * DAY_US, MAX_US - 2 * DAY_US))
        for from_us, word in steps(rule, window, calendar):
            if from_us > at_us and word != now:
                return from_us
        begin_us = window.end_us
    return None


def steps(rule: Rule, window: Span, calendar: Calendar) -> tuple[Step, ...]:
    """What is wanted from the window's start on, and each change inside it."""
    found: list[Step] = [(window.start_us, word_at(rule, window.start_us, calendar))]
    if rule.mode != "week":
        return tuple(found)
    for at_us in sorted(set(_candidates(rule, window, calendar))):
        if window.start_us < at_us < window.end_us and (word := word_at(rule, at_us, calendar)) != found[-1][1]:
            found.append((at_us, word))
    return tuple(found)


def word_at(rule: Rule, at_us: int, calendar: Calendar) -> Word:
    if rule.mode != "week":
        return "continuous" if rule.mode == "always" else rule.mode
    local = _local(at_us, calendar.zone)
    minute = local.hour * 60 + local.minute
    for piece in rule.row(_row_name(rule, local.date(), calendar)):
        if piece.from_min <= minute < piece.to_min:
            return "event" if piece.on_event else "schedule"
    return "never"


def _row_name(rule: Rule, day: date, calendar: Calendar) -> str:
    own = DAYS[day.weekday()]
    name = calendar.holidays.get(day, own)
    return own if name == HOLIDAY and rule.holiday is None else name


def _candidates(rule: Rule, window: Span, calendar: Calendar) -> Iterator[int]:
    """Every instant of the window at which the answer may change."""
    day, last = _local(window.start_us, calendar.zone).date(), _local(window.end_us, calendar.zone).date()
    while day <= last:
        yield from _moments(day, 0, calendar.zone)
        for piece in rule.row(_row_name(rule, day, calendar)):
            yield from _moments(day, piece.from_min, calendar.zone)
            yield from _moments(day, piece.to_min, calendar.zone)
        day += timedelta(days=1)
    yield from _moved(window, calendar.zone)


def _moments(day: date, minute: int, zone: ZoneInfo) -> tuple[int, int]:
    """Where the clock shows this minute: once, twice (set back), or never (set forward; then the moment of the move is a candidate too)."""
    local = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minute)  # arithmetic of the wall clock
    return _us_of(local.replace(fold=0)), _us_of(local.replace(fold=1))


@lru_cache(maxsize=64)
def _moved(window: Span, zone: ZoneInfo) -> tuple[int, ...]:
    """The instants in the window at which the clock is moved, to the second: no zone moves it twice within an hour."""
    found: list[int] = []
    at_us = window.start_us
    while at_us < window.end_us:
        low, high = at_us // SECOND_US, min(at_us + HOUR_US, window.end_us) // SECOND_US + 1
        before = _offset(low * SECOND_US, zone)
        if before != _offset(high * SECOND_US, zone):
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(middle * SECOND_US, zone) == before else (low, middle)
            found.append(high * SECOND_US)
        at_us += HOUR_US
    return tuple(found)


def _offset(at_us: int, zone: ZoneInfo) -> timedelta | None:
    return _local(at_us, zone).utcoffset()


def _local(at_us: int, zone: ZoneInfo) -> datetime:
    return (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone)


def _us_of(local: datetime) -> int:
    return (local - _EPOCH) // _US
