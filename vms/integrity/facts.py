"""Facts of stamping and the node's key (docs/ref/facts.md). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vms.events import Event


@dataclass(frozen=True, slots=True)
class StampingState(Event):
    """The time-stamping authority came (`ok`) or went (`away`); roots queue for it, `pending` of them now. The subject is this node."""

    type: ClassVar[str] = "stamping.state"
    subject_kind: ClassVar[str] = "node"
    state: str
    pending: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class KeyChanged(Event):
    """The node signs with another key. `signed_by` is `previous`, or `itself` when the one before was lost for `reason`."""

    type: ClassVar[str] = "key.changed"
    subject_kind: ClassVar[str] = "node"
    fingerprint: str
    signed_by: str
    reason: str = ""


FACTS: tuple[type[Event], ...] = (
    StampingState,
    KeyChanged,
)
