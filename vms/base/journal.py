"""The journal: facts written in the transaction of the change they tell of, sealed in one order, read by cursor.

A cursor over ids would lose facts that commit late. So a fact carries its transaction's id; the one sealer takes only
those below the oldest transaction still running, in the order (xid, id), and gives each its public (epoch, seq) without
a hole. Readers compare (epoch, seq) and miss nothing. Not here: which facts exist (events), who follows (followers.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

from sqlalchemy import insert, select, text, tuple_
from sqlalchemy.orm import Session

from vms.base.clock import Clock, SystemClock
from vms.base.db import Database
from vms.base.journal_models import HeadRow, InboxRow, JournalRow
from vms.base.partitions import ensure_partitions

CHANNEL = "vms_journal"
MAX_BATCH = 1_000
_ANNOUNCED = "journal_announced"


class Fact(Protocol):
    """What can be announced: a type, a subject and JSON data (vms/events.py)."""

    type: ClassVar[str]
    subject_kind: ClassVar[str]

    @property
    def subject_id(self) -> str: ...
    def data(self) -> Mapping[str, Any]: ...


class Position(NamedTuple):
    """Where a reader stands: everything up to here is behind it."""

    epoch: int
    seq: int


START = Position(0, 0)


@dataclass(frozen=True, slots=True)
class SealedFact:
    """A fact as readers see it."""

    epoch: int
    seq: int
    at_us: int
    type: str
    subject_kind: str
    subject_id: str
    data: Mapping[str, Any]

    @property
    def position(self) -> Position:
        return Position(self.epoch, self.seq)


def announce(session: Session, *facts: Fact, now_us: int | None = None) -> None:
    """Write facts in the caller's transaction: they exist when it commits, and never did when it rolls back."""
    if not facts:
        return
    at_us = SystemClock().wall_us() if now_us is None else now_us
    rows = [
        {"at_us": at_us, "type": f.type, "subject_kind": f.subject_kind, "subject_id": f.subject_id, "data": dict(f.data())} for f in facts
    ]
    session.execute(insert(InboxRow), rows)
    session.info[_ANNOUNCED] = True


def read(session: Session, after: Position | tuple[int, int] | None, types: Collection[str] | None, limit: int) -> list[SealedFact]:
    """Sealed facts behind `after` (None: from the first kept one), oldest first, at most 1,000."""
    query = select(JournalRow).where(tuple_(JournalRow.epoch, JournalRow.seq) > tuple_(*(after or START)))
    if types is not None:
        query = query.where(JournalRow.type.in_(types))
    rows = session.execute(query.order_by(JournalRow.epoch, JournalRow.seq).limit(min(limit, MAX_BATCH))).scalars()
    return [SealedFact(r.epoch, r.seq, r.at_us, r.type, r.subject_kind, r.subject_id, r.data) for r in rows]


def head(session: Session) -> Position:
    """The last position given; a newcomer that wants only news starts here."""
    row = session.execute(select(HeadRow.epoch, HeadRow.seq)).one()
    return Position(row.epoch, row.seq)


_SEAL = text("""
WITH ready AS (
    SELECT xid, id FROM journal_inbox WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid, id LIMIT :limit
), taken AS (
    DELETE FROM journal_inbox USING ready WHERE (journal_inbox.xid, journal_inbox.id) = (ready.xid, ready.id)
    RETURNING journal_inbox.*
), sealed AS (
    INSERT INTO journal (epoch, seq, sealed_us, at_us, type, subject_kind, subject_id, data)
    SELECT :epoch, :seq + row_number() OVER (ORDER BY xid, id), :now_us, at_us, type, subject_kind, subject_id, data FROM taken
)
UPDATE journal_head SET seq = :seq + (SELECT count(*) FROM taken) RETURNING seq
""")


def seal(session: Session, limit: int = MAX_BATCH, now_us: int | None = None) -> int:
    """Give committed facts their place in the one order; return how many. Two sealers at once wait for each other."""
    at_us = SystemClock().wall_us() if now_us is None else now_us
    # A statement of its own: the next one must see what a sealer before us did.
    row = session.execute(select(HeadRow).with_for_update()).scalar_one()
    if row.epoch == 0:
        raise RuntimeError("open_journal() gives the first epoch before anything is sealed")
    values = {"limit": limit, "epoch": row.epoch, "seq": row.seq, "now_us": at_us}
    return int(session.execute(_SEAL, values).scalar_one()) - row.seq


def waiting(session: Session) -> bool:
    """Whether facts lie unsealed, behind a transaction that still runs."""
    return bool(session.execute(text("SELECT EXISTS (SELECT FROM journal_inbox)")).scalar_one())


_SERVER = text("SELECT system_identifier::text || '/' || timeline_id FROM pg_control_system(), pg_control_checkpoint()")


def open_journal(session: Session, known: Position | None = None, now_us: int | None = None) -> Position:
    """Make partitions ahead, and begin a new epoch on a new or restored database; return the head.

    Restored is what stands on another server or timeline, or behind `known`, the last position the caller remembers
    outside the database. Positions of a lost past are never given a second time.
    """
    ensure_partitions(session, "journal", "sealed_us", SystemClock().wall_us() if now_us is None else now_us)
    row = session.execute(select(HeadRow).with_for_update()).scalar_one()
    server = str(session.execute(_SERVER).scalar_one())
    if row.server != server or Position(row.epoch, row.seq) < (known or START):
        row.epoch, row.seq, row.server = max(row.epoch, (known or START).epoch) + 1, 0, server
        # Transaction ids of another server say nothing here; these facts are committed, so any finished id will do.
        session.execute(text("UPDATE journal_inbox SET xid = '3'::xid8 WHERE xid > pg_current_xact_id()"))
    return Position(row.epoch, row.seq)


def hook_commits(database: Database, ring: Callable[[], None]) -> None:
    """Call `ring` after each commit that announced something; it must not block."""

    def after_commit(session: Session) -> None:
        if session.info.pop(_ANNOUNCED, False):
            ring()

    database.after_commit.append(after_commit)


class Sealed(NamedTuple):
    """One round of sealing: how many facts, and whether more lie behind a running transaction or the batch limit."""

    facts: int
    more: bool


def seal_once(database: Database, clock: Clock) -> Sealed:
    """One round, and one NOTIFY after its commit: inside the writers' transactions it would halve their throughput."""
    with database.transaction() as session:
        sealed = seal(session, now_us=clock.wall_us())
        more = waiting(session)
    if sealed:
        with database.transaction() as session:
            session.execute(text(f"NOTIFY {CHANNEL}"))
    return Sealed(sealed, more)
