"""Index against chain: every record in its place, every row as its record told it, every hole explained. Read only.

A stream is read from one snapshot, so a recorder that goes on meanwhile breaks nothing. Not here: files (check), roots (integrity).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from vms.base.db import Database
from vms.base.errors import VmsError
from vms.owner.requests import GapSpan
from vms.record import chain_rows, tellings
from vms.record.causes import GONE
from vms.record.chain import EMPTY, Head, Link, Stream, check_link, parse
from vms.record.models import ChainRecord, Gap, Segment

PAGE = 500


class ChainFault(NamedTuple):
    """The item, by stream and number, and what is wrong with it."""

    item: str
    what: str


@dataclass(slots=True)
class _Story:
    """What the records of a stream tell, as far as they were read."""

    gaps: dict[int, GapSpan] = field(default_factory=dict[int, GapSpan])
    rowless: list[int] = field(default_factory=list[int])
    """Segments that have a record and no row."""
    deleted: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    """First and last number, and count, of each tombstone; the count of what came back is negative."""
    deleted_until_us: int = 0
    """Gaps before it may have gone with their segments."""


def check_chains(database: Database) -> Iterator[ChainFault]:
    """Stream by stream, the first break of each first; then rows that no chain tells of."""
    with database.transaction() as session:
        streams = list(chain_rows.ends(session))
    for stream in streams:
        with database.transaction() as session:
            session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            yield from list(_check_stream(session, stream))
    with database.transaction() as session:
        paths = session.scalars(_UNTOLD).all()
    yield from (ChainFault(path, "the chain does not tell of this segment") for path in paths)


_UNTOLD = text(
    "SELECT s.path FROM segments s WHERE NOT EXISTS (SELECT FROM chain_records c WHERE c.segment_id = s.id) ORDER BY s.path LIMIT 10000"
)


def _check_stream(session: Session, stream: Stream) -> Iterator[ChainFault]:
    name = f"{stream.camera}/{stream.profile}"
    end = chain_rows.ends(session).get(stream, EMPTY)
    before, story = EMPTY, _Story()
    for page in chain_rows.walk(session, stream, 0, 2**62, PAGE):
        for record in page:
            if wrong := check_link(before, Link(record.seq, record.record, record.value)):
                yield ChainFault(f"{name} record {record.seq}", wrong)
            before = Head(record.epoch, record.seq, record.value)  # go on from what stands there: one break is told once
        for seq, wrong in _read(session, page, story):
            yield ChainFault(f"{name} record {seq}", wrong)
    if (before.seq, before.value) != (end.seq, end.value):
        yield ChainFault(f"{name} record {before.seq + 1}", f"the chain ends here, its head says {end.seq}")
    for seq in _unexplained(story):
        yield ChainFault(f"{name} record {seq}", "the segment has no row and no tombstone")
    for at_us, what in _gap_faults(session, stream, story):
        yield ChainFault(f"{name} gap {at_us}", what)


def _read(session: Session, page: Sequence[ChainRecord], story: _Story) -> Iterator[tuple[int, str]]:
    """Follow the story, and hold each segment's row against its record."""
    ids = [record.segment_id for record in page if record.segment_id]
    rows = {row.id: row for row in session.scalars(select(Segment).where(Segment.id.in_(ids)))}
    for record in page:
        told = parse(record.record) or {}
        kind = told.get("type")
        if kind != record.type:
            yield record.seq, "its row calls it something else than the record"
        if kind == "segment":
            row = rows.get(str(told.get("segment_id")))
            if row is None:
                story.rowless.append(record.seq)
            elif wrong := [name for name, value in _of_row(row).items() if told.get(name) != value]:
                yield record.seq, f"the row of {row.path} has another {', '.join(wrong)}"
        elif kind == "gap":
            try:
                gap = tellings.gap_of(record.record)
            except VmsError as error:
                yield record.seq, error.message
            else:
                story.gaps[gap.start_us] = gap
        elif kind == "tombstone":
            first, last, count = told.get("first_seq"), told.get("last_seq"), told.get("count")
            if isinstance(first, int) and isinstance(last, int) and isinstance(count, int):
                story.deleted.append((first, last, -count if told.get("rule") == tellings.RESCUED else count))
                story.deleted_until_us = max(story.deleted_until_us, record.end_us)


def _of_row(row: Segment) -> dict[str, object]:
    return {
        "camera_id": row.camera_id,
        "stream": row.profile,
        "run_id": row.run,
        "run_seq": row.seq,
        "t_wall_start": row.start_us,
        "t_wall_end": row.end_us,
        "bytes": row.bytes,
        "sha256": row.sha256.hex(),
        "gops_root": row.gops_root.hex(),
        "end_reason": row.end_reason,
    }


def _unexplained(story: _Story) -> list[int]:
    """Segments without row that no tombstone covers; where more are gone than tombstones count, the newest of them."""
    covered = [seq for seq in story.rowless if any(first <= seq <= last for first, last, _ in story.deleted)]
    bare = [seq for seq in story.rowless if seq not in set(covered)]
    too_many = len(covered) - sum(count for _, _, count in story.deleted)
    return bare + (covered[-too_many:] if too_many > 0 else [])


def _gap_faults(session: Session, stream: Stream, story: _Story) -> Iterator[tuple[int, str]]:
    mine = (Gap.camera_id == stream.camera, Gap.profile == stream.profile, Gap.cause.not_in(GONE))
    rows = session.execute(select(Gap.start_us, Gap.end_us, Gap.cause, Gap.detail).where(*mine).order_by(Gap.start_us))
    there = {gap.start_us: gap for row in rows for gap in [GapSpan(*row)]}
    told = {at_us: gap for at_us, gap in story.gaps.items() if gap.start_us < gap.end_us}
    for at_us in sorted({*there, *told}):
        if at_us not in there:
            if at_us >= story.deleted_until_us:
                yield at_us, "the gap has a record and no row"
        elif at_us not in told:
            yield at_us, "the gap has a row and no record"
        elif there[at_us] != told[at_us]:
            yield at_us, "the gap's row is not what its record says"
