"""A GOP that was cut live and came whole from the camera is played once."""

from __future__ import annotations

from vms.base.timespan import Span
from vms.owner.requests import Extent, RecordedSpan
from vms.record.joins import joined, with_origin

SECOND = 1_000_000


def extent(path: str, *gops: tuple[float, float]) -> Extent:
    rows = tuple((1000 * n, 900, round(a * SECOND), round((b - a) * SECOND)) for n, (a, b) in enumerate(gops))
    return Extent(path, 600, "run", rows[0][2], rows[-1][2] + rows[-1][3], rows, growing=False)


def test_the_cut_gop_makes_way_for_the_whole_one() -> None:
    live, edge = joined([extent("live", (0, 2), (2, 3.2)), extent("edge", (3.2, 4), (4, 6))], {"edge": 1_210_000})
    assert [gop[2] for gop in live.gops] == [0]
    assert (live.end_us, edge.start_us) == (2 * SECOND, 2 * SECOND)
    assert edge.gops[0][2:] == (2 * SECOND, 2 * SECOND)
    assert edge.gops[1][2] == 4 * SECOND


def test_an_extent_that_held_nothing_but_the_cut_gop_goes() -> None:
    (edge,) = joined([extent("live", (2, 3.2)), extent("edge", (3.2, 4))], {"edge": 1_200_000})
    assert (edge.path, edge.start_us) == ("edge", 2 * SECOND)


def test_without_its_forerunner_a_fill_plays_from_its_row_on() -> None:
    assert joined([extent("edge", (3.2, 4))], {"edge": 1_200_000})[0].start_us == 3_200_000


def test_a_recording_of_another_rhythm_replaces_nothing() -> None:
    told = joined([extent("live", (0, 3.2)), extent("edge", (3.2, 4))], {"edge": 1_200_000})
    assert [e.path for e in told] == ["live", "edge"]
    assert told[0].end_us == 3_200_000


def test_recorded_spans_are_cut_where_the_camera_gave_them() -> None:
    whole = RecordedSpan(0, 10, state="held")
    assert [(s.start_us, s.end_us, s.origin, s.state) for s in with_origin([whole], [Span(3, 5), Span(9, 12)])] == [
        (0, 3, "live", "held"),
        (3, 5, "edge", "held"),
        (5, 9, "live", "held"),
        (9, 10, "edge", "held"),
    ]
