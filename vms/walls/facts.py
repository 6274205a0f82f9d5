"""Facts of saved walls (docs/ref/facts.md). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vms.events import Event


@dataclass(frozen=True, slots=True)
class WallViewChanged(Event):
    """A view of the wall was saved, changed or removed (`act`). `name` is empty for what an officer keeps for himself."""

    type: ClassVar[str] = "wall_view.changed"
    subject_kind: ClassVar[str] = "wall_view"
    act: str
    name: str = ""
    shared: bool = False
    by: str = ""


FACTS: tuple[type[Event], ...] = (WallViewChanged,)
