"""What a record plan says: per profile a rule, and how much is kept around an event. Pure values and their JSON form.

A camera names a plan by its id, or by a short form: `always`, `never`, `event`. Not here: which instant a rule means (week),
rows of plans (registry), what a worker is told (wish).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, cast

from vms.base.errors import Kind, VmsError

Mode = Literal["never", "always", "event", "week"]
Word = Literal["never", "continuous", "schedule", "event"]
"""What is wanted at an instant: nothing, recording (by `always`, by the week), or recording while an event lasts."""

Step = tuple[int, Word]
"""From this instant on this is wanted."""

MODES = ("never", "always", "event", "week")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOLIDAY = "holiday"
ROWS = (*DAYS, HOLIDAY)
PROFILES = ("main", "sub")
DAY_MIN = 1440
MAX_PIECES = 48
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
DEFAULT_PRE_S, MAX_PRE_S = 10, 60
DEFAULT_POST_S, MAX_POST_S = 10, 3600


class Piece(NamedTuple):
    """[from_min, to_min) minutes of a local day, recorded all the time or while an event lasts."""

    from_min: int
    to_min: int
    on_event: bool = False


Row = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One profile's rule. `week` has a row a day, Monday first; `holiday` is the row of holidays, None: they have none of their own."""

    mode: Mode
    week: tuple[Row, ...] = ()
    holiday: Row | None = None

    def row(self, name: str) -> Row:
        """The row of a day's name; a holiday without a row of its own must be asked by its weekday."""
        if name == HOLIDAY:
            return self.holiday or ()
        return self.week[DAYS.index(name)]


@dataclass(frozen=True, slots=True)
class Plan:
    """`pre_us` of an event are recorded before it, `post_us` after it."""

    main: Rule
    sub: Rule
    pre_us: int = DEFAULT_PRE_S * SECOND_US
    post_us: int = DEFAULT_POST_S * SECOND_US

    def rule(self, profile: str) -> Rule:
        return self.main if profile == "main" else self.sub


NEVER = Rule("never")
ALWAYS = Rule("always")
ON_EVENT = Rule("event")
SHORT_FORMS: Mapping[str, Plan] = {"always": Plan(ALWAYS, NEVER), "never": Plan(NEVER, NEVER), "event": Plan(ON_EVENT, NEVER)}


def plan_to_json(plan: Plan) -> dict[str, object]:
    return {
        "main": _rule_to_json(plan.main),
        "sub": _rule_to_json(plan.sub),
        "pre_s": plan.pre_us // SECOND_US,
        "post_s": plan.post_us // SECOND_US,
    }


def plan_from_json(raw: Mapping[str, object]) -> Plan:
    """Raises BAD_REQUEST naming the place that is wrong."""
    return Plan(
        _rule(raw.get("main"), "main"),
        _rule(raw.get("sub", {"mode": "never"}), "sub"),
        _number(raw, "pre_s", DEFAULT_PRE_S, MAX_PRE_S) * SECOND_US,
        _number(raw, "post_s", DEFAULT_POST_S, MAX_POST_S) * SECOND_US,
    )


def _rule_to_json(rule: Rule) -> dict[str, object]:
    if rule.mode != "week":
        return {"mode": rule.mode, "week": None}
    week: dict[str, object] = {day: _row_to_json(row) for day, row in zip(DAYS, rule.week, strict=True)}
    week[HOLIDAY] = None if rule.holiday is None else _row_to_json(rule.holiday)
    return {"mode": "week", "week": week}


def _row_to_json(row: Row) -> list[dict[str, object]]:
    return [{"from_min": p.from_min, "to_min": p.to_min, "kind": "event" if p.on_event else "continuous"} for p in row]


def _rule(raw: object, place: str) -> Rule:
    fields = _object(raw, place)
    mode = fields.get("mode")
    if mode not in MODES:
        raise _bad(f"{place}.mode", f"must be one of {', '.join(MODES)}")
    if mode != "week":
        if fields.get("week") is not None:
            raise _bad(f"{place}.week", "belongs to the mode 'week' alone")
        return Rule(cast(Mode, mode))
    week = _object(fields.get("week"), f"{place}.week")
    if unknown := set(week) - set(ROWS):
        raise _bad(f"{place}.week", f"has no row {sorted(unknown)[0][:40]}")
    rows = tuple(_row(week.get(day, []), f"{place}.week.{day}") for day in DAYS)
    own = week.get(HOLIDAY)
    return Rule("week", rows, None if own is None else _row(own, f"{place}.week.{HOLIDAY}"))


def _row(raw: object, place: str) -> Row:
    """Pieces in order; those that touch and mean the same are joined, so that one row has one spelling."""
    if not isinstance(raw, list | tuple) or len(pieces := cast("Sequence[object]", raw)) > MAX_PIECES:
        raise _bad(place, f"must be a list of at most {MAX_PIECES} pieces")
    row: list[Piece] = []
    for piece in sorted(_piece(item, place) for item in pieces):
        last = row[-1] if row else None
        if last is not None and piece.from_min < last.to_min:
            raise _bad(place, "has pieces that overlap")
        if last is not None and (last.to_min, last.on_event) == (piece.from_min, piece.on_event):
            row[-1] = last._replace(to_min=piece.to_min)
        else:
            row.append(piece)
    return tuple(row)


def _piece(raw: object, place: str) -> Piece:
    fields = _object(raw, place)
    begin, end, kind = fields.get("from_min"), fields.get("to_min"), fields.get("kind", "continuous")
    if type(begin) is not int or type(end) is not int or not 0 <= begin < end <= DAY_MIN:
        raise _bad(place, f"needs minutes 0 <= from_min < to_min <= {DAY_MIN}")
    if kind not in ("continuous", "event"):
        raise _bad(place, "needs the kind 'continuous' or 'event'")
    return Piece(begin, end, kind == "event")


def _object(raw: object, place: str) -> Mapping[str, object]:
    if not isinstance(raw, Mapping):
        raise _bad(place, "must be an object")
    return cast("Mapping[str, object]", raw)


def _number(raw: Mapping[str, object], name: str, default: int, most: int) -> int:
    value = raw.get(name, default)
    if type(value) is not int or not 0 <= value <= most:
        raise _bad(name, f"must be 0 to {most} seconds")
    return value


def _bad(place: str, rule: str) -> VmsError:
    return VmsError(Kind.BAD_REQUEST, f"{place} {rule}", place=place)
