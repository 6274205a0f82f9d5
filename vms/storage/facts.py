"""Facts of volumes and the disks below them (docs/ref/facts.md). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vms.events import Event


@dataclass(frozen=True, slots=True)
class VolumeState(Event):
    """A volume filled up, failed or is well again. `state` is `ok`, `full` or `failed`."""

    type: ClassVar[str] = "volume.state"
    subject_kind: ClassVar[str] = "volume"
    state: str
    free_bytes: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DiskState(Event):
    """The disk or array below a volume feels otherwise than before. `state` is `ok`, `worn`, `failing` or `unknown`."""

    type: ClassVar[str] = "disk.state"
    subject_kind: ClassVar[str] = "volume"
    device: str
    state: str
    detail: str = ""


FACTS: tuple[type[Event], ...] = (
    VolumeState,
    DiskState,
)
