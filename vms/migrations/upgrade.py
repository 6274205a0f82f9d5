"""Bring a database to the head, or to any revision, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

_LOCK = 0x766D7302  # any number; one migration at a time per database
# A statement that waits for a lock makes all later ones wait behind it: give up instead, and try again.
_OPTIONS = "-c lock_timeout=5s -c statement_timeout=0 -c timezone=UTC"


def upgrade(url: str, revision: str = "head") -> None:
    """Run all missing revisions: the new schema, or the old one, never between."""
    _run(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    _run(url, lambda config: command.downgrade(config, revision))


def config_for(connection: Connection | None = None) -> Config:
    """Alembic's configuration; it lives here, so there is no alembic.ini to find."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _run(url: str, act: Callable[[Config], None]) -> None:
    engine = create_engine(url, poolclass=NullPool, connect_args={"options": _OPTIONS, "application_name": "vms migrate"})
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        act(config_for(connection))
    engine.dispose()
