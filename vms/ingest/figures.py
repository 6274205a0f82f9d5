"""Live figures of one pulled profile: frames, bits, GOP length, losses. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from vms.media.rtp import SenderReport
from vms.media.types import VIDEO_TIMESCALE, Frame

WINDOW_US = 2_000_000
REPORTS = 8
"""Sender reports that the camera's clock is judged by: with one each five seconds, those of the last 40 s."""


class Figures:
    """Counted per read; rates are those of the last full window, over media time, which batching does not blur."""

    def __init__(self) -> None:
        self.frames = 0
        self.bytes = 0
        self.losses = 0
        self.last_frame_us: int | None = None
        self.last_frame_mono_us = 0
        self.gop_ms = 0
        self.fps = 0.0
        self.bitrate_bps = 0
        self._offsets_us: deque[int] = deque(maxlen=REPORTS)
        self._key_media = -1
        self._window_us = 0
        self._window_media = -1
        self._window_frames = 0
        self._window_bytes = 0

    @property
    def clock_offset_us(self) -> int | None:
        """How far the camera's clock is ahead of the node's. A report is read late, never early: the largest is the nearest."""
        return max(self._offsets_us, default=None)

    def reported(self, report: SenderReport, now_us: int) -> None:
        self._offsets_us.append(report.wall_us - now_us)

    def run(self) -> None:
        """A run begins: media time starts anew."""
        self._key_media = self._window_media = -1

    def frames_came(self, frames: Sequence[Frame], now_us: int, mono_us: int) -> None:
        self.last_frame_us, self.last_frame_mono_us = now_us, mono_us
        if self._window_media < 0:
            self._open_window(frames[0].dts, now_us)
        self.frames += len(frames)
        for frame in frames:
            self.bytes += frame.size
            if frame.key:
                if self._key_media >= 0:
                    self.gop_ms = (frame.dts - self._key_media) * 1000 // VIDEO_TIMESCALE
                self._key_media = frame.dts
        if now_us - self._window_us >= WINDOW_US:
            self._close_window(frames[-1].dts + frames[-1].duration, now_us)

    def _open_window(self, media: int, now_us: int) -> None:
        self._window_us, self._window_media = now_us, media
        self._window_frames, self._window_bytes = self.frames, self.bytes

    def _close_window(self, media: int, now_us: int) -> None:
        if self._key_media >= 0:  # a GOP without end shows its length while it grows
            self.gop_ms = max(self.gop_ms, (media - self._key_media) * 1000 // VIDEO_TIMESCALE)
        span = media - self._window_media
        if span > 0:
            self.fps = round((self.frames - self._window_frames) * VIDEO_TIMESCALE / span, 2)
            self.bitrate_bps = (self.bytes - self._window_bytes) * 8 * VIDEO_TIMESCALE // span
        self._open_window(media, now_us)
