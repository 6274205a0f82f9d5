"""Reports become rows and records of the chain. Applying a report twice changes nothing, so a worker may repeat it until acknowledged.

In: segment rows, the gap before each, cutting gaps where a late segment turns up; in the same transaction what the chain tells of each.
Not here: who acknowledges to whom (control), open segments (open_table), files (recovery).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from uuid import UUID, uuid5

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vms.base.journal import announce
from vms.base.timespan import Span, gaps
from vms.events import Event
from vms.owner.requests import GapSpan
from vms.record import chain_rows, gop_table, queries, tellings
from vms.record.causes import GONE
from vms.record.chain import Draft, Stream
from vms.record.facts import RecordingGap, SegmentDamaged
from vms.record.models import Gap, Segment
from vms.record.reports import SegmentReport

BATCH = 100  # a transaction of this many reports stays far below 200 ms
_NAMESPACE = UUID("5d0f7f2e-6c1b-4a36-9f0e-2f4b7f1f0a51")

Announce = Callable[[Session, Event], None]
"""Tells a fact inside the transaction."""


def segment_id(volume: str, path: str) -> str:
    return str(uuid5(_NAMESPACE, f"{volume}/{path}"))


def commit_segments(
    session: Session, reports: Sequence[SegmentReport], announce: Announce = announce, *, rebuilding: bool = False
) -> list[str]:
    """Insert what is new of at most BATCH reports and answer the paths that may be acknowledged after commit.

    A report that no index can hold (ids that are no ids, GOPs that do not touch) is refused: it is not among the answer.
    One of a segment that is being deleted, or was, is acknowledged and makes no row. `rebuilding`: rows were forgotten, the chain was
    not, so it is told only what it does not know.
    """
    told = [r for r in reports if _fits(r)]
    if not told:
        return []
    # Whoever deletes writes a tombstone into these chains, so from here on what was deleted can be seen.
    book = chain_rows.open_book(session, {Stream(r.camera, r.profile) for r in told})
    deleted = queries.garbage_among(session, [(r.camera, r.profile, r.start_us, r.path) for r in told])
    if not rebuilding:
        places = {segment_id(r.volume, r.path): (Stream(r.camera, r.profile), r.start_us) for r in told}
        gone = chain_rows.deleted_among(session, places)
        deleted |= {r.path for r in told if segment_id(r.volume, r.path) in gone}
    good = sorted((r for r in told if r.path not in deleted), key=lambda r: (r.camera, r.profile, r.start_us))
    if not good:
        return [r.path for r in told]
    fresh = set(session.scalars(insert(Segment).on_conflict_do_nothing().returning(Segment.path), [_row(r) for r in good]))
    drafts = _cut_gaps(session, good)
    for report, end_us in zip(good, _ends_before(session, good), strict=True):
        gap = _gap_before(report, end_us)
        if gap is not None and _add_gap(session, report, gap):
            drafts += _told_of_gap(report, gap)
            announce(session, RecordingGap(report.camera, report.profile, gap.start_us, gap.end_us, gap.cause, gap.detail))
        if report.path in fresh:
            drafts.append(tellings.segment(report, segment_id(report.volume, report.path)))
            if report.suspect:
                detail = "its volume failed while it was written"
                announce(session, SegmentDamaged(report.camera, report.profile, report.path, report.start_us, report.end_us, detail))
    book.append(_unknown(session, drafts) if rebuilding else drafts)
    return [r.path for r in told]


def _told_of_gap(report: SegmentReport, gap: GapSpan) -> list[Draft]:
    told = tellings.gap(Stream(report.camera, report.profile), gap)
    return [told, tellings.clock_step(report, gap)] if gap.cause == "clock_step" else [told]


def _unknown(session: Session, drafts: Sequence[Draft]) -> list[Draft]:
    """What the chain does not tell already: segments by their id, gaps by what the last record of the same start says."""
    segments = chain_rows.places_of(session, [d.segment for d in drafts if d.segment])
    starts: dict[Stream, set[int]] = {}
    for draft in drafts:
        if draft.type == "gap":
            starts.setdefault(draft.stream, set()).add(draft.start_us)
    known = {(stream, at): gap for stream, at_us in starts.items() for at, gap in chain_rows.told_gaps(session, stream, at_us).items()}
    told: list[Draft] = []
    for draft in drafts:
        if draft.type == "gap":
            if known.get((draft.stream, draft.start_us)) == tellings.gap_in(draft):
                continue
            known[draft.stream, draft.start_us] = tellings.gap_in(draft)
        elif draft.segment in segments or draft.type == "clock":
            continue
        told.append(draft)
    return told


def in_batches(reports: Iterable[SegmentReport]) -> Iterator[list[SegmentReport]]:
    """One transaction each."""
    source = iter(reports)
    while batch := list(islice(source, BATCH)):
        yield batch


def _fits(report: SegmentReport) -> bool:
    try:
        ids = [str(UUID(value)) for value in (report.camera, report.run, report.volume)]
    except ValueError:
        return False
    if ids != [report.camera, report.run, report.volume]:
        return False
    return gop_table.is_regular(report.gops, report.start_us) and report.gops[-1].end_us == report.end_us


def _row(report: SegmentReport) -> dict[str, object]:
    return {
        "camera_id": report.camera,
        "profile": report.profile,
        "start_us": report.start_us,
        "run": report.run,
        "end_us": report.end_us,
        "id": segment_id(report.volume, report.path),
        "seq": report.seq,
        "volume": report.volume,
        "path": report.path,
        "bytes": report.size,
        "sha256": report.sha256,
        "init_size": report.init_size,
        "gop_count": len(report.gops),
        "gops": gop_table.pack(report.gops),
        "gops_root": report.gops_root,
        "end_reason": report.end_reason,
        "origin": report.origin,
        "kind": report.kind,
        "state": "suspect" if report.suspect else "ok",
        "lead_us": report.lead_us,
        "camera_offset_us": report.camera_offset_us if report.origin == "edge" else None,
    }


def _gap_before(report: SegmentReport, end_us: int | None) -> GapSpan | None:
    """From the last recorded instant; where nothing is recorded before, from where the worker says."""
    told = report.gap
    if report.origin == "edge":  # it lies in a gap that is told; made anew from files, it knows where that began
        end_us = max(end_us or 0, told.from_us if told else report.start_us)
    from_us = end_us if end_us is not None else told.from_us if told else report.start_us
    if from_us >= report.start_us:
        return None
    return GapSpan(from_us, report.start_us, told.cause if told else "unknown", told.detail if told else "")


def _add_gap(session: Session, report: SegmentReport, gap: GapSpan) -> bool:
    """A known gap stays; one of unknown cause learns its cause from the worker's own report."""
    statement = insert(Gap).values(
        camera_id=report.camera, profile=report.profile, start_us=gap.start_us, end_us=gap.end_us, cause=gap.cause, detail=gap.detail
    )
    learned = statement.on_conflict_do_update(
        index_elements=[Gap.camera_id, Gap.profile, Gap.start_us],
        set_={"cause": gap.cause, "detail": gap.detail, "end_us": gap.end_us},
        where=(Gap.cause == "unknown") & (statement.excluded.cause != "unknown"),
    )
    return session.execute(learned.returning(Gap.start_us)).first() is not None


def _ends_before(session: Session, reports: Sequence[SegmentReport]) -> list[int | None]:
    """For each report the last instant that is recorded before it begins."""
    # What was deleted or lost was recorded once: a gap behind it begins at its end. greatest() ignores nulls.
    statement = text(
        "SELECT greatest((SELECT s.end_us FROM segments s WHERE s.camera_id = r.camera AND s.profile = r.profile"
        " AND s.start_us < r.start_us ORDER BY s.start_us DESC LIMIT 1),"
        " (SELECT g.end_us FROM (SELECT end_us, cause FROM gaps WHERE camera_id = r.camera AND profile = r.profile"
        " AND start_us < r.start_us ORDER BY start_us DESC LIMIT 1) g WHERE g.cause IN ('deleted', 'volume_lost')))"
        " FROM unnest(CAST(:cameras AS uuid[]), CAST(:profiles AS text[]), CAST(:starts AS bigint[]), CAST(:ends AS bigint[]))"
        " WITH ORDINALITY AS r (camera, profile, start_us, end_us, n) ORDER BY r.n"
    )
    return list(session.scalars(statement, _columns(reports)))


def _cut_gaps(session: Session, reports: Sequence[SegmentReport]) -> list[Draft]:
    """A segment that turns up late (found after a crash) lies inside a gap that was told meanwhile.

    Gaps of a camera do not overlap: the last one that begins before the segment's end tells whether there is any.
    """
    statement = text(
        "SELECT coalesce((SELECT g.end_us FROM gaps g WHERE g.camera_id = r.camera AND g.profile = r.profile AND g.start_us < r.end_us"
        " ORDER BY g.start_us DESC LIMIT 1) > r.start_us, false)"
        " FROM unnest(CAST(:cameras AS uuid[]), CAST(:profiles AS text[]), CAST(:starts AS bigint[]), CAST(:ends AS bigint[]))"
        " WITH ORDINALITY AS r (camera, profile, start_us, end_us, n) ORDER BY r.n"
    )
    drafts: list[Draft] = []
    for report, cut in zip(reports, session.scalars(statement, _columns(reports)).all(), strict=True):
        if cut:
            drafts += cut_gap(session, Stream(report.camera, report.profile), Span(report.start_us, report.end_us))
    return drafts


def cut_gap(session: Session, stream: Stream, recorded: Span) -> list[Draft]:
    """What is recorded is no gap. The chain is not rewritten: a new record with the gap's start says what is left of it.

    Gaps of what was deleted or lost have no record: tombstones tell of them.
    """
    camera, profile = stream
    drafts: list[Draft] = []
    for gap in queries.gap_rows(session, camera, profile, recorded):
        session.execute(delete(Gap).where(Gap.camera_id == camera, Gap.profile == profile, Gap.start_us == gap.start_us))
        pieces = [gap._replace(start_us=left.start_us, end_us=left.end_us) for left in gaps(Span(gap.start_us, gap.end_us), [recorded])]
        for piece in pieces:
            session.execute(insert(Gap).values(camera_id=camera, profile=profile, **piece._asdict()))
        void = [] if any(piece.start_us == gap.start_us for piece in pieces) else [gap._replace(end_us=gap.start_us)]
        if gap.cause not in GONE:
            drafts += [tellings.gap(stream, piece) for piece in (*void, *pieces)]
    return drafts


def _columns(reports: Sequence[SegmentReport]) -> dict[str, object]:
    return {
        "cameras": [r.camera for r in reports],
        "profiles": [r.profile for r in reports],
        "starts": [r.start_us for r in reports],
        "ends": [r.end_us for r in reports],
    }
