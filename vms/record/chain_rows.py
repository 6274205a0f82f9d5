"""Rows of the chain: append in the transaction of what is told, read back. Session first, no commits; rows only grow.

Order of locks, the same for everybody: the open minute (shared), then the ends of the streams by camera and profile. So writers of
other streams never wait for each other, and a minute that was closed gets no record any more (docs/design/integrity.md).
Not here: what records say (tellings), the chain's formulas (chain), minute roots (integrity).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from vms.base.clock import SystemClock
from vms.base.errors import Kind, VmsError
from vms.base.partitions import ensure_partitions
from vms.base.timespan import Span
from vms.owner.requests import GapSpan
from vms.record import tellings
from vms.record.chain import EMPTY, MINUTE_US, Context, Draft, Head, Record, Stream, new_epoch, place
from vms.record.models import ChainRecord
from vms.record.queries import LONGEST_US
from vms.record.tellings import Tombstone

MINUTE_LOCK = 0x766D7304  # any number; writers share it, the closing of a minute takes it alone


def open_chain(session: Session, node: str, now_us: int) -> None:
    """Name the owner and make partitions ahead; before the first record of a process and once a day."""
    ensure_partitions(session, "chain_records", "committed_us", now_us, append_only=True)
    session.execute(text("UPDATE chain_state SET node = :node WHERE node <> :node"), {"node": node})


@dataclass(slots=True)
class Book:
    """The chains of some streams, opened for appending until the transaction ends."""

    session: Session
    context: Context
    heads: dict[Stream, Head]

    def append(self, drafts: Sequence[Draft]) -> None:
        """Give each draft its place, in order; one statement each for records and ends, however many there are."""
        records: list[Record] = []
        for draft in drafts:
            for whole in self._with_epoch(draft):
                record, self.heads[whole.stream] = place(self.heads[whole.stream], self.context, whole)
                records.append(record)
        if records:
            self.session.execute(_INSERT, _columns(records, self.context))
            self._keep_ends({record.draft.stream for record in records})

    def _with_epoch(self, draft: Draft) -> list[Draft]:
        head = self.heads[draft.stream]
        if head.seq and head.epoch != self.context.epoch:
            return [new_epoch(draft.stream, head, self.context), draft]
        return [draft]

    def _keep_ends(self, streams: Collection[Stream]) -> None:
        ordered = sorted(streams)
        ends = [self.heads[stream] for stream in ordered]
        values = {**_keys(ordered), "epochs": [e.epoch for e in ends], "seqs": [e.seq for e in ends], "ends": [e.value for e in ends]}
        self.session.execute(_KEEP, values)


def open_book(session: Session, streams: Collection[Stream], now_us: int | None = None) -> Book:
    """Lock the chains of these streams; whoever else appends to one of them waits."""
    now_us = SystemClock().wall_us() if now_us is None else now_us
    session.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": MINUTE_LOCK})
    # A statement of its own: it must see what the closing of a minute before us wrote.
    node, closed, epoch = session.execute(_STATE).one()
    context = Context(node, max(1, epoch), now_us, max(now_us // MINUTE_US, closed + 1))
    ordered = sorted(set(streams))
    heads = _lock(session, ordered)
    if missing := [stream for stream in ordered if stream not in heads]:
        session.execute(_FOUND, _keys(missing))
        heads |= _lock(session, missing)
    return Book(session, context, heads)


def append_tombstone(session: Session, *told: Tombstone, now_us: int | None = None) -> None:
    """The records of deletions, in the transaction that forgets the rows; all of a transaction's in one call, so that locks are ordered."""
    book = open_book(session, {Stream(t.camera, t.profile) for t in told}, now_us)
    places = places_of(session, [i for t in told for i in (t.first, t.last)])
    book.append([tellings.tombstone(t, places.get(t.first), places.get(t.last)) for t in told])


def places_of(session: Session, segment_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Number and start (µs) of the segments' own records, of those that have one."""
    rows = select(ChainRecord.segment_id, ChainRecord.seq, ChainRecord.start_us).where(ChainRecord.segment_id.in_(segment_ids))
    return {segment_id: (seq, start_us) for segment_id, seq, start_us in session.execute(rows) if segment_id}


def deleted_among(session: Session, places: Mapping[str, tuple[Stream, int]]) -> set[str]:
    """Ids of the segments, each at its stream and start (µs), that a tombstone behind their own record says are gone.

    What was found late has its record behind the tombstone; what was rescued has a later one that says so. Of what is new, which
    is nearly all, only the end of its stream's index is read.
    """
    statement = text(
        "SELECT r.id FROM unnest(CAST(:cameras AS uuid[]), CAST(:profiles AS text[]), CAST(:starts AS bigint[]), CAST(:ids AS uuid[]))"
        " AS r (camera, profile, start_us, id) CROSS JOIN LATERAL (SELECT c.seq FROM chain_records c WHERE c.camera_id = r.camera"
        "  AND c.profile = r.profile AND c.start_us = r.start_us AND c.segment_id = r.id ORDER BY c.seq DESC LIMIT 1) own"
        " CROSS JOIN LATERAL (SELECT convert_from(t.record, 'UTF8')::jsonb ->> 'rule' AS rule FROM chain_records t"
        "  WHERE t.camera_id = r.camera AND t.profile = r.profile AND t.seq > own.seq AND t.type = 'tombstone'"
        "  AND t.start_us <= r.start_us AND t.end_us >= r.start_us ORDER BY t.seq DESC LIMIT 1) last"
        " WHERE last.rule <> :rescued"
    )
    streams, starts = [stream for stream, _ in places.values()], [start_us for _, start_us in places.values()]
    values = _keys(streams) | {"starts": starts, "ids": list(places), "rescued": tellings.RESCUED}
    return {str(segment) for segment in session.scalars(statement, values)}


def told_gaps(session: Session, stream: Stream, starts_us: Collection[int]) -> dict[int, GapSpan]:
    """What the last gap record of each of these starts says."""
    statement = text(
        "SELECT DISTINCT ON (start_us) start_us, record FROM chain_records WHERE camera_id = :camera AND profile = :profile"
        " AND type = 'gap' AND start_us = ANY(:starts) ORDER BY start_us, seq DESC"
    )
    rows = session.execute(statement, {"camera": stream.camera, "profile": stream.profile, "starts": list(starts_us)})
    return {start_us: tellings.gap_of(bytes(record)) for start_us, record in rows}


def ends(session: Session) -> dict[Stream, Head]:
    """The end of every chain."""
    rows = session.execute(text("SELECT camera_id, profile, epoch, seq, value FROM chain_heads WHERE seq > 0 ORDER BY camera_id, profile"))
    return {Stream(str(camera), profile): Head(epoch, seq, bytes(value)) for camera, profile, epoch, seq, value in rows}


def walk(session: Session, stream: Stream, after: int, until: int, page: int) -> Iterator[Sequence[ChainRecord]]:
    """The records behind number `after` up to `until`, page by page."""
    while after < until:
        found = page_of(session, stream, after, until, page)
        if not found:
            return
        yield found
        after = found[-1].seq
        session.expunge_all()


def page_of(session: Session, stream: Stream, after: int, until: int, limit: int) -> Sequence[ChainRecord]:
    mine = _of(stream)
    statement = select(ChainRecord).where(*mine, ChainRecord.seq > after, ChainRecord.seq <= until)
    return session.scalars(statement.order_by(ChainRecord.seq, ChainRecord.committed_us).limit(limit)).all()


def seqs_of_span(session: Session, stream: Stream, within: Span) -> tuple[int, int] | None:
    """First and last number of the records that speak of the span; None when none does."""
    inside = select(func.coalesce(func.min(ChainRecord.seq), 0), func.max(ChainRecord.seq)).where(
        *_of(stream),
        ChainRecord.start_us >= within.start_us - LONGEST_US,
        ChainRecord.start_us < within.end_us,
        ChainRecord.end_us > within.start_us,
    )
    first, last = session.execute(inside).one()
    return (first, last) if first else None


def record_of_segment(session: Session, camera: str, segment_id: str) -> ChainRecord:
    """Raises NOT_FOUND."""
    mine = (ChainRecord.segment_id == segment_id, ChainRecord.camera_id == camera)
    found = session.scalars(select(ChainRecord).where(*mine).limit(1)).first()
    if found is None:
        raise VmsError(Kind.NOT_FOUND, "the chain does not know this segment", segment=segment_id[:64])
    return found


def close_minutes(session: Session, until: int) -> None:
    """No record joins minute `until`, or one before it, once this commits. Waits for the writers that are in the middle."""
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MINUTE_LOCK})
    session.execute(text("UPDATE chain_state SET closed_minute = :until WHERE closed_minute < :until"), {"until": until})


def first_minute(session: Session) -> int | None:
    return session.scalar(select(func.min(ChainRecord.minute)))


def leaves(session: Session, first: int, last: int) -> dict[int, list[bytes]]:
    """The records of each minute of [first, last] that has any, in the order of its tree: camera, stream, number."""
    statement = text(
        "SELECT minute, record FROM chain_records WHERE minute BETWEEN :first AND :last"
        ' ORDER BY minute, camera_id, profile COLLATE "C", seq'
    )
    found: dict[int, list[bytes]] = {}
    for minute, record in session.execute(statement, {"first": first, "last": last}):
        found.setdefault(minute, []).append(bytes(record))
    return found


def _of(stream: Stream) -> tuple[Any, ...]:
    return ChainRecord.camera_id == stream.camera, ChainRecord.profile == stream.profile


_STATE = text("SELECT s.node, s.closed_minute, h.epoch FROM chain_state s, journal_head h")
_FOUND = text(
    "INSERT INTO chain_heads (camera_id, profile, epoch, seq, value) SELECT c, p, 0, 0, :value"
    " FROM unnest(CAST(:cameras AS uuid[]), CAST(:profiles AS text[])) AS w (c, p) ON CONFLICT DO NOTHING"
).bindparams(value=EMPTY.value)
_LOCK = text(
    "SELECT h.camera_id, h.profile, h.epoch, h.seq, h.value FROM chain_heads h"
    " JOIN (SELECT * FROM unnest(CAST(:cameras AS uuid[]), CAST(:profiles AS text[])) AS u (c, p)) w"
    " ON h.camera_id = w.c AND h.profile = w.p ORDER BY h.camera_id, h.profile FOR UPDATE OF h"
)
_KEEP = text(
    "UPDATE chain_heads h SET epoch = w.e, seq = w.s, value = w.v FROM unnest(CAST(:cameras AS uuid[]), CAST(:profiles AS text[]),"
    " CAST(:epochs AS bigint[]), CAST(:seqs AS bigint[]), CAST(:ends AS bytea[])) AS w (c, p, e, s, v)"
    " WHERE h.camera_id = w.c AND h.profile = w.p"
)
_INSERT = text(
    "INSERT INTO chain_records (camera_id, profile, seq, committed_us, epoch, minute, type, start_us, end_us, segment_id, record, value)"
    " SELECT c, p, s, :committed_us, :epoch, :minute, t, b, e, i, r, v FROM unnest(CAST(:cameras AS uuid[]), CAST(:profiles AS text[]),"
    " CAST(:seqs AS bigint[]), CAST(:types AS text[]), CAST(:starts AS bigint[]), CAST(:ends AS bigint[]), CAST(:segments AS uuid[]),"
    " CAST(:records AS bytea[]), CAST(:values AS bytea[])) AS w (c, p, s, t, b, e, i, r, v)"
)


def _lock(session: Session, streams: Sequence[Stream]) -> dict[Stream, Head]:
    rows = session.execute(_LOCK, _keys(streams))
    return {Stream(str(camera), profile): Head(epoch, seq, bytes(value)) for camera, profile, epoch, seq, value in rows}


def _keys(streams: Sequence[Stream]) -> dict[str, Any]:
    return {"cameras": [s.camera for s in streams], "profiles": [s.profile for s in streams]}


def _columns(records: Sequence[Record], context: Context) -> dict[str, Any]:
    drafts = [record.draft for record in records]
    return {
        **_keys([d.stream for d in drafts]),
        "committed_us": context.committed_us,
        "epoch": context.epoch,
        "minute": context.minute,
        "seqs": [r.seq for r in records],
        "types": [d.type for d in drafts],
        "starts": [d.start_us for d in drafts],
        "ends": [d.end_us for d in drafts],
        "segments": [d.segment for d in drafts],
        "records": [r.bytes for r in records],
        "values": [r.value for r in records],
    }
