"""Rows of the audit: write intents, seal them into the chain, verify it. Session first; the caller commits."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, fields
from typing import NamedTuple

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vms.audit.chain import FIRST_PREV, Entry, clean, link
from vms.audit.models import AuditRow, SealRow, UnsealedRow
from vms.base.partitions import ensure_partitions

_LOCK = 0x766D7303  # any number; one sealer at a time
_FIELDS = tuple(f.name for f in fields(Entry))


def open_audit(session: Session, now_us: int) -> None:
    """Make partitions ahead; at start-up and once a day."""
    ensure_partitions(session, "audit", "at_us", now_us, append_only=True)
    ensure_partitions(session, "audit_seals", "sealed_us", now_us, append_only=True)


def intend(session: Session, *entries: Entry) -> int:
    """Write entries, for the sealer to chain; return how many were new (an id that is there already is not)."""
    if not entries:
        return 0
    rows = [{k: clean(v) if isinstance(v, str) else v for k, v in asdict(e).items()} for e in entries]
    written = session.execute(insert(AuditRow).on_conflict_do_nothing().returning(AuditRow.id, AuditRow.at_us), rows).all()
    if written:
        session.execute(insert(UnsealedRow), [{"id": id_, "at_us": at_us} for id_, at_us in written])
    return len(written)


def seal(session: Session, now_us: int, limit: int = 1_000) -> int:
    """Chain rows that are not chained yet, oldest first; return how many. Two sealers at once wait for each other."""
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    last = session.execute(select(SealRow.seq, SealRow.hash).order_by(SealRow.seq.desc()).limit(1)).one_or_none()
    seq, prev = (last.seq, last.hash) if last else (0, FIRST_PREV)
    waiting = select(UnsealedRow.id).order_by(UnsealedRow.at_us, UnsealedRow.id).limit(limit)
    taken = session.execute(delete(UnsealedRow).where(UnsealedRow.id.in_(waiting)).returning(UnsealedRow.id)).scalars().all()
    seals: list[dict[str, object]] = []
    for row in session.execute(select(AuditRow).where(AuditRow.id.in_(taken)).order_by(AuditRow.at_us, AuditRow.id)).scalars():
        seq += 1
        hashed = link(prev, seq, _entry(row))
        seals.append({"seq": seq, "sealed_us": now_us, "row_id": row.id, "row_at_us": row.at_us, "prev": prev, "hash": hashed})
        prev = hashed
    if seals:
        session.execute(insert(SealRow), seals)
    return len(seals)


def head(session: Session) -> tuple[int, bytes]:
    """Number and hash of the last seal; (0, zeros) while there is none. Minute roots name it, so that a cut audit shows."""
    last = session.execute(select(SealRow.seq, SealRow.hash).order_by(SealRow.seq.desc()).limit(1)).one_or_none()
    return (last.seq, last.hash) if last else (0, FIRST_PREV)


def hashes_of(session: Session, seqs: Collection[int]) -> dict[int, bytes]:
    """The hashes of these seals, of those that are there."""
    return dict(session.execute(select(SealRow.seq, SealRow.hash).where(SealRow.seq.in_(seqs))).all())


class Break(NamedTuple):
    """Where the chain does not hold: the seal's number (0 when a row has none), the row's id, and what is wrong."""

    seq: int
    row_id: str
    what: str


def verify(session: Session, sealed_before_us: int, page: int = 5_000) -> list[Break]:
    """Every break of the chain, and every row older than `sealed_before_us` that it does not hold."""
    unsealed = select(AuditRow.id).outerjoin(SealRow, SealRow.row_id == AuditRow.id)
    ids = session.execute(unsealed.where(SealRow.seq.is_(None), AuditRow.at_us < sealed_before_us)).scalars()
    return [*_verify_links(session, page), *(Break(0, row_id, "the row is not in the chain") for row_id in ids)]


def _verify_links(session: Session, page: int) -> Iterable[Break]:
    seq, prev = 0, FIRST_PREV
    while True:
        joined = select(SealRow, AuditRow).outerjoin(AuditRow, (AuditRow.id == SealRow.row_id) & (AuditRow.at_us == SealRow.row_at_us))
        pairs = session.execute(joined.where(SealRow.seq > seq).order_by(SealRow.seq).limit(page)).all()
        if not pairs:
            return
        for pair in pairs:
            sealed: SealRow = pair[0]
            if sealed.seq != seq + 1:
                yield Break(sealed.seq, sealed.row_id, f"seals {seq + 1} to {sealed.seq - 1} are missing")
            elif sealed.prev != prev:
                yield Break(sealed.seq, sealed.row_id, "it does not name the hash before it")
            if wrong := _row_wrong(sealed, pair[1]):
                yield Break(sealed.seq, sealed.row_id, wrong)
            seq, prev = sealed.seq, sealed.hash
        session.expunge_all()


def _row_wrong(sealed: SealRow, row: AuditRow | None) -> str:
    if row is None:
        return "the row is gone"
    return "" if link(sealed.prev, sealed.seq, _entry(row)) == sealed.hash else "the row was changed"


def _entry(row: AuditRow) -> Entry:
    return Entry(**{name: getattr(row, name) for name in _FIELDS})
