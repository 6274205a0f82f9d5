"""Rows of saved views. Cameras are named without a foreign key: a removed one leaves a tile that says so."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from vms.base.db import Model


class WallView(Model):
    """A view of one owner. With a dwell time it is a tour."""

    __tablename__ = "wall_views"
    __table_args__ = (
        CheckConstraint("dwell_s BETWEEN 5 AND 300", name="dwell_s"),
        Index("uq_wall_views_owner_id_name", "owner_id", "name", unique=True),
        Index("ix_wall_views_shared", "name", postgresql_where="shared"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    owner_id: Mapped[str]
    """Id of the officer or token; it outlives them."""
    owner_name: Mapped[str]
    name: Mapped[str] = mapped_column(Text(collation="C"))
    layout: Mapped[int]
    cameras: Mapped[list[Any]] = mapped_column(JSONB)
    """Camera ids and nulls, in the order of the tiles."""
    dwell_s: Mapped[int | None]
    shared: Mapped[bool]
    revision: Mapped[int]
    changed_us: Mapped[int]
