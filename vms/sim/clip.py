"""Clips in memory: a file's access units and audio frames, with their RTP payloads, ready to be played round and round.

Any file that PyAV opens will do (mp4, mov, mkv; H.264 or H.265 video; AAC or G.711 audio); other audio is left out. Not here:
which clip is which camera's (cameras.py), headers and marks of one camera (feed.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import av
from av.container import InputContainer
from av.error import FFmpegError

from vms.base.errors import Kind, VmsError
from vms.media import nal as nals_of
from vms.media.packetise import aac_hbr, aggregate, fragments
from vms.media.types import AUDIO_TRACK, VIDEO_TIMESCALE, VIDEO_TRACK, Codec

_VIDEO = {"h264": Codec.H264, "hevc": Codec.H265}
_AUDIO = {"aac": Codec.AAC, "pcm_alaw": Codec.PCMA, "pcm_mulaw": Codec.PCMU}
_PARAMETER_SETS = {Codec.H264: {7, 8, 13}, Codec.H265: {32, 33, 34}}
_DELIMITER = {Codec.H264: 9, Codec.H265: 35}
_G711_SAMPLES = 320  # 40 ms, as most cameras send it


class Unit(NamedTuple):
    """One coded picture or audio frame; times are the loop's, in the track's timescale."""

    dts: int
    pts: int
    rank: int
    """Place in order of presentation."""
    key: bool
    data: bytes
    """Length-prefixed NAL units without parameter sets, or the audio frame."""
    head: tuple[bytes, ...]
    """RTP payloads that come before the frame mark: parameter sets."""
    body: tuple[bytes, ...]
    first_packet: int
    """How many packets of the loop come before; a frame mark counts as one."""


@dataclass(frozen=True)
class Loop:
    """One track. `config` holds the parameter sets of video, the AudioSpecificConfig of AAC."""

    track: int
    codec: Codec
    timescale: int
    duration: int
    phase: int
    """Where in the loop, counted from the epoch, the first unit stands."""
    units: tuple[Unit, ...]
    packets: int
    config: tuple[bytes, ...]
    channels: int = 1
    width: int = 0
    height: int = 0

    @cached_property
    def delay(self) -> int:
        """A picture leaves when it is both captured and next in decoding order."""
        return max((unit.pts - unit.dts for unit in self.units), default=0)

    @cached_property
    def dues(self) -> tuple[int, ...]:
        return tuple(unit.dts + self.delay for unit in self.units)

    @cached_property
    def first_rank(self) -> int:
        """The first unit's place among the loop's pictures when the loop begins at the epoch's whole minute."""
        return round(self.phase * len(self.units) / self.duration)

    @cached_property
    def fps(self) -> float:
        return len(self.units) * self.timescale / self.duration


@dataclass(frozen=True)
class Clip:
    """A named loop of pictures, perhaps with sound."""

    name: str
    video: Loop
    audio: Loop | None = None

    @property
    def loops(self) -> tuple[Loop, ...]:
        return (self.video,) if self.audio is None else (self.video, self.audio)


class _Packet(NamedTuple):
    dts: int
    pts: int
    duration: int
    data: bytes


def load_clip(path: Path, *, name: str = "", phase_90k: int = 0, audio_loop_s: int = 0, in_band: bool = True) -> Clip:
    """Read the whole file. `audio_loop_s` cuts the sound to seconds that hold a whole number of frames, so that it joins without a seam.

    `in_band` repeats the parameter sets before each key frame; without it they are in the SDP alone.
    """
    try:
        with av.open(str(path)) as container:
            return _load(container, name or path.stem, phase_90k, audio_loop_s, in_band)
    except (FFmpegError, OSError, ValueError) as error:
        raise VmsError(Kind.CONFIG, f"The clip {path} cannot be read: {error}", path=str(path)) from error


def _load(container: InputContainer, name: str, phase_90k: int, audio_loop_s: int, in_band: bool) -> Clip:
    stream = next((s for s in container.streams.video if s.codec_context.name in _VIDEO), None)
    if stream is None:
        raise ValueError("it has no H.264 or H.265 video")
    sound = next((s for s in container.streams.audio if s.codec_context.name in _AUDIO), None)
    packets: dict[int, list[_Packet]] = {stream.index: []}
    if sound is not None:
        packets[sound.index] = []
    scales = {stream.index: VIDEO_TIMESCALE, -1 if sound is None else sound.index: 0 if sound is None else sound.sample_rate}
    for packet in container.demux([s for s in (stream, sound) if s is not None]):
        if packet.pts is None or packet.dts is None or not packet.size:
            continue
        ticks = packet.time_base * scales[packet.stream_index]
        packets[packet.stream_index].append(
            _Packet(_scaled(packet.dts, ticks), _scaled(packet.pts, ticks), _scaled(packet.duration or 0, ticks), bytes(packet))
        )
    codec, extradata = _VIDEO[stream.codec_context.name], stream.codec_context.extradata or b""
    video = _video(codec, extradata, packets[stream.index], in_band)
    video = replace(video, phase=phase_90k, width=stream.codec_context.width, height=stream.codec_context.height)
    if sound is None:
        return Clip(name, video)
    config = sound.codec_context.extradata or b""
    audio = _audio(_AUDIO[sound.codec_context.name], sound.sample_rate, packets[sound.index], video, audio_loop_s)
    return Clip(name, video, replace(audio, config=(config,), channels=sound.codec_context.channels) if audio else None)


def _scaled(ticks: int, factor: Fraction) -> int:
    return round(ticks * factor)


def _video(codec: Codec, extradata: bytes, packets: Sequence[_Packet], in_band: bool) -> Loop:
    sets, prefix = _parameter_sets(codec, extradata)
    pictures = [(packet, _nals(packet.data, prefix)) for packet in packets]
    sets = sets or [nal for nal in pictures[0][1] if _kind(codec, nal) in _PARAMETER_SETS[codec]]
    while pictures and not _is_key(codec, pictures[0][1]):
        pictures.pop(0)
    if not pictures or not sets:
        raise ValueError("it has no key frame or no parameter sets")
    start = min(packet.pts for packet, _ in pictures)
    last = max((packet for packet, _ in pictures), key=lambda p: p.pts)
    step = last.duration or round((last.pts - start) / max(1, len(pictures) - 1))
    ranks = {pts: rank for rank, pts in enumerate(sorted(packet.pts for packet, _ in pictures))}
    head = tuple(aggregate(codec, sets))
    units: list[Unit] = []
    count = 0
    for packet, nals in pictures:
        kept = [nal for nal in nals if _kind(codec, nal) not in _PARAMETER_SETS[codec] | {_DELIMITER[codec]}]
        key = _is_key(codec, nals)
        body = tuple(part for nal in kept for part in fragments(codec, nal))
        before = head if key and in_band else ()
        data = nals_of.join_length_prefixed(kept)
        units.append(Unit(packet.dts - start, packet.pts - start, ranks[packet.pts], key, data, before, body, count))
        count += len(before) + 1 + len(body)
    return Loop(VIDEO_TRACK, codec, VIDEO_TIMESCALE, last.pts + step - start, 0, tuple(units), count, tuple(sets))


def _audio(codec: Codec, rate: int, packets: Sequence[_Packet], video: Loop, loop_s: int) -> Loop | None:
    """The sound between the loop's ends; it has its own, shorter loop when `loop_s` says so."""
    duration = rate * loop_s if loop_s else round(video.duration * rate / VIDEO_TIMESCALE)
    if codec in (Codec.PCMA, Codec.PCMU):
        packets = _g711_packets(packets)
    # The second round of a short loop: an encoder needs a while to settle.
    start = duration if loop_s and packets and packets[-1].pts >= 2 * duration else 0
    units: list[Unit] = []
    for packet in packets:
        if start <= packet.pts and packet.pts + packet.duration <= start + duration:
            payload = aac_hbr(packet.data) if codec is Codec.AAC else packet.data
            at = packet.pts - start
            units.append(Unit(at, at, len(units), True, packet.data, (), (payload,), len(units)))
    phase = round(video.phase * rate / VIDEO_TIMESCALE)
    return Loop(AUDIO_TRACK, codec, rate, duration, phase, tuple(units), len(units), ()) if units else None


def _g711_packets(packets: Sequence[_Packet]) -> list[_Packet]:
    data = b"".join(packet.data for packet in packets)
    return [_Packet(at, at, _G711_SAMPLES, data[at : at + _G711_SAMPLES]) for at in range(0, len(data), _G711_SAMPLES)]


def _parameter_sets(codec: Codec, extradata: bytes) -> tuple[list[bytes], int]:
    """Parameter sets and the size of a NAL unit's length, 0 for Annex B (ISO/IEC 14496-15 §5.3.3.1 and §8.3.3.1)."""
    if len(extradata) < 7 or extradata[0] != 1:
        return [n for n in nals_of.split_annexb(extradata) if _kind(codec, n) in _PARAMETER_SETS[codec]], 0
    sets: list[bytes] = []
    if codec is Codec.H264:
        at = 6
        for count in (extradata[5] & 0x1F, None):
            left = count if count is not None else extradata[at]
            at += 0 if count is not None else 1
            for _ in range(left):
                at = _take(extradata, at, sets)
        return sets, (extradata[4] & 3) + 1
    at = 23
    for _ in range(extradata[22]):
        count = int.from_bytes(extradata[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            at = _take(extradata, at, sets)
    return [n for n in sets if _kind(codec, n) in _PARAMETER_SETS[codec]], (extradata[21] & 3) + 1


def _take(data: bytes, at: int, into: list[bytes]) -> int:
    end = at + 2 + int.from_bytes(data[at : at + 2], "big")
    into.append(data[at + 2 : end])
    return end


def _nals(data: bytes, prefix: int) -> list[bytes]:
    if prefix == 0:
        return nals_of.split_annexb(data)
    found: list[bytes] = []
    at = 0
    while at + prefix < len(data):
        end = at + prefix + int.from_bytes(data[at : at + prefix], "big")
        found.append(data[at + prefix : end])
        at = end
    return found


def _kind(codec: Codec, nal: bytes) -> int:
    return nals_of.h264_type(nal) if codec is Codec.H264 else nals_of.h265_type(nal)


def _is_key(codec: Codec, nals: Sequence[bytes]) -> bool:
    is_key = nals_of.h264_is_key if codec is Codec.H264 else nals_of.h265_is_key
    return any(is_key(_kind(codec, nal)) for nal in nals)
