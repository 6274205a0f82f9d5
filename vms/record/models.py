"""The index: a row a segment, a row a gap; the chain of records that tells of both. Only this package writes them.

Camera ids come from the register without a foreign key: recordings outlive the camera. Every row can be made again from the
segment files alone (check.rebuild); the chain cannot, so it is never forgotten.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from vms.base.db import Model

_Id = Uuid(as_uuid=False)


class Segment(Model):
    """A closed segment file. Partitioned by month of `start_us`; the primary key answers a camera's span.

    `state`: `ok`; `suspect`, the disk failed while it was open; `damaged`, its bytes are not what they were (`damages` says where);
    `missing`, the file was not there when the volume was read.
    """

    __tablename__ = "segments"
    __table_args__ = (
        CheckConstraint("start_us < end_us", name="span"),
        CheckConstraint("state IN ('ok', 'suspect', 'missing', 'damaged')", name="state"),
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


class ChainRecord(Model):
    """One link of a camera profile's chain (docs/ref/chain.md). Partitioned by month of commit; a trigger refuses every change."""

    __tablename__ = "chain_records"
    __table_args__ = (
        Index(None, "camera_id", "profile", "start_us"),
        Index(None, "minute"),
        Index(None, "segment_id"),
        {"postgresql_partition_by": "RANGE (committed_us)"},
    )
    camera_id: Mapped[str] = mapped_column(_Id, primary_key=True)
    profile: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Counts the records of the stream from 1, without a hole."""
    committed_us: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    epoch: Mapped[int]
    minute: Mapped[int]
    """Minutes since 1970; the minute root that covers the record. Of the time of commit, or later when that minute was closed."""
    type: Mapped[str]
    start_us: Mapped[int]
    end_us: Mapped[int]
    """What wall time the record speaks of."""
    segment_id: Mapped[str | None] = mapped_column(_Id)
    """Of a segment's own record."""
    record: Mapped[bytes]
    """Canonical JSON; hash these bytes, never others made from the same values."""
    value: Mapped[bytes]


class ChainHead(Model):
    """The end of each chain; its lock is what gives records their numbers."""

    __tablename__ = "chain_heads"
    camera_id: Mapped[str] = mapped_column(_Id, primary_key=True)
    profile: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int]
    seq: Mapped[int]
    value: Mapped[bytes]


class ChainState(Model):
    """One row: whose chain this is, and the last minute that takes no record any more."""

    __tablename__ = "chain_state"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    node: Mapped[str]
    closed_minute: Mapped[int]


class Damage(Model):
    """A part of a segment that reading it again did not find as it was. Found by the scrub, gone when the file is whole again."""

    __tablename__ = "damages"
    __table_args__ = (Index(None, "segment_id"),)
    camera_id: Mapped[str] = mapped_column(_Id, primary_key=True)
    profile: Mapped[str] = mapped_column(primary_key=True)
    start_us: Mapped[int] = mapped_column(primary_key=True)
    segment_id: Mapped[str] = mapped_column(_Id, primary_key=True)
    end_us: Mapped[int]
    """The span of the damaged GOP; of the whole segment where no GOP can be blamed."""
    path: Mapped[str]
    what: Mapped[str]
    found_us: Mapped[int]


class ScrubPass(Model):
    """How far reading a volume again has come: one row a volume. The key of the last segment that was read stands in `camera_id`…`run`."""

    __tablename__ = "scrub_passes"
    volume: Mapped[str] = mapped_column(_Id, primary_key=True)
    started_us: Mapped[int]
    camera_id: Mapped[str | None] = mapped_column(_Id)
    profile: Mapped[str | None]
    start_us: Mapped[int | None]
    run: Mapped[str | None] = mapped_column(_Id)
    segments: Mapped[int]
    bytes: Mapped[int]
    damaged: Mapped[int]
    finished_us: Mapped[int | None]
    """End of the last whole pass, which began at `finished_started_us`."""
    finished_started_us: Mapped[int | None]
    finished_segments: Mapped[int]
