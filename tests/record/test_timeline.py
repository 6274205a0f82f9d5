"""Recorded and gaps fill the window exactly, and every hole has a cause."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from vms.base.timespan import MAX_US, Span, merge
from vms.owner.requests import GapSpan, RecordedSpan
from vms.record.plan import Step
from vms.record.timeline import SETTLE_US, standing_claims, timeline, unplanned

TIMES = st.integers(0, 200)
SPANS = st.tuples(TIMES, TIMES).map(sorted)
STATES, CAUSES = st.sampled_from(["ok", "damaged"]), st.sampled_from(["auth", "network"])


def recorded_span(span: list[int], state: str) -> RecordedSpan:
    return RecordedSpan(span[0], span[1], state=state)


def claim(span: list[int], cause: str) -> GapSpan:
    return GapSpan(span[0], span[1], cause)


RECORDED = st.lists(st.builds(recorded_span, SPANS, STATES), max_size=12)
CLAIMS = st.lists(st.builds(claim, SPANS, CAUSES), max_size=8)


@given(SPANS, st.integers(0, 300), RECORDED, CLAIMS)
@settings(max_examples=300)
def test_recorded_and_gaps_fill_the_window_exactly(
    window: list[int], now: int, recorded: list[RecordedSpan], claims: list[GapSpan]
) -> None:
    answer = timeline(window[0], window[1], now + SETTLE_US, recorded, claims)
    assert (answer.from_us, answer.to_us) == (window[0], max(window[0], min(window[1], now)))
    pieces = sorted([(s.start_us, s.end_us) for s in answer.recorded] + [(g.start_us, g.end_us) for g in answer.gaps])
    assert all(start < end for start, end in pieces)
    assert all(a[1] == b[0] for a, b in pairwise(pieces))
    assert not pieces or (pieces[0][0], pieces[-1][1]) == (answer.from_us, answer.to_us)
    assert bool(pieces) == (answer.from_us < answer.to_us)
    asked = Span(answer.from_us, answer.to_us)
    assert merge(Span(s.start_us, s.end_us) for s in answer.recorded) == merge(
        c for s in recorded if s.start_us < s.end_us and (c := Span(s.start_us, s.end_us).overlap(asked))
    )
    assert list(answer.recorded) == sorted(answer.recorded)
    for gap in answer.gaps:
        mine = merge(Span(c.start_us, c.end_us) for c in claims if gap.cause in (c.cause, "unknown"))
        told = [c for m in mine if (c := m.overlap(Span(gap.start_us, gap.end_us)))]
        assert told == ([] if gap.cause == "unknown" else [Span(gap.start_us, gap.end_us)])


def test_touching_segments_are_one_span_and_a_damaged_one_stands_alone() -> None:
    recorded = [RecordedSpan(0, 10), RecordedSpan(10, 20), RecordedSpan(20, 30, state="damaged"), RecordedSpan(30, 40)]
    answer = timeline(0, 40, 10**9, recorded, [])
    assert answer.recorded == (RecordedSpan(0, 20), RecordedSpan(20, 30, state="damaged"), RecordedSpan(30, 40))
    assert answer.gaps == ()


def test_gap_rows_win_over_what_the_camera_says_now() -> None:
    claims = [
        GapSpan(10, 20, "disk_full"),
        *standing_claims(created_us=5, unplanned=[], offline_since_us=30, offline_cause="auth"),
    ]
    answer = timeline(0, 50, 10**9, [RecordedSpan(20, 25)], claims)
    assert [(g.start_us, g.end_us, g.cause) for g in answer.gaps] == [
        (0, 5, "not_registered"),
        (5, 10, "unknown"),
        (10, 20, "disk_full"),
        (25, 50, "auth"),
    ]


def test_a_camera_that_is_away_is_so_since_its_last_picture() -> None:
    """It is told as away some seconds later: when silence was a fault. An older hole is another matter."""
    second = 1_000_000
    claims = standing_claims(created_us=0, unplanned=[], offline_since_us=105 * second, offline_cause="stalled")
    recorded = [RecordedSpan(0, 40 * second), RecordedSpan(41 * second, 100 * second)]
    answer = timeline(0, 200 * second, 10**9, recorded, claims)
    assert [(g.start_us // second, g.end_us // second, g.cause) for g in answer.gaps] == [(40, 41, "unknown"), (100, 200, "network")]


def test_a_camera_nobody_records_is_not_called_broken() -> None:
    claims = standing_claims(created_us=0, unplanned=[Span(0, MAX_US)], offline_since_us=0, offline_cause="unreachable")
    assert timeline(0, 50, 10**9, [], claims).gaps == (GapSpan(0, 50, "schedule"),)


def test_a_window_in_the_future_is_empty() -> None:
    answer = timeline(MAX_US - 10, MAX_US, 1_700_000_000_000_000, [], [])
    assert (answer.recorded, answer.gaps, answer.to_us) == ((), (), MAX_US - 10)


def test_nothing_is_planned_at_never_and_outside_events() -> None:
    steps: tuple[Step, ...] = ((0, "schedule"), (10, "never"), (20, "event"), (50, "schedule"))
    assert unplanned(steps, 60, [Span(25, 30), Span(28, 35)]) == [Span(10, 25), Span(35, 50)]
    assert unplanned(((0, "event"),), 60, []) == [Span(0, 60)]
