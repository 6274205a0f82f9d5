"""The client against children that misbehave: each is ended, its asker told, the next one started after a growing pause."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.decode.test_protocol import jpeg
from tests.stream.links import on_a_loop, socket_path, until
from vms.base.clock import ManualClock
from vms.base.errors import Kind, VmsError
from vms.decode.client import BLAMED_ENDS, MAX_WAITING, Decoder
from vms.decode.protocol import ANSWER, FAILED, HELLO, JOB, PICTURE, Job
from vms.decode.walls import WALLS

JOB_OF_ONE = Job(1, b"\0\0\0\1")
SOUND: dict[str, str] = dict.fromkeys(WALLS, "")
PIXELS = jpeg(64, 36)


def hello(walls: dict[str, str] = SOUND) -> bytes:
    body = json.dumps({"walls": walls, "library": "fake"}).encode()
    return ANSWER.pack(0, HELLO, 0, 0, 0, 0, len(body)) + body


def picture(number: int) -> bytes:
    return ANSWER.pack(number, PICTURE, 0, 64, 36, 0, len(PIXELS)) + PIXELS


class FakeRoot:
    """Hands out children: a process that sleeps for the pidfd, and our own end of its socket to speak through."""

    def __init__(self, path: str) -> None:
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.listener.setblocking(False)
        self.children: list[FakeChild] = []

    async def serve(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(self.listener)
            ours, theirs = socket.socketpair()
            process = await asyncio.create_subprocess_exec("sleep", "600")
            pidfd = os.pidfd_open(process.pid)
            socket.send_fds(client, [b"!"], [theirs.fileno(), pidfd])
            theirs.close()
            os.close(pidfd)
            ours.setblocking(False)
            self.children.append(FakeChild(process, ours, client))


class FakeChild:
    """One child in a test's hands."""

    def __init__(self, process: asyncio.subprocess.Process, end: socket.socket, client: socket.socket) -> None:
        self.process, self._end, self._client = process, end, client
        self.reaped = asyncio.ensure_future(self._reap())

    async def say(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._end, data)

    async def job(self) -> int:
        loop = asyncio.get_running_loop()
        head = await loop.sock_recv(self._end, JOB.size)
        number, _, _, _, size = JOB.unpack(head)
        assert len(await loop.sock_recv(self._end, size)) == size
        return int(number)

    def die(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def _reap(self) -> None:
        code = await self.process.wait()
        self._end.close()
        self._client.setblocking(True)
        self._client.sendall(struct.pack(">i", code))
        self._client.close()


@asynccontextmanager
async def running(*, without_filter: bool = False) -> AsyncGenerator[tuple[Decoder, FakeRoot, ManualClock]]:
    with socket_path() as path:
        async with _running(path, without_filter=without_filter) as parts:
            yield parts


@asynccontextmanager
async def _running(path: str, *, without_filter: bool) -> AsyncGenerator[tuple[Decoder, FakeRoot, ManualClock]]:
    root, clock = FakeRoot(path), ManualClock()
    decoder = Decoder(path, clock, without_filter=without_filter, jobs_s=0.3)
    tasks = [asyncio.ensure_future(root.serve()), asyncio.ensure_future(decoder.run())]
    try:
        yield decoder, root, clock
    finally:
        for task in reversed(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for child in root.children:
            if child.process.returncode is None:
                child.process.kill()
            await child.reaped
        root.listener.close()


async def nth_child(root: FakeRoot, count: int = 1) -> FakeChild:
    await until(lambda: len(root.children) >= count)
    return root.children[count - 1]


@on_a_loop
async def test_nothing_is_started_before_somebody_wants_a_picture() -> None:
    async with running() as (decoder, root, _):
        await asyncio.sleep(0)
        assert (root.children, decoder.status.state) == ([], "idle")
        asked = asyncio.ensure_future(decoder.picture("a", JOB_OF_ONE))
        child = await nth_child(root)
        await child.say(hello())
        await child.say(picture(await child.job()))
        assert (await asked).jpeg == PIXELS
        assert (decoder.status.state, decoder.status.walls) == ("ready", SOUND)


WRONG: dict[str, tuple[Callable[[int], bytes], str]] = {
    "of another job": (lambda number: picture(number + 1), "protocol"),
    "without bound": (lambda number: ANSWER.pack(number, PICTURE, 0, 64, 36, 0, 2**31), "protocol"),
    "no picture": (lambda number: ANSWER.pack(number, PICTURE, 0, 64, 36, 0, 9) + b"<script>!", "protocol"),
    "a second greeting": (lambda number: ANSWER.pack(number, HELLO, 0, 0, 0, 0, 2) + b"{}", "protocol"),
    "half": (lambda number: picture(number)[:20], "time"),
}


@pytest.mark.parametrize(("answer", "cause"), WRONG.values(), ids=WRONG)
@on_a_loop
async def test_a_child_that_answers_wrongly_is_ended_and_its_asker_told(answer: Callable[[int], bytes], cause: str) -> None:
    async with running() as (decoder, root, _):
        asked = asyncio.ensure_future(decoder.picture("a", JOB_OF_ONE))
        child = await nth_child(root)
        await child.say(hello())
        await child.say(answer(await child.job()))
        with pytest.raises(VmsError) as told:
            await asked
        assert (told.value.kind, told.value.facts["retry_after_s"]) == (Kind.UNAVAILABLE, 1)
        assert decoder.status.ends == {cause: 1}
        await child.reaped
        assert child.process.returncode == -signal.SIGKILL


@on_a_loop
async def test_an_idle_child_that_speaks_is_ended() -> None:
    async with running() as (decoder, root, _):
        asked = asyncio.ensure_future(decoder.picture("a", JOB_OF_ONE))
        child = await nth_child(root)
        await child.say(hello())
        await child.say(picture(await child.job()))
        await asked
        await child.say(picture(2))
        await until(lambda: decoder.status.ends == {"protocol": 1})


@on_a_loop
async def test_the_pause_doubles_and_pictures_are_refused_at_once_meanwhile() -> None:
    async with running() as (decoder, root, clock):
        first = asyncio.ensure_future(decoder.picture("a", JOB_OF_ONE))
        for number, wait_s in enumerate((1, 2, 4), 1):
            child = await nth_child(root, number)
            child.die(signal.SIGSEGV)
            await until(lambda number=number: decoder.status.ends == {"crash": number})
            with pytest.raises(VmsError) as told:
                await decoder.picture("b", JOB_OF_ONE)
            assert told.value.facts["retry_after_s"] == wait_s
            await clock.advance(wait_s - 0.1)
            assert len(root.children) == number
            await clock.advance(0.2)
        await asyncio.gather(first, return_exceptions=True)
        await (await nth_child(root, 4)).say(hello())
        await until(lambda: decoder.status.state == "ready")


@on_a_loop
async def test_a_forbidden_call_is_counted_as_one() -> None:
    async with running() as (decoder, root, _):
        asked = asyncio.ensure_future(decoder.picture("a", JOB_OF_ONE))
        child = await nth_child(root)
        await child.say(hello())
        await child.job()
        child.die(signal.SIGSYS)
        with pytest.raises(VmsError):
            await asked
        assert decoder.status.ends == {"forbidden_call": 1}


@on_a_loop
async def test_a_stream_that_ends_the_child_twice_is_left_out_and_others_are_not() -> None:
    async with running() as (decoder, root, clock):
        for number in range(1, BLAMED_ENDS + 1):
            asked = asyncio.ensure_future(decoder.picture("poison", JOB_OF_ONE))
            child = await nth_child(root, number)
            await child.say(hello())
            await child.job()
            child.die(signal.SIGSEGV)
            with pytest.raises(VmsError):
                await asked
            await clock.advance(5)
        with pytest.raises(VmsError, match="left out"):
            await decoder.picture("poison", JOB_OF_ONE)
        good = asyncio.ensure_future(decoder.picture("good", JOB_OF_ONE))
        child = await nth_child(root, BLAMED_ENDS + 1)
        await child.say(hello())
        await child.say(picture(await child.job()))
        assert (await good).width == 64
        await clock.advance(601)
        again = asyncio.ensure_future(decoder.picture("poison", JOB_OF_ONE))
        reason = b"still poor"
        await child.say(ANSWER.pack(await child.job(), FAILED, 0, 0, 0, 0, len(reason)) + reason)
        with pytest.raises(VmsError, match="cannot be decoded"):
            await again


@on_a_loop
async def test_without_the_system_call_filter_nothing_is_decoded_unless_a_setting_says_so() -> None:
    lacking = SOUND | {"calls": "no seccomp"}
    async with running() as (decoder, root, _):
        asked = asyncio.ensure_future(decoder.picture("a", JOB_OF_ONE))
        await (await nth_child(root)).say(hello(lacking))
        with pytest.raises(VmsError):
            await asked
        assert (decoder.status.ends, decoder.status.walls["calls"]) == ({"walls": 1}, "no seccomp")
    async with running(without_filter=True) as (decoder, root, _):
        asked = asyncio.ensure_future(decoder.picture("a", JOB_OF_ONE))
        child = await nth_child(root)
        await child.say(hello(lacking))
        await child.say(picture(await child.job()))
        assert (await asked).height == 36


@on_a_loop
async def test_the_queue_is_bounded_and_who_leaves_is_not_served() -> None:
    async with running() as (decoder, root, _):
        asked = [asyncio.ensure_future(decoder.picture("a", JOB_OF_ONE)) for _ in range(MAX_WAITING)]
        child = await nth_child(root)
        with pytest.raises(VmsError) as told:
            await decoder.picture("b", JOB_OF_ONE)
        assert told.value.kind is Kind.OVERLOAD
        for left in asked[:-1]:
            left.cancel()
        await asyncio.gather(*asked[:-1], return_exceptions=True)
        await child.say(hello())
        assert await child.job() == 1
        await child.say(picture(1))
        assert (await asked[-1]).width == 64


@on_a_loop
async def test_a_root_that_is_away_is_no_more_than_a_pause(tmp_path: Path) -> None:
    decoder = Decoder(str(tmp_path / "none"), ManualClock())
    running_ = asyncio.ensure_future(decoder.run())
    with pytest.raises(VmsError) as told:
        await decoder.picture("a", JOB_OF_ONE)
    assert (told.value.kind, decoder.status.ends) == (Kind.UNAVAILABLE, {"start": 1})
    running_.cancel()
    await asyncio.gather(running_, return_exceptions=True)
