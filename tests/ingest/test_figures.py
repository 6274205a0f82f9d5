from __future__ import annotations

from vms.ingest.figures import WINDOW_US, Figures
from vms.media.types import Frame


def frame(number: int) -> Frame:
    return Frame(number * 3600, number * 3600, 3600, number % 50 == 0, (bytes(1000),), 1000)


def test_rates_are_those_of_media_time_however_the_reads_are_batched() -> None:
    for batch in (1, 5, 7):
        figures = Figures()
        figures.run()
        for start in range(0, 210, batch):
            figures.frames_came([frame(n) for n in range(start, start + batch)], 1_000_000 + start * 40_000, 1)
        assert (figures.fps, figures.bitrate_bps, figures.gop_ms) == (25.0, 200_000, 2000)
        assert figures.last_frame_us is not None


def test_new_run_does_not_mix_with_the_media_time_of_the_last() -> None:
    figures = Figures()
    for _ in range(3):
        figures.run()
        figures.frames_came([frame(n) for n in range(100)], 5, 1)
        figures.frames_came([frame(n) for n in range(100, 110)], 5 + WINDOW_US, 1)
    assert (figures.fps, figures.gop_ms, figures.frames) == (25.0, 2000, 330)
