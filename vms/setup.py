"""The first way in: an administrator, a one-time login link and, for the demo, an API token; written straight to the
database by whoever owns the node's data directory. Not here: sign-in itself (accounts).
"""

from __future__ import annotations

from collections.abc import Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vms.base.errors import Kind, VmsError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

ALL_RIGHTS = frozenset({"live", "playback", "download", "configure", "trigger", "list", "system", "sign_in", "hold", "approve_hold"})
ADMIN_LOGIN = "admin"


@dataclass(frozen=True, slots=True)
class WayIn:
    """Secrets to be shown once."""

    login_link: str = field(repr=False)
    token: str = field(default="", repr=False)


def new_token(url: str, keys: Path, name: str, rights: Collection[str]) -> str:
    """The secret of a new API token, to be shown once. Raises BAD_REQUEST for a right that does not exist."""
    from vms.accounts import queries as accounts  # noqa: PLC0415  (SQL is imported when it is needed, not by whoever names WayIn)
    from vms.base.clock import SystemClock  # noqa: PLC0415
    from vms.base.secrets import ENVELOPE_FILE, load_envelope  # noqa: PLC0415

    if unknown := sorted(set(rights) - ALL_RIGHTS):
        raise VmsError(Kind.BAD_REQUEST, f"there is no right {', '.join(unknown)}; there are {', '.join(sorted(ALL_RIGHTS))}")
    with _transaction(url) as session:
        return accounts.create_token(session, name, rights, SystemClock().wall_us(), envelope=load_envelope(keys / ENVELOPE_FILE))


def first_way_in(url: str, keys: Path, *, admin_name: str, api_name: str = "") -> WayIn:
    """A fresh one-time link for the administrator, made on first use; `api_name` names an API token to make too. `keys` is
    the node's folder of keys.

    Raises UNAVAILABLE while the database is not migrated or away.
    """
    from vms.accounts import queries as accounts  # noqa: PLC0415
    from vms.accounts.settings import SessionLimits  # noqa: PLC0415
    from vms.base.clock import SystemClock  # noqa: PLC0415

    now_us = SystemClock().wall_us()
    with _transaction(url) as session:
        officer = accounts.find_officer(session, ADMIN_LOGIN)
        if officer is None:
            officer = accounts.add_officer(session, ADMIN_LOGIN, admin_name, ALL_RIGHTS, now_us)
        link = accounts.create_login_link(session, officer, now_us, SessionLimits())
    return WayIn(link, new_token(url, keys, api_name, ALL_RIGHTS) if api_name else "")


@contextmanager
def _transaction(url: str) -> Generator[Session]:
    from vms.base.db import Database  # noqa: PLC0415

    database = Database(url, pool_size=1, max_overflow=0)
    try:
        with database.transaction() as session:
            yield session
    finally:
        database.engine.dispose()
