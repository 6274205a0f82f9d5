"""A simulated camera plays what it would have recorded: the very pictures it sent, with their times, less what its card lacks."""

from __future__ import annotations

import asyncio

import pytest

from tests.sim.client import FakeClient
from tests.stream.links import on_a_loop
from vms.base.clock import SystemClock
from vms.base.timespan import SECOND_US, Span
from vms.media.replay import parse_mark
from vms.rtsp.clock import format_clock_range
from vms.sim.command import SimOptions, camera_streams
from vms.sim.faults import Fault, Wrong
from vms.sim.marks import find_marks, tally
from vms.sim.server import serve

pytestmark = pytest.mark.enable_socket


async def replayed(
    *faults: Fault, asked: str = "", require: str = "onvif-replay", path: str = "/cam/1/main/edge"
) -> tuple[int, list[bytes]]:
    """The status of PLAY, and the packets up to the camera's BYE; without `asked` the span from 10 s to 4 s ago."""
    clock = SystemClock()
    streams = camera_streams(SimOptions(count=1), clock)
    for stream in streams:
        stream.faults, stream.started_us = faults, clock.wall_us() - 20 * SECOND_US
    async with serve(streams, clock) as server, FakeClient(server.port, path) as client:
        now_us = clock.wall_us()
        asked = asked or format_clock_range(Span(now_us - 10 * SECOND_US, now_us - 4 * SECOND_US))
        await client.ask("SETUP", "/trackID=1", Transport="RTP/AVP/TCP;unicast;interleaved=0-1", Require=require)
        answer = await client.ask("PLAY", Require=require, Range=asked, **{"Rate-Control": "no"})
        if answer.status == 200:
            async with asyncio.timeout(10):
                await client.read_until(1, 1)
        return answer.status, client.packets.get(0, [])


def marked(packets: list[bytes]) -> list[tuple[int, bool, bool]]:
    return [(m.wall_us, m.end, m.discontinuity) for m in map(parse_mark, packets) if m is not None]


@on_a_loop
async def test_the_past_comes_faster_than_it_passed_and_says_its_times() -> None:
    status, packets = await replayed()
    found = find_marks(b"".join(packets))
    assert status == 200
    assert (tally(found).missing, tally(found).doubled) == (0, 0)
    assert 6 * 25 <= len(found) <= 9 * 25
    assert [mark.wall_us for mark in found] == pytest.approx([wall for wall, _, _ in marked(packets)], abs=1)
    assert [end for _, end, _ in marked(packets)].index(True) == len(found) - 1


@on_a_loop
async def test_what_the_card_lacks_is_left_out_and_said() -> None:
    _, packets = await replayed(Fault(Wrong.EDGE_HOLE, after_s=13, every_s=1000, for_s=1))
    told = marked(packets)
    (after,) = [n for n, (_, _, torn) in enumerate(told) if torn]
    assert told[after - 1][1]
    assert told[after][0] - told[after - 1][0] >= SECOND_US
    assert tally(find_marks(b"".join(packets))).missing >= 25


@pytest.mark.parametrize(
    ("asked", "path", "fault", "status"),
    [
        ("clock=20010101T000000Z-20010101T000100Z", "/cam/1/main/edge", None, 457),
        ("npt=0-", "/cam/1/main/edge", None, 457),
        ("", "/cam/1/main", None, 551),
        ("", "/cam/1/main/edge", Fault(Wrong.EDGE_REFUSE, after_s=0, status=454), 454),
        ("", "/cam/1/main/edge", Fault(Wrong.EDGE_HOLE, after_s=0, every_s=0), 457),
    ],
)
@on_a_loop
async def test_what_it_cannot_play_it_refuses(asked: str, path: str, fault: Fault | None, status: int) -> None:
    assert (await replayed(*([fault] if fault else []), asked=asked, path=path))[0] == status
