"""Each picture decoded once, however many ask for it: what is being decoded is shared, what was decoded is kept a while.

A key names one key frame at one width. Not here: which key frame (api), the child (client).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from vms.base.errors import Kind, VmsError
from vms.decode.protocol import Job, Picture

MAX_KEPT_BYTES = 48 * 1024 * 1024
WAIT_S = 8.0
Key = tuple[str, int, int]
"""Stream or file, the frame's place in it, width."""


class Decodes(Protocol):
    """What is needed of the client."""

    async def picture(self, stream: str, job: Job) -> Picture: ...


class Pictures:
    """`get` from any task of the loop."""

    def __init__(self, decoder: Decodes, max_bytes: int = MAX_KEPT_BYTES) -> None:
        self._decoder = decoder
        self._max_bytes = max_bytes
        self._kept: OrderedDict[Key, Picture] = OrderedDict()
        self._bytes = 0
        self._running: dict[Key, asyncio.Task[Picture]] = {}

    async def get(self, key: Key, stream: str, job: Callable[[], Job]) -> Picture:
        """`job` is called when the picture is not there yet. Raises what the decoder raises, TIMEOUT, and what `job` raises."""
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            return kept
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.ensure_future(self._decode(key, stream, job()))
            task.add_done_callback(lambda done: self._done(key, done))
        try:
            return await asyncio.wait_for(asyncio.shield(task), WAIT_S)
        except TimeoutError:
            raise VmsError(Kind.TIMEOUT, "the picture was not decoded in time; try again") from None

    async def _decode(self, key: Key, stream: str, job: Job) -> Picture:
        picture = await self._decoder.picture(stream, job)
        self._kept[key] = picture
        self._bytes += len(picture.jpeg)
        while self._bytes > self._max_bytes:
            self._bytes -= len(self._kept.popitem(last=False)[1].jpeg)
        return picture

    def _done(self, key: Key, task: asyncio.Task[Picture]) -> None:
        """Also of a task that nobody waits for any more: its error is looked at."""
        self._running.pop(key, None)
        if not task.cancelled():
            task.exception()
