"""Viewers of live pictures over WebSocket: what they get, when, and how late against the camera read directly."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection

from bench import node
from bench.direct import Arrivals
from vms.sim.marks import find_marks

HEADER = struct.Struct(">BBHIq")  # kind, track, 0, sequence, wall µs
CHUNK, VIDEO = 2, 1
FIRST_S = 10.0


@dataclass
class Viewer:
    """What one viewer saw: (arrival wall µs, counter) of each frame, and how long the first one took."""

    camera: str
    first_frame_ms: float = 0.0
    frames: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def fps(self, from_us: int, to_us: int) -> float:
        return sum(from_us <= at_us < to_us for at_us, _ in self.frames) * 1e6 / (to_us - from_us)

    def added_ms(self, direct: Arrivals, from_us: int) -> list[float]:
        """Lateness against the direct reader; frames of the cached GOP, which are older than the viewer, do not count."""
        late = [(at_us - direct.at_us[n], at_us) for at_us, n in self.frames if n in direct.at_us]
        return [max(0, us) / 1000 for us, at_us in late if at_us >= from_us]


async def view(running: node.Node, viewer: Viewer) -> None:
    """Until cancelled."""
    started = time.monotonic()
    async with running.websocket(f"/cameras/{viewer.camera}/live.mse") as socket:
        async for message in socket:
            if isinstance(message, str) or HEADER.unpack_from(message)[:2] != (CHUNK, VIDEO):
                continue
            at_us = time.time_ns() // 1000
            if not viewer.frames:
                viewer.first_frame_ms = (time.monotonic() - started) * 1000
            viewer.frames += [(at_us, mark.counter) for mark in find_marks(message)]


async def page_through(running: node.Node, pages: list[float]) -> None:
    """The whole list of cameras, again and again, until cancelled; keeps each page's ms."""
    cursor = ""
    while True:
        params: dict[str, str | int] = {"limit": 500, **({"cursor": cursor} if cursor else {})}
        started = time.monotonic()
        content = await asyncio.to_thread(running.get, "/cameras", **params)
        pages.append((time.monotonic() - started) * 1000)
        cursor = content["next"] or ""


def percentile(values: Sequence[float], percent: float) -> float:
    """Nearest rank; 0 of nothing is no figure, so it fails."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


async def seek(running: node.Node, camera: str, start_us: int, targets_us: Sequence[int]) -> list[float]:
    """Milliseconds from each seek to the first video chunk that answers it, on one playback."""
    took: list[float] = []
    async with running.websocket(f"/cameras/{camera}/playback.mse?from={start_us}") as socket:
        for number, target_us in enumerate(targets_us, start=1):
            started = time.monotonic()
            await socket.send(json.dumps({"type": "seek", "at_us": target_us, "seek": number}))
            async with asyncio.timeout(FIRST_S):
                await _answer(socket, number)
            took.append((time.monotonic() - started) * 1000)
    return took


async def _answer(socket: ClientConnection, number: int) -> None:
    """Until the first video chunk behind the Init that names this seek."""
    answered = False
    async for message in socket:
        if isinstance(message, str):
            answered = answered or json.loads(message).get("seek") == number
        elif answered and HEADER.unpack_from(message)[:2] == (CHUNK, VIDEO):
            return
