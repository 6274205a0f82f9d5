"""Wall time of media time: the lower envelope of arrival − media (architecture §6).

In: one map per track and run. Not here: sender reports, which tell the camera's opinion of the time.
Arrivals are late, never early: batching, queues and bursts only add. So the least difference seen lately is the
nearest to the truth, and the map leans towards it slowly enough to stay smooth.
"""

from __future__ import annotations

from typing import Final

BUCKET_US: Final = 30_000_000
SLEW: Final = 500e-6
FAST_SLEW: Final = 0.05
FAST_ABOVE_US: Final = 50_000
SETTLING_US: Final = 10_000_000


class WallMap:
    """Maps media time to the node's wall clock; rising in media, piecewise linear, constant memory.

    Slew is 500 ppm; while the map settles (10 s) and for errors above 50 ms it is 5 %.
    """

    def __init__(self, timescale: int) -> None:
        self._tick_us = 1_000_000 / timescale
        self._per_tick = self._tick_us
        self._begun = False
        self._anchor_us = 0
        self._anchor_media = 0
        self._newest = 0
        self._least = 0
        self._least_before = 0
        self._bucket_end = 0
        self._settled = 0

    def observe(self, arrival_us: int, media: int) -> None:
        """The unit at `media` arrived at `arrival_us`; once per batch, with its newest unit."""
        media_us = int(media * self._tick_us)
        offset = arrival_us - media_us
        if not self._begun:
            self._begin(arrival_us, media, media_us, offset)
            return
        if media_us >= self._bucket_end:
            self._least_before = self._least
            self._least = offset
            self._bucket_end = media_us + BUCKET_US
        elif offset < self._least:
            self._least = offset
        if media <= self._newest:
            return
        # the new slope holds from the newest unit mapped so far, so that nothing mapped already moves
        self._anchor_us = self.wall_us(self._newest)
        self._anchor_media = self._newest
        span_us = (media - self._newest) * self._tick_us
        error = media_us + min(self._least, self._least_before) - self._anchor_us - span_us
        fast = media_us < self._settled or abs(error) > FAST_ABOVE_US
        most = span_us * (FAST_SLEW if fast else SLEW)
        step = min(max(error, -most), most)
        self._per_tick = self._tick_us * (1 + step / span_us)
        self._newest = media

    def wall_us(self, media: int) -> int:
        return self._anchor_us + int((media - self._anchor_media) * self._per_tick)

    def _begin(self, arrival_us: int, media: int, media_us: int, offset: int) -> None:
        self._begun = True
        self._anchor_us, self._anchor_media, self._newest = arrival_us, media, media
        self._least = self._least_before = offset
        self._bucket_end = media_us + BUCKET_US
        self._settled = media_us + SETTLING_US
