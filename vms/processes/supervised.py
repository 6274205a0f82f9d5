"""Long-lived parts of a process under the Supervisor: one that fails is logged and lives again, whatever it raised.

Not here: the Supervisor itself (base.tasks), what the parts do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from vms.base.clock import Clock
from vms.base.tasks import Supervisor, Task

STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class Calling:
    """A coroutine function as a supervised task."""

    call: Callable[[], Awaitable[None]]

    async def run(self) -> None:
        await self.call()


def supervise(parts: Mapping[str, Task], clock: Clock) -> list[asyncio.Task[None]]:
    """One running task per part; end them with `end`."""
    return [asyncio.create_task(Supervisor(name, part, clock).run(), name=name) for name, part in parts.items()]


async def end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel and wait, but not for ever."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=STOP_S)
