"""The plan: never a held row, oldest first, sub streams before main, no more than is needed, the same every time."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from vms.record.retention import DAY_US, Batch, Lane, Limit, Limits, Row, Space, Step, plan

NOW_US = 1_000 * DAY_US
CAMERAS = ("a", "b", "c")
VOLUMES = ("v", "w")


@st.composite
def a_row(draw: st.DrawFn) -> Row:
    start_us = NOW_US - draw(st.integers(1, 400)) * DAY_US // 4
    camera, profile, volume = draw(st.sampled_from(CAMERAS)), draw(st.sampled_from(("main", "sub"))), draw(st.sampled_from(VOLUMES))
    return Row(start_us, camera, profile, f"run{start_us}", start_us + 60, volume, draw(st.integers(1, 50)), draw(st.booleans()))


@st.composite
def two_spaces(draw: st.DrawFn) -> tuple[Space, Space]:
    first, second = ((draw(st.integers(0, 300)), draw(st.integers(0, 300))) for _ in VOLUMES)
    return Space("v", first[0], first[1], first[1] + 20), Space("w", second[0], second[1], second[1] + 20)


def place_of(row: Row) -> tuple[int, str, str, str]:
    return row[:4]


rows_of = st.lists(a_row(), max_size=60, unique_by=place_of)
limit = st.builds(Limit, st.none() | st.integers(0, 60), st.none() | st.integers(0, 400))


def some(names: Sequence[str]) -> st.SearchStrategy[dict[str, Limit]]:
    return st.dictionaries(st.sampled_from(names), limit, max_size=len(names))


limits_of = st.builds(
    Limits, limit, some(CAMERAS), some(("town", "street")), some(VOLUMES), st.just({"a": ("street", "town"), "b": ("town",)})
)
spaces_of = two_spaces()


def planned(rows: Sequence[Row], limits: Limits, spaces: Sequence[Space], page: int = 7) -> list[Batch]:
    def source(step: Step, after: Row | None, most: int) -> Sequence[Row]:
        mine = (r for r in sorted(rows) if Lane(r.camera, r.profile, r.volume) in step.lanes)
        due = (r for r in mine if step.before_us is None or r.end_us <= step.before_us)
        return [r for r in due if after is None or r > after][:most]

    stored = Counter[Lane]()
    for row in rows:
        stored[Lane(row.camera, row.profile, row.volume)] += row.bytes
    return list(plan(stored, limits, spaces, source, now_us=NOW_US, page=page))


@given(rows_of, limits_of, spaces_of)
def test_nothing_held_goes_and_nothing_goes_twice(rows: list[Row], limits: Limits, spaces: tuple[Space, Space]) -> None:
    gone = [row for batch in planned(rows, limits, spaces) for row in batch.rows]
    assert not any(row.held for row in gone)
    assert len(set(gone)) == len(gone)


@given(rows_of, limits_of, spaces_of, st.randoms(use_true_random=False))
def test_one_state_gives_one_plan_however_it_is_read(
    rows: list[Row], limits: Limits, spaces: tuple[Space, Space], chance: random.Random
) -> None:
    first = [(b.step.rule, b.step.subject, row) for b in planned(rows, limits, spaces) for row in b.rows]
    chance.shuffle(rows)
    assert first == [(b.step.rule, b.step.subject, row) for b in planned(rows, limits, spaces[::-1], page=100) for row in b.rows]


@given(rows_of, limits_of, spaces_of)
def test_a_rule_takes_the_oldest_unheld_rows_of_its_scope(rows: list[Row], limits: Limits, spaces: tuple[Space, Space]) -> None:
    left = sorted(row for row in rows if not row.held)
    for batch in planned(rows, limits, spaces, page=1000):
        mine = [r for r in left if Lane(r.camera, r.profile, r.volume) in batch.step.lanes]
        assert tuple(mine[: len(batch.rows)]) == batch.rows
        left = [row for row in left if row not in batch.rows]


@given(rows_of, limits_of, spaces_of)
def test_afterwards_each_rule_is_kept_or_only_held_rows_are_left(rows: list[Row], limits: Limits, spaces: tuple[Space, Space]) -> None:
    gone = {row for batch in planned(rows, limits, spaces) for row in batch.rows}
    left = [row for row in rows if row not in gone]
    for row in left:
        days = limits.days(Lane(row.camera, row.profile, row.volume))
        assert row.held or days is None or row.end_us > NOW_US - days * DAY_US
    for camera, said in limits.cameras.items():
        mine = [row for row in left if row.camera == camera]
        assert not said.max_bytes or sum(row.bytes for row in mine) <= said.max_bytes or all(row.held for row in mine)
    for space in spaces:
        freed = sum(row.bytes for row in gone if row.volume == space.volume)
        unheld = [row for row in left if row.volume == space.volume and not row.held]
        assert space.free_bytes >= space.floor_bytes or space.free_bytes + freed >= space.target_bytes or not unheld


@given(rows_of, spaces_of)
def test_at_the_floor_sub_streams_go_first_and_no_more_than_is_needed(rows: list[Row], spaces: tuple[Space, Space]) -> None:
    batches = planned(rows, Limits(), spaces)
    for space in spaces:
        gone = [row for batch in batches for row in batch.rows if row.volume == space.volume]
        if space.free_bytes >= space.floor_bytes:
            assert not gone
        elif any(row.profile == "main" for row in gone):
            assert all(row.held for row in rows if row.volume == space.volume and row.profile == "sub" and row not in gone)
        if gone:
            assert space.free_bytes + sum(row.bytes for row in gone[:-1]) < space.target_bytes


def test_days_are_said_by_the_camera_then_its_nearest_region_then_the_volume_then_the_node() -> None:
    limits = Limits(
        Limit(9), {"a": Limit(1)}, {"street": Limit(2), "town": Limit(3)}, {"v": Limit(4)}, {"b": ("street", "town"), "c": ("town",)}
    )
    lanes = [Lane("a", "main", "v"), Lane("b", "main", "v"), Lane("c", "main", "v"), Lane("d", "main", "v"), Lane("d", "main", "w")]
    assert [limits.days(lane) for lane in lanes] == [1, 2, 3, 4, 9]


def test_zero_is_no_limit_whatever_stands_further_out() -> None:
    limits = Limits(Limit(9), {"a": Limit(0)})
    assert limits.days(Lane("a", "main", "v")) is None
