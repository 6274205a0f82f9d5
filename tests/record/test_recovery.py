"""Files are the truth: what a dead writer left is closed and committed, an index made anew tells the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.record.chunks import FRAME_US, T0_US, begin, chunks, fake_init, reader
from vms.base.clock import SystemClock
from vms.base.db import Database
from vms.base.timespan import Span
from vms.record import queries
from vms.record.check import CheckResult, check, rebuild
from vms.record.committer import commit_segments
from vms.record.kinds import RecordAs
from vms.record.recorder import Recorder
from vms.record.recovery import UNPROVED, recover_files, recover_newest, recover_span, recover_volume
from vms.record.reports import GapBefore, Report, SegmentReport
from vms.record.salvage import salvage
from vms.record.seed import Seeder
from vms.record.segment_writer import OpenFile, Place, SegmentWriter
from vms.record.volume_work import Lane, VolumeWork
from vms.storage.files import RealFiles
from vms.storage.scan import scan
from vms.storage.volumes import Volume, open_volume
from vms.stream.stream import End, Gap

CAMERA = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER = "aaaaaaaa-0000-4000-8000-000000000002"
EVER = Span(T0_US - 10**9, T0_US + 10**10)
Spans = tuple[list[tuple[int, int]], list[tuple[int, int, str]]]


class MortalFiles(RealFiles):
    """Files of a writer that can die: its descriptors close at once. Nothing waits for the disk."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[int] = []

    def create(self, root: int, path: str) -> int:
        self.held.append(super().create(root, path))
        return self.held[-1]

    def close(self, fd: int) -> None:
        if fd in self.held:
            self.held.remove(fd)
        super().close(fd)

    def fsync(self, fd: int) -> None: ...

    def syncfs(self, root: int) -> None: ...

    def fsync_dir(self, root: int, path: str) -> None: ...

    def die(self) -> None:
        while self.held:
            super().close(self.held.pop())


@pytest.fixture
def files() -> MortalFiles:
    return MortalFiles()


@pytest.fixture
def volume(tmp_path: Path, files: MortalFiles) -> Volume:
    return open_volume(str(tmp_path), "node-1", files, create=True)


def lane_of(volume: Volume, camera: str = CAMERA, segment_us: int = 800_000) -> Lane:
    writer = SegmentWriter(Place("node-1", camera, "main", volume.id), segment_us, GapBefore(T0_US - 9, "power"), fake_init)
    return Lane(Recorder(camera, "main"), writer)


def record(volume: Volume, *, stop: bool) -> list[SegmentReport]:
    """Five seconds of a camera with a hole in it; unless stopped, its last segment stays open."""
    reports: list[Report] = []
    work, lane = VolumeWork(volume, SystemClock(), reports.extend), lane_of(volume)
    later = chunks(75, start_us=T0_US + 100 * FRAME_US, first=100)
    items = [begin(), *chunks(60), Gap("network"), *later, *([End("stop")] if stop else [])]
    work.tick([(lane, list(items), stop)])
    work.finish()
    return [r for r in reports if isinstance(r, SegmentReport)]


def told(database: Database, camera: str = CAMERA) -> Spans:
    with database.transaction() as session:
        spans = queries.spans(session, camera, "main", EVER)
        gaps = queries.gap_rows(session, camera, "main", EVER)
    return [(s.start_us, s.end_us) for s in spans], [(g.start_us, g.end_us, g.cause) for g in gaps]


def commit(database: Database, reports: list[SegmentReport]) -> None:
    with database.transaction() as session:
        commit_segments(session, reports)


def quick(database: Database, *volumes: Volume) -> CheckResult:
    return check(database, volumes, pause=lambda _: None)


def test_a_cut_at_every_byte_of_the_last_gop_keeps_every_proved_gop(volume: Volume) -> None:
    writer = SegmentWriter(Place("node-1", CAMERA, "main", volume.id), 60_000_000, None, fake_init)
    actions = writer.feed([begin(), *chunks(30)])
    whole = b"".join(action for action in actions if isinstance(action, bytes))
    path = next(action.path for action in actions if isinstance(action, OpenFile))
    target = Path(volume.path) / path
    target.parent.mkdir(parents=True)
    proved = scan(reader(whole), len(whole))
    assert len(proved.gops) == 2
    for size in range(proved.gops[-1].end_offset, len(whole) + 1):
        target.write_bytes(whole[:size])
        saved = salvage(volume, path, "crash")
        assert saved.report is not None
        assert (len(saved.report.gops), saved.report.end_reason) == (2, "crash")
        assert saved.cut_bytes == size - proved.gops[-1].end_offset
        data = target.read_bytes()
        assert scan(reader(data), len(data)).end_reason == "crash"


def test_what_a_dead_writer_left_is_committed_once_as_a_crash(database: Database, volume: Volume, files: MortalFiles) -> None:
    reports = record(volume, stop=False)
    commit(database, reports)
    files.die()
    found = recover_volume(database, volume)
    assert (found.files, len(found.committed), found.busy) == (len(reports) + 1, 1, [])
    assert recover_volume(database, volume).committed == []
    spans, gaps = told(database)
    assert spans[0] == (T0_US, T0_US + 60 * FRAME_US)
    assert spans[1][0] == T0_US + 100 * FRAME_US
    assert gaps == [(T0_US - 9, T0_US, "power"), (spans[0][1], spans[1][0], "network")]
    assert quick(database, volume).ok


def test_a_file_that_is_being_written_is_left_alone(database: Database, volume: Volume) -> None:
    reports = record(volume, stop=False)
    commit(database, reports)
    found = recover_volume(database, volume)
    assert (len(found.busy), found.committed) == (1, [])
    result = quick(database, volume)
    assert (result.ok, result.files, result.rows) == (True, len(reports) + 1, len(reports))


def test_an_index_made_anew_tells_the_same_spans_and_gaps(database: Database, volume: Volume) -> None:
    reports = record(volume, stop=True)
    commit(database, reports)
    before = told(database)
    with database.transaction() as session:
        ids = [row.id for row in queries.segments(session, CAMERA, "main", EVER, 100)]
    assert [len(r.committed) for r in rebuild(database, [volume])] == [len(reports)]
    assert told(database) == before
    with database.transaction() as session:
        assert [row.id for row in queries.segments(session, CAMERA, "main", EVER, 100)] == ids
    assert quick(database, volume).counts() == {
        "rows": len(reports),
        "files": len(reports),
        "missing": 0,
        "orphan": 0,
        "short": 0,
        "changed": 0,
        "chain_broken": 0,
    }


def test_the_kind_of_a_recording_survives_an_index_made_anew(database: Database, volume: Volume) -> None:
    reports: list[Report] = []
    work, lane = VolumeWork(volume, SystemClock(), reports.extend), lane_of(volume)
    pause = [*chunks(20, start_us=T0_US + 100 * FRAME_US, first=100), Gap("schedule")]
    work.tick([(lane, [begin(), *chunks(20), RecordAs("schedule"), *chunks(20, start_us=T0_US + 20 * FRAME_US, first=20)], False)])
    work.tick([(lane, [Gap("schedule"), RecordAs("event"), *pause, End("stop")], True)])
    work.finish()
    commit(database, [r for r in reports if isinstance(r, SegmentReport)])
    wanted = [("continuous", 0, 20), ("schedule", 20, 40), ("event", 100, 120)]
    for _ in range(2):
        with database.transaction() as session:
            found = queries.spans(session, CAMERA, "main", EVER)
        assert [(s.kind, (s.start_us - T0_US) // FRAME_US, (s.end_us - T0_US) // FRAME_US) for s in found] == wanted
        assert [cause for _, _, cause in told(database)[1]] == ["power", "schedule"]
        rebuild(database, [volume])
    assert quick(database, volume).counts()["chain_broken"] == 0


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


@pytest.mark.parametrize(
    ("harm", "kinds"),
    [(Path.unlink, {"missing"}), (_cut, {"short", "chain_broken"}), (_flip, {"changed", "chain_broken"})],
)
def test_check_finds_every_kind_of_harm(database: Database, volume: Volume, harm: Callable[[Path], None], kinds: set[str]) -> None:
    reports = record(volume, stop=True)
    commit(database, reports)
    harm(Path(volume.path) / reports[1].path)
    counts = quick(database, volume).counts()
    assert {name for name in ("missing", "orphan", "short", "changed", "chain_broken") if counts[name]} == kinds


def test_check_finds_a_file_that_no_row_knows_and_waits_for_one_on_its_way(database: Database, volume: Volume) -> None:
    reports = record(volume, stop=True)
    commit(database, reports[1:])
    assert quick(database, volume).orphan == 1
    assert check(database, [volume], pause=lambda _: commit(database, reports[:1])).ok


def test_a_segment_taken_out_of_another_place_is_a_broken_chain(database: Database, volume: Volume) -> None:
    reports = record(volume, stop=True)
    commit(database, reports)
    one, other = (Path(volume.path) / r.path for r in reports[:2])
    whole = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(whole)
    counts = quick(database, volume).counts()
    assert counts["changed"] + counts["short"] == 2


def test_seeded_cameras_are_adopted_from_their_files(database: Database, volume: Volume) -> None:
    seeder = Seeder(volume, SystemClock(), segment_us=2_000_000, file_init=fake_init)
    for camera in (CAMERA, OTHER):
        seeder.add(camera, "main", begin(), chunks(200))
    reports = seeder.finish()
    assert {r.origin for r in reports} == {"seed"}
    assert len(recover_volume(database, volume).committed) == len(reports)
    assert told(database, OTHER) == ([(T0_US, T0_US + 200 * FRAME_US)], [])
    assert quick(database, volume).ok


def test_foreign_and_torn_files_are_counted_and_left(database: Database, volume: Volume) -> None:
    reports = record(volume, stop=True)
    folder = Path(volume.path) / Path(reports[0].path).parent
    (folder / f"{T0_US}-torn.mp4").write_bytes(b"\0" * 5000)
    (Path(volume.path) / "holiday.mp4").write_bytes(b"")
    (folder / f"{T0_US + 5}-copy.mp4").write_bytes((folder / Path(reports[0].path).name).read_bytes())
    found = recover_volume(database, volume)
    assert len(found.committed) == len(reports)
    assert sorted(Path(p).name for p in found.unproved) == sorted(["holiday.mp4", f"{T0_US}-torn.mp4", f"{T0_US + 5}-copy.mp4"])


def test_files_of_a_dead_worker_are_recovered_by_name(database: Database, volume: Volume) -> None:
    reports = record(volume, stop=True)
    found = recover_files(database, volume, [reports[0].path, "gone.mp4"])
    assert (found.committed, found.unreadable) == ([reports[0].path], ["gone.mp4"])


def first_gop_only(volume: Volume, *, sealed: bool) -> Path:
    """A file as a writer leaves it that died in the first GOP, or right behind its seal."""
    writer = SegmentWriter(Place("node-1", CAMERA, "main", volume.id), 60_000_000, None, fake_init)
    actions = writer.feed([begin(), *chunks(10 if sealed else 9)])
    target = Path(volume.path) / next(action.path for action in actions if isinstance(action, OpenFile))
    target.parent.mkdir(parents=True)
    target.write_bytes(b"".join(action for action in actions if isinstance(action, bytes)))
    return target


def test_a_file_whose_writer_died_in_its_first_gop_is_removed(database: Database, volume: Volume) -> None:
    target = first_gop_only(volume, sealed=False)
    found = recover_volume(database, volume)
    assert (len(found.removed), found.unproved, found.committed) == (1, [], [])
    assert not target.exists()
    assert quick(database, volume).ok


def test_a_damaged_first_gop_is_no_reason_to_remove_a_file(database: Database, volume: Volume) -> None:
    target = first_gop_only(volume, sealed=True)
    data = bytearray(target.read_bytes())
    place = len(data) // 2
    data[place] ^= 0xFF
    target.write_bytes(data)
    found = recover_volume(database, volume)
    assert (found.removed, len(found.unproved)) == ([], 1)
    assert Path(f"{target}{UNPROVED}").read_bytes() == data


def test_a_file_whose_start_a_power_cut_took_is_set_aside_once_and_troubles_no_check(database: Database, volume: Volume) -> None:
    target = first_gop_only(volume, sealed=True)
    data = bytes(600) + target.read_bytes()[600:]
    target.write_bytes(data)
    found = recover_volume(database, volume)
    assert found.debris == found.unproved == [str(target.relative_to(volume.path))]
    assert Path(f"{target}{UNPROVED}").read_bytes() == data
    assert quick(database, volume).ok
    assert recover_volume(database, volume).files == 0


def test_a_closed_file_whose_bytes_never_reached_the_disk_is_suspect_and_stays_whole(database: Database, volume: Volume) -> None:
    """Its table did: writes reach a disk in any order."""
    reports = record(volume, stop=True)
    target = Path(volume.path) / reports[0].path
    data = bytearray(target.read_bytes())
    gop = reports[0].gops[-1]
    data[gop.offset : gop.offset + gop.size] = bytes(gop.size)
    target.write_bytes(data)
    assert len(recover_volume(database, volume).committed) == len(reports)
    with database.transaction() as session:
        states = [row.state for row in queries.segments(session, CAMERA, "main", EVER, 100)]
    assert states == ["suspect"] + ["ok"] * (len(reports) - 1)
    assert target.read_bytes() == data
    assert quick(database, volume).ok


def test_a_segment_behind_one_that_a_power_cut_shortened_has_a_gap_of_that_cause_and_no_broken_chain(
    database: Database, volume: Volume
) -> None:
    reports = record(volume, stop=True)
    target, gop = Path(volume.path) / reports[0].path, reports[0].gops[-1]
    target.write_bytes(target.read_bytes()[: gop.offset + gop.size // 2])
    recover_volume(database, volume)
    assert (gop.start_us, gop.end_us, "power") in told(database)[1]
    assert quick(database, volume).ok


def test_a_dead_worker_is_known_by_its_folders_even_by_files_it_never_told_of(
    database: Database, volume: Volume, files: MortalFiles
) -> None:
    reports = record(volume, stop=False)
    commit(database, reports[:-1])
    files.die()
    found = recover_newest(database, volume, [(CAMERA, "main"), (OTHER, "main")], T0_US + 60_000_000)
    assert len(found.committed) >= 2
    assert quick(database, volume).ok


def test_what_a_dead_writer_left_of_the_past_is_read_before_that_span_is_filled_again(
    database: Database, volume: Volume, files: MortalFiles
) -> None:
    record(volume, stop=False)
    lane = (CAMERA, "main")
    assert recover_span(database, volume, lane, EVER).busy  # its writer lives
    files.die()
    assert recover_span(database, volume, lane, Span(T0_US - 60_000_000, T0_US)).committed == []
    found = recover_span(database, volume, lane, Span(T0_US - 1, T0_US + 10_000_000))
    assert found.committed
    assert recover_span(database, volume, lane, Span(T0_US - 1, T0_US + 10_000_000)).committed == []


def test_sixteen_cameras_of_five_minutes_are_seeded_in_little_time(volume: Volume) -> None:
    seeder = Seeder(volume, SystemClock(), file_init=fake_init)
    pieces = list(chunks(7500, gop=50, per_chunk=50, body_bytes=4000))
    started = time.process_time()
    for number in range(16):
        seeder.add(f"aaaaaaaa-0000-4000-8000-{number:012}", "main", begin(), pieces)
    assert len(seeder.finish()) == 80
    assert time.process_time() - started < 3
