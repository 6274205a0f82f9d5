"""The index: a row a segment, a row a gap; and a row an event. Only this package writes them.

Camera ids come from the register without a foreign key: recordings outlive the camera. Segments and gaps can be made again from
the segment files alone (recovery.rebuild).
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from vms.base.db import Model

_Id = Uuid(as_uuid=False)


class Segment(Model):
    """A closed segment file. Partitioned by month of `start_us`; the primary key answers a camera's span.

    `state`: `ok`; `suspect`, the disk failed while it was open; `missing`, the file was not there when the volume was read.
    """

    __tablename__ = "segments"
    __table_args__ = (
        CheckConstraint("start_us < end_us", name="span"),
        CheckConstraint("state IN ('ok', 'suspect', 'missing')", name="state"),
        CheckConstraint("kind IN ('continuous', 'schedule', 'event')", name="kind"),
        Index("ix_segments_id", "id"),
        {"postgresql_partition_by": "RANGE (start_us)"},
    )
    camera_id: Mapped[str] = mapped_column(_Id, primary_key=True)
    profile: Mapped[str] = mapped_column(primary_key=True)
    start_us: Mapped[int] = mapped_column(primary_key=True)
    run: Mapped[str] = mapped_column(_Id, primary_key=True)
    end_us: Mapped[int]
    """Start of the next segment of the run, or the end of the last frame."""
    id: Mapped[str] = mapped_column(_Id)
    """Made from volume and path, so that reading the file again gives the same."""
    seq: Mapped[int]
    """Counts the segments of the run."""
    volume: Mapped[str] = mapped_column(_Id)
    path: Mapped[str]
    """Relative to the volume."""
    bytes: Mapped[int]
    sha256: Mapped[bytes]
    init_size: Mapped[int]
    """Bytes of ftyp+moov at the file's head."""
    gop_count: Mapped[int]
    gops: Mapped[bytes]
    """gop_table.pack"""
    gops_root: Mapped[bytes]
    """Merkle root over the GOP hashes, which stay in the file."""
    end_reason: Mapped[str]
    origin: Mapped[str]
    state: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default="continuous")
    """Why it is recorded; it stands in the file's head box too."""


class Gap(Model):
    """Nothing was recorded here, and why. Rows of one camera profile do not overlap each other or a segment."""

    __tablename__ = "gaps"
    __table_args__ = (CheckConstraint("start_us < end_us", name="span"),)
    camera_id: Mapped[str] = mapped_column(_Id, primary_key=True)
    profile: Mapped[str] = mapped_column(primary_key=True)
    start_us: Mapped[int] = mapped_column(primary_key=True)
    end_us: Mapped[int]
    cause: Mapped[str]
    detail: Mapped[str]


class RecordEvent(Model):
    """Something happened at a camera, and what its plan records on an event is recorded. `end_us` may lie ahead.

    `told` is true once its end is in the journal. Rows outlive the recording: they are the timeline's marks.
    """

    __tablename__ = "record_events"
    __table_args__ = (
        CheckConstraint("start_us <= end_us", name="span"),
        Index("ix_record_events_camera_id_start_us", "camera_id", "start_us"),
        Index("ix_record_events_end_us", "end_us", postgresql_where=text("NOT told")),
    )
    id: Mapped[str] = mapped_column(_Id, primary_key=True)
    camera_id: Mapped[str] = mapped_column(_Id)
    start_us: Mapped[int]
    end_us: Mapped[int]
    source: Mapped[str]
    """Who started it, as the fact names it."""
    reason: Mapped[str]
    forced: Mapped[bool]
    """Recorded whatever the plan says."""
    told: Mapped[bool]
