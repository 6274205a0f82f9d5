"""A command's database: the running node's, or the node's own server started for the while. Not here: what is done with it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from vms.base.errors import Kind, VmsError
from vms.base.postgres import EmbeddedPostgres
from vms.processes.config import NodeConfig
from vms.processes.control.database import current_revision, database_url, migrate, schema_ready


def embedded(config: NodeConfig) -> EmbeddedPostgres:
    binaries = Path(config.postgres_binaries) if config.postgres_binaries else None
    return EmbeddedPostgres(Path(config.data_dir) / "postgres", Path(config.run_dir), binaries)


@contextmanager
def node_database(config: NodeConfig, *, exclusive: bool) -> Generator[str]:
    """The URL, its schema at the head. `exclusive`: not beside a running node (CONFLICT)."""
    url = database_url(config)
    if config.database_url or embedded(config).accepts():
        if exclusive and not config.database_url:
            raise VmsError(Kind.CONFLICT, "the node is running: stop it first")
        if not schema_ready(url):
            raise VmsError(Kind.UNAVAILABLE, "the database is not reachable, or its schema is not up to date: run 'vms migrate'")
        yield url
        return
    with started(config) as url:
        if current_revision(url) is None or not schema_ready(url):
            migrate(url)
        yield url


@contextmanager
def started(config: NodeConfig) -> Generator[str]:
    """The node's own server, made when new, running until the end."""
    server = embedded(config)
    server.prepare()
    server.popen()
    try:
        server.wait_ready()
        yield database_url(config)
    finally:
        server.stop()
