"""One link connection: frames over a Unix or TCP socket, one write per loop tick, congestion told to the sender.

In: framing of what is sent, batching, pause and resume, dialling again. Not here: what the messages mean (processes).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol, cast

from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.log import get_log
from vms.media.types import Chunk, Init
from vms.stream.frames import Decoder, LinkFrame, Message, chunk_header, encode_init, encode_message

HIGH_WATER_BYTES = 8 * 1024 * 1024
REDIAL_S = 0.1
_log = get_log("link")


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
        except Exception as error:  # noqa: BLE001  (whatever a peer sends ends its connection, never this process)
            expected = isinstance(error, VmsError)
            self._failure = error if expected else VmsError(Kind.PROTOCOL, "a link message is not of its form", error=repr(error)[:200])
            _log.error("a link peer breaks the protocol; its connection ends", error=repr(error)[:300])
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


class Dialler:
    """Holds one link to a node-local process and dials again when it is lost, at most every REDIAL_S.

    `on_up` is called with each new connection; its owner calls `lost` when it hears `on_closed`.
    """

    def __init__(self, path: str, owner: LinkOwner, on_up: Callable[[Link], None], clock: Clock) -> None:
        self.link: Link | None = None
        self._path = path
        self._owner = owner
        self._on_up = on_up
        self._clock = clock
        self._lost = asyncio.Event()

    async def run(self) -> None:
        """One life after another. A listener that root holds answers also while nobody serves it: that is no error."""
        try:
            while True:
                self._lost.clear()
                with contextlib.suppress(OSError):
                    self.link = await dial_unix(self._path, self._owner)
                    self._on_up(self.link)
                    await self._lost.wait()
                await self._clock.sleep(REDIAL_S)
        finally:
            if self.link is not None:
                self.link.close()

    def lost(self) -> None:
        self.link = None
        self._lost.set()
