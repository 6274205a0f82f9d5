"""Audio tracks: what SDP says of them, AudioSpecificConfig (ISO/IEC 14496-3 clause 1.6.2.1), sample entries.

Not here: RTP payloads (depacket_audio).
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from vms.base.errors import Kind, VmsError
from vms.media.bits import BitReader
from vms.media.isobox import box, full_box
from vms.media.sampleentry import audio_entry
from vms.media.types import AUDIO_TRACK, Codec, TrackInfo

AAC_RATES: Final = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350)
AAC_CHANNELS: Final = (0, 1, 2, 3, 4, 5, 6, 8)
MAX_ASC_BYTES: Final = 64
MAX_RATE: Final = 192_000
MAX_CHANNELS: Final = 8
OPUS_RATE: Final = 48_000
OPUS_PRE_SKIP: Final = 312
G711_KIND: Final = {Codec.PCMA: b"alaw", Codec.PCMU: b"ulaw"}
_DOPS: Final = Struct(">BBHIhB")
SBR: Final = 5
PARAMETRIC_STEREO: Final = 29


def aac_config(asc: bytes) -> tuple[int, int, int]:
    """Object type, sample rate and channels; the rate is that of the core where SBR doubles it."""
    if not 2 <= len(asc) <= MAX_ASC_BYTES:
        raise VmsError(Kind.PROTOCOL, "An AudioSpecificConfig has an absurd size.", size=len(asc))
    bits = BitReader(asc)
    kind = _object_type(bits)
    rate = _rate(bits)
    channels = bits.u(4)
    if not 0 < channels < len(AAC_CHANNELS) or not 0 < rate <= MAX_RATE:
        raise VmsError(Kind.UNSUPPORTED_CODEC, "This AAC layout is not supported.", channels=channels, rate=rate)
    return kind, rate, AAC_CHANNELS[channels]


def _object_type(bits: BitReader) -> int:
    kind = bits.u(5)
    return 32 + bits.u(6) if kind == 31 else kind


def _rate(bits: BitReader) -> int:
    index = bits.u(4)
    if index == 15:
        return bits.u(24)
    return AAC_RATES[index] if index < len(AAC_RATES) else 0


def aac_track(asc: bytes, clock_rate: int) -> TrackInfo:
    """`clock_rate` is the RTP clock: the timescale, even where the configuration names half of it (SBR)."""
    kind, _, channels = aac_config(asc)
    entry = audio_entry(b"mp4a", channels, 16, clock_rate, esds(asc))
    return _track(Codec.AAC, clock_rate, channels, f"mp4a.40.{kind}", entry)


def g711_track(codec: Codec, clock_rate: int, channels: int) -> TrackInfo:
    kind = G711_KIND[codec]
    return _track(codec, clock_rate, channels, kind.decode(), audio_entry(kind, channels, 16, clock_rate))


def opus_track(channels: int) -> TrackInfo:
    """Opus always counts in 48 kHz (RFC 7587 clause 4.1); dOps is that of "Encapsulation of Opus in ISOBMFF" 4.3.2."""
    dops = box(b"dOps", _DOPS.pack(0, channels, OPUS_PRE_SKIP, OPUS_RATE, 0, 0))
    return _track(Codec.OPUS, OPUS_RATE, channels, "opus", audio_entry(b"Opus", channels, 16, OPUS_RATE, dops))


def _track(codec: Codec, rate: int, channels: int, name: str, entry: bytes) -> TrackInfo:
    if not 0 < rate <= MAX_RATE or not 0 < channels <= MAX_CHANNELS:
        raise VmsError(Kind.UNSUPPORTED_CODEC, "This audio rate or channel count is not supported.", rate=rate, channels=channels)
    return TrackInfo(AUDIO_TRACK, codec, rate, f'audio/mp4; codecs="{name}"', entry, channels=channels)


def esds(asc: bytes) -> bytes:
    """Elementary stream descriptor (ISO/IEC 14496-1 clause 7.2.6.5) around an AudioSpecificConfig."""
    decoder = _descriptor(4, bytes((0x40, 0x15)) + bytes(11) + _descriptor(5, asc))
    return full_box(b"esds", 0, 0, _descriptor(3, b"\0\0\0" + decoder + _descriptor(6, b"\2")))


def _descriptor(tag: int, body: bytes) -> bytes:
    return bytes((tag, len(body))) + body


def asc_of_esds(data: bytes) -> bytes:
    """The AudioSpecificConfig in the payload of an esds box."""
    at, end = 4, len(data)
    while at + 2 <= end:
        tag, size, body = _read_descriptor(data, at)
        if tag == 5:
            return data[body : body + size]
        # into ES_Descriptor (3 bytes, flags unused by us) and DecoderConfigDescriptor (13 bytes), past all others
        at = body + {3: 3, 4: 13}.get(tag, size)
    raise VmsError(Kind.PROTOCOL, "An esds box holds no decoder configuration.")


def _read_descriptor(data: bytes, at: int) -> tuple[int, int, int]:
    size, body = 0, at + 1
    for _ in range(4):
        if body >= len(data):
            raise VmsError(Kind.PROTOCOL, "An esds box is cut off.")
        byte = data[body]
        size, body = size << 7 | byte & 0x7F, body + 1
        if byte < 0x80:
            break
    return data[at], size, body
