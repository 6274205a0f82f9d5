"""A subscriber that keeps what it is given and can be waited on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from vms.ingest.orders import CameraState
from vms.media.types import Chunk
from vms.stream.stream import Item

_T = TypeVar("_T")
PATIENCE_S = 20.0


class Listener:
    def __init__(self) -> None:
        self.items: list[Item] = []
        self.states: list[CameraState] = []
        self._changed = asyncio.Event()

    def put(self, item: Item, now_us: int) -> None:
        assert now_us > 0
        self.items.append(item)
        self._changed.set()

    def on_state(self, state: CameraState) -> None:
        self.states.append(state)
        self._changed.set()

    async def until(self, ready: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not ready():
                self._changed.clear()
                await self._changed.wait()

    async def state(self, name: str, cause: str | None = None) -> CameraState:
        await self.until(lambda: any((s.state, s.cause) == (name, cause) for s in self.states))
        return next(s for s in self.states if (s.state, s.cause) == (name, cause))

    async def video_frames(self, count: int) -> None:
        await self.until(lambda: self.frames(1) >= count)

    def frames(self, track: int) -> int:
        return sum(chunk.frames for chunk in self.chunks(track))

    def chunks(self, track: int) -> list[Chunk]:
        return [item for item in self.items if isinstance(item, Chunk) and item.track == track]

    def of(self, kind: type[_T]) -> list[_T]:
        return [item for item in self.items if isinstance(item, kind)]
