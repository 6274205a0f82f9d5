"""Live figures of one pulled profile: frames, bits, GOP length, losses. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from vms.media.types import VIDEO_TIMESCALE, Frame

WINDOW_US = 2_000_000


class Figures:
    """Counted per read; rates are those of the last full window."""

    def __init__(self) -> None:
        self.frames = 0
        self.bytes = 0
        self.losses = 0
        self.last_frame_us: int | None = None
        self.gop_ms = 0
        self.fps = 0.0
        self.bitrate_bps = 0
        self._key_media = -1
        self._since_us = 0
        self._frames_at = 0
        self._bytes_at = 0

    def run(self, now_us: int) -> None:
        """A run begins: media time starts anew."""
        self._key_media = -1
        if not self._since_us:
            self._since_us = now_us

    def frames_came(self, frames: Sequence[Frame], now_us: int) -> None:
        self.frames += len(frames)
        self.last_frame_us = now_us
        size = 0
        for frame in frames:
            size += len(frame.data)
            if frame.key:
                if self._key_media >= 0:
                    self.gop_ms = (frame.dts - self._key_media) * 1000 // VIDEO_TIMESCALE
                self._key_media = frame.dts
        self.bytes += size
        if now_us - self._since_us >= WINDOW_US:
            self._close_window(now_us)

    def _close_window(self, now_us: int) -> None:
        span_us = now_us - self._since_us
        self.fps = round((self.frames - self._frames_at) * 1_000_000 / span_us, 2)
        self.bitrate_bps = (self.bytes - self._bytes_at) * 8_000_000 // span_us
        self._since_us, self._frames_at, self._bytes_at = now_us, self.frames, self.bytes
