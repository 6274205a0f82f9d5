"""When to dial a lost camera again. Pure: the slot keeps one of these."""

from __future__ import annotations

from random import Random

from vms.base.errors import Kind

FIRST_S = 0.5
LONGEST_S = 10.0
LONGEST_AWAY_S = 2.0  # a camera that is back should be recorded within 3 s; a dial that nobody answers costs next to nothing
AUTH_S = 60.0  # cameras lock a user out after a few wrong passwords
CRASH_S = 60.0
GOOD_AFTER_S = 30.0
AWAY = frozenset({Kind.UNREACHABLE, Kind.REFUSED, Kind.TIMEOUT})
"""Nobody is there: not a camera that answers and is wrong."""
CRASHES = 3
JITTER = 0.25


class Backoff:
    """Doubling pauses with jitter; a life of 30 s or more starts them anew."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._next_s = FIRST_S
        self._crashes: list[float] = []

    def after(self, kind: Kind, lived_s: float) -> float:
        """Seconds to wait after a life that ended with `kind`."""
        if kind is Kind.AUTH:
            return AUTH_S
        if lived_s >= GOOD_AFTER_S:
            self._next_s = FIRST_S
        pause, self._next_s = self._next_s, min(2 * self._next_s, LONGEST_S)
        if kind in AWAY:
            pause = min(pause, LONGEST_AWAY_S)
        return pause * (1 + self._random.uniform(-JITTER, JITTER))

    def after_crash(self, now_s: float) -> float:
        """Our own code broke on this camera's bytes: after three crashes in 60 s it is tried once a minute."""
        self._crashes = [at for at in self._crashes if now_s - at < CRASH_S] + [now_s]
        return CRASH_S if len(self._crashes) >= CRASHES else self.after(Kind.PROTOCOL, 0)
