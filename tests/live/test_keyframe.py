"""The newest key frame: at once from a stream that runs, later from one that begins, never from one that is over."""

from __future__ import annotations

import asyncio

import pytest

from tests.media.streams import h264_track_frames
from tests.stream.links import begin, chunk, on_a_loop
from vms.base.clock import ManualClock
from vms.base.errors import Kind, VmsError
from vms.live.keyframe import newest_key_frame
from vms.media.cmaf import make_init
from vms.stream.stream import Stream

INIT = make_init(h264_track_frames()[0])


def started() -> tuple[Stream, ManualClock]:
    stream = Stream()
    stream.start(begin(INIT), 0)
    return stream, ManualClock(chunk(0, key=True).wall_us)


@on_a_loop
async def test_a_running_stream_gives_the_key_frame_of_its_last_group() -> None:
    stream, clock = started()
    for seq in range(7):
        stream.publish(chunk(seq, key=seq in (0, 5)), 0)
    found = await newest_key_frame(stream, clock, 1)
    assert (found.chunk.seq, found.info) == (5, INIT.info)
    assert stream.subscribers == set()


@on_a_loop
async def test_a_stream_that_begins_gives_its_first() -> None:
    stream, clock = Stream(), ManualClock()
    asked = asyncio.ensure_future(newest_key_frame(stream, clock, 1))
    await asyncio.sleep(0)
    stream.start(begin(INIT), 0)
    stream.publish(chunk(3, key=False), 0)
    stream.publish(chunk(4, key=True), 0)
    assert (await asked).chunk.seq == 4


@on_a_loop
async def test_the_end_of_the_stream_and_of_patience_are_told() -> None:
    stream, clock = started()
    asked = asyncio.ensure_future(newest_key_frame(stream, clock, 1))
    await asyncio.sleep(0)
    stream.end("auth", 0)
    with pytest.raises(VmsError) as ended:
        await asked
    asked = asyncio.ensure_future(newest_key_frame(stream, clock, 1))
    await clock.advance(1.1)
    with pytest.raises(VmsError) as late:
        await asked
    assert (ended.value.kind, late.value.kind, stream.subscribers) == (Kind.AUTH, Kind.TIMEOUT, set())


@on_a_loop
async def test_a_silent_camera_shows_no_present() -> None:
    stream, clock = started()
    stream.publish(chunk(0, key=True), 0)
    clock.step_wall(10_500_000)
    with pytest.raises(VmsError) as silent:
        await newest_key_frame(stream, clock, 1)
    assert silent.value.kind is Kind.STALLED
