"""A live viewer: Init and cached GOP at once, then live; notices in words; gone from the stream when it leaves."""

from __future__ import annotations

import asyncio
import json

from tests.media.streams import h264_track_frames
from tests.stream.links import begin, chunk, on_a_loop, until
from vms.base.clock import ManualClock
from vms.live.viewer import LiveView
from vms.media.cmaf import make_init
from vms.stream.stream import Stream
from vms.stream.viewframes import Framer, chunk_bytes, init_bytes


@on_a_loop
async def test_a_viewer_starts_at_once_is_told_of_gaps_and_leaves_nothing_behind() -> None:
    stream, init, got = Stream(), make_init(h264_track_frames()[0]), list[str | bytes]()

    async def send(data: str | bytes) -> None:
        got.append(data)

    stream.start(begin(init), 0)
    stream.publish(chunk(0, key=True), 0)
    task = asyncio.create_task(LiveView(stream, Framer(), ManualClock()).run(send))
    await until(lambda: len(got) == 3)
    assert got[1:] == [init_bytes(init, begin(init).wall_us), chunk_bytes(chunk(0, key=True))]
    stream.lose("network", 0)
    stream.end("camera_offline", 0)
    await until(lambda: len(got) == 5)
    assert [json.loads(text) for text in got[3:]] == [{"type": "gap", "cause": "network"}, {"type": "end", "cause": "camera_offline"}]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert stream.subscribers == set()


@on_a_loop
async def test_a_viewer_that_stops_reading_comes_back_at_a_key_frame() -> None:
    stream, gate, got = Stream(), asyncio.Event(), list[str | bytes]()

    async def send(data: str | bytes) -> None:
        await gate.wait()
        got.append(data)

    view = LiveView(stream, Framer(), ManualClock())
    task = asyncio.create_task(view.run(send))
    await until(lambda: bool(stream.subscribers))
    for seq in range(120):
        stream.publish(chunk(seq, key=seq % 50 == 0), seq * 40_000)
        await asyncio.sleep(0)
    gate.set()
    await until(lambda: chunk_bytes(chunk(119)) in got)
    gap = next(index for index, data in enumerate(got) if isinstance(data, str))
    told = json.loads(got[gap])
    assert (told["type"], told["cause"]) == ("gap", "slow_viewer")
    assert 0 < told["dropped_frames"] <= view.dropped_frames
    first = int.from_bytes(got[gap + 1][4:8]) if isinstance(got[gap + 1], bytes) else -1  # pyright: ignore
    assert first % 50 == 0
    assert view.dropped_frames > 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
