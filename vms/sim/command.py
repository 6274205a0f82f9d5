"""`vms sim cameras`: from options to serving cameras, until a signal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncGenerator
from dataclasses import asdict, dataclass
from pathlib import Path

from vms.base.clock import Clock, SystemClock
from vms.base.errors import Kind, VmsError
from vms.base.log import get_log
from vms.sim.camera import CameraStream
from vms.sim.cameras import demo_cameras, demo_faults
from vms.sim.clip import load_clip
from vms.sim.clips import load_clips
from vms.sim.faults import Script, read_script
from vms.sim.server import CameraServer, serve

_LOG = get_log(__name__)


@dataclass(frozen=True, slots=True)
class SimOptions:
    """What the command line says. `demo` adds the demo's failing cameras; `clip` plays one file on all cameras, main and sub."""

    count: int = 16
    port: int = 0
    clip: Path | None = None
    user: str = ""
    password: str = ""
    script: Path | None = None
    ready_file: Path | None = None
    host: str = "127.0.0.1"
    demo: bool = False


async def serve_cameras(options: SimOptions) -> None:
    """Serve until SIGTERM or SIGINT, then tell what was sent."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running_cameras(options) as server:
        if options.ready_file is not None:
            _write_ready(options, options.ready_file, server.port)
        _LOG.info("simulated cameras are up", port=server.port, count=options.count)
        await stop.wait()
        _LOG.info("simulated cameras are down", **asdict(server.stats))


@contextlib.asynccontextmanager
async def running_cameras(options: SimOptions, clock: Clock | None = None) -> AsyncGenerator[CameraServer]:
    """The same without signals and files, for programs that hold the cameras themselves."""
    clock = clock or SystemClock()
    async with serve(camera_streams(options, clock), clock, host=options.host, port=options.port) as server:
        yield server


def camera_streams(options: SimOptions, clock: Clock) -> list[CameraStream]:
    """Main and sub of each camera."""
    if options.count < 1:
        raise VmsError(Kind.CONFIG, "At least one camera is needed.", count=options.count)
    script = read_script(options.script) if options.script else Script()
    faults = script.faults + (demo_faults(options.count) if options.demo else ())
    script = Script(faults, script.seed)
    cameras = demo_cameras(options.count)
    foreign = load_clip(options.clip) if options.clip else None
    names: set[str] = set() if foreign else {name for camera in cameras for name in (camera.clip, camera.sub_clip)}
    clips = load_clips(names | script.clips())
    started_us = clock.wall_us()
    return [
        CameraStream(
            camera.number,
            profile,
            foreign or clips[name],
            others=clips,
            faults=script.of(camera.number, profile),
            started_us=started_us,
            spread=foreign is not None,
            seed=script.seed,
            user=options.user,
            password=options.password,
        )
        for camera in cameras
        for profile, name in (("main", camera.clip), ("sub", camera.sub_clip))
    ]


def _write_ready(options: SimOptions, path: Path, port: int) -> None:
    """Renamed into place, so that who sees it can read all of it."""
    urls = [f"rtsp://{options.host}:{port}/cam/{number}/main" for number in range(1, options.count + 1)]
    part = path.with_name(f".{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"port": port, "cameras": urls}, file)
    part.replace(path)
