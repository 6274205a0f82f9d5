"""H.264 parameter sets: what a recorder and a player must know of them (H.264 clause 7.3.2.1, ISO/IEC 14496-15).

In: SPS values, reorder depth, avcC, the `avc1` sample entry, the RFC 6381 name. Not here: slices, RTP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vms.base.errors import Kind, VmsError
from vms.media.bits import BitReader
from vms.media.nal import H264_PPS, H264_SPS, h264_type, unescape
from vms.media.sampleentry import visual_entry
from vms.media.types import VIDEO_TIMESCALE, VIDEO_TRACK, Codec, TrackInfo

MAX_SIDE: Final = 16_384
MAX_SPS_BYTES: Final = 4096
HIGH_PROFILES: Final = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
EXTENDED_SAR: Final = 255
UNKNOWN_REORDER: Final = -1
MAX_FPS: Final = 300.0


@dataclass(frozen=True, slots=True)
class Sps:
    """The fields of a sequence parameter set that others use."""

    sps_id: int
    profile: int
    compatibility: int
    level: int
    chroma_format: int
    luma_bits: int
    chroma_bits: int
    width: int
    height: int
    frames_only: bool
    fps: float
    reorder_frames: int


def parse_sps(nal: bytes) -> Sps:
    """Reads an SPS; absurd sizes and short data are PROTOCOL errors."""
    if not 4 <= len(nal) <= MAX_SPS_BYTES or h264_type(nal) != H264_SPS:
        raise VmsError(Kind.PROTOCOL, "This is no H.264 sequence parameter set.", size=len(nal))
    raw = unescape(nal)
    profile, compatibility, level = raw[1], raw[2], raw[3]
    bits = BitReader(raw[4:])
    sps_id = bits.ue_at_most(31, "SPS number")
    chroma, luma_bits, chroma_bits = _chroma(bits) if profile in HIGH_PROFILES else (1, 8, 8)
    bits.ue_at_most(12, "frame number length")
    poc_type = _poc_type(bits)
    reference_frames = bits.ue_at_most(64, "number of reference frames")
    bits.skip(1)
    width_mbs = bits.ue_at_most(MAX_SIDE // 16 - 1, "width") + 1
    height_units = bits.ue_at_most(MAX_SIDE // 16 - 1, "height") + 1
    frames_only = bits.flag()
    bits.skip(1 if frames_only else 2)
    height_mbs = height_units * (1 if frames_only else 2)
    crop_x, crop_y = _crop(bits, chroma, frames_only)
    width, height = width_mbs * 16 - crop_x, height_mbs * 16 - crop_y
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise VmsError(Kind.PROTOCOL, "An H.264 SPS gives an absurd picture size.", width=width, height=height)
    fps, reorder = _vui(bits) if bits.flag() else (0.0, UNKNOWN_REORDER)
    if reorder == UNKNOWN_REORDER:
        reorder = _implied_reorder(profile, compatibility, poc_type, reference_frames)
    return Sps(sps_id, profile, compatibility, level, chroma, luma_bits, chroma_bits, width, height, frames_only, fps, reorder)


def pps_id(nal: bytes) -> int:
    if not 2 <= len(nal) <= MAX_SPS_BYTES or h264_type(nal) != H264_PPS:
        raise VmsError(Kind.PROTOCOL, "This is no H.264 picture parameter set.", size=len(nal))
    return BitReader(unescape(nal[1:16])).ue_at_most(255, "PPS number")


def _implied_reorder(profile: int, compatibility: int, poc_type: int, reference_frames: int) -> int:
    """H.264 E.2.1 and 8.2.1.3: no B-slices in Baseline; output order is decoding order with poc type 2 or intra only."""
    intra_only = profile == 44 or (profile in {100, 110, 122, 244} and compatibility & 0x10 != 0)
    if profile == 66 or poc_type == 2 or intra_only or reference_frames == 0:
        return 0
    return UNKNOWN_REORDER


def _chroma(bits: BitReader) -> tuple[int, int, int]:
    chroma = bits.ue_at_most(3, "chroma format")
    if chroma == 3:
        bits.skip(1)
    luma_bits = 8 + bits.ue_at_most(6, "bit depth")
    chroma_bits = 8 + bits.ue_at_most(6, "bit depth")
    bits.skip(1)
    if bits.flag():
        for index in range(8 if chroma != 3 else 12):
            if bits.flag():
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma, luma_bits, chroma_bits


def _skip_scaling_list(bits: BitReader, size: int) -> None:
    last = 8
    for _ in range(size):
        following = (last + bits.se()) & 0xFF
        if following == 0:
            return
        last = following


def _poc_type(bits: BitReader) -> int:
    poc_type = bits.ue_at_most(2, "picture order type")
    if poc_type == 0:
        bits.ue_at_most(12, "picture order length")
    elif poc_type == 1:
        bits.skip(1)
        bits.se()
        bits.se()
        for _ in range(bits.ue_at_most(255, "picture order cycle")):
            bits.se()
    return poc_type


def _crop(bits: BitReader, chroma: int, frames_only: bool) -> tuple[int, int]:
    if not bits.flag():
        return 0, 0
    left, right, top, bottom = (bits.ue_at_most(MAX_SIDE, "cropping") for _ in range(4))
    unit_x = 2 if chroma in {1, 2} else 1
    unit_y = (2 if chroma == 1 else 1) * (1 if frames_only else 2)
    return (left + right) * unit_x, (top + bottom) * unit_y


def _vui(bits: BitReader) -> tuple[float, int]:
    """fps and max_num_reorder_frames (H.264 E.1.1). Many cameras cut their VUI short: what is missing stays unknown."""
    fps, reorder = 0.0, UNKNOWN_REORDER
    try:
        _skip_vui_head(bits)
        if bits.flag():
            fps = frame_rate(bits.u(32) * 2, bits.u(32))
            bits.skip(1)
        hrd = _skip_hrd(bits)
        hrd = _skip_hrd(bits) or hrd
        bits.skip(2 if hrd else 1)
        if bits.flag():
            bits.skip(1)
            for _ in range(4):
                bits.ue()
            reorder = bits.ue_at_most(16, "reorder depth")
    except VmsError:
        return fps, UNKNOWN_REORDER
    return fps, reorder


def _skip_vui_head(bits: BitReader) -> None:
    if bits.flag() and bits.u(8) == EXTENDED_SAR:
        bits.skip(32)
    if bits.flag():
        bits.skip(1)
    if bits.flag():
        bits.skip(4)
        if bits.flag():
            bits.skip(24)
    if bits.flag():
        bits.ue()
        bits.ue()


def _skip_hrd(bits: BitReader) -> bool:
    if not bits.flag():
        return False
    count = bits.ue_at_most(31, "HRD count") + 1
    bits.skip(8)
    for _ in range(count):
        bits.ue()
        bits.ue()
        bits.skip(1)
    bits.skip(20)
    return True


def frame_rate(units: int, scale: int) -> float:
    """scale ÷ units where it is believable, else 0 (unknown): cameras write nonsense here."""
    if units == 0 or scale == 0:
        return 0.0
    fps = scale / units
    return round(fps, 3) if 0.1 <= fps <= MAX_FPS else 0.0


def avcc(sps: Sequence[bytes], pps: Sequence[bytes]) -> bytes:
    """AVCDecoderConfigurationRecord with 4-byte lengths (ISO/IEC 14496-15 clause 5.3.3.1)."""
    first = parse_sps(sps[0])
    head = bytes((1, first.profile, first.compatibility, first.level, 0xFF, 0xE0 | len(sps)))
    body = b"".join([len(nal).to_bytes(2, "big") + nal for nal in sps])
    tail = b"".join([len(nal).to_bytes(2, "big") + nal for nal in pps])
    extension = b""
    if first.profile in {100, 110, 122, 144, 244}:
        extension = bytes((0xFC | first.chroma_format, 0xF8 | first.luma_bits - 8, 0xF8 | first.chroma_bits - 8, 0))
    return head + body + bytes((len(pps),)) + tail + extension


def codec_string(sps: Sps) -> str:
    return f"avc1.{sps.profile:02x}{sps.compatibility:02x}{sps.level:02x}"


def track_info(sps: Sequence[bytes], pps: Sequence[bytes], *, fps: float = 0.0) -> TrackInfo:
    """The video track these parameter sets describe; `fps` (from SDP) is used where the SPS tells none."""
    if not 0 < len(sps) <= 31 or not 0 < len(pps) <= 255:
        raise VmsError(Kind.PROTOCOL, "H.264 needs 1 to 31 SPS and 1 to 255 PPS.", sps=len(sps), pps=len(pps))
    first = parse_sps(sps[0])
    return TrackInfo(
        track=VIDEO_TRACK,
        codec=Codec.H264,
        timescale=VIDEO_TIMESCALE,
        mime=f'video/mp4; codecs="{codec_string(first)}"',
        sample_entry=visual_entry(b"avc1", first.width, first.height, b"avcC", avcc(sps, pps)),
        width=first.width,
        height=first.height,
        fps=first.fps or fps,
        reorder_frames=first.reorder_frames,
    )


def sets_of_avcc(record: bytes) -> tuple[list[bytes], list[bytes]]:
    """SPS and PPS of an AVCDecoderConfigurationRecord."""
    if len(record) < 7 or record[0] != 1:
        raise VmsError(Kind.PROTOCOL, "This is no avcC record.")
    sps, at = _read_sets(record, 6, record[5] & 0x1F)
    if at >= len(record):
        raise VmsError(Kind.PROTOCOL, "An avcC record is cut off.")
    pps, _ = _read_sets(record, at + 1, record[at])
    return sps, pps


def _read_sets(record: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    sets: list[bytes] = []
    for _ in range(count):
        start = at + 2
        at = start + int.from_bytes(record[at:start], "big")
        if start > len(record) or at > len(record):
            raise VmsError(Kind.PROTOCOL, "An avcC record is cut off.")
        sets.append(record[start:at])
    return sets, at
