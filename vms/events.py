"""What a fact is: what happened, as a frozen value that `announce` writes into the journal (docs/ref/facts.md).

Each package tells its own facts in its `facts.py`; vms/facts.py joins them. A fact's type and the names of its data are
public: followers, consoles and upper nodes rely on them. Add fields with a default; never rename one. Pure. Not here: order
and delivery (base/journal.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all facts. `subject_id` names the object of kind `subject_kind`; the other fields are the data."""

    type: ClassVar[str] = ""
    subject_kind: ClassVar[str] = ""

    subject_id: str

    def data(self) -> Mapping[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "subject_id"}
