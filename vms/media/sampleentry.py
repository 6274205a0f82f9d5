"""Sample entries of `stsd` (ISO/IEC 14496-12 clause 12.1.3 and 12.2.3), one per codec.

Not here: the configuration records inside (h264, h265, audio).
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from vms.media.isobox import box

_VISUAL: Final = Struct(">6xH16xHHIIIH32sHh")
_AUDIO: Final = Struct(">6xH8xHHIHH")
DPI_72: Final = 0x480000


def visual_entry(kind: bytes, width: int, height: int, config_kind: bytes, config: bytes) -> bytes:
    head = _VISUAL.pack(1, width, height, DPI_72, DPI_72, 0, 1, b"", 24, -1)
    return box(kind, head, box(config_kind, config))


def audio_entry(kind: bytes, channels: int, sample_bits: int, rate: int, config: bytes = b"") -> bytes:
    # the rate is 16.16 fixed point: what does not fit is told by the configuration box alone
    fixed = rate if rate <= 0xFFFF else 0
    return box(kind, _AUDIO.pack(1, channels, sample_bits, 0, fixed, 0), config)
