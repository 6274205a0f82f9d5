"""Ids: UUID version 7 (RFC 9562 §5.7), so that rows and names sort by the time they were made.

Ids cross packages as strings. Not here: tokens, which must not be guessable by time (tokens).
"""

from __future__ import annotations

import os
import time
import uuid


def new_id(now_us: int | None = None) -> str:
    """A fresh id; `now_us` is the caller's clock, the system's when absent.

    The 12 bits behind the millisecond hold its fraction (RFC 9562 §6.2 method 3), so ids made 1 µs apart sort.
    """
    us = time.time_ns() // 1000 if now_us is None else now_us
    ms, rest_us = divmod(us, 1000)
    fraction = rest_us * 4096 // 1000
    random_62 = int.from_bytes(os.urandom(8)) & (1 << 62) - 1
    value = (ms & (1 << 48) - 1) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | random_62
    return str(uuid.UUID(int=value))


def id_time_us(text: str) -> int:
    """When an id was made, to the millisecond."""
    return (uuid.UUID(text).int >> 80) * 1000


def is_id(text: str) -> bool:
    """Whether `text` is a UUID in its canonical spelling; anything else may be a code or a name."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
