"""The index: a row a segment, a row a gap; the chain of records that tells of both; what is held, deleted and why; events.

Only this package writes them. Camera ids come from the register without a foreign key: recordings outlive the camera. Segments
and gaps can be made again from the segment files alone (check.rebuild), but for gaps of what was deleted or lost: those come from
the tombstones. The chain cannot, so it is never forgotten.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from vms.base.db import Model

_Id = Uuid(as_uuid=False)
Binary = bytes  # inside a class with a column of that name the type would be the column


class SegmentColumns:
    """What is known of a closed segment file, as a row of the index and, on its way out, as garbage."""

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
    sha256: Mapped[Binary]
    init_size: Mapped[int]
    """Bytes of ftyp+moov at the file's head."""
    gop_count: Mapped[int]
    gops: Mapped[Binary]
    """gop_table.pack"""
    gops_root: Mapped[Binary]
    """Merkle root over the GOP hashes, which stay in the file."""
    end_reason: Mapped[str]
    origin: Mapped[str]
    state: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default="continuous")
    """Why it is recorded; it stands in the file's head box too."""
    lead_us: Mapped[int] = mapped_column(server_default="0")
    """Of what a camera kept itself: so much before `start_us` the first GOP begins, with pictures that the row before it has too."""
    camera_offset_us: Mapped[int | None]
    """Of the same: how far the camera's clock was ahead of the node's."""


class Segment(SegmentColumns, Model):
    """A closed segment file. Partitioned by month of `start_us`; the primary key answers a camera's span.

    `state`: `ok`; `suspect`, the disk failed while it was open; `damaged`, its bytes are not what they were (`damages` says where);
    `missing`, the file was not there when the volume was read.
    """

    __tablename__ = "segments"
    __table_args__ = (
        CheckConstraint("start_us < end_us", name="span"),
        CheckConstraint("state IN ('ok', 'suspect', 'missing', 'damaged')", name="state"),
        CheckConstraint("kind IN ('continuous', 'schedule', 'event')", name="kind"),
        Index("ix_segments_id", "id"),
        Index(
            "ix_segments_edge", "camera_id", "profile", "start_us", postgresql_include=["end_us"], postgresql_where=text("origin = 'edge'")
        ),
        {"postgresql_partition_by": "RANGE (start_us)"},
    )


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


class Garbage(SegmentColumns, Model):
    """A segment that is deleted, until its bytes are gone: a crash between the two is finished at the next start.

    It keeps the whole row, so that a hold that comes in between puts it back (garbage.rescue).
    """

    __tablename__ = "garbage"
    __table_args__ = (Index("ix_garbage_volume_at_us", "volume", "at_us"),)
    at_us: Mapped[int]


class Tombstone(Model):
    """What was deleted, by which rule and for whom. Never changed and never deleted.

    A `rescued` one says that a hold came before the bytes were gone: these segments are back.
    """

    __tablename__ = "tombstones"
    __table_args__ = (
        CheckConstraint("from_us < to_us", name="span"),
        Index("ix_tombstones_at_us_id", "at_us", "id"),
        Index("ix_tombstones_camera_id_profile_from_us", "camera_id", "profile", "from_us"),
    )
    id: Mapped[str] = mapped_column(_Id, primary_key=True)
    camera_id: Mapped[str] = mapped_column(_Id)
    profile: Mapped[str]
    volume: Mapped[str] = mapped_column(_Id)
    from_us: Mapped[int]
    to_us: Mapped[int]
    segments: Mapped[int]
    bytes: Mapped[int]
    rule: Mapped[str]
    """retention.RULES, `rescued`, or `volume_lost`."""
    hold_id: Mapped[str | None] = mapped_column(_Id)
    """The hold that protected it until it ended; of what was lost, one that protected it."""
    actor: Mapped[str]
    at_us: Mapped[int]


class StoredBytes(Model):
    """Sums over the segments of a camera profile on a volume. Kept by triggers on `segments`, whoever writes there."""

    __tablename__ = "stored_bytes"
    camera_id: Mapped[str] = mapped_column(_Id, primary_key=True)
    profile: Mapped[str] = mapped_column(primary_key=True)
    volume: Mapped[str] = mapped_column(_Id, primary_key=True)
    bytes: Mapped[int]
    segments: Mapped[int]


class RetentionRule(Model):
    """How long and how much of a camera, of a region with all below it, or of a volume is kept. Null: nothing is said here."""

    __tablename__ = "retention_rules"
    __table_args__ = (
        CheckConstraint("scope IN ('camera', 'region', 'volume')", name="scope"),
        CheckConstraint("days >= 0 AND max_bytes >= 0", name="limits"),
    )
    scope: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[str] = mapped_column(primary_key=True)
    days: Mapped[int | None]
    max_bytes: Mapped[int | None]
    changed_by: Mapped[str]
    changed_us: Mapped[int]


class VolumeWatch(Model):
    """What was last told of a volume's space, so that each change is told once, also over a restart."""

    __tablename__ = "volume_watches"
    volume: Mapped[str] = mapped_column(_Id, primary_key=True)
    used_level: Mapped[int]
    """0, 70, 85 or 95 percent of what it may hold."""
    held_level: Mapped[int]
    """The same of held bytes."""
    held_bytes: Mapped[int]
    at_risk: Mapped[bool]
    """Only held recordings are left to make room."""
    short_us: Mapped[int | None]
    """When recordings younger than the least days were last deleted for room; null when that is over."""
    write_bytes_per_day: Mapped[int]
    """As measured over the last hour."""
    changed_us: Mapped[int]


class Hold(Model):
    """Recordings that may not be deleted: some cameras over a span, for a case. States in holds.py.

    It protects while `ends_us` is null or lies ahead. Names beside ids are as they were on the day.
    """

    __tablename__ = "holds"
    __table_args__ = (
        CheckConstraint("from_us < to_us", name="span"),
        CheckConstraint("state IN ('requested', 'held', 'rejected', 'lapsed', 'release_requested', 'released')", name="state"),
        Index("ix_holds_state_id", "state", "id"),
    )
    id: Mapped[str] = mapped_column(_Id, primary_key=True)
    state: Mapped[str]
    case_no: Mapped[str]
    doc_no: Mapped[str]
    reason: Mapped[str]
    from_us: Mapped[int]
    to_us: Mapped[int]
    """May lie ahead."""
    expires_us: Mapped[int]
    """Asks for a release; deletes nothing."""
    requested_by: Mapped[str]
    requested_name: Mapped[str]
    requested_us: Mapped[int]
    decided_by: Mapped[str | None]
    decided_name: Mapped[str | None]
    decided_us: Mapped[int | None]
    extend_us: Mapped[int | None]
    """The new expiry that somebody asked for and nobody approved yet."""
    extend_by: Mapped[str | None]
    extend_name: Mapped[str | None]
    extend_asked_us: Mapped[int | None]
    release_doc_no: Mapped[str | None]
    release_reason: Mapped[str | None]
    release_by: Mapped[str | None]
    """Who asked for the release; empty when the expiry did."""
    release_name: Mapped[str | None]
    release_us: Mapped[int | None]
    released_by: Mapped[str | None]
    released_name: Mapped[str | None]
    released_us: Mapped[int | None]
    note: Mapped[str]
    """Why it was rejected, or why its release was last refused."""
    ask_release_us: Mapped[int]
    """When the node opens a release request by itself: the expiry, or some time after one was refused."""
    warned_us: Mapped[int | None]
    ends_us: Mapped[int | None]


class HoldCamera(Model):
    """A camera of a hold: all its profiles."""

    __tablename__ = "hold_cameras"
    __table_args__ = (Index("ix_hold_cameras_hold_id", "hold_id"),)
    camera_id: Mapped[str] = mapped_column(_Id, primary_key=True)
    hold_id: Mapped[str] = mapped_column(_Id, ForeignKey("holds.id"), primary_key=True)


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


class EdgeFill(Model):
    """A gap that is, or was, filled from the camera's own recordings; what comes of it (fills.py). One row a gap as it was found."""

    __tablename__ = "edge_fills"
    __table_args__ = (
        CheckConstraint("start_us < end_us", name="span"),
        CheckConstraint("state IN ('waiting', 'running', 'filled', 'partial', 'given_up')", name="state"),
    )
    camera_id: Mapped[str] = mapped_column(_Id, primary_key=True)
    profile: Mapped[str] = mapped_column(primary_key=True)
    start_us: Mapped[int] = mapped_column(primary_key=True)
    end_us: Mapped[int]
    state: Mapped[str]
    """`partial`: the camera has no more of it; `given_up`: it could not be asked."""
    attempts: Mapped[int]
    next_us: Mapped[int]
    """When it is tried again, if it is."""
    filled_us: Mapped[int]
    """How much of it is recorded now."""
    cause: Mapped[str]
    message: Mapped[str]
    """Why the last attempt failed."""
    changed_us: Mapped[int]
