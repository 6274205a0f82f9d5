"""A camera's own recordings as a source: one span asked for, whole GOPs given (ONVIF Profile G, Streaming Specification clause 6).

What a fill needs of any source is `Fetch`; this is the camera's. Over TCP alone, at a bounded rate, and never without an end.
Not here: packets (past), which span (record.edge), what becomes of the GOPs (worker).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.timespan import SECOND_US, Span
from vms.ingest.addresses import Resolver, judge, read_allow, read_url
from vms.ingest.channels import closed_by_camera, connect, tls_context
from vms.ingest.orders import PullOrder
from vms.ingest.past import PastGop, PastPath
from vms.rtsp.auth import Credentials
from vms.rtsp.client import ClientConfig, ClientConnection, SetUp
from vms.rtsp.clock import format_clock_range
from vms.rtsp.wire import Packets

CONNECT_S = 5.0
IDLE_S = 10.0
"""A camera that says nothing for so long has no more, or is gone."""
READ_BYTES = 128 * 1024
BYTES_PER_S = 4_000_000
"""What a fill may take of the camera's link and of the disk."""
LONGEST_S = 60.0
LONGEST_PER_SECOND = 2.0
"""A fetch may last a minute, and twice the span beyond."""

Take = Callable[[PastGop], Awaitable[bool]]
"""What is done with a GOP; False: no more is wanted."""


class Fetch(Protocol):
    """Everything that the source has of the span (its own clock), in order; returns when there is no more. Raises VmsError."""

    async def __call__(self, span: Span, take: Take) -> None: ...


def camera_source(order: PullOrder, clock: Clock, resolver: Resolver | None = None, *, bytes_per_s: int = BYTES_PER_S) -> Fetch:
    """The recordings at the order's address."""

    async def fetch(span: Span, take: Take) -> None:
        limit_s = LONGEST_S + LONGEST_PER_SECOND * span.duration_us / SECOND_US
        try:
            await asyncio.wait_for(_Replay(order, clock, resolver, bytes_per_s).run(span, take), limit_s)
        except TimeoutError as error:
            raise VmsError(Kind.TIMEOUT, f"the recording was not over within {limit_s:.0f} s") from error

    return fetch


class _Replay:
    """One connection, one PLAY."""

    def __init__(self, order: PullOrder, clock: Clock, resolver: Resolver | None, bytes_per_s: int) -> None:
        self._order, self._clock, self._resolver, self._bytes_per_s = order, clock, resolver, bytes_per_s
        self._path: PastPath | None = None

    async def run(self, span: Span, take: Take) -> None:
        order = self._order
        target = read_url(order.url)
        address = await judge(target, read_allow(order.allow), self._resolver)
        sock = await connect(address, CONNECT_S)
        tls, name = (tls_context(), target.host) if target.source.tls else (None, None)
        try:
            opening = asyncio.open_connection(sock=sock, limit=2 * READ_BYTES, ssl=tls, server_hostname=name)
            reader, writer = await asyncio.wait_for(opening, CONNECT_S)
        except OSError as error:
            sock.close()
            raise VmsError(Kind.UNREACHABLE, "the camera's recordings cannot be reached") from error
        credentials = Credentials(order.username, order.password) if order.username else None
        client = ClientConnection(ClientConfig(target.url, credentials, replay=format_clock_range(span)))
        try:
            client.start(self._clock.mono_us())
            await self._talk(client, reader, writer, span.end_us, take)
            client.teardown(self._clock.mono_us())
            writer.write(client.take_output())
        except OSError as error:
            raise closed_by_camera() from error
        finally:
            writer.close()

    async def _talk(
        self, client: ClientConnection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, end_us: int, take: Take
    ) -> None:
        started_us, taken = self._clock.mono_us(), 0
        while True:
            writer.write(client.take_output())
            try:
                data = await asyncio.wait_for(reader.read(READ_BYTES), IDLE_S)
            except TimeoutError as error:
                if self._path is None or not self._path.bytes:
                    raise VmsError(Kind.TIMEOUT, "the camera does not send its recording") from error
                break  # it said no BYE, and has no more
            if not data:
                raise closed_by_camera()
            self._feed(client, data)
            path = self._path
            if path is None:
                continue
            for gop in path.gops():
                if gop.start_us >= end_us or not await take(gop):
                    return
            if path.over:
                break
            taken += len(data)
            ahead_s = taken / self._bytes_per_s - (self._clock.mono_us() - started_us) / SECOND_US
            if ahead_s > 0:
                await self._clock.sleep(ahead_s)
        for gop in self._path.finish() if self._path is not None else ():
            if gop.start_us >= end_us or not await take(gop):
                return

    def _feed(self, client: ClientConnection, data: bytes) -> None:
        now_us = self._clock.mono_us()
        if (timer_us := client.next_timer_us()) is not None and now_us >= timer_us:
            client.handle_timer(now_us)
        for event in client.receive(data, now_us):
            if isinstance(event, SetUp):
                self._path = PastPath(event.tracks)
            elif isinstance(event, Packets) and self._path is not None:
                self._path.packets(event.channel, event.packets)
