"""What a worker is told about recording one profile: enough of the schedule that it needs nobody for days. Pure; workers import it.

In: steps of the coming days, events, what is wanted at an instant. Behind the last day that it knows, the last week repeats.
Not here: where steps come from (week), what is done about it (prerecord).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from vms.base.errors import Kind, VmsError
from vms.base.timespan import MAX_US
from vms.record.plan import DAY_US, Step, Word

WEEK_US = 7 * DAY_US
MAX_STEPS = 4_096
MAX_EVENTS = 256
WORDS = ("never", "continuous", "schedule", "event")


class EventSpan(NamedTuple):
    """An event that lasts from `start_us` to `end_us`, planned or past; `forced` is recorded whatever the plan says."""

    start_us: int
    end_us: int
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """`steps` are sorted; the first one counts from ever. `until_us`: how far they are known."""

    steps: tuple[Step, ...] = ((0, "continuous"),)
    until_us: int = MAX_US
    events: tuple[EventSpan, ...] = ()
    pre_us: int = 0
    post_us: int = 0

    @property
    def plain(self) -> bool:
        """Recorded always: nothing need be looked at."""
        return len(self.steps) == 1 and self.steps[0][1] == "continuous"

    def word_at(self, at_us: int) -> str:
        if at_us >= self.until_us:
            at_us -= -(-(at_us - self.until_us + 1) // WEEK_US) * WEEK_US
        place = bisect_right(self.steps, at_us, key=_from_us)
        return self.steps[max(0, place - 1)][1]

    def kind_at(self, at_us: int) -> str:
        """As what is to be recorded at this instant: `continuous`, `schedule`, `event`; empty for not at all."""
        word = self.word_at(at_us)
        if word in ("continuous", "schedule"):
            return word
        return "event" if self._event_at(word, at_us) is not None else ""

    def since_us(self, at_us: int) -> int:
        """Since when what is recorded at this instant is wanted: before an event that is its pre-record."""
        event = self._event_at(self.word_at(at_us), at_us)
        return at_us if event is None else event.start_us - self.pre_us

    def _event_at(self, word: str, at_us: int) -> EventSpan | None:
        """The first event whose recording covers the instant."""
        for event in self.events:
            if (event.forced or word == "event") and event.start_us - self.pre_us <= at_us < event.end_us + self.post_us:
                return event
        return None

    def message(self) -> dict[str, Any]:
        return {
            "steps": [list(step) for step in self.steps],
            "until_us": self.until_us,
            "events": [list(event) for event in self.events],
            "pre_us": self.pre_us,
            "post_us": self.post_us,
        }


def parse_wish(message: Mapping[str, Any]) -> Wish:
    """The `wish` of an order → Wish. Raises BAD_REQUEST."""
    rows = [_numbers(row, 2) for row in _rows(message, "steps", MAX_STEPS)]
    steps: tuple[Step, ...] = tuple((row[0], _word(row[1])) for row in rows if _is_time(row[0]))
    events = tuple(EventSpan(*row) for row in (_numbers(row, 3) for row in _rows(message, "events", MAX_EVENTS)) if _is_event(row))
    if not rows or len(steps) != len(rows) or list(steps) != sorted(steps, key=_from_us):
        raise _bad("steps")
    numbers = [message.get(name) for name in ("until_us", "pre_us", "post_us")]
    if not all(map(_is_time, numbers)):
        raise _bad("until_us")
    until_us, pre_us, post_us = cast("list[int]", numbers)
    return Wish(steps, until_us, tuple(sorted(events)), pre_us, post_us)


def merged(events: Iterable[EventSpan]) -> tuple[EventSpan, ...]:
    """The newest ones, as many as an order may hold, by start."""
    return tuple(sorted(events, key=lambda event: event.end_us)[-MAX_EVENTS:])


def _from_us(step: Step) -> int:
    return step[0]


def _rows(message: Mapping[str, Any], name: str, most: int) -> list[object]:
    rows = message.get(name)
    if not isinstance(rows, list | tuple) or len(found := cast("list[object]", rows)) > most:
        raise _bad(name)
    return list(found)


def _numbers(row: object, count: int) -> list[Any]:
    if not isinstance(row, list | tuple) or len(found := list(cast("list[Any]", row))) != count:
        raise _bad("steps")
    return found


def _word(value: object) -> Word:
    if value in WORDS:
        return value
    raise _bad("steps")


def _is_event(row: list[Any]) -> bool:
    if not (_is_time(row[0]) and _is_time(row[1]) and isinstance(row[2], bool)):
        raise _bad("events")
    return True


def _is_time(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_US


def _bad(name: str) -> VmsError:
    return VmsError(Kind.BAD_REQUEST, "an order's wish has a wrong field", field=name)
