"""Waiting for the node's database and bringing its schema up to date, before anything else of control begins."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

import psycopg
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from vms.base.errors import Kind, VmsError
from vms.base.log import get_log
from vms.base.postgres import EmbeddedPostgres
from vms.migrations.head import heads
from vms.processes.config import NodeConfig

POLL_S = 0.05
LONGEST_S = 600.0  # crash recovery of a large database may take minutes


def database_url(config: NodeConfig) -> str:
    """The external one by setting, else the embedded server's."""
    return config.database_url or EmbeddedPostgres(Path(config.data_dir) / "postgres", Path(config.run_dir)).url()


def ready_database(config: NodeConfig, stop: asyncio.Event) -> str | None:
    """The URL once the schema is at its head; None when `stop` came first. Blocking. Raises UNAVAILABLE after minutes."""
    url, log = database_url(config), get_log("control.database")
    deadline, told = time.monotonic() + LONGEST_S, False
    while not stop.is_set():
        try:
            current = current_revision(url)
            break
        except (psycopg.OperationalError, OSError) as error:
            if time.monotonic() > deadline:
                raise VmsError(Kind.UNAVAILABLE, "the database did not become ready", error=str(error)[:200]) from error
            if not told and time.monotonic() > deadline - LONGEST_S + 5:
                told = True
                log.warning("waiting for the database", error=str(error)[:200])
            time.sleep(POLL_S)
    else:
        return None
    if current not in heads():
        migrate(url)
    return url


def current_revision(url: str) -> str | None:
    """The schema's revision; None for an empty database."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, connect_timeout=5, autocommit=True) as connection:
        known = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
        if known is None or not known[0]:
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else None


def schema_ready(url: str) -> bool:
    """Whether the database answers and its schema is at the head."""
    try:
        return current_revision(url) in heads()
    except (psycopg.OperationalError, OSError):
        return False


def migrate(url: str) -> None:
    """Alembic is imported only when there is something to do. Raises UNAVAILABLE."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from vms.migrations.upgrade import upgrade  # noqa: PLC0415  (half of control's start-up time otherwise)

    try:
        upgrade(url)
    except OperationalError as error:
        raise VmsError(Kind.UNAVAILABLE, "the schema could not be brought up to date", error=str(error.orig)[:200]) from error
