"""RTP packets in, access units out: the door to the payload formats.

In: the Depacketiser's shape and which codec has which. Not here: how the payloads are read.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from vms.base.errors import Kind, VmsError
from vms.media.audio import g711_track, opus_track
from vms.media.depacket_audio import PacketPerFrame, make_aac
from vms.media.depacket_h264 import H264Source
from vms.media.depacket_h265 import H265Source
from vms.media.types import AccessUnit, Codec, TrackInfo

MAX_SPROP_CHARS: Final = 16_384


class Depacketiser(Protocol):
    """One RTP stream's payload format.

    Packets go in by `take`, straight from the bytes of a TCP connection (the `$` frames of the channel it listens to), or
    by `push`, which also drains; `ordered=True` spares the reorder window. Units of one `drain` belong to one
    `generation`, which counts the configurations delivered so far: when it has risen, the caller begins a new run with
    `info` (None until parameter sets are known). While `more` is true, `drain` gives the units of the next one.
    """

    info: TrackInfo | None
    generation: int
    lost_packets: int
    bad_packets: int
    dropped_units: int

    @property
    def more(self) -> bool: ...
    def listen(self, channel: int) -> None: ...
    def take(self, data: bytes, position: int) -> int: ...
    def drain(self) -> list[AccessUnit]: ...
    def push(self, packets: Sequence[bytes], *, ordered: bool = True) -> list[AccessUnit]: ...
    def flush(self) -> list[AccessUnit]: ...


def make_depacketiser(codec: Codec, *, clock_rate: int, channels: int = 1, fmtp: Mapping[str, str]) -> Depacketiser:
    """The depacketiser for what the SDP announced; `fmtp` keys are lower case (RFC 6184 clause 8.1, RFC 7798 clause 7.1)."""
    if codec is Codec.H264:
        if fmtp.get("packetization-mode", "0").strip() == "2":
            raise VmsError(Kind.UNSUPPORTED_CODEC, "H.264 in interleaved mode is not supported.", codec=codec.value)
        return H264Source(sprop_sets(fmtp.get("sprop-parameter-sets", "")))
    if codec is Codec.H265:
        if fmtp.get("sprop-max-don-diff", "0").strip() not in {"", "0"}:
            raise VmsError(Kind.UNSUPPORTED_CODEC, "H.265 with decoding order numbers is not supported.", codec=codec.value)
        return H265Source([nal for name in ("sprop-vps", "sprop-sps", "sprop-pps") for nal in sprop_sets(fmtp.get(name, ""))])
    if codec is Codec.AAC:
        return make_aac(clock_rate, fmtp)
    if codec is Codec.OPUS:
        return PacketPerFrame(opus_track(2 if fmtp.get("sprop-stereo", "0").strip() == "1" else 1))
    return PacketPerFrame(g711_track(codec, clock_rate, channels))


def sprop_sets(text: str) -> list[bytes]:
    """Parameter sets in an SDP; what is broken is left out, for the stream itself brings them too."""
    sets: list[bytes] = []
    for word in text[:MAX_SPROP_CHARS].split(","):
        try:
            sets.append(b64decode(word.strip() + "=" * (-len(word.strip()) % 4)))
        except (Base64Error, ValueError):
            continue
    return [nal for nal in sets if nal]
