"""Files that no row knows: close what a dead writer left, and commit it. The files are the truth, the index follows.

Used at start-up, after a worker's death, on a rescan, to adopt seeded files and to rebuild the whole index. A file that a
living writer holds is left alone: it carries the writer's lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from uuid import UUID

from vms.base.db import Database
from vms.base.errors import VmsError
from vms.base.journal import announce
from vms.base.partitions import ensure_partitions, month_span
from vms.base.timespan import Span, parse_time
from vms.record import queries
from vms.record.committer import Announce, commit_segments, in_batches
from vms.record.reports import GapBefore, SegmentReport
from vms.record.salvage import salvage
from vms.storage.volumes import Volume, folder_of, segment_path

DAY_US = 86_400_000_000
OVERLAP_US = 1_000_000  # a run may begin a little before the end of the one before it
UNPROVED = ".unproved"
"""What a set-aside file's name ends with: no segment, so neither index nor check meets it again, and no byte is thrown away."""


@dataclass(slots=True)
class Recovered:
    """What a pass over a volume found. `unproved` files are no segments; of these, `debris` holds not one GOP that a seal proves.

    `removed` ones were in their first GOP when their writer died.
    """

    files: int = 0
    committed: list[str] = field(default_factory=list[str])
    cut_bytes: int = 0
    busy: list[str] = field(default_factory=list[str])
    removed: list[str] = field(default_factory=list[str])
    unproved: list[str] = field(default_factory=list[str])
    debris: list[str] = field(default_factory=list[str])
    unreadable: list[str] = field(default_factory=list[str])


def recover_volume(database: Database, volume: Volume, announce: Announce = announce, *, rebuilding: bool = False) -> Recovered:
    """Every file of the volume that no row knows. Reads directory and index side by side, one folder at a time."""
    result = Recovered()
    _commit(database, volume, _unknown_files(database, volume, result), result, announce, rebuilding=rebuilding)
    _set_aside(volume, result)
    return result


def recover_files(database: Database, volume: Volume, paths: Iterable[str], announce: Announce = announce) -> Recovered:
    """These files, such as a dead worker's open ones; what has a row already is applied again, which changes nothing."""
    result = Recovered()
    _commit(database, volume, paths, result, announce)
    return result


def recover_newest(database: Database, volume: Volume, lanes: Iterable[tuple[str, str]], now_us: int) -> Recovered:
    """What a dead worker left of these (camera, profile): files of today and yesterday behind the last row of each.

    It may have opened a file that it never told of, so names come from the folders.
    """
    with database.transaction() as session:
        ends = queries.last_ends(session, wanted := list(lanes))
    paths: list[str] = []
    for camera, profile in wanted:
        since_us = ends.get((camera, profile), 0) - OVERLAP_US
        for at_us in (now_us - DAY_US, now_us):
            folder = folder_of(segment_path(camera, profile, at_us, ""))
            places = (place_of(f"{folder}/{name}") for name in volume.files.names(volume.root_fd, folder))
            paths += sorted(place[3] for place in places if place is not None and place[2] >= since_us)
    return recover_files(database, volume, paths)


def recover_span(database: Database, volume: Volume, lane: tuple[str, str], within: Span) -> Recovered:
    """What a dead writer left of a camera profile in a span of the past: files that begin in it and have no row."""
    camera, profile = lane
    paths: list[str] = []
    for at_us in range(within.start_us - within.start_us % DAY_US, within.end_us, DAY_US):
        folder = folder_of(segment_path(camera, profile, at_us, ""))
        day = Span(at_us, at_us + DAY_US)
        with database.transaction() as session:
            known = queries.known_paths(session, volume.id, camera, profile, day)
        places = (place_of(f"{folder}/{name}") for name in volume.files.names(volume.root_fd, folder))
        paths += sorted(p[3] for p in places if p is not None and within.start_us <= p[2] < within.end_us and p[3] not in known)
    return recover_files(database, volume, paths)


def folder_span(folder: str) -> tuple[str, str, Span] | None:
    """`<camera>/<profile>/<date>` → camera, profile, the day; None for a folder that no recorder makes."""
    try:
        camera, profile, date = folder.split("/")
        start_us = parse_time(f"{date}T00:00:00Z")
        camera = str(UUID(camera))
    except (ValueError, VmsError):
        return None
    return camera, profile, Span(start_us, start_us + DAY_US)


def place_of(path: str) -> tuple[str, str, int, str] | None:
    """Camera, profile, start and path of a segment file; None for a file that no recorder makes."""
    folder = folder_span(folder_of(path))
    start = path.rpartition("/")[2].partition("-")[0]
    if folder is None or not (start.isascii() and start.isdigit() and len(start) <= 18):
        return None
    return folder[0], folder[1], int(start), path


def _unknown_files(database: Database, volume: Volume, result: Recovered) -> Iterator[str]:
    for folder, files in groupby(volume.files.walk(volume.root_fd), key=lambda entry: folder_of(entry[0])):
        paths = [path for path, _ in files]
        result.files += len(paths)
        place = folder_span(folder)
        if place is None:
            result.unproved += paths
            continue
        with database.transaction() as session:
            known = queries.known_paths(session, volume.id, *place)
        yield from sorted(path for path in paths if path not in known)


def _commit(
    database: Database, volume: Volume, paths: Iterable[str], result: Recovered, announce: Announce, *, rebuilding: bool = False
) -> None:
    made: set[str] = set()
    for batch in in_batches(_reports(volume, paths, result)):
        with database.transaction() as session:
            for us in {month_span(report.start_us)[1].start_us for report in batch if month_span(report.start_us)[0] not in made}:
                ensure_partitions(session, "segments", "start_us", us, months_ahead=0)  # an old month, when the index is made anew
                made.add(month_span(us)[0])
            committed = commit_segments(session, batch, announce, rebuilding=rebuilding)
        result.committed += committed
        result.unproved += sorted({report.path for report in batch} - set(committed))


def _reports(volume: Volume, paths: Iterable[str], result: Recovered) -> Iterator[SegmentReport]:
    """By folder and start. Behind a file with a lost end, one that knows of no gap was written on: only a power cut does that."""
    torn: str | None = None
    for path in paths:
        try:
            saved = salvage(volume, path, "crash")
        except BlockingIOError:
            result.busy.append(path)
            continue
        except OSError:
            result.unreadable.append(path)
            continue
        result.cut_bytes += saved.cut_bytes
        report = saved.report
        if report is None:
            torn = folder_of(path)
            (result.removed if saved.removed else result.debris).append(path)
        if not saved.removed and (report is None or not _is_its_own(report)):
            result.unproved.append(path)
        if report is None or not _is_its_own(report):
            continue
        after_torn, torn = torn == folder_of(path), folder_of(path) if report.end_reason == "crash" else None
        yield replace(report, gap=GapBefore(report.start_us, "power")) if after_torn and report.gap is None else report


def _set_aside(volume: Volume, result: Recovered) -> None:
    """No row knows these and no seal proves anything of them: what a power cut leaves of a new file would be an orphan for ever."""
    paths = [path for path in result.debris if place_of(path) is not None]
    for path in paths:
        volume.files.rename(volume.root_fd, path, path + UNPROVED)
    for folder in sorted({folder_of(path) for path in paths}):
        volume.files.fsync_dir(volume.root_fd, folder)


def _is_its_own(report: SegmentReport) -> bool:
    """A copy under another name is not a segment of its own."""
    return report.path == segment_path(report.camera, report.profile, report.start_us, report.run)
