"""Rows of the register: regions, cameras, profiles, record plans, holidays, and keys of repeated requests.

Only this package writes them. Recordings refer to a camera by id without a foreign key: they outlive it.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from vms.base.db import Model

# Names sort by code point on every server, whatever its locale: keyset paging compares them.
_Sorted = Text(collation="C")
_HERE = text("removed_us IS NULL")


class Region(Model):
    """A place in the organisation tree: city > district > station. A region without a parent is a root."""

    __tablename__ = "regions"
    __table_args__ = (
        CheckConstraint("level IN ('city', 'district', 'station')", name="level"),
        Index("uq_regions_parent_id_name", "parent_id", "name", unique=True, postgresql_nulls_not_distinct=True),
        Index("ix_regions_name_id", "name", "id"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(_Sorted)
    level: Mapped[str]
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("regions.id"))


class Camera(Model):
    """A registered point. `removed_us` is null while it is on the register; a removed one keeps its name for its recordings."""

    __tablename__ = "cameras"
    __table_args__ = (
        CheckConstraint("code ~ '^[0-9]{20}$'", name="code"),
        CheckConstraint("record IN ('always', 'never', 'event') OR record ~ '^[0-9a-f-]{36}$'", name="record"),
        CheckConstraint("edge_days BETWEEN 0 AND 365", name="edge_days"),
        Index("uq_cameras_code", "code", unique=True, postgresql_where=_HERE),
        Index("ix_cameras_name_id", "name", "id", postgresql_where=_HERE),
        Index("ix_cameras_record", "record", postgresql_where=_HERE),
        Index("ix_cameras_region_id_name_id", "region_id", "name", "id", postgresql_where=_HERE),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str | None]
    """GB/T 28181-2022 annex E: 20 decimal digits; null when the point has none."""
    name: Mapped[str] = mapped_column(_Sorted)
    region_id: Mapped[str | None] = mapped_column(ForeignKey("regions.id"))
    node_id: Mapped[str]
    """The node that pulls it."""
    record: Mapped[str]
    """A short form (rules.SHORT_FORMS) or the id of a record plan, which cannot be deleted while it stands here."""
    enabled: Mapped[bool]
    username: Mapped[str | None]
    edge_days: Mapped[int] = mapped_column(server_default="0")
    """How far back gaps are filled from what the camera keeps itself; 0: not at all."""
    sealed_password: Mapped[bytes | None]
    """Sealed for the place `camera|<id>|password`."""
    revision: Mapped[int]
    """Counts changes of the row and its profiles, from 1."""
    created_us: Mapped[int]
    changed_us: Mapped[int]
    removed_us: Mapped[int | None]


class Profile(Model):
    """One stream of a camera. `url` has no user and no password."""

    __tablename__ = "camera_profiles"
    __table_args__ = (
        CheckConstraint("name IN ('main', 'sub')", name="name"),
        CheckConstraint("transport IN ('auto', 'tcp', 'udp')", name="transport"),
    )
    camera_id: Mapped[str] = mapped_column(ForeignKey("cameras.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    url: Mapped[str]
    """As it may be shown: a password inside path or query is masked."""
    sealed_url: Mapped[bytes | None]
    """The whole URL, sealed for `camera|<id>|<name>|url`, when `url` masks a part of it; else null."""
    transport: Mapped[str]
    edge_url: Mapped[str | None]
    """Where its recordings are played from. The user is the camera's; it holds no password."""


class RecordPlan(Model):
    """A named record plan that cameras refer to."""

    __tablename__ = "record_plans"
    __table_args__ = (Index("uq_record_plans_name", "name", unique=True),)
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(_Sorted)
    rules: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """As record.plan reads it."""
    revision: Mapped[int]
    changed_us: Mapped[int]


class Holiday(Model):
    """A date whose recording follows another row of the week: a weekday's, or the plans' row for holidays."""

    __tablename__ = "holidays"
    __table_args__ = (
        CheckConstraint(
            "follows IN ('monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday', 'holiday')", name="follows"
        ),
    )
    date: Mapped[date] = mapped_column(primary_key=True)
    name: Mapped[str]
    follows: Mapped[str]


class RepeatKey(Model):
    """What a request with an Idempotency-Key made, for a day, so that the same request answers the same object."""

    __tablename__ = "camera_repeat_keys"
    __table_args__ = (Index("ix_camera_repeat_keys_created_us", "created_us"),)
    actor_id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    sealed_digest: Mapped[bytes]
    """SHA-256 of the request, sealed: it covers a password, which must not be guessed from its hash."""
    camera_id: Mapped[str]
    """The id of what it made: a camera, a record plan, an event."""
    created_us: Mapped[int]
