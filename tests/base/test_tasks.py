"""The Supervisor retries with growing waits and says once what is lost and once what is back; the Bell wakes."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable

import pytest

from vms.base.clock import Clock, ManualClock, SystemClock
from vms.base.errors import Kind, VmsError
from vms.base.tasks import Bell, Supervisor


class Lives:
    """A task whose lives are given as a list: each an error to raise, or seconds to live well before failing, or None to end."""

    def __init__(self, clock: Clock, *lives: Exception | float | None) -> None:
        self._clock = clock
        self._lives = list(lives)
        self.begun_us: list[int] = []

    async def run(self) -> None:
        self.begun_us.append(self._clock.mono_us())
        life = self._lives.pop(0)
        if isinstance(life, Exception):
            raise life
        if life is not None:
            await self._clock.sleep(life)
            raise VmsError(Kind.UNAVAILABLE, "after a while")


def drive(scene: Callable[[ManualClock], Awaitable[None]]) -> None:
    async def main() -> None:
        await scene(ManualClock())

    asyncio.run(main())


def supervise(clock: ManualClock, lives: Lives) -> Supervisor:
    return Supervisor("feed", lives, clock, first_wait_s=1, longest_wait_s=8, well_after_s=5, jitter=lambda: 1.0)


def test_waits_double_up_to_the_longest(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(clock: ManualClock) -> None:
        away = VmsError(Kind.UNAVAILABLE, "the database is away")
        lives = Lives(clock, away, away, away, away, away, away, None)
        supervisor = supervise(clock, lives)
        task = asyncio.ensure_future(supervisor.run())
        await clock.advance(60)
        assert [b // 1_000_000 for b in lives.begun_us] == [0, 1, 3, 7, 15, 23, 31]
        assert task.done()
        assert supervisor.health.ok

    with caplog.at_level(logging.INFO):
        drive(scene)
    assert [r.getMessage() for r in caplog.records] == ["task lost", "task back"]


def test_health_says_what_is_wrong_and_since_when() -> None:
    async def scene(clock: ManualClock) -> None:
        lives = Lives(clock, VmsError(Kind.UNAVAILABLE, "one"), KeyError("two"), 10.0, 3.0, None)
        supervisor = supervise(clock, lives)
        start_us = clock.wall_us()
        task = asyncio.ensure_future(supervisor.run())
        await clock.advance(0.5)
        assert (supervisor.health.ok, supervisor.health.detail, supervisor.health.since_us) == (False, "unavailable: one", start_us)
        await clock.advance(1)
        assert (supervisor.health.detail, supervisor.health.since_us, supervisor.health.failures) == ("KeyError: 'two'", start_us, 2)
        await clock.advance(8)  # the third life began at 3 s and has lasted 5 s: well again
        assert (supervisor.health.ok, supervisor.health.failures) == (True, 0)
        await clock.advance(30)
        assert task.done()
        assert [b // 1_000_000 for b in lives.begun_us] == [0, 1, 3, 14, 19]

    drive(scene)


def test_jitter_takes_up_to_half_of_the_wait() -> None:
    async def scene(clock: ManualClock) -> None:
        lives = Lives(clock, VmsError(Kind.UNAVAILABLE, "away"), None)
        task = asyncio.ensure_future(Supervisor("feed", lives, clock, first_wait_s=1, jitter=lambda: 0.0).run())
        await clock.advance(0.5)
        assert lives.begun_us == [0, 500_000]
        await task

    drive(scene)


def test_a_cancelled_supervisor_is_gone_with_its_task() -> None:
    async def scene(clock: ManualClock) -> None:
        task = asyncio.ensure_future(supervise(clock, Lives(clock, 100.0)).run())
        await clock.advance(6)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(asyncio.all_tasks()) == 1

    drive(scene)


def test_an_unexpected_error_is_logged_with_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(clock: ManualClock) -> None:
        task = asyncio.ensure_future(supervise(clock, Lives(clock, ZeroDivisionError(), None)).run())
        await clock.advance(2)
        await task

    drive(scene)
    assert caplog.records[0].exc_info is not None


def test_a_bell_rung_by_a_thread_wakes_its_listener() -> None:
    async def main() -> None:
        bell = Bell(SystemClock())
        threading.Thread(target=bell.ring).start()
        await asyncio.wait_for(bell.wait(60), 5)

    asyncio.run(main())


def test_a_ring_while_nobody_listens_is_kept_once() -> None:
    async def scene(clock: ManualClock) -> None:
        bell = Bell(clock)
        bell.ring()
        bell.ring()
        await bell.wait(60)
        waiting = asyncio.ensure_future(bell.wait(60))
        await clock.advance(59)
        assert not waiting.done()
        await clock.advance(1)
        await waiting

    drive(scene)


def test_a_bell_of_a_finished_loop_stays_silent() -> None:
    async def make() -> Bell:
        return Bell(SystemClock())

    asyncio.run(make()).ring()
