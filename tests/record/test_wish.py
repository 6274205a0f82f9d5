"""What a worker is told: an instant's word and kind, events around it, the week that repeats, damage refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vms.base.errors import Kind, VmsError
from vms.record.plan import DAY_US, Step
from vms.record.wish import MAX_EVENTS, EventSpan, Wish, merged, parse_wish

S = 1_000_000


def test_each_instant_has_its_kind() -> None:
    wish = Wish(
        ((0, "never"), (100 * S, "schedule"), (200 * S, "event")), pre_us=10 * S, post_us=5 * S, events=(EventSpan(300 * S, 310 * S),)
    )
    asked = [50, 100, 199, 200, 289, 290, 314, 315]
    assert [wish.kind_at(at * S) for at in asked] == ["", "schedule", "schedule", "", "", "event", "event", ""]
    assert wish.since_us(300 * S) == 290 * S


def test_an_event_counts_only_where_the_plan_records_on_events_unless_it_is_forced() -> None:
    steps: tuple[Step, ...] = ((0, "never"),)
    assert Wish(steps, events=(EventSpan(10, 20),)).kind_at(15) == ""
    assert Wish(steps, events=(EventSpan(10, 20, True),)).kind_at(15) == "event"
    assert Wish(events=(EventSpan(10, 20, True),)).kind_at(15) == "continuous"


def test_behind_the_last_known_day_the_last_week_repeats() -> None:
    wish = Wish(((0, "never"), (3 * DAY_US, "schedule"), (4 * DAY_US, "never")), until_us=8 * DAY_US)
    assert [wish.word_at(day * DAY_US) for day in (3, 10, 17, 11, 8 + 700)] == ["schedule"] * 3 + ["never"] * 2
    assert wish.word_at(8 * DAY_US) == wish.word_at(DAY_US)


WORDS = st.sampled_from(["never", "continuous", "schedule", "event"])
TIMES = st.integers(0, 2**50)


@given(
    st.lists(st.tuples(TIMES, WORDS), min_size=1, max_size=8, unique_by=lambda step: step[0]),
    st.lists(st.tuples(TIMES, TIMES, st.booleans()), max_size=4),
    TIMES,
    TIMES,
)
def test_a_wish_survives_the_link(steps: list[Any], events: list[Any], at_us: int, until_us: int) -> None:
    wish = Wish(tuple(sorted(steps)), until_us, tuple(sorted(EventSpan(*event) for event in events)), 10 * S, 5 * S)
    heard = parse_wish(json.loads(json.dumps(wish.message())))
    assert heard == wish
    assert heard.kind_at(at_us) in ("", "continuous", "schedule", "event")


GOOD = Wish(events=(EventSpan(1, 2),)).message()


@pytest.mark.parametrize(
    "damage",
    [
        {"steps": []},
        {"steps": [[5, "never"], [1, "never"]]},
        {"steps": [[0, "sometimes"]]},
        {"steps": [[-1, "never"]]},
        {"steps": [[0]]},
        {"steps": "x"},
        {"steps": [[n, "never"] for n in range(5000)]},
        {"events": [[1, 2, 3]]},
        {"events": [[1, "x", True]]},
        {"events": None},
        {"until_us": None},
        {"pre_us": True},
    ],
)
def test_a_damaged_wish_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(VmsError) as refused:
        parse_wish(GOOD | damage)
    assert refused.value.kind is Kind.BAD_REQUEST


def test_an_order_holds_the_newest_events() -> None:
    kept = merged(EventSpan(n, n + 1) for n in range(MAX_EVENTS + 5))
    assert (len(kept), kept[0].start_us, kept[-1].start_us) == (MAX_EVENTS, 5, MAX_EVENTS + 4)
