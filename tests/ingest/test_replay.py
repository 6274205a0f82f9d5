"""A camera's recordings as a source: whole GOPs with their times, and a readable end whatever the camera does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from tests.stream.links import on_a_loop
from vms.base.clock import SystemClock
from vms.base.errors import Kind, VmsError
from vms.base.timespan import SECOND_US, Span
from vms.ingest import replay
from vms.ingest.orders import PullOrder
from vms.ingest.past import PastGop
from vms.ingest.replay import camera_source
from vms.sim.command import SimOptions, camera_streams
from vms.sim.faults import Fault, Wrong
from vms.sim.marks import find_marks, tally
from vms.sim.server import serve

pytestmark = pytest.mark.enable_socket
CLOCK = SystemClock()


@asynccontextmanager
async def camera(*faults: Fault, number: int = 1) -> AsyncGenerator[PullOrder]:
    streams = camera_streams(SimOptions(count=number), CLOCK)
    for stream in streams:
        stream.faults, stream.started_us = faults, CLOCK.wall_us() - 20 * SECOND_US
    async with serve(streams, CLOCK) as server:
        url = f"rtsp://127.0.0.1:{server.port}/cam/{number}/main/edge"
        yield PullOrder("camera", "main", url, allow=("127.0.0.0/8",))


async def fetched(order: PullOrder, span: Span | None = None, most: int = 100) -> list[PastGop]:
    gops: list[PastGop] = []

    async def take(gop: PastGop) -> bool:
        gops.append(gop)
        return len(gops) < most

    now_us = CLOCK.wall_us()
    await camera_source(order, CLOCK)(span or Span(now_us - 12 * SECOND_US, now_us - 3 * SECOND_US), take)
    return gops


def missing(gops: list[PastGop]) -> tuple[int, int]:
    found = tally(mark for gop in gops for unit in gop.units for mark in find_marks(unit.unit.data))
    return found.missing, found.doubled


@pytest.mark.parametrize("number", [1, 5, 6, 7, 8])
@on_a_loop
async def test_every_picture_of_the_span_comes_once_with_its_time(number: int) -> None:
    """A plain camera, two with sound, one of H.265, one with B-frames."""
    async with camera(number=number) as order:
        gops = await fetched(order)
    assert missing(gops) == (0, 0)
    assert gops[0].fresh
    assert not any(gop.fresh for gop in gops[1:])
    assert all(before.end_us == after.start_us for before, after in pairwise(gops))
    for gop in gops:
        (mark,) = find_marks(gop.units[0].unit.data)
        assert abs(mark.wall_us - gop.start_us) <= 1
        assert gop.units[0].unit.key
    assert {unit.track for gop in gops for unit in gop.units} == ({1, 2} if number in (5, 6) else {1})


@on_a_loop
async def test_a_hole_in_the_cards_recording_begins_another_stretch() -> None:
    async with camera(Fault(Wrong.EDGE_HOLE, after_s=13, every_s=1000, for_s=1)) as order:
        gops = await fetched(order)
    (at,) = [n for n, gop in enumerate(gops) if n and gop.fresh]
    assert gops[at].start_us - gops[at - 1].end_us >= SECOND_US - 40_000


@on_a_loop
async def test_nothing_more_is_read_than_wanted() -> None:
    async with camera() as order:
        assert len(await fetched(order, most=2)) == 2


@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        (Fault(Wrong.EDGE_REFUSE, after_s=0, status=457), Kind.NOT_FOUND, 457),
        (Fault(Wrong.EDGE_REFUSE, after_s=0, status=454), Kind.REFUSED, 454),
        (Fault(Wrong.EDGE_REFUSE, after_s=0, status=501), Kind.REFUSED, 501),
        (Fault(Wrong.EDGE_REFUSE, after_s=0, status=551), Kind.REFUSED, 551),
        (Fault(Wrong.EDGE_GARBAGE, after_s=0), Kind.PROTOCOL, None),
        (Fault(Wrong.DROP_OUT, after_s=0), Kind.UNREACHABLE, None),
    ],
)
@on_a_loop
async def test_what_a_camera_does_wrong_is_an_error_with_a_cause(fault: Fault, kind: Kind, status: int | None) -> None:
    async with camera(fault) as order:
        with pytest.raises(VmsError) as refused:
            await fetched(order)
    assert (refused.value.kind, refused.value.facts.get("status")) == (kind, status)


@on_a_loop
async def test_a_recording_without_an_end_ends_with_the_span() -> None:
    """It sends on and on: what is not of the span is not taken."""
    now_us = CLOCK.wall_us()
    span = Span(now_us - 12 * SECOND_US, now_us - 6 * SECOND_US)
    async with camera(Fault(Wrong.EDGE_ENDLESS, after_s=0)) as order:
        gops = await asyncio.wait_for(fetched(order, span), 8)
    assert gops[-1].start_us < span.end_us <= gops[-1].end_us + 2 * SECOND_US


@on_a_loop
async def test_a_camera_that_says_nothing_is_left() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            pass
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"rtsp://127.0.0.1:{server.sockets[0].getsockname()[1]}/recording"
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(replay, "IDLE_S", 0.3)
            with pytest.raises(VmsError) as refused:
                await fetched(PullOrder("camera", "main", url, allow=("127.0.0.0/8",)))
    finally:
        server.close()
        await asyncio.sleep(0.05)  # the other end sees that we left
    assert refused.value.kind is Kind.TIMEOUT
