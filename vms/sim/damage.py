"""What a bad network makes of the packets of one unit: lost, with a bit flipped, sent twice, in another order. Pure.

Not here: when (faults.py), sending (session.py).
"""

from __future__ import annotations

from collections.abc import Callable

from vms.sim.faults import Wrong

Chance = Callable[[int, int], float]
"""Of what (a number for each kind) and which packet → from 0 to 100."""
RTP_HEADER_BYTES = 12
TINY = bytes((0x80, 127)) + bytes(10)
"""An RTP packet of a payload type that nobody has described, without a payload."""


def lose(packets: list[bytes], percent: float, chance: Chance) -> list[bytes]:
    return [packet for i, packet in enumerate(packets) if chance(0, i) >= percent]


def garble(packets: list[bytes], percent: float, chance: Chance) -> list[bytes]:
    """One bit of the payload; the header stays, or it would be a loss."""
    return [_flip(packet, chance(2, i)) if chance(1, i) < percent else packet for i, packet in enumerate(packets)]


def double(packets: list[bytes], percent: float, chance: Chance) -> list[bytes]:
    return [packet for i, packet in enumerate(packets) for _ in range(2 if chance(3, i) < percent else 1)]


def reorder(packets: list[bytes], percent: float, chance: Chance) -> list[bytes]:
    """Neighbours change places."""
    found = list(packets)
    for i in range(len(found) - 1):
        if chance(4, i) < percent:
            found[i], found[i + 1] = found[i + 1], found[i]
    return found


DAMAGES = {Wrong.LOSS: lose, Wrong.GARBLE: garble, Wrong.DOUBLE: double, Wrong.REORDER: reorder}


def flood(size_bytes: int) -> list[bytes]:
    return [TINY] * (size_bytes // len(TINY))


def _flip(packet: bytes, where: float) -> bytes:
    if len(packet) <= RTP_HEADER_BYTES:
        return packet
    bit = int(where * 7919) % ((len(packet) - RTP_HEADER_BYTES) * 8)
    at = RTP_HEADER_BYTES + bit // 8
    return packet[:at] + bytes((packet[at] ^ 1 << bit % 8,)) + packet[at + 1 :]
