"""Monthly partitions of large tables (`<table>_2026_11`), made ahead; rows of an unexpected time fall into `<table>_default`.

The table's partition key is microseconds of wall time. Not here: when a month may go (retention).
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from vms.base.timespan import SECOND_US, Span

_LOCK = 0x766D7301  # any number; one maker of partitions at a time


def month_span(us: int, months_later: int = 0) -> tuple[str, Span]:
    """The suffix and span of the calendar month (UTC) that holds `us`, or of a later one."""
    moment = datetime.fromtimestamp(us // SECOND_US, UTC)
    start = _month(moment.year, moment.month - 1 + months_later)
    end = _month(start.year, start.month)
    return start.strftime("%Y_%m"), Span(_us(start), _us(end))


def ensure_partitions(
    session: Session, table: str, key: str, now_us: int, *, months_ahead: int = 2, append_only: bool = False
) -> list[str]:
    """Make this month's and the next partitions of `table`, which is partitioned by `key`; return what was made.

    A month of which the default partition holds rows already stays there: moving them would lock the table.
    `append_only` refuses TRUNCATE, whose triggers partitions do not inherit.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    made: list[str] = []
    for later in range(months_ahead + 1):
        suffix, span = month_span(now_us, later)
        name = f"{table}_{suffix}"
        if not _taken(session, table, key, name, span):
            session.execute(text(f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ({span.start_us}) TO ({span.end_us})"))
            if append_only:
                trigger = f"CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {name} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
                session.execute(text(trigger))
            made.append(name)
    return made


def _taken(session: Session, table: str, key: str, name: str, span: Span) -> bool:
    rows = f"SELECT FROM {table}_default WHERE {key} >= :start AND {key} < :end"
    question = text(f"SELECT to_regclass(:name) IS NOT NULL OR EXISTS ({rows})")
    return bool(session.execute(question, {"name": name, "start": span.start_us, "end": span.end_us}).scalar_one())


def is_partition(table: str) -> bool:
    """Whether a table's name is one of a partition; migrations and drift checks look at the parents only."""
    head, _, tail = table.rpartition("_")
    return tail == "default" or (tail.isdigit() and len(tail) == 2 and head[-4:].isdigit())


def _month(year: int, month_from_zero: int) -> datetime:
    return datetime(year + month_from_zero // 12, month_from_zero % 12 + 1, 1, tzinfo=UTC)


def _us(moment: datetime) -> int:
    return int(moment.timestamp()) * SECOND_US
