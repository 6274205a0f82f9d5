"""The values of the media path that all packages share (docs/design/skeleton.md §4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

VIDEO_TRACK = 1
AUDIO_TRACK = 2
VIDEO_TIMESCALE = 90_000


class Codec(StrEnum):
    """Codecs the platform carries; anything else is UNSUPPORTED_CODEC."""

    H264 = "h264"
    H265 = "h265"
    AAC = "aac"
    PCMA = "pcma"
    PCMU = "pcmu"
    OPUS = "opus"


@dataclass(frozen=True, slots=True)
class TrackInfo:
    """What a decoder must know about one track.

    `timescale` is 90,000 for video and the sample rate for audio. `mime` is RFC 6381, such as
    `video/mp4; codecs="avc1.64001f"`. `sample_entry` is the whole `stsd` entry box.
    """

    track: int
    codec: Codec
    timescale: int
    mime: str
    sample_entry: bytes
    width: int = 0
    height: int = 0
    fps: float = 0.0
    reorder_frames: int = 0
    channels: int = 0

    @property
    def is_video(self) -> bool:
        return self.track == VIDEO_TRACK


@dataclass(frozen=True, slots=True)
class Init:
    """`ftyp+moov` that names exactly one track."""

    info: TrackInfo
    data: bytes


class AccessUnit(NamedTuple):
    """One coded picture (or one audio frame) as it left the RTP payloads, in decoding order.

    `rtp_time` is unwrapped to 64 bits in the track's timescale; `parts` (`size` bytes in all) make up length-prefixed NAL
    units (4-byte lengths; parameter sets and delimiters removed) or raw audio bytes: they stay as they came in packets
    until the Chunk joins them, so that each byte is copied once. `after_loss` marks the first unit behind a hole: the
    units between were dropped up to this key frame.
    """

    rtp_time: int
    key: bool
    parts: Sequence[bytes]
    size: int
    after_loss: bool = False

    @property
    def data(self) -> bytes:
        """The parts, joined."""
        return b"".join(self.parts)


class Frame(NamedTuple):
    """An access unit with its place in the run; `dts`, `pts`, `duration` in the track's timescale."""

    dts: int
    pts: int
    duration: int
    key: bool
    parts: Sequence[bytes]
    size: int

    @property
    def data(self) -> bytes:
        """The parts, joined."""
        return b"".join(self.parts)


class Chunk(NamedTuple):
    """One `moof+mdat`: whole frames of one track, never across a GOP (invariant 1).

    `key` says that it opens a GOP (video only). `media` is the `tfdt`; `media` and `duration` are in the track's
    timescale. `wall_us` is the presentation time of the first frame on the node's clock.
    """

    track: int
    seq: int
    key: bool
    wall_us: int
    media: int
    duration: int
    frames: int
    data: bytes
