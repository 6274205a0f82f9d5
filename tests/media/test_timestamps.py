"""Decoding and presentation times of a run."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.packetise import display_order
from vms.media.timestamps import Timestamper
from vms.media.types import AccessUnit, Codec, Frame, TrackInfo

VIDEO = TrackInfo(1, Codec.H264, 90_000, "", b"", 160, 120, 25.0, 0)
AUDIO = TrackInfo(2, Codec.PCMA, 8000, "", b"", channels=1)


def units(times: list[int], *, key_every: int = 25) -> list[AccessUnit]:
    return [AccessUnit(at, n % key_every == 0, (b"x" * 160,), 160) for n, at in enumerate(times)]


def pushed(stamper: Timestamper, times: list[int], batch: int = 5) -> list[Frame]:
    every = units(times)
    return [frame for at in range(0, len(every), batch) for frame in stamper.push(every[at : at + batch])]


def test_media_time_counts_from_the_first_unit() -> None:
    frames = pushed(Timestamper(VIDEO), [1_000_000 + 3600 * n for n in range(12)])
    assert [(f.dts, f.pts, f.duration) for f in frames] == [(3600 * n, 3600 * n, 3600) for n in range(12)]


def test_b_frames_get_rising_decoding_times_not_behind_their_presentation() -> None:
    order = display_order("h264_b_frames.h264")
    for depth in (1, 2):
        frames = pushed(Timestamper(replace(VIDEO, reorder_frames=depth)), [777 + 3600 * place for place in order], batch=3)
        assert [f.dts for f in frames] == [3600 * n for n in range(50)]
        assert [f.pts for f in frames] == [3600 * (place + depth) for place in order]


def test_an_unknown_reorder_depth_is_learnt_within_the_first_pictures() -> None:
    order = display_order("h264_b_frames.h264")
    stamper = Timestamper(replace(VIDEO, reorder_frames=-1))
    frames = pushed(stamper, [3600 * place for place in order])
    assert stamper.reorder_frames == 1
    assert [f.pts for f in frames] == [3600 * place for place in order]
    assert all(early.dts < late.dts for early, late in pairwise(frames))
    assert [f.dts - f.pts for f in frames if f.dts > f.pts] == [225]  # one picture, by a 16th of a frame
    assert [f.dts for f in frames[3:]] == [3600 * (n - 1) for n in range(3, 50)]


def test_an_unknown_depth_without_b_frames_costs_no_offset() -> None:
    frames = pushed(Timestamper(replace(VIDEO, reorder_frames=-1)), [3600 * n for n in range(20)])
    assert [(f.dts, f.pts) for f in frames] == [(3600 * n, 3600 * n) for n in range(20)]


def test_an_unknown_depth_and_a_wrong_rate_settle_within_few_frames() -> None:
    frames = pushed(Timestamper(replace(VIDEO, reorder_frames=-1, fps=25.0)), [9000 * n for n in range(60)], batch=1)
    assert all(f.dts <= f.pts for f in frames)
    assert [(f.dts, f.pts) for f in frames[30:]] == [(9000 * n, 9000 * n) for n in range(30, 60)]


def test_a_frozen_clock_still_gives_rising_times() -> None:
    frames = pushed(Timestamper(VIDEO), [0, 3600, 3600, 3600, 3600, 18_000])
    assert [f.dts for f in frames] == [0, 3600, 3601, 3602, 3603, 18_000]
    assert all(f.duration >= 1 for f in frames)


def test_a_jump_ends_the_run_and_leaves_the_rest() -> None:
    for jump in (11 * 90_000, -11 * 90_000):
        for depth in (0, 2, -1):
            stamper = Timestamper(replace(VIDEO, reorder_frames=depth))
            times = [3600 * n + (jump if n >= 7 else 0) for n in range(12)]
            assert len(pushed(stamper, times)) == 7
            assert stamper.jumped
            assert [unit.rtp_time for unit in stamper.rest] == times[7:]


def test_the_last_duration_follows_the_true_rate_not_the_announced_one() -> None:
    frames = pushed(Timestamper(replace(VIDEO, fps=25.0)), [9000 * n for n in range(20)])
    assert frames[-1].duration == 9000


def test_a_run_of_video_begins_with_a_key_frame() -> None:
    stamper = Timestamper(VIDEO)
    assert stamper.push([AccessUnit(5, False, (), 0), AccessUnit(10, True, (), 0)]) == [Frame(0, 0, 3600, True, (), 0)]
    assert stamper.skipped == 1


def test_g711_lasts_as_long_as_its_bytes() -> None:
    frames = pushed(Timestamper(AUDIO), [160 * n for n in range(4)], batch=1)
    assert [(f.dts, f.duration) for f in frames] == [(160 * n, 160) for n in range(4)]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-200_000, 200_000), min_size=1, max_size=40), st.sampled_from([-1, 0, 1, 2, 4]), st.integers(1, 7))
def test_decoding_times_always_rise(steps: list[int], depth: int, batch: int) -> None:
    times = [sum(steps[: n + 1]) for n in range(len(steps))]
    frames = pushed(Timestamper(replace(VIDEO, reorder_frames=depth)), times, batch)
    assert all(early.dts < late.dts for early, late in pairwise(frames))
    assert not frames or (frames[0].dts == 0 and all(f.duration >= 1 for f in frames))
