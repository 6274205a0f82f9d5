"""What cameras and the network before them do wrong (faults.md C3–C7), a camera's minutes at a time: what comes out is whole pictures
with times that are right, and a cause where something is missing.
"""

from __future__ import annotations

from itertools import pairwise
from time import process_time

import pytest

from tests.ingest.filmed import SECOND_US, Filmed
from vms.media.types import Chunk
from vms.sim.faults import Fault, Wrong
from vms.sim.marks import tally
from vms.stream.stream import MAX_GOP_BYTES, Begin, Gap

RIGHT_US = 100_000
"""How far a wall time may be off on a local network."""
DAMAGES = {Wrong.LOSS: 5, Wrong.GARBLE: 4, Wrong.DOUBLE: 5, Wrong.REORDER: 5}


def assert_in_order(filmed: Filmed) -> None:
    """Times rise within each run, and what follows a hole begins with a key frame."""
    for before, after in pairwise(filmed.items):
        if isinstance(before, Begin | Gap) and isinstance(after, Chunk):
            assert after.key
        if isinstance(before, Chunk) and isinstance(after, Chunk):
            assert after.media > before.media
            assert after.wall_us > before.wall_us


@pytest.mark.parametrize("seed", range(1, 21))
@pytest.mark.parametrize("ordered", [True, False], ids=["tcp", "udp"])
def test_a_damaged_stream_gives_whole_pictures_and_tells_what_is_missing(seed: int, ordered: bool) -> None:
    filmed = Filmed(*(Fault(kind, after_s=1, every_s=100, for_s=6, percent=p) for kind, p in DAMAGES.items()), ordered=ordered, seed=seed)
    filmed.film(12)
    assert {str(kind) for kind in DAMAGES} <= filmed.stats.faults.keys(), "the faults happened"
    assert_in_order(filmed)
    counted = tally(mark for mark, _ in filmed.pictures())
    assert counted.doubled == 0
    assert filmed.causes() == ["network"] * filmed.path.figures.losses
    assert filmed.causes()
    late = tally(mark for mark, chunk in filmed.pictures() if chunk.wall_us > filmed.now_us - 3 * SECOND_US)
    assert (late.missing, late.doubled) == (0, 0), "clean from the next key frame on"
    assert late.frames >= 70


@pytest.mark.parametrize("kind", [Wrong.DOUBLE, Wrong.REORDER])
def test_what_udp_may_do_to_packets_costs_nothing(kind: Wrong) -> None:
    filmed = Filmed(Fault(kind, percent=20), ordered=False)
    filmed.film(8)
    assert filmed.stats.faults[kind] > 50
    assert filmed.causes() == []
    counted = tally(mark for mark, _ in filmed.pictures())
    assert (counted.missing, counted.doubled) == (0, 0)


def test_a_flood_of_tiny_packets_costs_no_picture_and_little_time() -> None:
    plain = Filmed()
    plain.film(4)
    filmed = Filmed(Fault(Wrong.FLOOD, bytes=12 * 4_000))
    started = process_time()
    filmed.film(4)
    assert filmed.stats.faults[Wrong.FLOOD] >= 100, "400,000 packets and more"
    assert process_time() - started < 20
    assert [chunk.data for chunk in filmed.chunks()] == [chunk.data for chunk in plain.chunks()]


@pytest.mark.parametrize("clip", ["crossing-sub", "h265"])
def test_another_size_is_another_run_and_another_codec_another_connection(clip: str) -> None:
    filmed = Filmed(Fault(Wrong.CHANGE, after_s=4, clip=clip))
    filmed.film(10)
    assert filmed.given_up == (clip == "h265")
    assert_in_order(filmed)
    begins = [item for item in filmed.items if isinstance(item, Begin)]
    if not filmed.given_up:
        assert len({begin.inits[0].info.sample_entry for begin in begins}) == 2
        assert [r.end_reason for r in filmed.reports()] == ["init_change", "stop"]


@pytest.mark.parametrize("by_s", [3600, -10, -3600, 47_721.858_8, -47_721.858_8])
def test_a_clock_that_jumps_costs_a_gop_at_most_and_no_wall_time(by_s: float) -> None:
    """47 721 s are the 32 bits of an RTP clock."""
    filmed = Filmed(Fault(Wrong.TIME_JUMP, after_s=4.9, by_s=by_s))
    filmed.film(10)
    assert_in_order(filmed)
    counted = tally(mark for mark, _ in filmed.pictures())
    wrapped = abs(by_s) > 40_000
    assert counted.doubled == 0
    assert counted.missing <= (0 if wrapped else 50), "a run begins with a key frame"
    assert filmed.causes() == ([] if wrapped else ["clock_step"])
    assert len(filmed.of(Begin)) == (1 if wrapped else 2)
    assert max(map(abs, filmed.errors_us(0))) <= RIGHT_US
    reports = filmed.reports()
    told_us = sum(r.start_us - r.gap.from_us for r in reports if r.gap is not None and r.gap.cause == "clock_step")
    assert abs(told_us - counted.missing * 40_000) <= RIGHT_US, "the gap is what is missing"


@pytest.mark.parametrize("rate", [0, 0.01, 0.5, 0.8, 1.3, 2])
def test_a_clock_of_another_pace_is_told_and_then_not_believed(rate: float) -> None:
    filmed = Filmed(Fault(Wrong.TIME_JUMP, after_s=4, by_s=0, rate=rate))
    filmed.film(150)
    assert_in_order(filmed)
    counted = tally(mark for mark, _ in filmed.pictures())
    assert (counted.missing, counted.doubled) == (0, 0)
    assert max(map(abs, filmed.errors_us(120))) <= RIGHT_US
    assert set(filmed.causes()) == {"clock_step"}
    assert len(filmed.causes()) == 2, "once as a step, then its times are no longer believed"
    assert max(filmed.errors_us(0)) <= 4 * SECOND_US, "a second ahead, and what is left of the GOP"


@pytest.mark.parametrize("rate", [0.999, 1.001, 1.02])
def test_a_clock_that_drifts_is_followed(rate: float) -> None:
    filmed = Filmed(Fault(Wrong.TIME_JUMP, after_s=4, by_s=0, rate=rate))
    filmed.film(120)
    assert filmed.causes() == []
    assert max(map(abs, filmed.errors_us(0))) <= 10 * RIGHT_US


def test_a_gop_without_end_is_recorded_and_shows_its_length() -> None:
    filmed = Filmed(Fault(Wrong.NO_KEY_FRAME, after_s=4))
    filmed.film(14)
    assert filmed.causes() == []
    assert filmed.path.figures.gop_ms > 6_000
    assert sum(map(len, (chunk.data for chunk in filmed.stream.gop))) <= MAX_GOP_BYTES
    assert filmed.reports()[-1].end_us >= filmed.now_us - SECOND_US
    for _ in range(7):
        filmed.film(100)
    assert sum(map(len, (chunk.data for chunk in filmed.stream.gop))) <= MAX_GOP_BYTES
    assert filmed.path.figures.gop_ms > 600_000


def test_a_camera_without_a_key_frame_gives_nothing_and_counts_what_came() -> None:
    filmed = Filmed(Fault(Wrong.NO_KEY_FRAME))
    filmed.film(60)
    assert filmed.items == []
    assert filmed.path.dropped_units >= 60 * 24
