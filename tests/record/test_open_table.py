"""Control's picture of growing segments: merged by news, whole again after a reconnect, gone with the row."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.record.chunks import FRAME_US, T0_US, begin, chunks, fake_init
from vms.base.errors import VmsError
from vms.record.open_table import OpenTable
from vms.record.reports import Growth, OpenSegment, Trouble, parse_growth, parse_open
from vms.record.segment_writer import Place, SegmentWriter

PLACE = Place("node-1", "camera-1", "main", "volume-1")


def writer_of(frames: int) -> SegmentWriter:
    writer = SegmentWriter(PLACE, 60_000_000, file_init=fake_init)
    writer.feed([begin(), *chunks(frames)])
    return writer


def whole(frames: int) -> OpenSegment:
    growing = writer_of(frames).growing()
    assert growing is not None
    return parse_open(growing.message())


def news(frames: int, gops_from: int) -> Growth:
    growth = writer_of(frames).growth(gops_from)
    assert growth is not None
    return parse_growth(growth.message())


def found(table: OpenTable) -> list[OpenSegment]:
    return table.segments("camera-1", "main", 0, 2**60)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8))
@settings(max_examples=60)
def test_news_by_pieces_are_the_whole_segment(steps: list[int]) -> None:
    table, frames, told = OpenTable(), 5, 0
    table.grew("worker-1", [whole(frames)])
    for step in steps:
        frames += 5 * step
        item = news(frames, told)
        told += len(item.gops) - 1
        assert table.grown([item]) == found(table)
    assert found(table) == [whole(frames)]


def test_news_that_continue_nothing_known_wait_for_the_whole_segment() -> None:
    table = OpenTable()
    assert table.grown([news(50, 3)]) == []
    table.grew("worker-1", [whole(20)])
    assert table.grown([news(50, 3)]) == []
    assert found(table) == [whole(20)]
    table.grew("worker-1", [whole(50)])
    table.grown([news(55, 4)])
    assert found(table) == [whole(55)]


@pytest.mark.parametrize(
    "row", [None, [], ["p"], ["p", 1, 2, 0], ["p", 1, 2, 0, 1, 2, 3, 4], [1, 1, 2, 0, 1, 2, 3, 4, 5], ["p", 1, 2, 0, 1, 2, 3, 4, -5]]
)
def test_growth_that_is_not_of_its_form_is_refused(row: object) -> None:
    with pytest.raises(VmsError, match="wrong field"):
        parse_growth(row)


def test_a_committed_segment_leaves() -> None:
    table = OpenTable()
    table.grew("worker-1", [whole(50)])
    assert [s.path for s in table.of_worker("worker-1")] == [whole(50).path]
    assert table.last_end_us("camera-1", "main") == T0_US + 50 * FRAME_US
    table.committed([whole(50).path])
    assert (found(table), table.of_worker("worker-1")) == ([], [])


def test_trouble_lasts_until_a_later_segment() -> None:
    table = OpenTable()
    table.troubled(Trouble("camera-1", "main", T0_US - 10, "disk_full", "ENOSPC"))
    assert table.trouble("camera-1", "main") is not None
    table.grew("worker-1", [whole(10)])
    assert table.trouble("camera-1", "main") is None
