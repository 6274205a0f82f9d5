"""A viewer of the past: sent ahead of what it shows, told of holes once, overtaken by its own seeks."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.playback.recorded import CAMERA, SECOND_US, T0_US
from tests.stream.links import on_a_loop, until
from vms.base.clock import ManualClock
from vms.base.errors import Kind, VmsError
from vms.owner.requests import Extent, GapSpan, SpanOpened
from vms.playback.player import AHEAD_US, LIVE_EDGE_POLL_S, Playback

HOUR_US = 3_600 * SECOND_US


class Archive:
    """Answers from a list of extents, as the node does."""

    def __init__(self, *extents: Extent) -> None:
        self.extents = extents
        self.asked: list[int] = []

    async def open(self, from_us: int) -> SpanOpened:
        self.asked.append(from_us)
        found: list[Extent] = []
        for extent in self.extents:
            gops = tuple(gop for gop in extent.gops if gop[2] + gop[3] > from_us)
            if gops:
                found.append(extent._replace(gops=gops, start_us=gops[0][2]))
        ends = [from_us, *(extent.end_us for extent in found)]
        holes = [GapSpan(a, b.start_us, "camera_offline") for a, b in zip(ends, found, strict=False) if a < b.start_us]
        if not found:
            holes = [GapSpan(from_us, from_us + HOUR_US, "power")]
        return SpanOpened(CAMERA, "main", tuple(found), tuple(holes), complete=True)


class Viewer:
    """What came: texts as objects, chunks as wall times."""

    def __init__(self) -> None:
        self.texts: list[dict[str, Any]] = []
        self.walls: list[int] = []
        self.log: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.taking = False

    async def send(self, data: str | bytes) -> None:
        self.taking = True
        await self.gate.wait()
        self.taking = False
        if isinstance(data, str):
            self.texts.append(json.loads(data))
            self.log.append(self.texts[-1]["type"])
        elif data[0] == 2:
            self.walls.append(struct.unpack_from(">q", data, 8)[0])
            self.log.append("chunk")

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [text for text in self.texts if text["type"] == kind]


@asynccontextmanager
async def playing(archive: Archive, clock: ManualClock, from_us: int) -> AsyncGenerator[tuple[Playback, Viewer]]:
    viewer, player = Viewer(), Playback(archive.open, clock, from_us)
    task = asyncio.create_task(player.run(viewer.send))
    try:
        yield player, viewer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def idle(clock: ManualClock) -> None:
    """Until the player waits for time or for its viewer."""
    await until(lambda: clock.sleeping > 0)


@on_a_loop
async def test_sending_stays_ahead_of_the_clock_and_no_further(day: tuple[Extent, ...]) -> None:
    clock = ManualClock()
    async with playing(Archive(*day), clock, day[0].start_us) as (_, viewer):
        await idle(clock)
        assert AHEAD_US <= viewer.walls[-1] - day[0].start_us <= AHEAD_US + 2 * SECOND_US
        before = len(viewer.walls)
        await clock.advance(4.0)
        await until(lambda: len(viewer.walls) == before + 2)


@on_a_loop
async def test_a_viewer_that_acknowledges_is_paced_by_its_word_alone(day: tuple[Extent, ...]) -> None:
    clock = ManualClock()
    async with playing(Archive(*day), clock, day[0].start_us) as (player, viewer):
        await idle(clock)
        before = len(viewer.walls)
        player.control(json.dumps({"type": "ack", "wall_us": day[0].start_us}))
        await clock.advance(30.0)
        assert len(viewer.walls) == before
        player.control(json.dumps({"type": "ack", "wall_us": day[0].start_us + 4 * SECOND_US}))
        await until(lambda: len(viewer.walls) == before + 2)


@on_a_loop
async def test_a_hole_is_told_once_with_its_cause_and_is_not_waited_for(day: tuple[Extent, ...]) -> None:
    clock = ManualClock()
    async with playing(Archive(*day), clock, day[0].start_us + 18 * SECOND_US) as (_, viewer):
        await until(lambda: bool(viewer.walls) and viewer.walls[-1] > T0_US + HOUR_US)
        await idle(clock)
    gap = viewer.of("gap")
    assert [g["cause"] for g in gap] == ["camera_offline"]
    assert gap[0]["to_us"] == next(w for w in viewer.walls if w > T0_US + HOUR_US)
    assert len({text["run"] for text in viewer.of("init")}) == 2
    assert [log for log in viewer.log if log != "chunk"][:3] == ["init", "gap", "init"]


@on_a_loop
async def test_a_seek_into_a_hole_goes_on_behind_it_at_once(day: tuple[Extent, ...]) -> None:
    clock = ManualClock()
    async with playing(Archive(*day), clock, day[0].start_us) as (player, viewer):
        await idle(clock)
        player.control(json.dumps({"type": "ack", "wall_us": day[0].start_us}))
        player.control(json.dumps({"type": "seek", "at_us": T0_US + HOUR_US // 2, "seek": 5}))
        await until(lambda: viewer.walls[-1] > T0_US + HOUR_US)
        assert viewer.of("init")[-1]["seek"] == 5


@on_a_loop
async def test_a_seek_overtakes_what_is_under_way(day: tuple[Extent, ...]) -> None:
    clock = ManualClock()
    async with playing(Archive(*day), clock, day[0].start_us) as (player, viewer):
        viewer.gate.clear()
        await until(lambda: viewer.taking)
        player.control(json.dumps({"type": "seek", "at_us": T0_US + HOUR_US, "seek": 1}))
        player.control(json.dumps({"type": "seek", "at_us": day[0].start_us + 10 * SECOND_US, "seek": 2}))
        viewer.gate.set()
        await idle(clock)
    at = day[0].start_us + 10 * SECOND_US
    behind = viewer.walls[viewer.log[: viewer.log.index("init", 1)].count("chunk") :]
    assert len(viewer.walls) - len(behind) <= 1  # what the socket had taken already
    assert at - 2 * SECOND_US < behind[0] <= at
    assert behind == sorted(behind)
    assert {text["seek"] for text in viewer.of("init") if "seek" in text} == {2}


@on_a_loop
async def test_a_growing_gop_is_sent_once_it_is_whole_and_never_twice(day: tuple[Extent, ...]) -> None:
    clock, whole = ManualClock(), day[0]
    archive = Archive(whole._replace(gops=whole.gops[:2], growing=True))
    async with playing(archive, clock, whole.start_us) as (_, viewer):
        await idle(clock)
        assert len(viewer.walls) == 1
        assert viewer.of("state") == [{"type": "state", "state": "live_edge"}]
        archive.extents = (whole._replace(gops=whole.gops[:3], growing=True),)
        await clock.advance(LIVE_EDGE_POLL_S)
        await until(lambda: len(viewer.walls) == 2)
        archive.extents = (whole,)
        await until(lambda: clock.sleeping > 0)
        await clock.advance(LIVE_EDGE_POLL_S)
        await until(lambda: len(viewer.walls) == len(whole.gops))
    assert viewer.walls == sorted(set(viewer.walls))


@on_a_loop
async def test_nothing_to_play_is_said_once_with_its_cause() -> None:
    clock = ManualClock()
    async with playing(Archive(), clock, T0_US) as (_, viewer):
        for _ in range(5):
            await idle(clock)
            await clock.advance(LIVE_EDGE_POLL_S)
    assert viewer.texts == [{"type": "state", "state": "no_recording", "at_us": T0_US, "cause": "power"}]


@on_a_loop
async def test_a_file_that_is_gone_is_told_and_played_past(day: tuple[Extent, ...]) -> None:
    clock = ManualClock()
    broken = day[0]._replace(path=day[0].path + ".gone", gops=day[0].gops[:1])
    async with playing(Archive(broken, *day[1:2]), clock, day[0].start_us) as (_, viewer):
        await until(lambda: bool(viewer.walls))
    assert viewer.texts[0]["type"] == "gap"
    assert viewer.texts[0]["cause"] == "io_error"


@pytest.mark.parametrize(
    "text",
    [
        "no json", "[]", '{"type":"dance"}', '{"type":"seek"}', '{"type":"seek","at_us":-1}', '{"type":"seek","at_us":1,"seek":"x"}',
        '{"type":"speed","value":99}', '{"type":"speed","value":NaN}', '{"type":"ack","wall_us":1.5}', "[" * 60_000,
    ],
)  # fmt: skip
@on_a_loop
async def test_a_text_it_does_not_understand_is_a_bad_request(text: str) -> None:
    player = Playback(Archive().open, ManualClock(), T0_US)
    with pytest.raises(VmsError) as refused:
        player.control(text)
    assert refused.value.kind is Kind.BAD_REQUEST
