"""The day's backup: when it is due, what is told, what is removed; the command is a fake, folder and journal are real."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from vms.base.clock import ManualClock
from vms.base.db import Database
from vms.base.timespan import SECOND_US
from vms.processes.config import NodeConfig
from vms.processes.control.backups import Backups, last_hour, run_command

NOON_US = 1_777_636_800_000_000  # 2026-05-01T12:00:00Z, 20:00 local time
HOUR_US = 3600 * SECOND_US
NODE = "01890a5d-ac96-774b-bcce-b302099a8057"


def config_of(folder: Path) -> NodeConfig:
    fields: dict[str, Any] = {}
    fields.update(dict.fromkeys(NodeConfig.__slots__, ""))
    fields.update({"node_id": NODE, "run_dir": "/run/vms", "backup_folder": str(folder), "backup_recipient": "/k.pub"})
    fields.update({"backup_hour": 3, "backup_keep": 2, "utc_offset_minutes": 480})
    return NodeConfig(**fields)


class Node:
    """Backups of a node into a folder; `code` and `said` are what the command answers."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder / "backups"
        self.commands: list[Sequence[str]] = []
        self.code, self.said = 0, ""
        self.clock = ManualClock(NOON_US)
        self.backups = Backups(config_of(self.folder), database, self.clock, self.run)

    async def run(self, command: Sequence[str]) -> tuple[int, str]:
        self.commands.append(command)
        return self.code, self.said

    def file(self, day: int, age_us: int = 0) -> Path:
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"vms-{NODE[:13]}-2026050{day}T030000Z.vmsbackup"
        path.write_bytes(b"backup")
        at = (self.clock.wall_us() - age_us) / SECOND_US
        os.utime(path, (at, at))
        return path

    def facts(self) -> list[tuple[str, dict[str, Any]]]:
        with self.database.transaction() as session:
            return [(row.type, row.data) for row in session.execute(text("SELECT type, data FROM journal_inbox ORDER BY id"))]


@pytest.fixture
def node(database: Database, tmp_path: Path) -> Node:
    return Node(database, tmp_path)


def test_the_hour_is_a_local_one() -> None:
    assert last_hour(NOON_US, 3, 480) == NOON_US - 17 * HOUR_US
    assert last_hour(NOON_US, 20, 480) == NOON_US
    assert last_hour(NOON_US, 21, 480) == NOON_US - 23 * HOUR_US


def test_one_is_due_when_none_was_made_since_the_last_hour(node: Node) -> None:
    assert node.backups.is_due()
    node.file(1, age_us=18 * HOUR_US)
    assert node.backups.is_due()
    node.file(2, age_us=16 * HOUR_US)
    assert not node.backups.is_due()
    node.clock.step_wall(7 * HOUR_US)
    assert node.backups.is_due()


def test_a_backup_is_told_and_the_oldest_ones_go(node: Node) -> None:
    kept = [node.file(day) for day in (1, 2, 3)]
    other = node.folder / "vms-another-node.vmsbackup"
    other.write_bytes(b"")
    node.said = str(kept[2])
    assert asyncio.run(node.backups.make())
    assert node.commands[0][1:] == ("-m", "vms.commands.backup", "/run/vms/node.json", str(node.folder), "/k.pub")
    assert [path.exists() for path in (*kept, other)] == [False, True, True, True]
    assert node.facts() == [("backup.made", {"path": str(kept[2]), "size_bytes": 6})]


def test_a_failure_is_told_and_removes_nothing(node: Node) -> None:
    kept = [node.file(day) for day in (1, 2, 3)]
    node.code, node.said = 1, "pg_dump failed: no space"
    assert not asyncio.run(node.backups.make())
    assert all(path.exists() for path in kept)
    assert node.facts() == [("backup.failed", {"detail": "pg_dump failed: no space"})]


def test_a_command_that_ends_tells_what_it_said(tmp_path: Path) -> None:
    assert asyncio.run(run_command(["sh", "-c", "echo made; echo noise >&2"])) == (0, "made")
    assert asyncio.run(run_command(["sh", "-c", "echo made; echo why >&2; exit 3"])) == (3, "why")
