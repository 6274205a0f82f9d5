"""The pure machine: what it writes scans back, whole GOPs only, no hole inside a segment, no frame lost between two."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.record.chunks import FRAME_US, RUN, T0_US, begin, chunks, fake_init, reader
from vms.media.types import Chunk
from vms.record.kinds import Until
from vms.record.reports import GapBefore, SegmentReport, parse_segment
from vms.record.segment_writer import Action, CloseFile, OpenFile, Place, SegmentWriter
from vms.storage.scan import read_closed, scan
from vms.stream.stream import End, Gap, Item

PLACE = Place("node-1", "camera-1", "main", "volume-1")
GOP_US = 10 * FRAME_US


def writer(segment_us: int = 2 * GOP_US, resume: GapBefore | None = None) -> SegmentWriter:
    return SegmentWriter(PLACE, segment_us, resume, fake_init)


def files_of(actions: list[Action]) -> tuple[dict[str, bytes], list[SegmentReport]]:
    files: dict[str, bytes] = {}
    reports: list[SegmentReport] = []
    path = ""
    for action in actions:
        if isinstance(action, OpenFile):
            path = action.path
            assert path not in files
            files[path] = b""
        elif isinstance(action, CloseFile):
            assert action.report.path == path
            reports.append(action.report)
        else:
            files[path] += action
    return files, reports


def test_segments_roll_over_at_a_key_frame_and_touch() -> None:
    files, reports = files_of(writer().feed([begin(), *chunks(60), End("stop")]))
    assert [r.end_reason for r in reports] == ["rollover", "rollover", "stop"]
    assert [(r.start_us, r.end_us) for r in reports] == [(T0_US + i * 2 * GOP_US, T0_US + (i + 1) * 2 * GOP_US) for i in range(3)]
    assert [r.seq for r in reports] == [0, 1, 2]
    assert all(r.gap is None for r in reports)
    for report in reports:
        data = files[report.path]
        assert (len(data), hashlib.sha256(data).digest()) == (report.size, report.sha256)


def test_the_file_tells_everything_the_report_tells() -> None:
    files, (report, *_) = files_of(writer().feed([begin(), *chunks(60), End("stop")]))
    data = files[report.path]
    for found in (scan(reader(data), len(data)), read_closed(reader(data), len(data))):
        assert found is not None
        assert (found.head.camera, found.head.run, found.head.start_us) == ("camera-1", RUN, report.start_us)
        assert [tuple(g)[:5] for g in found.gops] == [tuple(g) for g in report.gops]
        assert (found.end_us, found.end_reason, found.init_size) == (report.end_us, "rollover", report.init_size)


def test_segments_of_a_run_are_chained() -> None:
    files, reports = files_of(writer().feed([begin(), *chunks(60), End("stop")]))
    found = [scan(reader(files[r.path]), r.size) for r in reports]
    assert found[0].head.after == ""
    assert [f.head.after for f in found[1:]] == [f.last_seal.hex() for f in found[:-1]]


def test_a_loss_closes_the_segment_and_the_next_one_carries_the_gap() -> None:
    later = list(chunks(10, start_us=T0_US + 40 * FRAME_US, first=40))
    files, reports = files_of(writer(60_000_000).feed([begin(), *chunks(15), Gap("network"), *later, End("unreachable")]))
    assert [r.end_reason for r in reports] == ["loss", "offline"]
    assert reports[0].end_us == T0_US + 15 * FRAME_US
    assert reports[1].gap == GapBefore(reports[0].end_us, "network", "")
    assert len(files) == 2


def test_a_resumed_camera_reports_the_hole_before_it() -> None:
    resume = GapBefore(T0_US - 5_000_000, "worker_crash", "")
    _, reports = files_of(writer(resume=resume).feed([begin(), *chunks(10), End("stop")]))
    assert reports[0].gap == resume


def test_jitter_between_two_runs_neither_overlaps_nor_leaves_a_hole() -> None:
    second = begin("22222222-2222-4222-8222-222222222222")
    later = list(chunks(10, start_us=T0_US + 10 * FRAME_US - 7_000))
    _, reports = files_of(writer().feed([begin(), *chunks(10), second, *later, End("stop")]))
    assert [r.end_reason for r in reports] == ["init_change", "stop"]
    assert reports[1].start_us == reports[0].end_us
    assert reports[1].gap is None


def test_nothing_is_written_before_the_first_key_frame() -> None:
    assert writer().feed([begin(), *list(chunks(10))[1:]]) == []
    assert writer().feed(list(chunks(10))) == []


def test_a_clock_set_back_closes_the_segment() -> None:
    back = list(chunks(10, start_us=T0_US - 60_000_000))
    _, reports = files_of(writer(60_000_000).feed([begin(), *chunks(10), *back, End("stop")]))
    assert [r.end_reason for r in reports] == ["loss", "stop"]
    assert all(r.start_us < r.end_us for r in reports)


def test_the_growing_segment_shows_every_written_chunk() -> None:
    machine = writer(60_000_000)
    machine.feed([begin(), *list(chunks(30))[:5]])
    growing = machine.growing()
    assert growing is not None
    assert (len(growing.gops), growing.end_us) == (3, T0_US + 25 * FRAME_US)
    assert growing.gops[-1].end_us == growing.end_us
    later = machine.growth(2)
    assert later is not None
    assert later.gops == growing.gops[2:]


def test_a_report_survives_the_link() -> None:
    _, reports = files_of(writer().feed([begin(), *chunks(15), Gap("loss"), *chunks(10, start_us=T0_US + 9_000_000), End("stop")]))
    assert [parse_segment(r.message()) for r in reports] == reports


@given(st.lists(st.sampled_from(["gop", "half", "gap", "begin", "end", "skip", "audio"]), max_size=25), st.integers(1, 4))
@settings(max_examples=80)
def test_whatever_comes_every_chunk_kept_is_in_exactly_one_whole_file(plan: list[str], gops_per_segment: int) -> None:
    items, kept = _items(plan)
    files, reports = files_of(writer(gops_per_segment * GOP_US).feed([*items, End("stop")]))
    assert set(files) == {r.path for r in reports}
    found = {r.path: scan(reader(files[r.path]), r.size) for r in reports}
    assert all(f.closed and f.size == len(files[p]) for p, f in found.items())
    media = b"".join(files[r.path][g.offset : g.offset + g.size] for r in reports for g in r.gops)
    assert media == b"".join(c.data for c in kept)
    spans = [(r.start_us, r.end_us) for r in reports]
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    for before, after in pairwise(reports):
        assert (after.gap.from_us if after.gap else after.start_us) == before.end_us


def _items(plan: list[str]) -> tuple[list[Item], list[Chunk]]:
    """Items by a plan, and the chunks of them that belong on the disk."""
    items: list[Item] = [begin()]
    kept: list[Chunk] = []
    now_us, running, waiting, run = T0_US, True, True, 0
    for step in plan:
        if step in ("gop", "half"):
            new = list(chunks(10 if step == "gop" else 5, start_us=now_us))
            now_us += len(new) * 5 * FRAME_US
            items += new
            waiting = waiting and not running
            kept += new if running else []
        elif step == "audio":
            new = next(iter(chunks(5, start_us=now_us)))._replace(track=2, key=False)
            items.append(new)
            kept += [] if waiting else [new]
        elif step == "skip":
            now_us += 30_000_000
            items.append(Gap("network"))
            waiting = True
        else:
            run += step == "begin"
            running = {"begin": True, "end": False}.get(step, running)
            items.append({"begin": begin(f"run-{run}"), "end": End("auth"), "gap": Gap("network")}[step])
            waiting = True
    return items, kept


def test_what_a_camera_kept_itself_begins_with_its_row_and_says_how_much_lies_before() -> None:
    resume = GapBefore(T0_US + 5 * FRAME_US, "network", "no route")
    edge = SegmentWriter(replace(PLACE, origin="edge", camera_offset_us=-70_000), 2 * GOP_US, resume, fake_init)
    files, (report,) = files_of(edge.feed([begin(), *chunks(10), Until(T0_US + 10 * FRAME_US + 7), End("stop")]))
    assert (report.start_us, report.lead_us, report.end_us) == (T0_US + 5 * FRAME_US, 5 * FRAME_US, T0_US + 10 * FRAME_US + 7)
    assert (report.origin, report.camera_offset_us, report.gap) == ("edge", -70_000, None)
    data = files[report.path]
    found = scan(reader(data), len(data))
    assert (found.head.lead_us, found.head.camera_offset_us, found.end_us) == (report.lead_us, -70_000, report.end_us)
    assert parse_segment(report.message()) == report


def test_the_head_of_a_live_segment_is_written_as_before_there_were_others() -> None:
    files, _ = files_of(writer().feed([begin(), *chunks(10), End("stop")]))
    assert all(b"lead_us" not in data and b"camera_offset_us" not in data for data in files.values())
