"""Rows of the journal: what was announced and not sealed yet, the sealed facts, the head, and followers' cursors."""

from __future__ import annotations

from typing import Any

from sqlalchemy import FetchedValue, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from vms.base.db import Model


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id, which never wraps."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


class InboxRow(Model):
    """A fact as its transaction wrote it. The sealer moves it to `journal`, so this table stays small."""

    __tablename__ = "journal_inbox"
    xid: Mapped[int] = mapped_column(Xid8, primary_key=True, server_default=text("pg_current_xact_id()"))
    id: Mapped[int] = mapped_column(Identity(always=True), FetchedValue(), primary_key=True)
    at_us: Mapped[int]
    type: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    data: Mapped[dict[str, Any]]


class JournalRow(Model):
    """A sealed fact: (epoch, seq) rises without a hole. Partitioned by the month of sealing."""

    __tablename__ = "journal"
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed_us: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at_us: Mapped[int]
    type: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    data: Mapped[dict[str, Any]]

    __table_args__ = (
        Index(None, "subject_kind", "subject_id", "epoch", "seq"),
        {"postgresql_partition_by": "RANGE (sealed_us)"},
    )


class HeadRow(Model):
    """One row: the last (epoch, seq) given, and the server it was given on."""

    __tablename__ = "journal_head"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    epoch: Mapped[int]
    seq: Mapped[int]
    server: Mapped[str]


class CursorRow(Model):
    """How far a follower has applied."""

    __tablename__ = "journal_cursors"
    name: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int]
    seq: Mapped[int]
