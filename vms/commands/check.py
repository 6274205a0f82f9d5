"""`vms check`: the index held against chain, roots and segment files of one data directory, or made anew from the files.

Works beside a running node (read only). Of a stopped node with its own PostgreSQL the server is started for the while.
Not here: what is compared (record.check).
"""

from __future__ import annotations

from pathlib import Path

from vms.app import run_path
from vms.base.clock import SystemClock
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.base.journal import open_journal
from vms.commands.database import node_database
from vms.integrity.verify import verify_roots
from vms.processes.config import NodeConfig, load
from vms.record.chain_rows import open_chain
from vms.record.check import CheckResult, check, rebuild
from vms.storage.files import RealFiles
from vms.storage.known import read_known
from vms.storage.volumes import Volume, open_volume


def run_check(data: Path, *, rebuild_index: bool) -> CheckResult:
    """Raises CONFIG when there is no node, CONFLICT when a running node's index should be rebuilt."""
    path = run_path(data.absolute()) / "node.json"
    if not path.exists():
        raise VmsError(Kind.CONFIG, f"{data} holds no node: 'vms serve' or 'vms demo' makes one", path=str(path))
    config = load(path)
    with node_database(config, exclusive=rebuild_index) as url:
        database = Database(url, pool_size=2, statement_timeout_ms=600_000)
        volumes = open_volumes(config)
        try:
            if rebuild_index:
                _open_chain(database, config.node_id)
                rebuild(database, volumes)
            result = check(database, volumes)
            for item, what in verify_roots(database):
                result.found("chain_broken", f"{item}: {what}")
            return result
        finally:
            for volume in volumes:
                volume.close()
            database.engine.dispose()


def _open_chain(database: Database, node: str) -> None:
    """A new database gets its epoch and its owner before the first record."""
    now_us = SystemClock().wall_us()
    with database.transaction() as session:
        open_journal(session, now_us=now_us)
        open_chain(session, node, now_us)


def open_volumes(config: NodeConfig) -> list[Volume]:
    """Retired ones too: their rows stand in the index."""
    files = RealFiles()
    return [open_volume(volume.path, config.node_id, files, expect=volume.id) for volume in read_known(config.data_dir) or ()]


def as_json(result: CheckResult) -> dict[str, int]:
    """The contract's seven numbers."""
    names = ("rows", "files", "missing", "orphan", "short", "changed", "chain_broken")
    return {name: int(getattr(result, name)) for name in names}
