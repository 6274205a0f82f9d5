"""What every child of root does first and last: its inherited sockets, its heart-beat, its stop signal.

A heart-beat byte goes out from the event loop itself, so that a loop that hangs falls silent. Not here: what the
process is for.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from vms.processes.config import NodeConfig, load

HEARTBEAT_S = 1.0


@dataclass(frozen=True, slots=True)
class Child:
    """The place of this process in the node: configuration, inherited listening sockets, index among its like."""

    config: NodeConfig
    index: int
    sockets: dict[str, socket.socket]
    heartbeat_fd: int
    reason: str

    def listener(self, name: str) -> socket.socket:
        return self.sockets[name]


def from_argv(argv: list[str]) -> Child:
    """`CONFIG INDEX FDS REASON`, FDS as JSON `{"name": descriptor}`, as root writes it."""
    fds: dict[str, int] = json.loads(argv[3])
    heartbeat = fds.pop("heartbeat")
    sockets = {name: socket.socket(fileno=fd) for name, fd in fds.items()}
    for listener in sockets.values():
        listener.setblocking(False)
    os.set_blocking(heartbeat, False)
    return Child(load(Path(argv[1])), int(argv[2]), sockets, heartbeat, argv[4])


def run(main: Callable[[Child, asyncio.Event], Awaitable[None]]) -> None:
    """Run `main(child, stop)` on uvloop until it returns; SIGTERM and SIGINT set `stop`."""
    import uvloop  # noqa: PLC0415  (root imports this module's siblings with the standard library only)

    child = from_argv(sys.argv)
    gc.freeze()  # imports never become garbage: keep them out of every collection
    gc.enable()  # start.py kept it still meanwhile
    gc.set_threshold(20_000, 50, 100)  # frames come and go by the thousand a second, in no cycles
    uvloop.run(_live(child, main))


async def _live(child: Child, main: Callable[[Child, asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    beat = asyncio.create_task(_beat(child.heartbeat_fd))
    try:
        await main(child, stop)
    finally:
        beat.cancel()


async def _beat(descriptor: int) -> None:
    while True:
        with contextlib.suppress(BlockingIOError):
            os.write(descriptor, b".")
        await asyncio.sleep(HEARTBEAT_S)
