"""The simulated cameras of one port: listening, the quarter-second sweep, closing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable

from vms.base.clock import Clock
from vms.sim.beat import Beat
from vms.sim.camera import CameraStream, Stats
from vms.sim.connection import CameraConnection, House

SWEEP_S = 0.25


class CameraServer:
    """Listening on `port`; `stats` counts until it is closed."""

    def __init__(self, port: int, stats: Stats) -> None:
        self.port, self.stats = port, stats


@contextlib.asynccontextmanager
async def serve(streams: Iterable[CameraStream], clock: Clock, *, host: str = "127.0.0.1", port: int = 0) -> AsyncGenerator[CameraServer]:
    """Serve `rtsp://host:port/cam/N/PROFILE` while the context lasts; port 0 takes any free one."""
    beat = Beat(clock)
    house = House({(stream.camera, stream.profile): stream for stream in streams}, clock, beat)
    listener = await asyncio.get_running_loop().create_server(lambda: CameraConnection(house), host, port, backlog=1024)
    sweeper = asyncio.create_task(_sweep(house))
    try:
        yield CameraServer(listener.sockets[0].getsockname()[1], house.stats)
    finally:
        sweeper.cancel()
        beat.close()
        listener.close()
        for connection in list(house.connections):
            connection.hang_up()
        await listener.wait_closed()
        with contextlib.suppress(asyncio.CancelledError):
            await sweeper


async def _sweep(house: House) -> None:
    while True:
        await house.clock.sleep(SWEEP_S)
        now_us, mono_us = house.clock.wall_us(), house.clock.mono_us()
        for connection in list(house.connections):
            connection.sweep(now_us, mono_us)
