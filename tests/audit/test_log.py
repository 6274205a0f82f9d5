"""An act goes on when its entry is durable somewhere, and is refused when it is nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from vms.audit.chain import Entry
from vms.audit.log import AuditLog, AuditSealer
from vms.audit.queries import verify
from vms.audit.spool import Spool
from vms.base.clock import ManualClock
from vms.base.db import Database
from vms.base.errors import VmsError

AWAY = "postgresql+psycopg://vms@/vms?host=/nonexistent"


def entry(number: int) -> Entry:
    return Entry(id=str(number), at_us=1_700_000_000_000_000 + number, actor="li.na", action="live")


def test_entries_go_to_the_database_or_to_the_spool_and_all_end_in_the_chain(database: Database, tmp_path: Path) -> None:
    spool, away = Spool(tmp_path / "audit.spool"), Database(AWAY)
    sealer = AuditSealer(database, spool, ManualClock())
    assert sealer.step() == 0  # makes this month's partition
    AuditLog(database, spool).record(entry(1))
    AuditLog(away, spool).record(entry(2))
    assert sealer.step() == 2
    assert sealer.step() == 0
    with database.transaction() as session:
        assert verify(session, 2 * 10**15) == []
        assert session.execute(text("SELECT count(*) FROM audit_2023_11")).scalar_one() == 2
    away.dispose()


def test_an_act_is_refused_when_neither_takes_its_entry(tmp_path: Path) -> None:
    away = Database(AWAY)
    with pytest.raises(VmsError, match="spool"):
        AuditLog(away, Spool(tmp_path / "missing" / "audit.spool")).record(entry(1))
    away.dispose()
