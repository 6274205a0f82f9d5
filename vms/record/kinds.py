"""Items that tell a recorder more than a stream does: why a span is recorded, and how long what was written lasts."""

from __future__ import annotations

from typing import NamedTuple

from vms.stream.stream import Item


class RecordAs(NamedTuple):
    """From the next key frame on recording is of this kind: `continuous`, `schedule` or `event` (storage.seals.RECORD_KINDS)."""

    kind: str


class Until(NamedTuple):
    """What was written last lasts until then: of recordings whose times are known better than by their last picture."""

    end_us: int


RecordItem = Item | RecordAs | Until
