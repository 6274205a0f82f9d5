"""When a camera's plan, as it is now, wants nothing recorded: what explains holes that have no row yet.

Not here: the plan's rules (plan, week), interval arithmetic over claims (timeline).
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy.orm import Session

from vms.base.timespan import MAX_US, Span
from vms.record import event_queries, week
from vms.record.plan import Plan
from vms.record.timeline import unplanned

DAY_US = 86_400_000_000
PLAN_BACK_US = 40 * DAY_US
MAX_EVENTS = 500


class Planned(NamedTuple):
    """A camera and what is to be recorded of it."""

    camera: str
    plan: Plan
    calendar: week.Calendar


def unplanned_spans(session: Session, planned: Planned, profile: str, asked: Span, now_us: int) -> list[Span]:
    """A hole that lasts has no row yet: so look at the weeks before now."""
    rule = planned.plan.rule(profile)
    if rule.mode == "never":
        return [Span(0, MAX_US)]
    window = Span(max(asked.start_us, now_us - PLAN_BACK_US), min(asked.end_us, now_us))
    if rule.mode == "always" or window.start_us >= window.end_us:
        return []
    rows = event_queries.touching(session, planned.camera, window, MAX_EVENTS)
    lasting = [Span(row.start_us, row.end_us) for row in rows]
    return unplanned(week.steps(rule, window, planned.calendar), window.end_us, lasting)
