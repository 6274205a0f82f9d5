"""The list made true: retries, states, on-demand pulls, poison."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from tests.ingest.camera import Camera, listening, scripted
from tests.ingest.listener import PATIENCE_S, Listener
from tests.support.node import free_port
from vms.base.clock import ManualClock, SystemClock
from vms.ingest.orders import PullOrder
from vms.ingest.puller import Limits
from vms.ingest.roster import Roster
from vms.rtsp.auth import Gate
from vms.stream.stream import Begin, End, Item, Stream


class FastClock(SystemClock):
    """The machine's clock for someone who dreams: pauses are a hundredth as long, and written down."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(seconds / 100)


class Control:
    """What control and the worker would do: hears states, attaches a recorder to each Stream."""

    def __init__(self, **options: Any) -> None:
        self.heard = Listener()
        self.clock = FastClock()
        self.orders: list[PullOrder] = []
        self.roster = Roster(self.clock, self.heard.on_state, self._on_stream, random=Random(1), **options)

    def _on_stream(self, order: PullOrder, stream: Stream) -> None:
        self.orders.append(order)
        if self.heard not in stream.subscribers:
            stream.attach(self.heard, 1)


@asynccontextmanager
async def control(**options: Any) -> AsyncGenerator[Control]:
    made = Control(**options)
    try:
        yield made
    finally:
        await made.roster.close()


def order(url: str, **fields: Any) -> PullOrder:
    return PullOrder("c1", "main", url, allow=("127.0.0.0/8",), **fields)


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


def names(heard: Listener) -> list[str]:
    return [state.state for state in heard.states]


def test_ordered_camera_comes_online_and_shows_its_figures() -> None:
    async def body() -> None:
        async with listening(Camera()) as camera, control() as made:
            made.roster.apply([order(camera.url)])
            await camera.playing()
            camera.send_video(60)
            await made.heard.video_frames(59)
            state = await made.heard.state("online")
            assert state.recording
            (live,) = made.roster.states()
            assert live.tracks[0].width == 160
            assert live.last_frame_us
            assert live.gop_ms == 1000
            assert names(made.heard) == ["connecting", "online"]

    run(body())


def test_lost_camera_is_told_once_when_lost_and_once_when_back() -> None:
    async def body() -> None:
        async with listening(Camera()) as camera, control() as made:
            made.roster.apply([order(camera.url)])
            for _ in range(2):
                await camera.playing()
                camera.rewind()
                camera.send_video(30)
                await made.heard.until(lambda: names(made.heard)[-1] == "online")
                camera.hang_up()
                await made.heard.until(lambda: names(made.heard)[-1] == "offline")
            assert names(made.heard) == ["connecting", "online", "offline", "online", "offline"]
            assert made.heard.states[2].cause == "unreachable"
            assert made.heard.states[2].last_frame_us
            first, second = made.heard.of(Begin)
            assert first.run != second.run
            assert made.heard.of(End) == [End("unreachable")] * 2

    run(body())


def test_dead_camera_is_tried_again_and_again_and_told_once() -> None:
    tries: list[int] = []
    enough = asyncio.Event()

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries.append(1)
        if len(tries) == 4:
            enough.set()
        writer.write(b"\xff")
        await writer.drain()

    async def body() -> None:
        async with scripted(script) as url, control() as made:
            made.roster.apply([order(url)])
            await made.heard.state("offline", "protocol")
            async with asyncio.timeout(PATIENCE_S):
                await enough.wait()
            assert names(made.heard) == ["connecting", "offline"]

    run(body())


def test_a_camera_that_was_away_for_long_is_tried_every_two_seconds() -> None:
    """C1: back within 3 s, however long it was gone."""

    async def body() -> None:
        async with control() as made:
            made.roster.apply([order(f"rtsp://127.0.0.1:{free_port()}/none")])
            await made.heard.until(lambda: len(made.heard.states) > 1)
            await asyncio.sleep(1)  # a hundred seconds of this clock
            assert names(made.heard) == ["connecting", "offline"]
            assert len(made.clock.pauses) > 20
            assert max(made.clock.pauses) <= 2.5

    run(body())


def test_cameras_that_come_back_all_at_once_are_dialled_in_turn() -> None:
    """C10: a switch that is back is not met by a storm: a hundred a second, each camera once before any is dialled again."""
    dialled: list[str] = []

    def resolver(host: str, _port: int, _flags: int) -> list[tuple[int, str, int]]:
        dialled.append(host)
        return []

    async def body() -> None:
        clock = ManualClock()
        roster = Roster(clock, lambda _: None, lambda _order, _stream: None, random=Random(1), resolver=resolver)
        roster.apply([replace(order(f"rtsp://camera-{n}.example.org/x"), camera=f"c{n}") for n in range(300)])
        await clock.advance(1)
        assert 95 <= len(dialled) <= 102
        await clock.advance(2)
        assert 290 <= len(dialled) <= 302
        assert len(set(dialled)) >= 298
        await roster.close()

    run(body())


def test_wrong_password_is_tried_once_a_minute() -> None:
    async def body() -> None:
        async with listening(Camera(gate=Gate({"admin": "right"}.get))) as camera, control() as made:
            made.roster.apply([order(camera.url, username="admin", password="wrong")])
            await made.heard.state("offline", "auth")
            assert [pause for pause in made.clock.pauses if pause > 1] == [60.0]
            made.roster.put(order(camera.url, username="admin", password="right"))
            await camera.playing()
            assert camera.connections == 2

    run(body())


def test_auto_falls_back_to_udp_when_tcp_is_not_served() -> None:
    async def body() -> None:
        async with listening(Camera(tcp=False)) as camera, control() as made:
            made.roster.apply([order(camera.url)])
            await camera.playing()
            camera.send_video(30)
            await made.heard.state("online")
            assert names(made.heard) == ["connecting", "online"]

    run(body())


def test_transport_tcp_does_not_fall_back() -> None:
    async def body() -> None:
        async with listening(Camera(tcp=False)) as camera, control() as made:
            made.roster.apply([order(camera.url, transport="tcp")])
            await made.heard.state("offline", "refused")

    run(body())


def test_camera_that_leaves_the_list_is_let_go() -> None:
    async def body() -> None:
        async with listening(Camera()) as camera, control() as made:
            made.roster.apply([order(camera.url)])
            await camera.playing()
            camera.send_video(30)
            await made.heard.state("online")
            made.roster.apply([])
            assert made.heard.items[-1] == End("operator_stop")
            assert names(made.heard)[-1] == "disabled"
            assert made.roster.stream("c1", "main") is None
            await camera.ended.wait()

    run(body())


def test_change_that_does_not_touch_the_dialling_breaks_nothing() -> None:
    async def body() -> None:
        async with listening(Camera()) as camera, control() as made:
            pull = order(camera.url)
            made.roster.apply([pull])
            await camera.playing()
            camera.send_video(30)
            await made.heard.state("online")
            stream = made.roster.stream("c1", "main")
            made.roster.apply([replace(pull, record=False)])
            assert [o.record for o in made.orders] == [True, False]
            assert made.roster.stream("c1", "main") is stream
            camera.send_video(30)
            await made.heard.video_frames(59)
            assert camera.connections == 1

    run(body())


def test_change_of_the_address_dials_anew_and_readers_stay() -> None:
    async def body() -> None:
        async with listening(Camera()) as one, listening(Camera()) as two, control() as made:
            made.roster.apply([order(one.url)])
            await one.playing()
            one.send_video(30)
            await made.heard.state("online")
            made.roster.put(order(two.url))
            await two.playing()
            two.send_video(30)
            await made.heard.until(lambda: len(made.heard.of(Begin)) == 2)
            assert made.heard.of(End) == [End("operator_stop")]
            await made.heard.until(lambda: names(made.heard) == ["connecting", "online", "connecting", "online"])

    run(body())


def test_on_demand_profile_is_pulled_while_it_is_watched_and_a_while_longer() -> None:
    async def body() -> None:
        async with listening(Camera()) as camera, control(linger_s=3.0) as made:
            made.roster.apply([order(camera.url, record=False, on_demand=True)])
            assert made.heard.states == []
            assert made.roster.watch("c1", "main") is made.roster.stream("c1", "main")
            await camera.playing()
            camera.send_video(30)
            assert not (await made.heard.state("online")).recording
            made.roster.unwatch("c1", "main")
            made.roster.watch("c1", "main")
            made.roster.unwatch("c1", "main")
            await made.heard.state("disabled")
            await camera.ended.wait()
            assert 3.0 in made.clock.pauses
            made.roster.watch("c1", "main")
            await camera.playing()

    run(body())


@pytest.mark.parametrize("worse", [False, True])
def test_camera_that_breaks_our_code_stays_alone_and_is_counted(worse: bool) -> None:
    class Poison(Listener):
        worse = False

        def put(self, item: Item, now_us: int) -> None:
            if isinstance(item, Begin) or (self.worse and isinstance(item, End)):
                raise ZeroDivisionError

    async def body() -> None:
        async with listening(Camera()) as bad, listening(Camera()) as good, control() as made:
            made.roster.apply([order(bad.url), replace(order(good.url), camera="c2")])
            stream = made.roster.stream("c1", "main")
            assert stream is not None
            poison = Poison()
            poison.worse = worse
            stream.attach(poison, 1)
            await good.playing()
            await bad.playing()
            bad.send_video(30)
            if not worse:
                crashed = await made.heard.state("offline", "protocol")
                assert crashed.camera == "c1"
            good.send_video(30)
            online = await made.heard.state("online")
            assert online.camera == "c2"
            await bad.playing()

    run(body())


def test_stalled_camera_is_offline_with_its_cause() -> None:
    async def body() -> None:
        async with listening(Camera()) as camera, control(limits=Limits(0.3, 0.3, 0.3)) as made:
            made.roster.apply([order(camera.url)])
            await camera.playing()
            state = await made.heard.state("offline", "stalled")
            assert "no first frame" in state.message

    run(body())


def test_nobody_can_watch_what_is_not_ordered() -> None:
    async def body() -> None:
        async with control() as made:
            assert made.roster.watch("c1", "main") is None
            made.roster.unwatch("c1", "main")
            made.roster.drop("c1", "main")

    run(body())
