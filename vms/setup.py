"""The first way in: an administrator, a one-time login link and, for the demo, an API token; written straight to the
database by whoever owns the node's data directory. Not here: sign-in itself (accounts).
"""

from __future__ import annotations

from dataclasses import dataclass, field

ALL_RIGHTS = frozenset({"live", "playback", "download", "configure", "trigger", "list", "system", "sign_in", "hold", "approve_hold"})
ADMIN_LOGIN = "admin"


@dataclass(frozen=True, slots=True)
class WayIn:
    """Secrets to be shown once."""

    login_link: str = field(repr=False)
    token: str = field(default="", repr=False)


def first_way_in(url: str, *, admin_name: str, api_name: str = "") -> WayIn:
    """A fresh one-time link for the administrator, made on first use; `api_name` names an API token to make too.

    Raises UNAVAILABLE while the database is not migrated or away.
    """
    from vms.accounts import queries as accounts  # noqa: PLC0415  (SQL is imported when it is needed, not by whoever names WayIn)
    from vms.accounts.settings import SessionLimits  # noqa: PLC0415
    from vms.base.clock import SystemClock  # noqa: PLC0415
    from vms.base.db import Database  # noqa: PLC0415

    now_us = SystemClock().wall_us()
    database = Database(url, pool_size=1, max_overflow=0)
    try:
        with database.transaction() as session:
            officer = accounts.find_officer(session, ADMIN_LOGIN)
            if officer is None:
                officer = accounts.add_officer(session, ADMIN_LOGIN, admin_name, ALL_RIGHTS, now_us)
            link = accounts.create_login_link(session, officer, now_us, SessionLimits())
            token = accounts.create_token(session, api_name, ALL_RIGHTS, now_us) if api_name else ""
        return WayIn(link, token)
    finally:
        database.engine.dispose()
