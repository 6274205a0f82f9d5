"""The audit only grows, is chained once, and shows every change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from vms.audit.chain import Entry
from vms.audit.queries import Break, intend, open_audit, seal, verify
from vms.base.db import Database
from vms.base.errors import Kind, VmsError

BROKEN_AT_3 = [(3, "the row was changed"), (4, "it does not name the hash before it")]
NOW = 1_700_000_000_000_000


def entry(number: int) -> Entry:
    return Entry(id=f"{number:08}", at_us=NOW + number, actor="li.na", action="live", object=f"camera/{number}")


@pytest.fixture
def audit(database: Database) -> Database:
    with database.transaction() as session:
        open_audit(session, NOW)
    return database


def write(database: Database, *numbers: int) -> int:
    with database.transaction() as session:
        return intend(session, *(entry(n) for n in numbers))


def seal_all(database: Database) -> int:
    with database.transaction() as session:
        return seal(session, NOW)


def breaks(database: Database) -> list[Break]:
    with database.transaction() as session:
        return verify(session, NOW + 10**9, page=3)


def tamper(database: Database, statement: str) -> None:
    """As somebody who may do anything in the database."""
    with database.transaction() as session:
        for table in ("audit", "audit_seals"):
            session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER only_grows"))
        session.execute(text(statement))


def test_rows_are_chained_once_and_the_chain_holds(audit: Database) -> None:
    assert write(audit, *range(7)) == 7
    assert [b.what for b in breaks(audit)] == ["the row is not in the chain"] * 7
    assert seal_all(audit) == 7
    assert write(audit, 8) == 1
    assert seal_all(audit) == 1
    assert seal_all(audit) == 0
    assert breaks(audit) == []


def test_an_entry_written_again_is_chained_once(audit: Database) -> None:
    assert write(audit, 1, 2) == 2
    assert seal_all(audit) == 2
    assert write(audit, 1, 2, 3) == 1
    assert seal_all(audit) == 1
    assert breaks(audit) == []


def test_text_the_database_cannot_hold_is_replaced_not_refused(audit: Database) -> None:
    with audit.transaction() as session:
        intend(session, Entry(id="x", at_us=NOW, actor="a\0\udcff", action="sign_in"))
    assert seal_all(audit) == 1
    assert breaks(audit) == []


def test_sealers_at_once_make_one_chain(audit: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        writes = [pool.submit(write, audit, n) for n in range(40)]
        seals = [pool.submit(seal_all, audit) for _ in range(20)]
        for done in (*writes, *seals):
            done.result()
    seal_all(audit)
    assert breaks(audit) == []


@pytest.mark.parametrize("table", ["audit", "audit_seals", "audit_2023_11", "audit_seals_2023_11", "audit_default"])
@pytest.mark.parametrize("act", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
def test_rows_refuse_to_change(audit: Database, table: str, act: str) -> None:
    write(audit, 1)
    seal_all(audit)
    key = "seq" if "seals" in table else "actor"
    if table == "audit_default" and not act.startswith("TRUNCATE"):
        with audit.transaction() as session:
            intend(session, Entry(id="old", at_us=1, actor="a", action="live"))
    with pytest.raises(VmsError) as caught, audit.transaction() as session:
        session.execute(text(act.format(table, key, key)))
    assert caught.value.kind is Kind.FORBIDDEN


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE audit SET actor = 'wang' WHERE id = '00000003'", [(4, "the row was changed")]),
        ("DELETE FROM audit WHERE id = '00000003'", [(4, "the row is gone")]),
        ("DELETE FROM audit_seals WHERE seq = 4", [(5, "seals 4 to 4 are missing"), (0, "the row is not in the chain")]),
        (
            "UPDATE audit_seals SET hash = sha256('x') WHERE seq = 4",
            [(4, "the row was changed"), (5, "it does not name the hash before it")],
        ),
    ],
)
def test_a_change_behind_the_triggers_shows(audit: Database, statement: str, told: list[tuple[int, str]]) -> None:
    write(audit, *range(6))
    seal_all(audit)
    tamper(audit, statement)
    assert [(b.seq, b.what) for b in breaks(audit)] == told
