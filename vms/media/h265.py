"""H.265 parameter sets: what a recorder and a player must know of them (H.265 clause 7.3.2, ISO/IEC 14496-15 clause 8).

In: SPS values, reorder depth, timing, hvcC, the `hvc1` sample entry, the RFC 6381 name. Not here: slices, RTP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vms.base.errors import Kind, VmsError
from vms.media.bits import BitReader
from vms.media.h264 import EXTENDED_SAR, MAX_SIDE, MAX_SPS_BYTES, frame_rate
from vms.media.nal import H265_PPS, H265_SPS, H265_VPS, h265_type, unescape
from vms.media.sampleentry import visual_entry
from vms.media.types import VIDEO_TIMESCALE, VIDEO_TRACK, Codec, TrackInfo

GENERAL_BITS: Final = 96
MAX_SETS: Final = 64


@dataclass(frozen=True, slots=True)
class Sps:
    """The fields of a sequence parameter set that others use; `general` is the 12-byte general profile_tier_level."""

    sps_id: int
    sub_layers: int
    nested: bool
    general: bytes
    chroma_format: int
    luma_bits: int
    chroma_bits: int
    width: int
    height: int
    fps: float
    reorder_frames: int


def parse_sps(nal: bytes) -> Sps:
    """Reads an SPS; absurd sizes and short data are PROTOCOL errors."""
    raw = _raw(nal, H265_SPS, "sequence")
    bits = BitReader(raw[2:])
    bits.skip(4)
    sub_layers = bits.u(3)
    nested = bits.flag()
    _skip_profile_tier_level(bits, sub_layers)
    sps_id = bits.ue_at_most(15, "SPS number")
    chroma = bits.ue_at_most(3, "chroma format")
    if chroma == 3:
        bits.skip(1)
    width, height = bits.ue_at_most(MAX_SIDE, "width"), bits.ue_at_most(MAX_SIDE, "height")
    if bits.flag():
        left, right, top, bottom = (bits.ue_at_most(MAX_SIDE, "cropping") for _ in range(4))
        width -= (left + right) * (2 if chroma in {1, 2} else 1)
        height -= (top + bottom) * (2 if chroma == 1 else 1)
    if width <= 0 or height <= 0:
        raise VmsError(Kind.PROTOCOL, "An H.265 SPS gives an absurd picture size.", width=width, height=height)
    luma_bits, chroma_bits = 8 + bits.ue_at_most(8, "bit depth"), 8 + bits.ue_at_most(8, "bit depth")
    poc_bits = 4 + bits.ue_at_most(12, "picture order length")
    reorder = _reorder(bits, sub_layers)
    fps = _timing(bits, poc_bits)
    return Sps(sps_id, sub_layers + 1, nested, raw[3:15], chroma, luma_bits, chroma_bits, width, height, fps, reorder)


def vps_id(nal: bytes) -> int:
    return _raw(nal, H265_VPS, "video")[2] >> 4


def pps_id(nal: bytes) -> int:
    return BitReader(_raw(nal, H265_PPS, "picture")[2:18]).ue_at_most(63, "PPS number")


def _raw(nal: bytes, kind: int, name: str) -> bytes:
    if not 3 <= len(nal) <= MAX_SPS_BYTES or h265_type(nal) != kind:
        raise VmsError(Kind.PROTOCOL, f"This is no H.265 {name} parameter set.", size=len(nal))
    return unescape(nal)


def _skip_profile_tier_level(bits: BitReader, sub_layers: int) -> None:
    bits.skip(GENERAL_BITS)
    present = [(bits.flag(), bits.flag()) for _ in range(sub_layers)]
    if sub_layers:
        bits.skip(2 * (8 - sub_layers))
    for profile, level in present:
        bits.skip((88 if profile else 0) + (8 if level else 0))


def _reorder(bits: BitReader, sub_layers: int) -> int:
    """sps_max_num_reorder_pics of the highest sub-layer."""
    reorder = 0
    for _ in range(sub_layers + 1 if bits.flag() else 1):
        bits.ue_at_most(15, "picture buffer")
        reorder = bits.ue_at_most(15, "reorder depth")
        bits.ue()
    return reorder


def _timing(bits: BitReader, poc_bits: int) -> float:
    """fps of the VUI, which stands at the end; 0 when it is absent or the SPS is cut short before."""
    try:
        for _ in range(6):
            bits.ue()
        if bits.flag() and bits.flag():
            _skip_scaling_lists(bits)
        bits.skip(2)
        if bits.flag():
            bits.skip(8)
            bits.ue()
            bits.ue()
            bits.skip(1)
        _skip_reference_sets(bits)
        if bits.flag():
            bits.skip((poc_bits + 1) * bits.ue_at_most(32, "long-term pictures"))
        bits.skip(2)
        return _vui_fps(bits) if bits.flag() else 0.0
    except VmsError:
        return 0.0


def _skip_scaling_lists(bits: BitReader) -> None:
    for size in range(4):
        for _ in range(2 if size == 3 else 6):
            if not bits.flag():
                bits.ue()
                continue
            if size > 1:
                bits.se()
            for _ in range(min(64, 1 << (4 + (size << 1)))):
                bits.se()


def _skip_reference_sets(bits: BitReader) -> None:
    """st_ref_pic_set (H.265 clause 7.3.7): later sets are coded as changes of earlier ones, so all must be read."""
    before: list[int] = []
    for index in range(bits.ue_at_most(64, "reference picture sets")):
        before = _predicted_set(bits, before) if index and bits.flag() else _explicit_set(bits)


def _predicted_set(bits: BitReader, before: list[int]) -> list[int]:
    negative = bits.flag()
    shift = bits.ue_at_most(0x7FFF, "picture distance") + 1
    shift = -shift if negative else shift
    kept: list[int] = []
    for distance in [*before, 0]:
        used = bits.flag()
        if (used or bits.flag()) and distance + shift:
            kept.append(distance + shift)
    return sorted((d for d in kept if d < 0), reverse=True) + sorted(d for d in kept if d > 0)


def _explicit_set(bits: BitReader) -> list[int]:
    negative, positive = bits.ue_at_most(16, "reference pictures"), bits.ue_at_most(16, "reference pictures")
    distances: list[int] = []
    for count, sign in ((negative, -1), (positive, 1)):
        at = 0
        for _ in range(count):
            at += sign * (bits.ue_at_most(0x7FFF, "picture distance") + 1)
            bits.skip(1)
            distances.append(at)
    return distances


def _vui_fps(bits: BitReader) -> float:
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
    bits.skip(3)
    if bits.flag():
        for _ in range(4):
            bits.ue()
    return frame_rate(bits.u(32), bits.u(32)) if bits.flag() else 0.0


def vps_fps(nal: bytes) -> float:
    """fps of vps_timing_info (H.265 clause 7.3.2.1), or 0."""
    bits = BitReader(_raw(nal, H265_VPS, "video")[2:])
    try:
        bits.skip(12)
        sub_layers = bits.u(3)
        bits.skip(17)
        _skip_profile_tier_level(bits, sub_layers)
        for _ in range(3 * (sub_layers + 1 if bits.flag() else 1)):
            bits.ue()
        layers = bits.u(6) + 1
        bits.skip(layers * bits.ue_at_most(1023, "layer sets"))
        return frame_rate(bits.u(32), bits.u(32)) if bits.flag() else 0.0
    except VmsError:
        return 0.0


def hvcc(vps: Sequence[bytes], sps: Sequence[bytes], pps: Sequence[bytes]) -> bytes:
    """HEVCDecoderConfigurationRecord with 4-byte lengths and complete arrays (ISO/IEC 14496-15 clause 8.3.3.1)."""
    first = parse_sps(sps[0])
    depths = bytes((0xF0, 0, 0xFC, 0xFC | first.chroma_format, 0xF8 | (first.luma_bits - 8) & 7, 0xF8 | (first.chroma_bits - 8) & 7))
    layers = (first.sub_layers << 3) | (4 if first.nested else 0) | 3
    arrays = [(kind, nals) for kind, nals in ((H265_VPS, vps), (H265_SPS, sps), (H265_PPS, pps)) if nals]
    parts = [b"\1", first.general, depths, bytes((0, 0, layers, len(arrays)))]
    for kind, nals in arrays:
        parts.append(bytes((0x80 | kind,)) + len(nals).to_bytes(2, "big"))
        parts += [len(nal).to_bytes(2, "big") + nal for nal in nals]
    return b"".join(parts)


def sets_of_hvcc(record: bytes) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """VPS, SPS and PPS of an HEVCDecoderConfigurationRecord."""
    if len(record) < 23 or record[0] != 1:
        raise VmsError(Kind.PROTOCOL, "This is no hvcC record.")
    sets: dict[int, list[bytes]] = {H265_VPS: [], H265_SPS: [], H265_PPS: []}
    at = 23
    for _ in range(record[22]):
        kind, count = record[at : at + 1], int.from_bytes(record[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            start = at + 2
            at = start + int.from_bytes(record[at:start], "big")
            if start > len(record) or at > len(record):
                raise VmsError(Kind.PROTOCOL, "An hvcC record is cut off.")
            sets.setdefault(kind[0] & 0x3F, []).append(record[start:at])
    return sets[H265_VPS], sets[H265_SPS], sets[H265_PPS]


def codec_string(sps: Sps) -> str:
    """`hvc1.1.6.L93.B0` (ISO/IEC 14496-15 annex E.3)."""
    general = sps.general
    space = ("", "A", "B", "C")[general[0] >> 6]
    tier = "H" if general[0] & 0x20 else "L"
    compatible = int(f"{int.from_bytes(general[1:5], 'big'):032b}"[::-1], 2)
    constraints = "".join(f".{byte:X}" for byte in general[5:11].rstrip(b"\0"))
    return f"hvc1.{space}{general[0] & 0x1F}.{compatible:X}.{tier}{general[11]}{constraints}"


def track_info(vps: Sequence[bytes], sps: Sequence[bytes], pps: Sequence[bytes], *, fps: float = 0.0) -> TrackInfo:
    """The video track these parameter sets describe; `fps` (from SDP) is used where they tell none."""
    if not all(0 < len(nals) <= MAX_SETS for nals in (vps, sps, pps)):
        raise VmsError(Kind.PROTOCOL, "H.265 needs VPS, SPS and PPS.", vps=len(vps), sps=len(sps), pps=len(pps))
    first = parse_sps(sps[0])
    return TrackInfo(
        track=VIDEO_TRACK,
        codec=Codec.H265,
        timescale=VIDEO_TIMESCALE,
        mime=f'video/mp4; codecs="{codec_string(first)}"',
        sample_entry=visual_entry(b"hvc1", first.width, first.height, b"hvcC", hvcc(vps, sps, pps)),
        width=first.width,
        height=first.height,
        fps=first.fps or vps_fps(vps[0]) or fps,
        reorder_frames=first.reorder_frames,
    )
