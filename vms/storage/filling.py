"""How fast a volume fills: days left at the rate of what was written lately. Pure."""

from __future__ import annotations

from collections import deque

WINDOW_US = 3 * 3_600_000_000
LEAST_US = 300_000_000
"""Less than five minutes of looking is no measurement."""
DAY_US = 86_400_000_000
EVERY_US = 60_000_000


class Filling:
    """Free bytes noted about once a minute, for three hours. Only what was written counts: bytes freed by retention are no
    slower filling, so that the days tell how long the free room lasts, not how long a full ring goes round."""

    def __init__(self) -> None:
        self._notes: deque[tuple[int, int]] = deque()  # (mono µs, bytes written since the beginning)
        self._last_free: int | None = None
        self._written = 0
        self._free = 0

    def note(self, mono_us: int, free_bytes: int) -> None:
        if self._last_free is not None:
            self._written += max(0, self._last_free - free_bytes)
        self._last_free = self._free = free_bytes
        if self._notes and mono_us - self._notes[-1][0] < EVERY_US:
            return
        self._notes.append((mono_us, self._written))
        while mono_us - self._notes[0][0] > WINDOW_US:
            self._notes.popleft()

    @property
    def days_left(self) -> float | None:
        """None while there is no measurement, or nothing was written."""
        if len(self._notes) < 2:
            return None
        (first_us, first), (last_us, last) = self._notes[0], self._notes[-1]
        if last_us - first_us < LEAST_US or last <= first:
            return None
        return round(self._free * (last_us - first_us) / (last - first) / DAY_US, 2)
