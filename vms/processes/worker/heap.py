"""How the C library keeps the memory of frames: chunks of 100 kB come and go by the hundred a second.

With glibc's defaults blocks of this size are mapped and unmapped, or the heap's top is given back, at every turn: each time
the kernel clears pages that are written over at once. Not here: how much may wait (recorder, stream).
"""

from __future__ import annotations

import ctypes
from typing import Final

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # mallopt(3)
_MIB: Final = 1024 * 1024
LARGEST_BLOCK_BYTES: Final = 16 * _MIB
KEPT_BYTES: Final = 128 * _MIB
STEP_BYTES: Final = 4 * _MIB


def keep_freed_memory() -> bool:
    """Up to KEPT_BYTES of freed memory stay with the process. False where the C library has no such setting."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        return False
    library.mallopt(_MMAP_THRESHOLD, LARGEST_BLOCK_BYTES)
    library.mallopt(_TOP_PAD, STEP_BYTES)
    return library.mallopt(_TRIM_THRESHOLD, KEPT_BYTES) == 1
