"""Rows of roots, keys and stamps. Roots and keys only grow: a trigger refuses every change."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from vms.base.db import Model


class MinuteRoot(Model):
    """The signed statement over all chain records of one minute (docs/ref/chain.md). One for every minute, also for an empty one."""

    __tablename__ = "minute_roots"
    minute: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Minutes since 1970."""
    tree_size: Mapped[int]
    root: Mapped[bytes]
    statement: Mapped[bytes]
    """Canonical JSON, as signed."""
    hash: Mapped[bytes]
    """SHA-256 of the statement; the next one names it."""
    signature: Mapped[bytes]
    """Raw Ed25519 (RFC 8032) over the statement."""
    key: Mapped[bytes]
    signed_us: Mapped[int]
    late: Mapped[bool]


class NodeKey(Model):
    """A public key of the node, in the order of use. Each is signed by the one before; the first, and one after a loss, by itself."""

    __tablename__ = "node_keys"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[bytes] = mapped_column(unique=True)
    since_us: Mapped[int]
    statement: Mapped[bytes]
    signature: Mapped[bytes]


class Stamp(Model):
    """A time stamp (RFC 3161) over a root's signature; without `token` it is pending."""

    __tablename__ = "stamps"
    minute: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    asked_us: Mapped[int]
    token: Mapped[bytes | None]
    """The whole TimeStampResp, as `openssl ts -verify -in` takes it."""
    stamped_us: Mapped[int | None]
    tsa_us: Mapped[int | None]
    """genTime of the token."""
    serial: Mapped[str | None]

    __table_args__ = (Index("ix_stamps_pending", "minute", postgresql_where=text("token IS NULL")),)
