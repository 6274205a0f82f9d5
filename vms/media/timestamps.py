"""RTP times of one run made into decoding and presentation times (invariant 2 of the skeleton).

In: zero-based media time, decoding times for streams with B-frames, frozen and jumping camera clocks.
Not here: 32-bit wraps (rtp.unwrap, already undone in AccessUnit.rtp_time), wall time (wallmap).
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from vms.media.types import AccessUnit, Codec, Frame, TrackInfo

JUMP_S: Final = 10
BACK_S: Final = 1
BACK_REORDERED_S: Final = 4  # sixteen pictures of a slow camera
DEFAULT_FPS: Final = 25.0
MAX_REORDER: Final = 16
MEDIAN_OF: Final = 9
CATCH_UP_UNITS: Final = 64
CATCH_UP_STEP: Final = 16  # while catching up decoding times rise by a 16th of the usual: players take less for a break
AAC_FRAME_SAMPLES: Final = 1024
OPUS_FRAME_SAMPLES: Final = 960


class Timestamper:
    """Gives the units of one run their places; a new run takes a new Timestamper.

    When `jumped` is true, the camera's clock left the run (more than 10 s forward, or back more than a second and any reordering):
    the units from there on are in `rest`, for the Timestamper of the next run. A video run begins with a key frame:
    units before it are counted in `skipped`. `reorder_frames` is the depth in use: what TrackInfo told, or learnt.
    """

    def __init__(self, info: TrackInfo) -> None:
        self.jumped = False
        self.rest: list[AccessUnit] = []
        self.skipped = 0
        self.reorder_frames = min(max(info.reorder_frames, 0), MAX_REORDER) if info.is_video else 0
        self._learns = info.is_video and info.reorder_frames != 0
        self._info = info
        self._bytes_per_sample = max(info.channels, 1) if info.codec in {Codec.PCMA, Codec.PCMU} else 0
        self._nominal = _nominal(info)
        self._deltas: deque[int] = deque(maxlen=MEDIAN_OF)
        self._limit = JUMP_S * info.timescale
        self._back = (BACK_REORDERED_S if self.reorder_frames or self._learns else BACK_S) * info.timescale
        self._base = 0
        self._top = -1  # highest presentation time so far
        self._last = -1  # last decoding time
        self._passed = -1  # highest presentation time that has served as decoding time
        self._unsure = info.is_video and info.reorder_frames < 0
        self._catching = 0
        self._begun = False
        self._window: list[int] = []  # the `reorder_frames` highest presentation times, ascending

    def push(self, units: Sequence[AccessUnit]) -> list[Frame]:
        """The frames of these units; fewer when the clock jumped within them."""
        if not self._begun:
            units = self._begin(units)
        if not units:
            return []
        if self.jumped:
            self.rest += units
            return []
        return self._reordered(units) if self._window or self._learns else self._plain(units)

    def _begin(self, units: Sequence[AccessUnit]) -> Sequence[AccessUnit]:
        first = 0
        if self._info.is_video:
            first = next((at for at, unit in enumerate(units) if unit.key), len(units))
            self.skipped += first
        if first == len(units):
            return ()
        self._begun = True
        delay = self.reorder_frames * self._nominal
        self._base = units[first].rtp_time - delay
        self._top = delay - 1
        self._window = [place * self._nominal for place in range(self.reorder_frames)]
        return units[first:]

    def _plain(self, units: Sequence[AccessUnit]) -> list[Frame]:
        """Decoding order is presentation order."""
        base, last, limit, back = self._base, self._last, self._limit, self._back
        times: list[int] = []
        for unit in units:
            at = unit.rtp_time - base
            if not 0 < at - last <= limit and last >= 0:
                if not -back <= at - last <= 0:
                    units = self._leave(units, len(times))
                    break
                at = last + 1  # a frozen or trembling clock
            times.append(at)
            last = at
        return self._frames(units, times, times)

    def _reordered(self, units: Sequence[AccessUnit]) -> list[Frame]:
        """dts is the lowest of the highest `reorder_frames` + 1 presentation times so far (H.264 clause C.4.5.3, reversed)."""
        window, last, top = self._window, self._last, self._top
        dts: list[int] = []
        pts: list[int] = []
        for unit in units:
            at = unit.rtp_time - self._base
            if not -self._back <= at - top <= self._limit and last >= 0:
                units = self._leave(units, len(pts))
                break
            if at in window or at == top:
                at = top + 1  # a frozen clock: two pictures never share a time
            if at < self._passed and len(window) < MAX_REORDER:
                # deeper than known: this unit is decoded after its presentation time, later ones are right
                self.reorder_frames += 1
                self._catching = CATCH_UP_UNITS
                insort(window, self._passed)
            insort(window, at)
            self._passed = window.pop(0)
            if self._unsure:
                early = self._guess(unit, at, last, top)
            elif self._catching:
                self._catching -= 1
                early = max(self._passed, last + max(self._nominal // CATCH_UP_STEP, 1))
            else:
                early = max(self._passed, last + 1)
            last, top = early, max(top, at)
            dts.append(early)
            pts.append(at)
        self._top = top
        return self._frames(units, dts, pts)

    def _guess(self, unit: AccessUnit, at: int, last: int, top: int) -> int:
        """Decoding time while the depth is unknown: at an even pace, so that B-frames that may follow still find room."""
        if self._window or (unit.key and last >= 0):
            self._unsure = False  # it is learnt, or a whole GOP had no B-frame
            self._catching = CATCH_UP_UNITS
        if self._window:
            return max(self._passed, last + max(self._nominal // CATCH_UP_STEP, 1))
        return max(min(at, max(last + self._nominal, top)), last + 1) if last >= 0 else at

    def _leave(self, units: Sequence[AccessUnit], at: int) -> Sequence[AccessUnit]:
        self.jumped = True
        self.rest = list(units[at:])
        return units[:at]

    def _frames(self, units: Sequence[AccessUnit], dts: list[int], pts: list[int]) -> list[Frame]:
        if not dts:
            return []
        deltas = [late - early for early, late in pairwise(dts)]
        last, nominal = self._last, self._nominal
        self._last = dts[-1]
        if self._bytes_per_sample:
            deltas.append(max(units[-1].size // self._bytes_per_sample, 1))
        elif deltas.count(nominal) == len(deltas) and dts[0] - last == nominal:
            deltas.append(nominal)
        else:
            deltas.append(self._learn(last, dts[0], deltas))
        _, keys, parts, sizes, _ = zip(*units, strict=True)
        # Frame(...) through its constructor costs twice as much, for every frame of every camera
        return [tuple.__new__(Frame, row) for row in zip(dts, pts, deltas, keys, parts, sizes, strict=True)]

    def _learn(self, last: int, first: int, deltas: list[int]) -> int:
        """The usual duration: the median of the last ones."""
        if last >= 0:
            self._deltas.append(first - last)
        self._deltas += deltas
        if self._deltas:
            self._nominal = sorted(self._deltas)[len(self._deltas) // 2]
        return self._nominal


def _nominal(info: TrackInfo) -> int:
    if info.is_video:
        return max(round(info.timescale / (info.fps or DEFAULT_FPS)), 1)
    return OPUS_FRAME_SAMPLES if info.codec is Codec.OPUS else AAC_FRAME_SAMPLES
