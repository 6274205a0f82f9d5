"""Months have partitions before they begin, and rows of any time have a place."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from vms.base.db import Database
from vms.base.partitions import ensure_partitions, is_partition, month_span


def us(*date: int) -> int:
    return int(datetime(date[0], date[1], date[2], tzinfo=UTC).timestamp()) * 1_000_000


@given(st.integers(0, us(9000, 1, 1)), st.integers(0, 30))
@settings(max_examples=100, deadline=None)
def test_months_follow_each_other_without_a_hole(now_us: int, later: int) -> None:
    assert month_span(now_us)[1].start_us <= now_us < month_span(now_us)[1].end_us
    assert month_span(now_us, later)[1].end_us == month_span(now_us, later + 1)[1].start_us


def test_the_suffix_is_year_and_month() -> None:
    assert month_span(us(2026, 11, 30), 2)[0] == "2027_01"


@pytest.fixture
def table(database: Database) -> Database:
    with database.transaction() as session:
        session.execute(text("CREATE TABLE passes (at_us bigint) PARTITION BY RANGE (at_us)"))
        session.execute(text("CREATE TABLE passes_default PARTITION OF passes DEFAULT"))
    return database


def test_partitions_are_made_once_and_ahead(table: Database) -> None:
    with table.transaction() as session:
        made = ensure_partitions(session, "passes", "at_us", us(2026, 11, 22))
        assert made == ["passes_2026_11", "passes_2026_12", "passes_2027_01"]
        assert ensure_partitions(session, "passes", "at_us", us(2026, 12, 1)) == ["passes_2027_02"]
        session.execute(text("INSERT INTO passes VALUES (:at_us)"), [{"at_us": us(2026, 12, 31)}, {"at_us": us(1999, 1, 1)}])
        assert session.execute(text("SELECT tableoid::regclass::text FROM passes ORDER BY at_us")).scalars().all() == [
            "passes_default",
            "passes_2026_12",
        ]


def test_a_month_with_rows_in_the_default_partition_stays_there(table: Database) -> None:
    with table.transaction() as session:
        session.execute(text("INSERT INTO passes VALUES (:at_us)"), {"at_us": us(2026, 12, 5)})
        assert ensure_partitions(session, "passes", "at_us", us(2026, 11, 22)) == ["passes_2026_11", "passes_2027_01"]


def test_names_of_partitions_are_known() -> None:
    assert is_partition("audit_seals_2026_11")
    assert is_partition("journal_default")
    assert not is_partition("journal")
    assert not is_partition("audit_seals")
    assert not is_partition("plan_v_11")
