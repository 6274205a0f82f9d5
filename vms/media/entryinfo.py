"""A TrackInfo recovered from a sample entry: the reverse of h264, h265 and audio.

Not here: where entries lie in a file (boxes).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from vms.base.errors import Kind, VmsError
from vms.media import audio, h264, h265
from vms.media.isobox import box_at, need
from vms.media.types import Codec, TrackInfo

VISUAL_HEAD: Final = 78
AUDIO_HEAD: Final = 28


def track_from_entry(track: int, timescale: int, entry: bytes) -> TrackInfo:
    """The track that `entry` describes; it keeps the entry's own bytes."""
    outer = box_at(entry, 0, len(entry))
    reader = _READERS.get(outer.kind)
    if reader is None:
        raise VmsError(
            Kind.UNSUPPORTED_CODEC, "A sample entry names a codec this platform does not carry.", entry=outer.kind.decode("latin-1")
        )
    found = reader(entry, timescale)
    return TrackInfo(
        track=track,
        codec=found.codec,
        timescale=timescale,
        mime=found.mime,
        sample_entry=entry,
        width=found.width,
        height=found.height,
        fps=found.fps,
        reorder_frames=found.reorder_frames,
        channels=found.channels,
    )


def parameter_sets(entry: bytes) -> list[bytes]:
    """SPS and PPS of an `avc1` entry, in the order in which a decoder needs them."""
    sps, pps = h264.sets_of_avcc(_config(entry, b"avcC", VISUAL_HEAD))
    return [*sps, *pps]


def _config(entry: bytes, kind: bytes, head: int) -> bytes:
    outer = box_at(entry, 0, len(entry))
    inner = need(entry, kind, outer.body + head, outer.end)
    return entry[inner.body : inner.end]


def _avc1(entry: bytes, _timescale: int) -> TrackInfo:
    return h264.track_info(*h264.sets_of_avcc(_config(entry, b"avcC", VISUAL_HEAD)))


def _hvc1(entry: bytes, _timescale: int) -> TrackInfo:
    return h265.track_info(*h265.sets_of_hvcc(_config(entry, b"hvcC", VISUAL_HEAD)))


def _mp4a(entry: bytes, timescale: int) -> TrackInfo:
    return audio.aac_track(audio.asc_of_esds(_config(entry, b"esds", AUDIO_HEAD)), timescale)


def _channels(entry: bytes) -> int:
    if len(entry) < 8 + AUDIO_HEAD:
        raise VmsError(Kind.PROTOCOL, "An audio sample entry is too short.")
    return int.from_bytes(entry[24:26], "big")


def _alaw(entry: bytes, timescale: int) -> TrackInfo:
    return audio.g711_track(Codec.PCMA, timescale, _channels(entry))


def _ulaw(entry: bytes, timescale: int) -> TrackInfo:
    return audio.g711_track(Codec.PCMU, timescale, _channels(entry))


def _opus(entry: bytes, _timescale: int) -> TrackInfo:
    return audio.opus_track(_channels(entry))


_READERS: Final[dict[bytes, Callable[[bytes, int], TrackInfo]]] = {
    b"avc1": _avc1,
    b"hvc1": _hvc1,
    b"mp4a": _mp4a,
    b"alaw": _alaw,
    b"ulaw": _ulaw,
    b"Opus": _opus,
}
