"""A stream as RTP: each Chunk is made into payloads once, and all WebRTC viewers of the stream share them.

In: payloads of H.264 (RFC 6184), G.711 (RFC 3551) and Opus (RFC 7587), RTP times by the wall clock, the GOP for newcomers.
Not here: headers and sequence numbers, which are each viewer's own (rtpsender), sockets and keys (processes.rtc).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from vms.base.errors import VmsError
from vms.base.timespan import SECOND_US
from vms.media.boxes import Sample, samples_of
from vms.media.entryinfo import decoder_sets
from vms.media.packetise import G711_BYTES, g711, picture
from vms.media.types import AUDIO_TRACK, VIDEO_TIMESCALE, VIDEO_TRACK, Chunk, Codec, TrackInfo
from vms.stream.stream import Begin, Gap, Item
from vms.webrtc.answer import check_playable, has_b_frames

PAYLOAD_BYTES = 1188
"""With RTP header 1,200, as browsers send: with SRTP, UDP and IPv6 below the 1,280 that every path carries."""
MAX_GOP_BYTES = 4 * 1024 * 1024


class RtpFrame(NamedTuple):
    """One picture or piece of sound; `time` is its wall time in the RTP clock of its codec, not wrapped to 32 bits."""

    codec: Codec
    key: bool
    time: int
    payloads: tuple[bytes, ...]


class RtpReader(Protocol):
    """A viewer. None of these may block or raise."""

    def take(self, frame: RtpFrame, now_us: int) -> None: ...
    def lost(self) -> None: ...
    def over(self, error: VmsError) -> None: ...


class RtpStream:
    """Attach it to a Stream; `begun` is set when its tracks are known, `refusal` when they cannot be sent."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.refusal: VmsError | None = None
        self.video: TrackInfo | None = None
        self.audio: TrackInfo | None = None
        self.gop: list[RtpFrame] = []
        self.readers: set[RtpReader] = set()
        self._gop_bytes = 0
        self._sets: list[bytes] = []
        self._wall_us = 0

    def put(self, item: Item, now_us: int) -> None:
        if isinstance(item, Chunk):
            self._chunk(item, now_us)
        elif isinstance(item, Begin):
            self._begin(item)
        else:
            self._forget_gop()
            if isinstance(item, Gap):
                for reader in tuple(self.readers):
                    reader.lost()

    def _begin(self, begin: Begin) -> None:
        self._forget_gop()
        infos = {init.info.track: init.info for init in begin.inits}
        self.video, self.audio, self._wall_us = infos.get(VIDEO_TRACK), infos.get(AUDIO_TRACK), begin.wall_us
        try:
            self._sets = decoder_sets(check_playable(self.video))
            self.refusal = None
        except VmsError as error:
            self._refuse(error)
        self.begun.set()

    def _refuse(self, error: VmsError) -> None:
        self.refusal = error
        self._forget_gop()
        for reader in tuple(self.readers):
            reader.over(error)

    def _chunk(self, chunk: Chunk, now_us: int) -> None:
        if self.refusal is not None or not self.begun.is_set():
            return
        try:
            frames = list(self._video(chunk) if chunk.track == VIDEO_TRACK else self._audio(chunk))
        except VmsError as error:
            self._refuse(error)
            return
        for frame in frames:
            self._keep(frame)
            for reader in tuple(self.readers):
                reader.take(frame, now_us)

    def _keep(self, frame: RtpFrame) -> None:
        if frame.codec is not Codec.H264:
            return
        if frame.key:
            self._forget_gop()
        if self.gop or frame.key:
            self.gop.append(frame)
            self._gop_bytes += sum(map(len, frame.payloads))
            if self._gop_bytes > MAX_GOP_BYTES:
                self._forget_gop()

    def _forget_gop(self) -> None:
        self.gop = []
        self._gop_bytes = 0

    def _video(self, chunk: Chunk) -> Iterator[RtpFrame]:
        time = self._wall_us * VIDEO_TIMESCALE // SECOND_US
        for at, sample in samples_of(chunk.data):
            if sample.cts:
                raise has_b_frames()
            payloads = picture(Codec.H264, _cut(chunk, sample), self._sets if sample.key else (), PAYLOAD_BYTES)
            yield RtpFrame(Codec.H264, sample.key, time + at, tuple(payloads))

    def _audio(self, chunk: Chunk) -> Iterator[RtpFrame]:
        if self.audio is None or self.audio.codec is Codec.AAC:
            return
        time = self._wall_us * self.audio.timescale // SECOND_US
        for at, sample in samples_of(chunk.data):
            data = _cut(chunk, sample)
            if self.audio.codec is Codec.OPUS:
                yield RtpFrame(Codec.OPUS, False, time + at, (data,))
                continue
            for index, payload in enumerate(g711(data)):
                yield RtpFrame(self.audio.codec, False, time + at + index * G711_BYTES, (payload,))


def _cut(chunk: Chunk, sample: Sample) -> bytes:
    return chunk.data[sample.offset : sample.offset + sample.size]
