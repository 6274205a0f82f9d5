"""What is told of a volume's space: levels that do not come and go, and a risk that recording itself does not change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vms.record.watch import BACK_PERCENT, Seen, at_risk, level


def test_levels_rise_at_once_and_fall_only_when_clearly_below() -> None:
    told = [0]
    for percent in (69, 70, 86, 84, 82.9, 96, 94, 92.9, 60):
        told.append(level(percent, told[-1]))
    assert told[1:] == [0, 70, 85, 85, 70, 95, 95, 85, 0]


@given(st.floats(0, 110), st.sampled_from((0, 70, 85, 95)))
def test_a_level_is_never_below_its_share_nor_far_above(percent: float, before: int) -> None:
    now = level(percent, before)
    assert percent < 95 or now == 95
    assert now == 0 or percent > now - BACK_PERCENT


@given(st.integers(0, 1000), st.integers(0, 1000), st.booleans())
def test_recording_and_deleting_do_not_change_the_risk(free: int, moved: int, before: bool) -> None:
    moved = min(moved, free)
    one = Seen("v", 2000, free, 100, 1000, 500)
    other = Seen("v", 2000, free - moved, 100, 1000 + moved, 500)
    assert at_risk(one, before, False) == at_risk(other, before, False)


def test_a_quota_is_what_counts_where_there_is_one() -> None:
    seen = Seen("v", 10_000, 9_000, 0, 450, 90, quota_bytes=900)
    assert (seen.percent, seen.held_percent) == (50, 10)
