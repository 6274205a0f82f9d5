"""Whether a camera's clock keeps pace with the node's, and times by arrival where it does not. Pure.

RTP times that stand still, or run at another rate than announced, cannot say when a picture was taken: the map of wall time leans
by 5 % at most and is left behind. A run that has left the wall begins anew; a clock that does so twice in a minute is not
believed again on that connection. Not here: single jumps (media.timestamps), steps of the node's own clock (media_path).
"""

from __future__ import annotations

from collections.abc import Sequence

from vms.base.timespan import SECOND_US
from vms.media.types import VIDEO_TIMESCALE, AccessUnit

WINDOW_US = 5 * SECOND_US
MOST_LATE_US = 2 * SECOND_US
"""Later than this throughout a window is no full link: a camera does not keep so much for so long."""
MOST_EARLY_US = SECOND_US
"""Nothing arrives before it was taken; a run that began behind a full link is early by what was queued there."""
AGAIN_US = 60 * SECOND_US
_FIRST_US = 40_000


class Pace:
    """`off` says that the run has left the wall clock and another should begin."""

    def __init__(self) -> None:
        self.off = False
        self._left_us: int | None = None
        self._window_end_us = 0
        self._least_us = 0

    def begin(self, mono_us: int) -> None:
        """A run begins."""
        self.off = False
        self._open_window(mono_us)

    def see(self, mono_us: int, late_us: int) -> None:
        """Pictures came, so much later than their place in the run says."""
        self._least_us = min(self._least_us, late_us)
        if late_us < -MOST_EARLY_US:
            self.off = True
        if mono_us >= self._window_end_us:
            self.off = self.off or self._least_us > MOST_LATE_US
            self._open_window(mono_us)

    def leave(self, mono_us: int) -> bool:
        """The run is left. Whether that happened shortly before as well."""
        before_us, self._left_us, self.off = self._left_us, mono_us, False
        return before_us is not None and mono_us - before_us < AGAIN_US

    def _open_window(self, mono_us: int) -> None:
        self._window_end_us = mono_us + WINDOW_US
        self._least_us = 1 << 62


class ArrivalTimes:
    """Gives units the times of their arrival, evenly over the time since the read before."""

    def __init__(self, before_us: int) -> None:
        self._before_us = before_us

    def of(self, units: Sequence[AccessUnit], mono_us: int) -> list[AccessUnit]:
        before_us, self._before_us = self._before_us, mono_us
        step_us = (mono_us - before_us) / len(units)
        return [
            unit._replace(rtp_time=int(before_us + step_us * number) * VIDEO_TIMESCALE // SECOND_US) for number, unit in enumerate(units, 1)
        ]


def arrival_times(mono_us: int) -> ArrivalTimes:
    """For a camera whose first unit by arrival comes now."""
    return ArrivalTimes(mono_us - _FIRST_US)
