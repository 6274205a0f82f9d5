"""How far a viewer of the past is behind what it was sent, in time played: holes in the recording count nothing. Pure.

The viewer's acknowledgements place it; one that never acknowledges is placed by the clock. Both are held between the
first and the last frame that it was sent, so that a stale or a false word neither stalls nor floods it.
"""

from __future__ import annotations

from collections import deque


class Pace:
    """One stretch between two seeks; `now_us` is monotonic time."""

    def __init__(self, now_us: int, speed: float = 1.0, *, paused: bool = False) -> None:
        self.speed = speed
        self.paused = paused
        self._sent: deque[tuple[int, int, int]] = deque()  # wall start, duration, played time before it; newest last
        self._sent_us = 0
        self._played_us = 0.0
        self._at_us = now_us
        self._acked = False

    def sent(self, start_us: int, duration_us: int) -> None:
        """A GOP has gone out."""
        self._sent.append((start_us, duration_us, self._sent_us))
        self._sent_us += duration_us

    def acked(self, wall_us: int, now_us: int) -> None:
        """The viewer shows `wall_us`; from now on only its word counts."""
        self._acked = True
        self._at_us = now_us
        while len(self._sent) > 1 and self._sent[1][0] <= wall_us:
            self._sent.popleft()
        if self._sent:
            start_us, duration_us, before_us = self._sent[0]
            self._played_us = before_us + min(max(0, wall_us - start_us), duration_us)

    def change(self, now_us: int, *, speed: float | None = None, paused: bool | None = None) -> None:
        """Keeps what was shown so far."""
        self._move(now_us)
        self.speed = self.speed if speed is None else speed
        self.paused = self.paused if paused is None else paused

    def ahead_us(self, now_us: int) -> float:
        """How much of what was sent is still to be shown."""
        self._move(now_us)
        return self._sent_us - self._played_us

    def _move(self, now_us: int) -> None:
        if not self._acked and not self.paused:
            self._played_us = min(self._sent_us, self._played_us + (now_us - self._at_us) * self.speed)
            while len(self._sent) > 1 and self._sent[1][2] <= self._played_us:
                self._sent.popleft()
        self._at_us = now_us
