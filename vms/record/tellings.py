"""What the chain tells of each thing that happens to a recording, as drafts (chain). Pure. Not here: when it happens (committer)."""

from __future__ import annotations

from dataclasses import dataclass

from vms.base.errors import Kind, VmsError
from vms.owner.requests import GapSpan
from vms.record.chain import Draft, Stream, parse
from vms.record.reports import SegmentReport

RESCUED = "rescued"
"""The rule of a tombstone that says: these were to be deleted, and are back."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Segments of one camera profile that were deleted by `rule` (or by the release of a hold), and who made the rule.

    `first` and `last` are ids of segments, oldest and newest; what lies between them and is still there was not deleted.
    """

    camera: str
    profile: str
    first: str
    last: str
    count: int
    bytes: int
    rule: str
    actor: str


def segment(report: SegmentReport, segment_id: str) -> Draft:
    body = {
        "segment_id": segment_id,
        "run_id": report.run,
        "run_seq": report.seq,
        "t_wall_start": report.start_us,
        "t_wall_end": report.end_us,
        "bytes": report.size,
        "sha256": report.sha256.hex(),
        "init_bytes": report.init_size,
        "gop_count": len(report.gops),
        "gops_root": report.gops_root.hex(),
        "end_reason": report.end_reason,
        "origin": report.origin,
        "suspect": report.suspect,
    }
    return Draft(_stream(report), "segment", report.start_us, report.end_us, body, segment_id)


def gap(stream: Stream, told: GapSpan) -> Draft:
    """Of gap records with the same `from` the last one holds; one whose `to` is its `from` says that there is no gap after all."""
    body = {"from": told.start_us, "to": told.end_us, "cause": told.cause, "detail": told.detail}
    return Draft(stream, "gap", told.start_us, told.end_us, body)


def clock_step(report: SegmentReport, told: GapSpan) -> Draft:
    """The node's clock was set forward between the last recorded instant and this segment."""
    body = {"from": told.start_us, "to": told.end_us, "clock": {"source": "node", "step_seen_by": "key frame times"}}
    return Draft(_stream(report), "clock", told.start_us, told.end_us, body)


def tombstone(told: Tombstone, first: tuple[int, int] | None, last: tuple[int, int] | None) -> Draft:
    """`first`, `last`: number and start (µs) of the segments' own records, None when the chain does not know them."""
    body = {
        "first_segment": told.first,
        "last_segment": told.last,
        "first_seq": first[0] if first else None,
        "last_seq": last[0] if last else None,
        "count": told.count,
        "bytes": told.bytes,
        "rule": told.rule,
        "actor": told.actor,
    }
    start_us = first[1] if first else 0
    return Draft(Stream(told.camera, told.profile), "tombstone", start_us, max(start_us, last[1] if last else 0), body)


def _stream(report: SegmentReport) -> Stream:
    return Stream(report.camera, report.profile)


def gap_of(record: bytes) -> GapSpan:
    """A gap record's content. Raises DAMAGED."""
    told = parse(record) or {}
    start_us, end_us, cause, detail = (told.get(name) for name in ("from", "to", "cause", "detail"))
    if isinstance(start_us, int) and isinstance(end_us, int) and isinstance(cause, str) and isinstance(detail, str):
        return GapSpan(start_us, end_us, cause, detail)
    raise VmsError(Kind.DAMAGED, "a gap record of the chain does not say what a gap record says")


def gap_in(draft: Draft) -> GapSpan:
    """The same of a draft that `gap` made."""
    return GapSpan(draft.start_us, draft.end_us, str(draft.body["cause"]), str(draft.body["detail"]))
