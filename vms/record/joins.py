"""Where what a camera kept itself joins what was recorded live: the GOP that was cut is played once, whole. Pure.

Not here: how the lead came into the row (edge), reading rows (reader).
"""

from __future__ import annotations

from collections.abc import Sequence

from vms.base.timespan import Span
from vms.owner.requests import Extent, RecordedSpan
from vms.record.edge import NEAR_US


def joined(extents: Sequence[Extent], leads: dict[str, int]) -> list[Extent]:
    """Extents by start. `leads`: path → how long before its span the first GOP begins. The GOPs of the extent before that the lead
    holds too make way for it; where nothing is before, the lead is not played as if it belonged to the gap there."""
    told: list[Extent] = []
    for extent in extents:
        lead_us = leads.get(extent.path, 0)
        before = told[-1] if told else None
        if lead_us and before is not None and before.end_us == extent.start_us:
            offset, size, start_us, duration_us = extent.gops[0]
            near_us = min(NEAR_US, (lead_us + duration_us) // 2)
            kept = [gop for gop in before.gops if gop[2] < start_us - lead_us - near_us]
            if len(kept) < len(before.gops):
                joint_us = before.gops[len(kept)][2]
                if kept:
                    told[-1] = before._replace(end_us=joint_us, gops=tuple(kept))
                else:
                    told.pop()
                first = offset, size, joint_us, duration_us + start_us - joint_us
                extent = extent._replace(start_us=joint_us, gops=(first, *extent.gops[1:]))  # noqa: PLW2901
        told.append(extent)
    return told


def with_origin(recorded: Sequence[RecordedSpan], edge: Sequence[Span]) -> list[RecordedSpan]:
    """Recorded spans cut where they come from the camera's own recordings, those marked."""
    told: list[RecordedSpan] = []
    for span in recorded:
        whole = Span(span.start_us, span.end_us)
        parts = sorted(part for fill in edge if (part := fill.overlap(whole)))
        at_us = whole.start_us
        for part in parts:
            if part.start_us > at_us:
                told.append(span._replace(start_us=at_us, end_us=part.start_us))
            told.append(span._replace(start_us=part.start_us, end_us=part.end_us, origin="edge"))
            at_us = part.end_us
        if at_us < whole.end_us:
            told.append(span._replace(start_us=at_us))
    return told
