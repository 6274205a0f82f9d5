"""One link connection: frames over a Unix or TCP socket, one write per loop tick, congestion told to the sender.

In: framing of what is sent, batching, pause and resume. Not here: what the messages mean (processes), reconnecting
(whoever dials).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from vms.base.errors import VmsError
from vms.media.types import Chunk, Init
from vms.stream.frames import Decoder, LinkFrame, Message, chunk_header, encode_init, encode_message

HIGH_WATER_BYTES = 8 * 1024 * 1024


class LinkOwner(Protocol):
    """What a link tells whoever holds it. None of these may block or raise."""

    def on_frame(self, link: Link, frame: LinkFrame) -> None: ...
    def on_closed(self, link: Link, error: VmsError | Exception | None) -> None: ...


class Link(asyncio.Protocol):
    """Sends and receives link frames; a protocol error of the peer closes the connection."""

    def __init__(self, owner: LinkOwner) -> None:
        self._owner = owner
        self._decoder = Decoder()
        self._pending: list[bytes] = []
        self._flushing = False
        self._transport: asyncio.Transport | None = None
        self._failure: VmsError | None = None
        self.paused = False

    @property
    def connected(self) -> bool:
        return self._transport is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._decoder.feed(data):
                self._owner.on_frame(self, frame)
        except VmsError as error:
            self._failure = error
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._pending.clear()
        self._owner.on_closed(self, self._failure or exc)

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False

    def send_message(self, message: Message, handle: int = 0) -> None:
        self._send(encode_message(message, handle))

    def send_init(self, handle: int, init: Init) -> None:
        self._send(encode_init(handle, init))

    def send_chunk(self, handle: int, chunk: Chunk) -> None:
        self._send(chunk_header(handle, chunk))
        self._pending.append(chunk.data)

    def close(self) -> None:
        if self._transport is not None:
            self._flush()
            self._transport.close()

    def _send(self, data: bytes) -> None:
        self._pending.append(data)
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self._transport is not None and self._pending:
            self._transport.writelines(self._pending)
        self._pending = []


async def dial_unix(path: str, owner: LinkOwner) -> Link:
    """Connect to a node-local process. Raises OSError while it is away."""
    loop = asyncio.get_running_loop()
    _, link = await loop.create_unix_connection(lambda: Link(owner), path)
    return link


LinkFactory = Callable[[], Link]
