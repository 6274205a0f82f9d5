"""Why a span is recorded, and the item that tells a recorder so."""

from __future__ import annotations

from typing import NamedTuple

from vms.stream.stream import Item


class RecordAs(NamedTuple):
    """From the next key frame on recording is of this kind: `continuous`, `schedule` or `event` (storage.seals.RECORD_KINDS)."""

    kind: str


RecordItem = Item | RecordAs
