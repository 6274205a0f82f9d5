"""Whole tracks for tests: fixtures through RTP, depacketiser and timestamper."""

from __future__ import annotations

from functools import cache

from tests.media.packetise import Sender, display_order, fixture, h265_payloads, rtp, units_of
from vms.media.audio import opus_track
from vms.media.depacket import make_depacketiser
from vms.media.timestamps import Timestamper
from vms.media.types import Codec, Frame, TrackInfo

AAC_FMTP = {"mode": "AAC-hbr", "config": "1408", "sizelength": "13", "indexlength": "3", "indexdeltalength": "3"}


def _video(codec: Codec, name: str, sender: Sender, times: list[int]) -> tuple[TrackInfo, list[Frame]]:
    source = make_depacketiser(codec, clock_rate=90_000, fmtp={})
    units = source.push(sender.stream(units_of(name), times)) + source.flush()
    assert source.info is not None
    return source.info, Timestamper(source.info).push(units)


@cache
def h264_track_frames() -> tuple[TrackInfo, list[Frame]]:
    name = "h264_b_frames.h264"
    return _video(Codec.H264, name, Sender(), [3600 * place for place in display_order(name)])


@cache
def h264_slices_track_frames() -> tuple[TrackInfo, list[Frame]]:
    return _video(Codec.H264, "h264_four_slices.h264", Sender(), [3600 * n for n in range(50)])


@cache
def h265_track_frames() -> tuple[TrackInfo, list[Frame]]:
    name = "h265_open_gop.h265"
    return _video(Codec.H265, name, Sender(h265_payloads), [3600 * place for place in display_order(name)])


def aac_frames() -> list[bytes]:
    """Raw frames of the ADTS fixture (ISO/IEC 14496-3 clause 1.A.2)."""
    data, at, frames = fixture("aac_16k.adts"), 0, list[bytes]()
    while at < len(data):
        size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        frames.append(data[at + 7 : at + size])
        at += size
    return frames


def aac_payload(frames: list[bytes], size: int | None = None) -> bytes:
    headers = b"".join(((len(frame) if size is None else size) << 3).to_bytes(2, "big") for frame in frames)
    return (len(headers) * 8).to_bytes(2, "big") + headers + b"".join(frames)


@cache
def aac_track_frames() -> tuple[TrackInfo, list[Frame]]:
    source = make_depacketiser(Codec.AAC, clock_rate=16_000, fmtp=AAC_FMTP)
    units = source.push([rtp(aac_payload([frame]), n, 1024 * n, marker=True) for n, frame in enumerate(aac_frames())])
    assert source.info is not None
    return source.info, Timestamper(source.info).push(units)


@cache
def g711_track_frames() -> tuple[TrackInfo, list[Frame]]:
    source = make_depacketiser(Codec.PCMA, clock_rate=8000, fmtp={})
    units = source.push([rtp(bytes((0x55 ^ n,)) * 160, n, 160 * n, pt=8) for n in range(100)])
    assert source.info is not None
    return source.info, Timestamper(source.info).push(units)


def opus_info() -> TrackInfo:
    return opus_track(2)
