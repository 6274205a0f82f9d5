"""Which cameras are recorded, and what a recorder must know when it begins. Pure.

Modes for now: `always` and `never`. Not here: what is pulled (the register's roster), the order's other fields (control).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from vms.record.causes import gap_cause
from vms.record.reports import GapBefore


@dataclass(frozen=True, slots=True)
class RecordOrder:
    """The recording part of a PullOrder (skeleton §5)."""

    record: bool
    resume: GapBefore | None

    def message(self) -> dict[str, object]:
        resume = self.resume and {"end_us": self.resume.from_us, "cause": self.resume.cause, "detail": self.resume.detail}
        return {"record": self.record, "resume": resume}


def is_recorded(mode: str, profile: str) -> bool:
    """Main streams of cameras in mode `always`; a sub stream is for the wall only."""
    return mode == "always" and profile == "main"


def orders_for(mode: str, profile: str, *, created_us: int, last_end_us: int | None, why: str | None) -> RecordOrder:
    """`last_end_us` is the last recorded instant that rows or open segments know; `why` says why recording stopped then.

    A camera that was never recorded waits since it was registered.
    """
    record = is_recorded(mode, profile)
    since_us = created_us if last_end_us is None else last_end_us
    return RecordOrder(record, GapBefore(since_us, gap_cause(why)) if record else None)


def resume_of(message: object) -> GapBefore | None:
    """The `resume` field of an order as the worker reads it."""
    if not isinstance(message, dict):
        return None
    fields = cast("dict[str, object]", message)
    end_us, cause, detail = fields.get("end_us"), fields.get("cause"), fields.get("detail")
    if not isinstance(end_us, int) or end_us < 0:
        return None
    return GapBefore(end_us, gap_cause(cause if isinstance(cause, str) else None), detail if isinstance(detail, str) else "")
