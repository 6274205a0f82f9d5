"""A day's sums and the rate: exact to the microsecond, whatever the day looked like."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vms.base.timespan import SECOND_US
from vms.completeness.figures import DAY_US, JOINED_US, NOT_PLANNED, DayFigures, figures, rate_ppm, total
from vms.owner.requests import GapSpan, RecordedSpan, TimelineAnswer
from vms.record.causes import GAP_CAUSES
from vms.record.timeline import timeline

MINUTE_US = 60 * SECOND_US
LATER_US = 10 * DAY_US


def day(recorded: list[RecordedSpan], claims: list[GapSpan]) -> DayFigures:
    return figures(timeline(0, DAY_US, LATER_US, recorded, claims))


def test_the_worked_example_of_the_assessment() -> None:
    """Gaps of 1.5 s, 10 min and 5 min: (1440 − 15) ÷ 1440 = 98.96 %."""
    breaks = [(MINUTE_US, 1_500_000), (200 * MINUTE_US, 10 * MINUTE_US), (900 * MINUTE_US, 5 * MINUTE_US)]
    starts = [0, *(at + length for at, length in breaks)]
    ends = [*(at for at, _ in breaks), DAY_US]
    told = day([RecordedSpan(a, b) for a, b in zip(starts, ends, strict=True)], [GapSpan(0, DAY_US, "network")])
    assert told.gaps == {"network": 15 * MINUTE_US + 1_500_000}
    assert told.joined_us == 1_500_000
    assert told.rate_ppm == 1425 * 1_000_000 // 1440 == 989_583


def test_time_outside_the_plan_is_not_due_and_a_stop_by_hand_is() -> None:
    claims = [GapSpan(0, DAY_US // 4, "not_registered"), GapSpan(DAY_US // 4, DAY_US // 2, "schedule"), GapSpan(0, DAY_US, "operator_stop")]
    told = day([RecordedSpan(DAY_US * 3 // 4, DAY_US)], claims)
    assert told.planned_us == DAY_US // 2
    assert told.gaps == {"operator_stop": DAY_US // 4}
    assert told.rate_ppm == 500_000


def test_a_day_without_plan_has_no_rate() -> None:
    told = day([], [GapSpan(0, DAY_US, "schedule")])
    assert (told.planned_us, told.rate_ppm) == (0, None)


def test_a_hole_at_midnight_goes_on_in_the_other_day_and_is_not_short() -> None:
    told = day([RecordedSpan(SECOND_US, DAY_US)], [])
    assert (told.joined_us, told.gaps) == (0, {"unknown": SECOND_US})


def test_a_lost_microsecond_never_reads_as_all() -> None:
    assert rate_ppm(DAY_US, DAY_US - 1) == 999_999
    assert rate_ppm(DAY_US, DAY_US) == 1_000_000


def test_a_total_is_the_quotient_of_sums() -> None:
    whole = DayFigures(DAY_US, DAY_US, DAY_US, 0, 0, {})
    short = DayFigures(DAY_US, DAY_US // 10, 0, 0, 0, {"power": DAY_US // 10})
    both = total([whole, short])
    assert both.rate_ppm == 909_090
    assert both.gaps == {"power": DAY_US // 10}
    assert total([]).rate_ppm is None


spans = st.tuples(st.integers(0, 200), st.integers(1, 60))


@given(
    st.lists(st.tuples(spans, st.sampled_from(["ok", "damaged"])), max_size=8),
    st.lists(st.tuples(spans, st.sampled_from(sorted(GAP_CAUSES))), max_size=8),
    st.integers(1, 260),
)
def test_recorded_and_gaps_are_the_planned_time_and_with_the_rest_the_day(
    recorded: list[tuple[tuple[int, int], str]], told: list[tuple[tuple[int, int], str]], now: int
) -> None:
    unit = JOINED_US // 2
    answer: TimelineAnswer = timeline(
        0,
        220 * unit,
        now * unit,
        [RecordedSpan(a * unit, (a + n) * unit, state=state) for (a, n), state in recorded],
        [GapSpan(a * unit, (a + n) * unit, cause) for (a, n), cause in told],
    )
    made = figures(answer)
    not_planned = sum(g.end_us - g.start_us for g in answer.gaps if g.cause in NOT_PLANNED)
    assert made.recorded_us + sum(made.gaps.values()) == made.planned_us
    assert made.planned_us + not_planned == made.told_us == answer.to_us - answer.from_us
    assert 0 <= made.joined_us <= sum(made.gaps.values())
    assert 0 <= made.damaged_us <= made.recorded_us
    assert not NOT_PLANNED & made.gaps.keys()
