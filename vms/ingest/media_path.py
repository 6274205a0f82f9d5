"""Packets of one camera connection → chunks on its Stream: the hot path, synchronous.

In: runs (a new configuration or a jump of the camera's clock begins one), losses, audio kept in step with video, figures.
Not here: sockets (channels), when to give up (puller).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from vms.base.errors import VmsError
from vms.base.timespan import SECOND_US
from vms.ingest.audio_path import AudioPath, Instant
from vms.ingest.figures import Figures
from vms.ingest.pace import ArrivalTimes, Pace, arrival_times
from vms.media.cmaf import Chunker, make_init, split_gops
from vms.media.depacket import Depacketiser, make_depacketiser
from vms.media.rtp import SenderReport, parse_rtcp
from vms.media.timestamps import Timestamper
from vms.media.types import VIDEO_TIMESCALE, AccessUnit, Codec, Frame, TrackInfo
from vms.media.wallmap import WallMap
from vms.rtsp.client import Track
from vms.rtsp.sdp import Media
from vms.rtsp.wire import Taker
from vms.stream.stream import Begin, Stream

LOSS_CAUSE = "network"
STEP_CAUSE = "clock_step"
STEP_US = 1_000_000
"""More than this between wall clock and monotonic clock, all at once, is a clock that was set."""
HOLD_US = 120_000
"""Cameras may begin with a burst of the GOP so far. A run begins when the burst is over, so that its wall time is that of
pictures that came as they were taken: otherwise the first seconds would lie in the future."""


def depacketiser_for(media: Media) -> Depacketiser:
    return make_depacketiser(Codec(media.codec), clock_rate=media.clock_rate, channels=media.channels, fmtp=media.fmtp)


class Arrival(NamedTuple):
    """When bytes were read: wall time for the index, monotonic time for queues."""

    wall_us: int
    mono_us: int


class MediaPath:
    """Packets go in by the takers of `listen` and then `settle`, or, datagrams, by `video` and `audio`; RTCP by
    `video_report` and `audio_report`.

    `live` makes one chunk per frame, else one per read and GOP.
    """

    def __init__(self, tracks: Sequence[Track], stream: Stream, new_run: Callable[[int], str], *, ordered: bool) -> None:
        self.live = False
        self.figures = Figures()
        self.infos: tuple[TrackInfo, ...] = ()
        self._stream = stream
        self._new_run = new_run
        self._ordered = ordered
        video = next(t for t in tracks if t.media.kind == "video")
        self._video = depacketiser_for(video.media)
        self._video_rtptime = video.rtptime
        self._video_report: SenderReport | None = None
        self._audio = _audio_path(tracks, ordered=ordered)
        self._generation = -1
        self._timestamper: Timestamper | None = None
        self._chunker: Chunker | None = None
        self._wall = WallMap(VIDEO_TIMESCALE)
        self._held: list[tuple[AccessUnit, int]] = []  # of the run to come, with the arrival of each
        self._held_info: TrackInfo | None = None
        self._held_audio: list[tuple[list[AccessUnit], Arrival]] = []
        self._held_until_us = 0
        self._skew_us: int | None = None
        self._pace = Pace()
        self._arrivals: ArrivalTimes | None = None  # once the camera's own times are not believed

    @property
    def dropped_units(self) -> int:
        """Pictures that came and could not be used: something before them was lost, or no key frame has come."""
        return self._video.dropped_units

    def told(self, tracks: Sequence[Track]) -> None:
        """RTP-Info has come with the answer to PLAY."""
        for track in tracks:
            if track.media.kind == "video":
                self._video_rtptime = track.rtptime
            elif self._audio is not None:
                self._audio.rtptime = track.rtptime

    def listen(self, kind: str, channel: int) -> Taker:
        """What reads that track's frames out of the bytes of a TCP connection; `settle` when the bytes are read."""
        if kind == "video":
            self._video.listen(channel)
            return self._video.take
        return _pass_over if self._audio is None else self._audio.listen(channel)

    def settle(self, now: Arrival) -> None:
        """Publish what the takers have taken."""
        self._settle_video(self._video.drain(), now)
        if self._audio is not None:
            self._settle_audio(self._audio, self._audio.drain(), now)

    def video(self, packets: Sequence[bytes], now: Arrival) -> None:
        self._settle_video(self._video.push(packets, ordered=self._ordered), now)

    def audio(self, packets: Sequence[bytes], now: Arrival) -> None:
        if self._audio is not None:
            self._settle_audio(self._audio, self._audio.push(packets), now)

    def _settle_video(self, units: list[AccessUnit], now: Arrival) -> None:
        source = self._video
        while True:
            if units:
                self._units(units, now)
            if not source.more:
                return
            units = source.drain()

    def _settle_audio(self, path: AudioPath, units: list[AccessUnit], now: Arrival) -> None:
        if not units:
            return
        if self._held:
            self._held_audio.append((units, now))
            return
        for chunk in path.place(units, now.wall_us, self._wall, live=self.live):
            self.figures.bytes += len(chunk.data)
            self._stream.publish(chunk, now.mono_us)

    def video_report(self, packets: Sequence[bytes], now: Arrival) -> None:
        for packet in packets:
            for report in parse_rtcp(packet)[0]:
                self._video_report = report
                self.figures.reported(report, now.wall_us)

    def audio_report(self, packets: Sequence[bytes], _now: Arrival) -> None:
        for packet in packets:
            for report in parse_rtcp(packet)[0]:
                if self._audio is not None:
                    self._audio.report = report

    def _units(self, units: list[AccessUnit], now: Arrival) -> None:
        if self._video.generation != self._generation:
            self._open_held(now)
            self._generation = self._video.generation
            self._timestamper = None
        if self._arrivals is not None and units:
            units = self._arrivals.of(units, now.mono_us)
        skew_us = now.wall_us - now.mono_us
        if self._skew_us is None:
            self._skew_us = skew_us
        elif abs(skew_us - self._skew_us) > STEP_US or self._pace.off:
            units, now = self._step(units, now, skew_us - self._skew_us)
        self._take(units, now)

    def _step(self, units: list[AccessUnit], now: Arrival, step_us: int) -> tuple[list[AccessUnit], Arrival]:
        """The node's clock was set, or the camera's has left it. The run keeps the old time up to the next key frame, where
        another one begins: what is recorded under one run never jumps. Answers what is left to take, and when it came."""
        before = Arrival(now.wall_us - step_us, now.mono_us)
        if self._timestamper is not None:
            key = next((at for at, unit in enumerate(units) if unit.key), None)
            if key is None:
                return units, before
            self._take(units[:key], before)
            units = units[key:]
            self._stream.lose(STEP_CAUSE, now.mono_us)
            self._timestamper = None
            if self._pace.off and self._pace.leave(now.mono_us) and self._arrivals is None:
                self._arrivals = arrival_times(now.mono_us)
                units = self._arrivals.of(units, now.mono_us)
        self._held = [(unit, arrival_us + step_us) for unit, arrival_us in self._held]
        self._skew_us = now.wall_us - now.mono_us
        return units, now

    def _take(self, units: list[AccessUnit], now: Arrival) -> None:
        start = 0
        for at, unit in enumerate(units):
            if unit.after_loss:
                self._publish(units[start:at], now)
                start = at
                self._open_held(now)
                if self._timestamper is not None:
                    self.figures.losses += 1
                    self._stream.lose(LOSS_CAUSE, now.mono_us)
        self._publish(units[start:] if start else units, now)

    def _publish(self, units: Sequence[AccessUnit], now: Arrival) -> None:
        if not units:
            return
        timestamper = self._timestamper
        if timestamper is None:
            self._hold(units, now)
            return
        frames = timestamper.push(units)
        if frames:
            self._box(frames, now)
        if timestamper.jumped:
            rest = timestamper.rest
            self._timestamper = None
            if not rest[0].key:  # what comes before the next key frame cannot begin a run
                self._stream.lose(STEP_CAUSE, now.mono_us)
            self._hold(rest, now)

    def _hold(self, units: Sequence[AccessUnit], now: Arrival) -> None:
        """A run begins with a key frame; what comes before it has nothing to refer to."""
        if self._video.info is None:
            return
        if not self._held:
            self._held_info = self._video.info
            first = next((at for at, unit in enumerate(units) if unit.key), len(units))
            units = units[first:]
            self._held_until_us = now.mono_us + HOLD_US
        self._held += [(unit, now.wall_us) for unit in units]
        if self._held and self._keeps_pace(now):
            self._open_held(now)
        else:
            self.release(now)

    @property
    def holds(self) -> bool:
        """Whether a run waits to begin: `release` it in HOLD_US, should nothing more come."""
        return bool(self._held)

    def release(self, now: Arrival) -> None:
        """Begin the run that has waited long enough."""
        if self._held and now.mono_us >= self._held_until_us:
            self._open_held(now)

    def _open_held(self, now: Arrival) -> None:
        """At once: also when a loss or a new configuration ends what is held."""
        held, self._held = self._held, []
        if held and self._held_info is not None:
            self._open_run(self._held_info, held, now)

    def _keeps_pace(self, now: Arrival) -> bool:
        """Whether the units came about as fast as they were taken: then there is no burst to wait for."""
        first, first_us = self._held[0]
        taken_us = (self._held[-1][0].rtp_time - first.rtp_time) * SECOND_US // VIDEO_TIMESCALE
        return taken_us > 0 and now.wall_us - first_us >= taken_us // 2

    def _open_run(self, info: TrackInfo, held: list[tuple[AccessUnit, int]], now: Arrival) -> None:
        self._timestamper = timestamper = Timestamper(info)
        self._chunker = Chunker(info)
        self._wall = WallMap(VIDEO_TIMESCALE)
        frames = timestamper.push([unit for unit, _ in held])
        arrivals = zip((arrival_us for _, arrival_us in held), frames, strict=False)  # fewer frames when the clock jumped
        earliest_us, frame = min(arrivals, key=lambda pair: pair[0] * VIDEO_TIMESCALE - pair[1].dts * SECOND_US)
        self._wall.observe(earliest_us, frame.dts)
        self.infos = (info,)
        if self._audio is not None:
            begin_us = self._wall.wall_us(frames[0].pts)
            instant = Instant(held[0][0].rtp_time, frames[0].pts, begin_us, self._video_report, self._video_rtptime)
            self.infos += self._audio.open_run(instant)
        begin = Begin(self._new_run(now.wall_us), tuple(map(make_init, self.infos)), self._wall.wall_us(0))
        self._stream.start(begin, now.mono_us)
        self.figures.run()
        self._pace.begin(now.mono_us)
        self._box(frames, now)
        heard, self._held_audio = self._held_audio, []
        for units, then in heard:
            if self._audio is not None:
                self._settle_audio(self._audio, units, Arrival(then.wall_us, now.mono_us))
        if timestamper.jumped:  # twice within one read: the next key frame begins again
            self._timestamper = None

    def _box(self, frames: list[Frame], now: Arrival) -> None:
        chunker, wall, stream = self._chunker, self._wall, self._stream
        if chunker is None:
            return
        wall.observe(now.wall_us, frames[-1].dts)
        self._pace.see(now.mono_us, now.wall_us - wall.wall_us(frames[-1].dts))
        self.figures.frames_came(frames, now.wall_us, now.mono_us)
        if self.live:
            for frame in frames:
                stream.publish(chunker.chunk((frame,), wall.wall_us(frame.pts)), now.mono_us)
            return
        for group in split_gops(frames):
            stream.publish(chunker.chunk(group, wall.wall_us(group[0].pts)), now.mono_us)


def _pass_over(data: bytes, position: int) -> int:
    """The taker of a track that cannot be carried."""
    return position + 4 + int.from_bytes(data[position + 2 : position + 4], "big")


def _audio_path(tracks: Sequence[Track], *, ordered: bool) -> AudioPath | None:
    track = next((t for t in tracks if t.media.kind == "audio"), None)
    if track is None:
        return None
    try:
        return AudioPath(depacketiser_for(track.media), track.media.clock_rate, ordered=ordered, rtptime=track.rtptime)
    except VmsError:
        return None  # sound in a form that cannot be carried: the pictures count
