"""From rows to what each profile is told: the plan that a camera names, the calendar, and the wish for a worker.

Not here: rows of plans (registry), orders as a whole (control).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from vms.base.errors import VmsError
from vms.base.log import get_log
from vms.base.timespan import Span
from vms.record.plan import DAY_US, SHORT_FORMS, Plan, Step, plan_from_json
from vms.record.week import Calendar, steps
from vms.record.wish import EventSpan, Wish, merged
from vms.registry import plans as rows

_log = get_log("record.planning")
AHEAD_DAYS = 15
"""So far a worker knows the schedule by itself; orders are renewed long before (control)."""


def read_calendar(session: Session, zone: str, now_us: int) -> Calendar:
    """Holidays from a good year ago on: a timeline may be asked for them."""
    today = datetime.fromtimestamp(now_us // 1_000_000, UTC).date()
    days = rows.holidays(session, today - timedelta(days=400), today + timedelta(days=800))
    return Calendar(ZoneInfo(zone), {day.date: day.follows for day in days})


def read_plans(session: Session, records: Collection[str]) -> dict[str, Plan]:
    """What each `record` of a camera means."""
    wanted = set(records) - SHORT_FORMS.keys()
    found = dict(SHORT_FORMS)
    for plan_id, rules in rows.rules_of(session, wanted).items() if wanted else ():
        try:
            found[plan_id] = plan_from_json(rules)
        except VmsError as error:  # of another version of the program; recording is not given up for it
            _log.error("a record plan cannot be read: its cameras are recorded always", plan=plan_id, error=str(error))
    for missing in wanted - found.keys():
        found[missing] = SHORT_FORMS["always"]
    return found


class Planner:
    """Wishes of many cameras at one moment; those of one plan share their steps."""

    def __init__(self, plans: Mapping[str, Plan], calendar: Calendar, now_us: int) -> None:
        self._plans = plans
        self._calendar = calendar
        self._window = Span(now_us - DAY_US, now_us + AHEAD_DAYS * DAY_US)
        self._steps: dict[tuple[str, str], tuple[Step, ...]] = {}

    def wish(self, record: str, profile: str, events: Sequence[EventSpan] = ()) -> Wish | None:
        """None when nothing of this profile is recorded in the days to come. Forced events record main alone."""
        plan = self._plans[record]
        known = self._steps.get((record, profile))
        if known is None:
            known = self._steps[record, profile] = steps(plan.rule(profile), self._window, self._calendar)
        own = merged(event if profile == "main" else event._replace(forced=False) for event in events)
        if all(word == "never" for _, word in known) and not any(event.forced for event in own):
            return None
        return Wish(known, self._window.end_us, own, plan.pre_us, plan.post_us)
