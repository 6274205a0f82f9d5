"""Shared fixtures: one real PostgreSQL per test session, one database per test. (Sockets are limited in pyproject.toml.)"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import text

from tests.support.mounts import run_in_name_space
from vms.base.db import Database
from vms.base.ids import new_id
from vms.base.postgres import EmbeddedPostgres
from vms.migrations.upgrade import upgrade

settings.register_profile("here", deadline=None, database=None)  # how long an example takes is the machine's affair
settings.load_profile("here")

# Test data is thrown away, so nothing waits for the disk.
FAST_DATABASE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "32MB"}


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test that mounts is run where it may: as it is for root, else again in a name space of its own."""
    if os.geteuid() == 0 or pyfuncitem.get_closest_marker("mounts") is None:
        return None
    run_in_name_space(pyfuncitem.nodeid)
    return True


class Server:
    """The session's PostgreSQL and its database-making superpowers."""

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self._postgres = postgres
        self._admin = Database(postgres.url(), pool_size=1)

    def create(self, template: str = "template1") -> str:
        """A new database's name."""
        name = f"t_{new_id().replace('-', '')}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')  # without fsync a tenth of wal_log's time
        return name

    def drop(self, name: str) -> None:
        self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def url(self, name: str) -> str:
        return self._postgres.url(name)

    def close(self) -> None:
        self._admin.dispose()

    def _execute(self, statement: str) -> None:
        with self._admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))


def _fast_folder() -> str | None:
    """Memory, when there is room for the databases of a session."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 2 << 30 else None


@pytest.fixture(scope="session")
def postgres_server() -> Generator[Server]:
    """One server for the whole session; a short path, because Unix sockets have a limit."""
    folder = Path(tempfile.mkdtemp(prefix="vms-", dir=_fast_folder()))
    postgres = EmbeddedPostgres(folder / "pg", folder / "run", settings=FAST_DATABASE)
    postgres.prepare()
    postgres.popen()
    postgres.wait_ready()
    server = Server(postgres)
    yield server
    server.close()
    postgres.stop()
    shutil.rmtree(folder)


@pytest.fixture
def empty_database_url(postgres_server: Server) -> Generator[str]:
    """A database without tables."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture(scope="session")
def migrated_template(postgres_server: Server) -> str:
    """A database at the head, which the others are copied from."""
    name = postgres_server.create()
    upgrade(postgres_server.url(name))
    return name


@pytest.fixture
def database_url(postgres_server: Server, migrated_template: str) -> Generator[str]:
    """A database of this test's own, at the head."""
    name = postgres_server.create(migrated_template)
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture
def database(database_url: str) -> Generator[Database]:
    """The same, opened."""
    opened = Database(database_url, pool_size=12)
    yield opened
    opened.dispose()
