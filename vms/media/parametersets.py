"""The parameter sets of one stream: which are in force, and whether the last ones differ.

Not here: their contents (h264, h265).
"""

from __future__ import annotations

from typing import Final

MAX_SETS: Final = 64


class ParameterSets:
    """Sets by NAL type and number. Sets that come in band replace those of their type at the next key frame."""

    __slots__ = ("_current", "_fresh", "changed")

    def __init__(self, kinds: tuple[int, ...]) -> None:
        self._current: dict[int, dict[int, bytes]] = {kind: {} for kind in kinds}
        self._fresh: dict[int, dict[int, bytes]] = {kind: {} for kind in kinds}
        self.changed = False

    def take(self, kind: int, number: int, nal: bytes) -> None:
        fresh = self._fresh[kind]
        if len(fresh) < MAX_SETS:
            fresh[number] = nal
        if self._current[kind].get(number) != nal:
            self.changed = True

    def again(self, kind: int, nal: bytes) -> bool:
        """Takes a set that is in force already; spares parsing what cameras repeat with every key frame."""
        for number, current in self._current.get(kind, {}).items():
            if current == nal:
                self.take(kind, number, nal)
                return True
        return False

    def settle(self) -> None:
        """A key frame begins: what came in band since the last one is in force."""
        for kind, fresh in self._fresh.items():
            if fresh:
                self._current[kind] = dict(sorted(fresh.items()))
                fresh.clear()
        self.changed = False

    def of(self, kind: int) -> list[bytes]:
        return list(self._current[kind].values())
