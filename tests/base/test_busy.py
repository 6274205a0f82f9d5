"""How busy a process was, over the last five seconds."""

from __future__ import annotations

from tests.stream.links import on_a_loop
from vms.base.busy import Busy
from vms.base.clock import ManualClock


@on_a_loop
async def test_it_is_cpu_time_over_wall_time_of_the_last_seconds() -> None:
    clock, used_us = ManualClock(), [0]
    busy = Busy(clock, lambda: used_us[0])
    busy.look()
    assert busy.percent == 0
    seen: list[int] = []
    for second in range(12):
        used_us[0] += 900_000 if second < 5 else 100_000
        await clock.advance(1)
        busy.look()
        seen.append(busy.percent)
    assert seen == [90, 90, 90, 90, 90, 74, 58, 42, 26, 10, 10, 10]


def test_real_work_is_seen() -> None:
    clock = ManualClock()
    busy = Busy(clock)
    busy.look()
    total = sum(range(2_000_000))
    clock.step_mono(10_000)
    busy.look()
    assert total
    assert busy.percent > 10
