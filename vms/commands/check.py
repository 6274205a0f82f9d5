"""`vms check`: the index held against the segment files of one data directory, or made anew from them.

Works beside a running node (read only). Of a stopped node with its own PostgreSQL the server is started for the while.
Not here: what is compared (record.check).
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from vms.app import run_path
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.base.postgres import EmbeddedPostgres
from vms.processes.config import NodeConfig, load
from vms.processes.control.database import current_revision, database_url, migrate, schema_ready
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
    with _database(config, exclusive=rebuild_index) as url:
        database = Database(url, pool_size=2, statement_timeout_ms=600_000)
        volumes = _volumes(config)
        try:
            if rebuild_index:
                rebuild(database, volumes)
            return check(database, volumes)
        finally:
            for volume in volumes:
                volume.close()
            database.engine.dispose()


@contextmanager
def _database(config: NodeConfig, *, exclusive: bool) -> Generator[str]:
    """The node's database: the running one, or the node's own server started for this command."""
    url = database_url(config)
    if config.database_url or EmbeddedPostgres(Path(config.data_dir) / "postgres", Path(config.run_dir)).accepts():
        if exclusive and not config.database_url:
            raise VmsError(Kind.CONFLICT, "the node is running: stop it before its index is made anew")
        if not schema_ready(url):
            raise VmsError(Kind.UNAVAILABLE, "the database is not reachable, or its schema is not up to date: run 'vms migrate'")
        yield url
        return
    binaries = Path(config.postgres_binaries) if config.postgres_binaries else None
    server = EmbeddedPostgres(Path(config.data_dir) / "postgres", Path(config.run_dir), binaries)
    server.prepare()
    server.popen()
    try:
        server.wait_ready()
        if current_revision(url) is None or not schema_ready(url):
            migrate(url)
        yield url
    finally:
        server.stop()


def _volumes(config: NodeConfig) -> list[Volume]:
    """Retired ones too: their rows stand in the index."""
    files = RealFiles()
    return [open_volume(volume.path, config.node_id, files, expect=volume.id) for volume in read_known(config.data_dir) or ()]


def as_json(result: CheckResult) -> dict[str, int]:
    """The contract's seven numbers."""
    names = ("rows", "files", "missing", "orphan", "short", "changed", "chain_broken")
    return {name: int(getattr(result, name)) for name in names}
