"""One transaction per use; database failures have kinds; SQL stays off event loops."""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from vms.base.db import Database
from vms.base.errors import Kind, VmsError


@pytest.fixture
def table(database: Database) -> Database:
    execute(database, "CREATE TABLE t (n int PRIMARY KEY, parent int REFERENCES t)")
    return database


def execute(database: Database, statement: str) -> None:
    with database.transaction() as session:
        session.execute(text(statement))


def count(database: Database) -> int:
    with database.transaction() as session:
        return session.execute(text("SELECT count(*) FROM t")).scalar_one()


def kind_of(database: Database, statement: str) -> Kind:
    with pytest.raises(VmsError) as caught:
        execute(database, statement)
    return caught.value.kind


def test_a_transaction_commits_as_a_whole_or_not_at_all(table: Database) -> None:
    with pytest.raises(ZeroDivisionError), table.transaction() as session:
        session.execute(text("INSERT INTO t VALUES (1)"))
        raise ZeroDivisionError
    assert count(table) == 0
    execute(table, "INSERT INTO t VALUES (1)")
    assert count(table) == 1


def test_hooks_run_after_the_commit_and_not_after_a_rollback(table: Database) -> None:
    counts: list[int] = []
    with pytest.raises(ZeroDivisionError), table.transaction():
        table.after_commit.append(lambda _: counts.append(1))
        raise ZeroDivisionError
    assert counts == []
    execute(table, "INSERT INTO t VALUES (1)")
    assert counts == [1]


def test_failures_have_kinds(table: Database) -> None:
    execute(table, "INSERT INTO t VALUES (1)")
    assert kind_of(table, "INSERT INTO t VALUES (1)") is Kind.CONFLICT
    assert kind_of(table, "INSERT INTO t VALUES (2, 9)") is Kind.CONFLICT
    assert kind_of(table, "INSERT INTO t VALUES ('x')") is Kind.BAD_REQUEST
    assert kind_of(table, "INSERT INTO t VALUES (99999999999)") is Kind.BAD_REQUEST
    with pytest.raises(VmsError) as caught, table.transaction() as session:
        session.execute(text("SELECT :nul"), {"nul": "\0"})
    assert caught.value.kind is Kind.BAD_REQUEST


def test_a_bug_stays_a_bug(database: Database) -> None:
    with pytest.raises(ProgrammingError):
        execute(database, "SELECT nothing FROM nowhere")


def test_a_slow_statement_and_a_held_lock_end_in_time(table: Database, database_url: str) -> None:
    hasty = Database(database_url, statement_timeout_ms=200, lock_timeout_ms=50)
    assert kind_of(hasty, "SELECT pg_sleep(5)") is Kind.TIMEOUT
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with table.transaction() as session:
            session.execute(text("LOCK TABLE t"))
            held.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    assert kind_of(hasty, "INSERT INTO t VALUES (1)") is Kind.TIMEOUT
    done.set()
    thread.join()
    hasty.dispose()


def test_a_killed_connection_is_unavailable_and_the_next_use_works(table: Database) -> None:
    assert kind_of(table, "SELECT pg_terminate_backend(pg_backend_pid())") is Kind.UNAVAILABLE
    assert count(table) == 0


def test_idle_connections_that_died_are_replaced_unseen(table: Database, database_url: str) -> None:
    count(table)
    other = Database(database_url)
    execute(other, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
    assert count(table) == 0
    other.dispose()


def test_an_absent_server_and_a_used_up_pool_are_unavailable(database_url: str) -> None:
    assert kind_of(Database("postgresql+psycopg://vms@/vms?host=/nonexistent"), "SELECT 1") is Kind.UNAVAILABLE
    small = Database(database_url, pool_size=1, max_overflow=0, pool_timeout_s=0.05)
    with small.transaction() as session:
        session.execute(text("SELECT 1"))
        assert kind_of(small, "SELECT 1") is Kind.UNAVAILABLE
    small.dispose()


def test_values_stand_in_no_message(table: Database) -> None:
    with pytest.raises(ProgrammingError) as caught, table.transaction() as session:
        session.execute(text("SELECT :secret FROM nowhere"), {"secret": "Station-7"})
    assert "Station-7" not in str(caught.value)


def test_sql_on_an_event_loop_is_refused(database: Database) -> None:
    async def main() -> None:
        execute(database, "SELECT 1")

    with pytest.raises(RuntimeError, match="event loop"):
        asyncio.run(main())


def test_connections_say_whose_they_are(database: Database) -> None:
    with database.transaction() as session:
        assert session.execute(text("SELECT current_setting('application_name')")).scalar_one() == "vms"
        assert session.execute(text("SELECT current_setting('TimeZone')")).scalar_one() == "UTC"
