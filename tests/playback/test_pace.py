"""Where a viewer of the past is: by its word or by the clock, in time played, never outside of what it was sent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vms.playback.pace import Pace

S = 1_000_000


def sent(pace: Pace, *starts: int, duration_us: int = 2 * S) -> Pace:
    for start in starts:
        pace.sent(start * S, duration_us)
    return pace


def test_the_clock_places_a_viewer_that_says_nothing() -> None:
    pace = sent(Pace(0), 100, 102, 104)
    assert pace.ahead_us(S) == 5 * S
    pace.change(2 * S, speed=2.0)
    assert pace.ahead_us(3 * S) == 2 * S
    assert pace.ahead_us(60 * S) == 0


def test_a_stall_of_the_node_is_not_made_up_for_by_a_flood() -> None:
    pace = sent(Pace(0), 100)
    assert pace.ahead_us(600 * S) == 0
    assert sent(pace, 102, 104).ahead_us(600 * S) == 4 * S


def test_time_stands_still_while_paused() -> None:
    pace = sent(Pace(0), 100, 102)
    pace.change(S, paused=True)
    assert pace.ahead_us(100 * S) == 3 * S
    pace.change(100 * S, paused=False)
    assert pace.ahead_us(101 * S) == 2 * S


def test_an_acknowledgement_counts_more_than_the_clock() -> None:
    pace = sent(Pace(0), 100, 102, 104)
    pace.acked(101 * S, S)
    assert pace.ahead_us(50 * S) == 5 * S
    pace.acked(105 * S, 51 * S)
    assert pace.ahead_us(51 * S) == S


def test_a_hole_counts_nothing_and_a_word_out_of_it_means_its_beginning() -> None:
    pace = sent(Pace(0), 100, 5000, 5002)
    pace.acked(4000 * S, S)
    assert pace.ahead_us(S) == 4 * S
    pace.acked(5000 * S, S)
    assert pace.ahead_us(S) == 4 * S


@given(st.lists(st.tuples(st.sampled_from(["sent", "ack", "wait"]), st.integers(0, 200)), max_size=40))
def test_a_viewer_is_never_outside_of_what_it_was_sent(steps: list[tuple[str, int]]) -> None:
    pace, now, wall, total = Pace(0), 0, 0, 0
    for what, value in steps:
        if what == "sent":
            wall += value * S
            pace.sent(wall, 2 * S)
            wall, total = wall + 2 * S, total + 2 * S
        elif what == "ack":
            pace.acked(value * S, now)
        else:
            now += value * S
        assert 0 <= pace.ahead_us(now) <= total
