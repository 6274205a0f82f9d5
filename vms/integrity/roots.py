"""Minute roots: close the minutes that are over, build each one's tree, sign. Session first; the caller commits.

Not here: when (signer), the key (keys), what a statement says (statement).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from vms.audit import queries as audit
from vms.base import journal
from vms.integrity.models import MinuteRoot
from vms.integrity.statement import FIRST, Root, public_bytes, statement_hash
from vms.record import chain_rows
from vms.record.chain import MINUTE_US
from vms.storage.seals import merkle_root

MOST = 1_000  # minutes in one transaction: after a long stop the others follow in the next
LATE_US = 2 * MINUTE_US


@dataclass(frozen=True, slots=True)
class Signed:
    """One round: how many roots, the last minute that has one, and whether minutes that are over still wait."""

    roots: int
    minute: int
    more: bool


def due(session: Session, now_us: int) -> tuple[int, int] | None:
    """First and last minute to sign now; None when all that are over have their roots. The first root covers the first record."""
    over = now_us // MINUTE_US - 1
    last = last_minute(session)
    first = last + 1 if last is not None else min(over, chain_rows.first_minute(session) or over)
    return (first, min(over, first + MOST - 1)) if first <= over else None


def last_minute(session: Session) -> int | None:
    return session.scalars(select(MinuteRoot.minute).order_by(MinuteRoot.minute.desc()).limit(1)).first()


def newest(session: Session) -> MinuteRoot | None:
    return session.scalars(select(MinuteRoot).order_by(MinuteRoot.minute.desc()).limit(1)).first()


def sign_minutes(session: Session, node: str, key: Ed25519PrivateKey, minutes: tuple[int, int], now_us: int) -> Signed:
    """The roots of [first, last], which no record joins any more (chain_rows.close_minutes, committed before)."""
    first, last = minutes
    before = newest(session)
    prev = before.hash if before else FIRST
    epoch, (audit_seq, audit_hash) = max(1, journal.head(session).epoch), audit.head(session)
    leaves, public = chain_rows.leaves(session, first, last), public_bytes(key)
    rows: list[dict[str, object]] = []
    for minute in range(first, last + 1):
        records = leaves.get(minute, [])
        late = now_us > (minute + 1) * MINUTE_US + LATE_US
        root = Root(node, epoch, minute, len(records), merkle_root(records), prev, audit_seq, audit_hash, public, now_us, late)
        statement = root.bytes()
        prev = statement_hash(statement)
        rows.append(
            {
                "minute": minute,
                "tree_size": root.tree_size,
                "root": root.root,
                "statement": statement,
                "hash": prev,
                "signature": key.sign(statement),
                "key": public,
                "signed_us": now_us,
                "late": late,
            }
        )
    session.execute(insert(MinuteRoot), rows)
    return Signed(len(rows), last, last < now_us // MINUTE_US - 1)


def roots_of(session: Session, first: int, last: int, limit: int) -> Sequence[MinuteRoot]:
    """Roots of minutes [first, last], oldest first."""
    statement = select(MinuteRoot).where(MinuteRoot.minute >= first, MinuteRoot.minute <= last)
    return session.scalars(statement.order_by(MinuteRoot.minute).limit(limit)).all()
