"""What was recorded and why the rest was not: pure interval arithmetic.

recorded ∪ gaps is exactly the window, sorted and without overlap; each hole has a cause. Recorded beats every claim of a gap.
Not here: where rows come from (queries), open segments (open_table), the request (reader).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vms.base.timespan import MAX_US, Span, gaps, merge
from vms.owner.requests import GapSpan, RecordedSpan, TimelineAnswer
from vms.record.causes import gap_cause, is_willed
from vms.record.plan import Step

SETTLE_US = 2_000_000
"""A frame is on the timeline at most this long after its arrival; what is younger is not spoken of."""


LATE_US = 15_000_000
"""A camera is told as away at most this long after its last picture: the silence that is no fault, and the tick of the reads."""


def timeline(from_us: int, to_us: int, now_us: int, recorded: Iterable[RecordedSpan], claims: Sequence[GapSpan]) -> TimelineAnswer:
    """The answer for [from, min(to, now − 2 s)). `claims` explain holes, the first that fits wins."""
    end_us = max(from_us, min(to_us, now_us - SETTLE_US))
    window = Span(from_us, end_us)
    spans = flatten(recorded, window)
    holes = list(gaps(window, (Span(s.start_us, s.end_us) for s in spans)))
    told = explain(holes, [reach_back(claim, holes) for claim in claims])
    return TimelineAnswer(from_us, end_us, tuple(spans), tuple(told))


def reach_back(claim: GapSpan, holes: Sequence[Span]) -> GapSpan:
    """What lasts begins with the last picture, not when it was noticed."""
    if claim.end_us < MAX_US or claim.cause == "not_registered" or is_willed(claim.cause):
        return claim
    within = next((hole for hole in holes if hole.start_us < claim.start_us <= hole.end_us), None)
    return claim if within is None else claim._replace(start_us=max(within.start_us, claim.start_us - LATE_US))


def flatten(recorded: Iterable[RecordedSpan], window: Span) -> list[RecordedSpan]:
    """Clipped, sorted, without overlap (the earlier one keeps the overlap), touching equals joined."""
    flat: list[RecordedSpan] = []
    for span in sorted(recorded):
        start_us = max(span.start_us, window.start_us, flat[-1].end_us if flat else 0)
        end_us = min(span.end_us, window.end_us)
        if start_us >= end_us:
            continue
        last = flat[-1] if flat else None
        if last is not None and last.end_us == start_us and last[2:] == span[2:]:
            flat[-1] = last._replace(end_us=end_us)
        else:
            flat.append(span._replace(start_us=start_us, end_us=end_us))
    return flat


def explain(holes: Iterable[Span], claims: Sequence[GapSpan]) -> list[GapSpan]:
    """Each hole cut into pieces with a cause; what no claim covers is `unknown`."""
    told: list[GapSpan] = []
    for hole in holes:
        pieces: list[GapSpan] = []
        rest = [hole]
        for claim in claims:
            if not rest:
                break
            span = Span(claim.start_us, claim.end_us)
            pieces += [claim._replace(start_us=c.start_us, end_us=c.end_us) for r in rest if (c := r.overlap(span))]
            rest = [left for r in rest for left in gaps(r, [span])]
        pieces += [GapSpan(r.start_us, r.end_us, "unknown") for r in rest]
        for piece in sorted(pieces):
            if told and told[-1].end_us == piece.start_us and told[-1][2:] == piece[2:]:
                told[-1] = told[-1]._replace(end_us=piece.end_us)
            else:
                told.append(piece)
    return told


def standing_claims(
    *, created_us: int, unplanned: Sequence[Span], offline_since_us: int | None, offline_cause: str | None, detail: str = ""
) -> list[GapSpan]:
    """What explains holes that no gap row tells of: before the camera existed, while no plan wants it recorded, while it is away."""
    claims = [GapSpan(0, created_us, "not_registered")] if created_us > 0 else []
    claims += [GapSpan(span.start_us, span.end_us, "schedule") for span in unplanned]
    if offline_since_us is not None:
        claims.append(GapSpan(offline_since_us, MAX_US, gap_cause(offline_cause), detail))
    return claims


def unplanned(steps: Sequence[Step], end_us: int, events: Iterable[Span]) -> list[Span]:
    """When nothing was to be recorded: `never` of the plan, and outside events where it records on them."""
    spans: list[Span] = []
    lasting = list(events)
    for place, (from_us, word) in enumerate(steps):
        span = Span(from_us, steps[place + 1][0] if place + 1 < len(steps) else end_us)
        if word == "never":
            spans.append(span)
        elif word == "event":
            spans += gaps(span, lasting)
    return merge(spans)
