"""Facts of the node, its processes, its backups, and what its workers see of cameras (docs/ref/facts.md). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vms.events import Event


@dataclass(frozen=True, slots=True)
class CameraState(Event):
    """A camera's profile came, went or failed otherwise than before, or its plan began or ended recording.

    `cause` is an error kind or empty.
    """

    type: ClassVar[str] = "camera.state"
    subject_kind: ClassVar[str] = "camera"
    profile: str
    state: str
    cause: str = ""
    message: str = ""
    since_us: int = 0
    recording: bool = False


@dataclass(frozen=True, slots=True)
class WorkerLost(Event):
    """A process of the node stopped or hung; its cameras are not recorded until it is back."""

    type: ClassVar[str] = "worker.lost"
    subject_kind: ClassVar[str] = "process"
    incarnation: str
    cause: str
    cameras: int = 0


@dataclass(frozen=True, slots=True)
class WorkerBack(Event):
    """A lost process runs again, as a new incarnation."""

    type: ClassVar[str] = "worker.back"
    subject_kind: ClassVar[str] = "process"
    incarnation: str
    away_us: int = 0


@dataclass(frozen=True, slots=True)
class NodeStarted(Event):
    """The node's control process began its work."""

    type: ClassVar[str] = "node.started"
    subject_kind: ClassVar[str] = "node"
    version: str
    level: str = ""


@dataclass(frozen=True, slots=True)
class BackupMade(Event):
    """The day's backup of the node's database, keys and settings was written. `path` is on the node's machine."""

    type: ClassVar[str] = "backup.made"
    subject_kind: ClassVar[str] = "node"
    path: str
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class BackupFailed(Event):
    """The day's backup could not be made; it is tried again after an hour."""

    type: ClassVar[str] = "backup.failed"
    subject_kind: ClassVar[str] = "node"
    detail: str


FACTS: tuple[type[Event], ...] = (
    CameraState,
    WorkerLost,
    WorkerBack,
    NodeStarted,
    BackupMade,
    BackupFailed,
)
