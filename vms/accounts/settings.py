"""Settings of accounts: how long a way in lasts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """`idle_s` without a request and `absolute_s` since sign-in end a session; a login link waits `login_link_s`."""

    idle_s: int = 8 * 3600  # one shift at the wall
    absolute_s: int = 24 * 3600
    login_link_s: int = 10 * 60
