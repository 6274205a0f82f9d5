"""Link ends for tests: a recording fake of one connection, and both ends on a real Unix socket in short folders."""

from __future__ import annotations

import asyncio
import functools
import os
import tempfile
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, ParamSpec

from vms.media.types import VIDEO_TRACK, Chunk, Init
from vms.stream.frames import Message
from vms.stream.link import Link, LinkOwner
from vms.stream.stream import Begin, Item

P = ParamSpec("P")
PATIENCE_S = 5.0


def on_a_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """A test that is a coroutine."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


class FakeLink(Link):
    """Keeps what is sent; `paused` is set by the test."""

    def __init__(self) -> None:
        super().__init__(Nobody())
        self.messages: list[tuple[int, Message]] = []
        self.sent: list[tuple[int, Chunk | Init]] = []

    @property
    def connected(self) -> bool:
        return True

    def send_message(self, message: Message, handle: int = 0) -> None:
        self.messages.append((handle, message))

    def send_init(self, handle: int, init: Init) -> None:
        self.sent.append((handle, init))

    def send_chunk(self, handle: int, chunk: Chunk) -> None:
        self.sent.append((handle, chunk))

    def ops(self) -> list[str]:
        return [str(message["op"]) for _, message in self.messages]

    def seqs(self) -> list[int]:
        return [item.seq for _, item in self.sent if isinstance(item, Chunk)]


class Nobody:
    def on_frame(self, link: Link, frame: object) -> None: ...
    def on_closed(self, link: Link, error: object) -> None: ...


class Collect:
    """A subscriber that keeps everything."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def put(self, item: Item, now_us: int) -> None:
        self.items.append(item)

    def kinds(self) -> list[str]:
        return [type(item).__name__ for item in self.items]

    def seqs(self) -> list[int]:
        return [item.seq for item in self.items if isinstance(item, Chunk)]


def chunk(seq: int, *, key: bool = False) -> Chunk:
    return Chunk(VIDEO_TRACK, seq, key, 1_700_000_000_000_000 + seq * 40_000, seq * 3600, 3600, 1, b"%d" % seq)


def begin(init: Init, run: str = "run-1") -> Begin:
    return Begin(run, (init,), 1_700_000_000_000_000)


@contextmanager
def socket_path() -> Generator[str]:
    """Short, because sun_path is."""
    with tempfile.TemporaryDirectory(prefix="vl-") as folder:
        yield str(Path(folder) / "s")


@asynccontextmanager
async def served(owner: LinkOwner, path: str) -> AsyncGenerator[list[Link]]:
    """A process's listening link; its connections end with it, as they do when it dies."""
    links: list[Link] = []

    def accept() -> Link:
        links.append(Link(owner))
        return links[-1]

    server = await asyncio.get_running_loop().create_unix_server(accept, path)
    try:
        yield links
    finally:
        server.close()
        for link in links:
            link.close()
        await until(lambda: not any(link.connected for link in links))
        os.unlink(path)  # noqa: PTH108  (a socket in memory)


async def until(holds: Callable[[], bool]) -> None:
    """Turns of the loop: what it waits for is on its way through local sockets or threads."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110  (nobody tells a test)
            await asyncio.sleep(0)
