"""Which GOPs of a camera's recordings belong into a hole, and where: for every hole, offset and recording."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vms.base.timespan import SECOND_US
from vms.record.edge import NEAR_US, Hole, Placed, Placer

T0 = 1_700_000_000_000_000
GOP = 2 * SECOND_US


def places(hole: Hole, gops: list[tuple[int, int]], offset_us: int = 0) -> list[Placed]:
    placer = Placer(hole, offset_us)
    told: list[Placed] = []
    for start_us, end_us in gops:
        placed = placer.place(start_us + offset_us, end_us + offset_us)
        if placed is not None:
            told.append(placed)
        if placer.over:
            break
    return told


def hole(start: float, end: float, joined: bool = True) -> Hole:
    return Hole(T0 + int(start * SECOND_US), T0 + int(end * SECOND_US), "network", "", joined)


def row(first: float, last: float) -> list[tuple[int, int]]:
    """GOPs of two seconds."""
    return [(at, at + GOP) for at in range(T0 + int(first * SECOND_US), T0 + int(last * SECOND_US), GOP)]


def test_a_hole_between_key_frames_is_filled_exactly() -> None:
    told = places(hole(4, 10), row(0, 20))
    assert [(p.start_us - T0, p.lead_us, p.end_us - T0) for p in told] == [
        (4 * SECOND_US, 0, 6 * SECOND_US),
        (6 * SECOND_US, 0, 8 * SECOND_US),
        (8 * SECOND_US, 0, 10 * SECOND_US),
    ]


def test_the_gop_that_was_cut_comes_whole_and_its_row_begins_where_the_hole_does() -> None:
    first, *_ = places(hole(5.2, 10), row(0, 20))
    assert (first.start_us, first.lead_us, first.end_us) == (T0 + 5_200_000, 1_200_000, T0 + 6 * SECOND_US)


def test_where_nothing_is_recorded_before_a_cut_gop_is_left_out() -> None:
    first, *_ = places(hole(5.2, 10, joined=False), row(0, 20))
    assert (first.start_us, first.lead_us) == (T0 + 6 * SECOND_US, 0)


def test_a_gop_that_reaches_over_the_end_is_cut_there() -> None:
    *_, last = places(hole(4, 9), row(0, 20))
    assert (last.start_us, last.end_us, last.cut_us) == (T0 + 8 * SECOND_US, T0 + 9 * SECOND_US, T0 + 9 * SECOND_US)


def test_the_picture_that_is_recorded_behind_the_hole_is_not_taken_again_though_the_clocks_differ() -> None:
    for error_us in (-200_000, 0, 200_000):
        told = places(hole(4, 10), [(a + error_us, b + error_us) for a, b in row(0, 20)])
        assert len(told) == 3
        assert (told[0].start_us, told[-1].end_us) == (T0 + 4 * SECOND_US, T0 + 10 * SECOND_US)


@given(
    start=st.integers(0, 30 * SECOND_US),
    length=st.integers(SECOND_US // 2, 60 * SECOND_US),
    joined=st.booleans(),
    offset=st.integers(-(10**12), 10**12),
    gops=st.lists(st.tuples(st.integers(-SECOND_US, 5 * SECOND_US), st.integers(1, 12 * SECOND_US)), max_size=40),
)
def test_rows_lie_in_the_hole_in_order_and_never_overlap(
    start: int, length: int, joined: bool, offset: int, gops: list[tuple[int, int]]
) -> None:
    """Whatever a camera says: also GOPs that overlap, come back or have no length."""
    told_of: list[tuple[int, int]] = []
    at = T0 - 10 * SECOND_US
    for skip, lasts in gops:
        at += skip
        told_of.append((at, at + lasts))
        at += lasts
    wanted = Hole(T0 + start, T0 + start + length, "network", "", joined)
    told = places(wanted, told_of, offset)
    assert all(wanted.start_us <= p.start_us < p.end_us <= wanted.end_us for p in told)
    assert all(before.end_us <= after.start_us for before, after in pairwise(told))
    assert all(p.lead_us == 0 for p in told[1:])
    assert joined or all(p.lead_us == 0 for p in told)
    assert all(p.cut_us <= wanted.end_us + NEAR_US for p in told)
