"""Figures of camera-days, which of them must be read again, and how far days are closed. Only this package writes them.

Triggers on `segments` and `gaps` (revision 0007) mark a closed day stale whoever changes its rows.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from vms.base.db import Model

_Id = Uuid(as_uuid=False)


class RecordingDay(Model):
    """One camera profile and local day; the columns are those of figures.DayFigures."""

    __tablename__ = "recording_days"
    __table_args__ = (CheckConstraint("recorded_us + joined_us <= told_us AND planned_us <= told_us", name="sums"),)
    start_us: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Midnight, local time, as wall time."""
    camera_id: Mapped[str] = mapped_column(_Id, primary_key=True)
    profile: Mapped[str] = mapped_column(primary_key=True)
    read_us: Mapped[int]
    """When the index was read; the day is told of up to start_us + told_us."""
    told_us: Mapped[int]
    planned_us: Mapped[int]
    recorded_us: Mapped[int]
    joined_us: Mapped[int]
    damaged_us: Mapped[int]
    gaps: Mapped[dict[str, Any]]


class StaleDay(Model):
    """A camera-day whose figures must be made, or made anew. `marks` counts how often it was marked while it waited."""

    __tablename__ = "recording_days_stale"
    start_us: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    camera_id: Mapped[str] = mapped_column(_Id, primary_key=True)
    profile: Mapped[str] = mapped_column(primary_key=True)
    marks: Mapped[int]


class DaysHead(Model):
    """One row: local midnight − UTC midnight, and the begin of the day that is still open. Triggers mark only days before it."""

    __tablename__ = "recording_days_head"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    offset_us: Mapped[int]
    open_us: Mapped[int]
    queued_us: Mapped[int]
    """When the open day was queued last."""
