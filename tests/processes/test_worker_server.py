"""The worker's link and the edge's, joined by a real Unix socket: one copy per stream, nothing refused, nothing doubled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from tests.media.streams import h264_track_frames
from tests.stream.links import Collect, FakeLink, begin, chunk, on_a_loop, served, socket_path, until
from vms.base.clock import ManualClock
from vms.media.cmaf import make_init
from vms.media.types import Init
from vms.processes.worker.server import WorkerServer
from vms.processes.worker.streams import LinkSubscriber
from vms.processes.worker.uplink import Uplink
from vms.stream.frames import LinkFrame, Message, encode_message
from vms.stream.hub import LINGER_S, WorkerLink
from vms.stream.link import REDIAL_S
from vms.stream.stream import Begin, End, Gap, Stream

CAMERA, PROFILE = "cam", "main"


@pytest.fixture(scope="module")
def init() -> Init:
    return make_init(h264_track_frames()[0])


class FakePulls:
    """A roster in a dict, counting viewers."""

    def __init__(self) -> None:
        self.streams: dict[tuple[str, str], Stream] = {}
        self.viewers: dict[tuple[str, str], int] = {}

    def stream(self, camera: str, profile: str) -> Stream | None:
        return self.streams.get((camera, profile))

    def watch(self, camera: str, profile: str) -> Stream | None:
        stream = self.stream(camera, profile)
        if stream is not None:
            self.viewers[camera, profile] = self.viewers.get((camera, profile), 0) + 1
        return stream

    def unwatch(self, camera: str, profile: str) -> None:
        self.viewers[camera, profile] -= 1


class Worker:
    """One life of a worker: server, pulls and what control ordered."""

    def __init__(self, clock: ManualClock, init: Init) -> None:
        self.pulls = FakePulls()
        self.orders: list[Message] = []
        self.uplink = Uplink({"op": "hello"}, lambda: None)
        self.server = WorkerServer(self.pulls, self.uplink, self.orders.append, clock)
        self._init = init

    def pull(self, run: str = "run-1") -> Stream:
        stream = self.pulls.streams[CAMERA, PROFILE] = Stream()
        stream.start(begin(self._init, run), 0)
        return stream

    def order(self) -> None:
        """Control has spoken; what it ordered is in `pulls` already."""
        self.server.on_frame(FakeLink(), frame({"op": "roster", "items": []}))


def frame(message: Message) -> LinkFrame:
    return LinkFrame(0, 0, 0, encode_message(message)[36:])


@asynccontextmanager
async def serving(worker: Worker, path: str) -> AsyncGenerator[None]:
    async with served(worker.server, path):
        yield


@asynccontextmanager
async def dialling(path: str, clock: ManualClock) -> AsyncGenerator[WorkerLink]:
    link = WorkerLink(path, clock)
    task = asyncio.create_task(link.run())
    try:
        yield link
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@on_a_loop
async def test_a_viewer_gets_the_init_and_the_cached_gop_then_what_follows(init: Init) -> None:
    clock, worker = ManualClock(), Worker(ManualClock(), init)
    stream = worker.pull()
    for seq in range(5):
        stream.publish(chunk(seq, key=seq in (0, 3)), 0)
    with socket_path() as path:
        async with serving(worker, path), dialling(path, clock) as link:
            seen = Collect()
            link.watch(CAMERA, PROFILE).stream.attach(seen, 0)
            await until(lambda: seen.seqs() == [3, 4])
            stream.publish(chunk(5), 0)
            await until(lambda: seen.seqs() == [3, 4, 5])
    first = seen.items[0]
    assert isinstance(first, Begin)
    assert [i.data for i in first.inits] == [init.data]


@on_a_loop
async def test_a_second_viewer_costs_the_link_nothing_and_the_last_one_closes_it_after_a_while(init: Init) -> None:
    clock, worker = ManualClock(), Worker(ManualClock(), init)
    worker.pull()
    with socket_path() as path:
        async with serving(worker, path), dialling(path, clock) as link:
            assert link.watch(CAMERA, PROFILE) is link.watch(CAMERA, PROFILE)
            await until(lambda: worker.server.streams == 1)
            assert worker.pulls.viewers == {(CAMERA, PROFILE): 1}
            link.unwatch(CAMERA, PROFILE)
            link.unwatch(CAMERA, PROFILE)
            await clock.advance(LINGER_S - 1)
            link.watch(CAMERA, PROFILE)  # the next click comes in time
            await clock.advance(LINGER_S)
            assert link.streams() == 1
            link.unwatch(CAMERA, PROFILE)
            await clock.advance(LINGER_S + 0.1)
            assert link.streams() == 0
            await until(lambda: worker.server.streams == 0)
    assert worker.pulls.viewers == {(CAMERA, PROFILE): 0}


@on_a_loop
async def test_a_worker_that_died_serves_the_same_viewer_again(init: Init) -> None:
    clock, first, second = ManualClock(), Worker(ManualClock(), init), Worker(ManualClock(), init)
    first.pull("run-1").publish(chunk(0, key=True), 0)
    with socket_path() as path:
        seen = Collect()
        async with dialling(path, clock) as link:
            async with serving(first, path):
                link.watch(CAMERA, PROFILE).stream.attach(seen, 0)
                await clock.advance(REDIAL_S)
                await until(lambda: seen.seqs() == [0])
            await until(lambda: Gap("worker_crash") in seen.items)
            second.pull("run-2").publish(chunk(7, key=True), 0)
            async with serving(second, path):
                await clock.advance(2 * REDIAL_S)
                await until(lambda: seen.seqs() == [0, 7])
    assert [item.run for item in seen.items if isinstance(item, Begin)] == ["run-1", "run-2"]


@on_a_loop
async def test_a_camera_that_no_order_names_yet_is_waited_for(init: Init) -> None:
    clock, worker = ManualClock(), Worker(ManualClock(), init)
    with socket_path() as path:
        async with serving(worker, path), dialling(path, clock) as link:
            seen = Collect()
            link.watch(CAMERA, PROFILE).stream.attach(seen, 0)
            await until(lambda: worker.server.waiting == 1)
            worker.pull().publish(chunk(0, key=True), 0)
            worker.order()
            await until(lambda: seen.seqs() == [0])
            assert worker.server.waiting == 0


@on_a_loop
async def test_a_camera_that_is_taken_away_and_comes_back_is_seen_again_by_who_watched(init: Init) -> None:
    clock, worker = ManualClock(), Worker(ManualClock(), init)
    old = worker.pull("run-1")
    with socket_path() as path:
        async with serving(worker, path), dialling(path, clock) as link:
            seen = Collect()
            link.watch(CAMERA, PROFILE).stream.attach(seen, 0)
            await until(lambda: "Begin" in seen.kinds())
            worker.pulls.streams.clear()
            old.end("operator_stop", 0)
            worker.order()
            await until(lambda: End("operator_stop") in seen.items)
            assert old.subscribers == set()
            worker.pull("run-2").publish(chunk(9, key=True), 0)
            worker.order()
            await until(lambda: seen.seqs() == [9])


@on_a_loop
async def test_a_handle_opened_twice_is_one_viewer(init: Init) -> None:
    worker, link = Worker(ManualClock(), init), FakeLink()
    stream = worker.pull()
    for _ in range(2):
        worker.server.on_frame(link, frame({"op": "open", "handle": 4, "camera": CAMERA, "profile": PROFILE}))
    assert worker.pulls.viewers == {(CAMERA, PROFILE): 1}
    worker.server.on_closed(link, None)
    assert worker.pulls.viewers == {(CAMERA, PROFILE): 0}
    assert stream.subscribers == set()


@on_a_loop
async def test_a_message_of_no_form_ends_its_connection_and_nobody_elses(init: Init) -> None:
    clock, worker = ManualClock(), Worker(ManualClock(), init)
    worker.pull().publish(chunk(0, key=True), 0)
    with socket_path() as path:
        async with serving(worker, path), dialling(path, clock) as link:
            seen = Collect()
            link.watch(CAMERA, PROFILE).stream.attach(seen, 0)
            await until(lambda: seen.seqs() == [0])
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(encode_message({"op": "open", "handle": "seven"}))
            assert await reader.read() == b""
            writer.close()
            assert worker.server.streams == 1


def test_a_congested_link_drops_to_the_next_key_frame_and_says_so_once() -> None:
    link = FakeLink()
    subscriber = LinkSubscriber(link, 3)
    for seq in range(12):
        link.paused = 4 <= seq < 9
        subscriber.put(chunk(seq, key=seq % 5 == 0), 0)
    assert link.seqs() == [0, 1, 2, 3, 10, 11]
    assert link.messages == [(3, {"op": "gap", "cause": "overload_drop"})]


@on_a_loop
async def test_a_worker_tells_edges_how_busy_it_is_and_a_worker_that_is_away_is_not_busy(init: Init) -> None:
    clock = ManualClock()
    worker = Worker(clock, init)
    with socket_path() as path:
        edge = WorkerLink(path, clock)
        async with serving(worker, path):
            task = asyncio.create_task(edge.run())

            def heard() -> bool:
                worker.server.tell_load(63)
                return edge.busy_percent == 63

            await until(heard)
        await until(lambda: edge.busy_percent == 0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
