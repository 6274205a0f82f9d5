"""Control's picture of growing segments: merged by news, whole again after a reconnect, gone with the row."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.record.chunks import FRAME_US, T0_US, begin, chunks, fake_init
from vms.record.open_table import OpenTable
from vms.record.reports import OpenSegment, Trouble, parse_open
from vms.record.segment_writer import Place, SegmentWriter

PLACE = Place("node-1", "camera-1", "main", "volume-1")


def news(frames: int, gops_from: int) -> OpenSegment:
    writer = SegmentWriter(PLACE, 60_000_000, file_init=fake_init)
    writer.feed([begin(), *chunks(frames)])
    growing = writer.growing(gops_from)
    assert growing is not None
    return parse_open(growing.message())


def found(table: OpenTable) -> list[OpenSegment]:
    return table.segments("camera-1", "main", 0, 2**60)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8))
@settings(max_examples=60)
def test_news_by_pieces_are_the_whole_segment(steps: list[int]) -> None:
    table, frames, told = OpenTable(), 0, 0
    for step in steps:
        frames += 5 * step
        item = news(frames, told)
        told += len(item.gops) - 1
        table.grew("worker-1", [item])
    assert found(table) == [news(frames, 0)]


def test_news_of_an_unknown_segment_wait_for_the_whole_one() -> None:
    table = OpenTable()
    table.grew("worker-1", [news(50, 3)])
    assert found(table) == []
    table.grew("worker-1", [news(50, 0)])
    table.grew("worker-1", [news(55, 4)])
    assert found(table) == [news(55, 0)]


def test_a_committed_segment_leaves() -> None:
    table = OpenTable()
    table.grew("worker-1", [news(50, 0)])
    assert [s.path for s in table.of_worker("worker-1")] == [news(50, 0).path]
    assert table.last_end_us("camera-1", "main") == T0_US + 50 * FRAME_US
    table.committed([news(50, 0).path])
    assert (found(table), table.of_worker("worker-1")) == ([], [])


def test_trouble_lasts_until_a_later_segment() -> None:
    table = OpenTable()
    table.troubled(Trouble("camera-1", "main", T0_US - 10, "disk_full", "ENOSPC"))
    assert table.trouble("camera-1", "main") is not None
    table.grew("worker-1", [news(10, 0)])
    assert table.trouble("camera-1", "main") is None
