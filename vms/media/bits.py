"""A bounded reader for the bit syntax of parameter sets (H.264 clause 7.2, Exp-Golomb clause 9.1).

Not here: what the bits mean. Reading past the end is a VmsError(PROTOCOL), never an IndexError.
"""

from __future__ import annotations

from vms.base.errors import Kind, VmsError

MAX_UE_PREFIX = 31


class BitReader:
    """Reads bits from the front of `data`, which is small: parameter sets, not pictures."""

    __slots__ = ("_left", "_value")

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    @property
    def left(self) -> int:
        return self._left

    def u(self, count: int) -> int:
        if count > self._left:
            raise VmsError(Kind.PROTOCOL, "A parameter set ends too early.")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def flag(self) -> bool:
        return self.u(1) == 1

    def skip(self, count: int) -> None:
        self.u(count)

    def ue(self) -> int:
        prefix = 0
        while self.u(1) == 0:
            prefix += 1
            if prefix > MAX_UE_PREFIX:
                raise VmsError(Kind.PROTOCOL, "An Exp-Golomb code in a parameter set is too long.")
        return (1 << prefix) - 1 + self.u(prefix)

    def se(self) -> int:
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)

    def ue_at_most(self, limit: int, what: str) -> int:
        value = self.ue()
        if value > limit:
            raise VmsError(Kind.PROTOCOL, f"A parameter set gives an absurd {what}.", value=value, limit=limit)
        return value
