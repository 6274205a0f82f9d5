"""Rows of the audit. `audit` and `audit_seals` only grow: a trigger refuses every change."""

from __future__ import annotations

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from vms.base.db import Model


class AuditRow(Model):
    """One act, intended or refused, as it was written before the act. Partitioned by the month of the act."""

    __tablename__ = "audit"
    id: Mapped[str] = mapped_column(primary_key=True)
    at_us: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    actor: Mapped[str]
    on_behalf_of: Mapped[str | None]
    node: Mapped[str]
    address: Mapped[str]
    session_hash: Mapped[str]
    action: Mapped[str]
    object: Mapped[str]
    from_us: Mapped[int | None]
    to_us: Mapped[int | None]
    result: Mapped[str]
    reason: Mapped[str]
    case_no: Mapped[str]

    __table_args__ = (
        Index(None, "object", "at_us"),
        Index(None, "actor", "at_us"),
        {"postgresql_partition_by": "RANGE (at_us)"},
    )


class UnsealedRow(Model):
    """Names a row of `audit` that the chain does not hold yet; the sealer removes it."""

    __tablename__ = "audit_unsealed"
    id: Mapped[str] = mapped_column(primary_key=True)
    at_us: Mapped[int]


class SealRow(Model):
    """One link of the chain; the formula stands in vms/audit/chain.py. Partitioned by the month of sealing."""

    __tablename__ = "audit_seals"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed_us: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    row_id: Mapped[str]
    row_at_us: Mapped[int]
    prev: Mapped[bytes]
    hash: Mapped[bytes]

    __table_args__ = (Index(None, "row_id"), {"postgresql_partition_by": "RANGE (sealed_us)"})
