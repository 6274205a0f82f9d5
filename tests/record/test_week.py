"""Which instant a rule means: tables, the days when the clock is moved, and every minute of random weeks."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vms.base.timespan import Span
from vms.record.plan import ALWAYS, DAY_US, DAYS, NEVER, ON_EVENT, Piece, Plan, Row, Rule
from vms.record.week import Calendar, next_change_us, steps, wanted, word_at

SHANGHAI, BERLIN, LORD_HOWE = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")
MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
OFFICE: Row = (Piece(480, 1080),)
WORKDAYS = Rule("week", (OFFICE,) * 5 + ((), (Piece(0, 1440, on_event=True),)), holiday=(Piece(600, 660),))


def us(text: str, zone: ZoneInfo = SHANGHAI, fold: int = 0) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("2026-05-04T07:59:59", "never"),  # a Monday
        ("2026-05-04T08:00:00", "schedule"),
        ("2026-05-04T17:59:59", "schedule"),
        ("2026-05-04T18:00:00", "never"),
        ("2026-05-09T12:00:00", "never"),
        ("2026-05-10T00:00:00", "event"),
        ("2026-05-10T23:59:59", "event"),
        ("2026-05-01T09:00:00", "never"),  # a Friday and a holiday
        ("2026-05-01T10:30:00", "schedule"),
        ("2026-05-16T09:00:00", "schedule"),  # a Saturday that works as a Monday
    ],
)
def test_the_week_of_an_office(text: str, word: str) -> None:
    calendar = Calendar(SHANGHAI, {date(2026, 5, 1): "holiday", date(2026, 5, 16): "monday"})
    assert word_at(WORKDAYS, us(text), calendar) == word


def test_a_holiday_without_a_row_of_its_own_keeps_its_weekday() -> None:
    rule = Rule("week", WORKDAYS.week)
    assert word_at(rule, us("2026-05-01T09:00:00"), Calendar(SHANGHAI, {date(2026, 5, 1): "holiday"})) == "schedule"


def test_each_profile_has_its_rule() -> None:
    plan, calendar = Plan(ON_EVENT, ALWAYS), Calendar(SHANGHAI)
    assert (wanted(plan, "main", 0, calendar), wanted(plan, "sub", 0, calendar)) == ("event", "continuous")
    assert next_change_us(plan, "main", 0, calendar) is None


def test_the_next_change_is_found_behind_a_long_string_of_holidays() -> None:
    plan = Plan(Rule("week", (OFFICE,) * 7, holiday=()), NEVER)
    first = date(2026, 5, 1)
    days = {first + timedelta(days=n): "holiday" for n in range(20)}
    calendar = Calendar(SHANGHAI, days)
    assert next_change_us(plan, "main", us("2026-05-01T00:00:00"), calendar) == us("2026-05-21T08:00:00")
    assert next_change_us(plan, "main", us("2026-05-21T08:00:00"), calendar) == us("2026-05-21T18:00:00")


def spans(rule: Rule, first: str, last: str, zone: ZoneInfo) -> list[tuple[int, int]]:
    """Recorded spans of a window, in minutes since its begin."""
    window = Span(us(first, zone), us(last, zone))
    found = steps(rule, window, Calendar(zone))
    ends = [at for at, _ in found[1:]] + [window.end_us]
    pieces = [(at, end) for (at, word), end in zip(found, ends, strict=True) if word != "never"]
    return [((a - window.start_us) // MINUTE_US, (b - window.start_us) // MINUTE_US) for a, b in pieces]


def daily(*pieces: tuple[int, int]) -> Rule:
    return Rule("week", (tuple(Piece(a, b) for a, b in pieces),) * 7)


def test_where_the_clock_is_set_back_the_hour_that_comes_twice_is_recorded_twice() -> None:
    # Berlin, 2026-10-25: 02:00 to 03:00 comes twice.
    assert spans(daily((120, 150)), "2026-10-25T00:00:00", "2026-10-26T00:00:00", BERLIN) == [(120, 150), (180, 210)]
    assert spans(daily((60, 240)), "2026-10-25T00:00:00", "2026-10-26T00:00:00", BERLIN) == [(60, 300)]


def test_where_the_clock_is_set_forward_the_hour_that_does_not_come_is_not_missed() -> None:
    # Berlin, 2026-03-29: 02:00 is 03:00.
    assert spans(daily((120, 180)), "2026-03-29T00:00:00", "2026-03-30T00:00:00", BERLIN) == []
    assert spans(daily((90, 150)), "2026-03-29T00:00:00", "2026-03-30T00:00:00", BERLIN) == [(90, 120)]
    assert spans(daily((150, 240)), "2026-03-29T00:00:00", "2026-03-30T00:00:00", BERLIN) == [(120, 180)]


def test_a_zone_that_moves_by_half_an_hour() -> None:
    # Lord Howe Island, 2026-04-05: at 02:00 (+11) it is 01:30 (+10:30).
    assert spans(daily((90, 105)), "2026-04-05T00:00:00", "2026-04-06T00:00:00", LORD_HOWE) == [(90, 105), (120, 135)]


PIECES = st.lists(st.tuples(st.integers(0, 47), st.integers(1, 10), st.booleans()), max_size=4)


def row_of(drawn: list[tuple[int, int, bool]]) -> Row:
    row: list[Piece] = []
    for half_hour, length, on_event in sorted(drawn):
        piece = Piece(half_hour * 30, min(1440, (half_hour + length) * 30), on_event)
        if not row or piece.from_min >= row[-1].to_min:
            row.append(piece)
    return tuple(row)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(PIECES, min_size=8, max_size=8),
    zone=st.sampled_from([SHANGHAI, BERLIN, LORD_HOWE]),
    first=st.sampled_from(["2026-03-27T05:10:00", "2026-04-03T00:00:00", "2026-10-24T13:00:00"]),
    follows=st.sampled_from([*DAYS, "holiday"]),
)
def test_steps_say_what_every_minute_says(rows: list[list[tuple[int, int, bool]]], zone: ZoneInfo, first: str, follows: str) -> None:
    rule = Rule("week", tuple(map(row_of, rows[:7])), row_of(rows[7]))
    window = Span(us(first, zone), us(first, zone) + 3 * DAY_US)
    calendar = Calendar(zone, {date.fromisoformat(first[:10]) + timedelta(days=1): follows})
    found = steps(rule, window, calendar)
    assert found[0][0] == window.start_us
    assert all(a[0] < b[0] and a[1] != b[1] for a, b in pairwise(found))
    now, rest = found[0][1], list(found[1:])
    for at_us in range(window.start_us, window.end_us, MINUTE_US):
        while rest and rest[0][0] <= at_us:
            now = rest.pop(0)[1]
        assert now == word_at(rule, at_us, calendar)
    plan = Plan(rule, NEVER)
    for (_, _), (at_us, _) in pairwise(found):
        assert next_change_us(plan, "main", at_us - 1, calendar) == at_us
