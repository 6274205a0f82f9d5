"""uvicorn inside a child: on an inherited socket, in the child's loop, stopped by the child's own signal."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

GRACEFUL_S = 2
MAX_HEADER_BYTES = 32 * 1024
SILENT_MS = 30_000


class Server(uvicorn.Server):
    """Leaves signals to the child."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class Http(HttpToolsProtocol):
    """Bounds the head of a request: the parser would gather one without end."""

    _head_bytes = -1

    def on_message_begin(self) -> None:
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_bytes = -1
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_bytes >= 0:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEADER_BYTES:
                self.transport.close()


class WebSocket(WebSocketsSansIOProtocol):
    """Lets go of a viewer that takes nothing at all for `SILENT_MS`: one that vanished without a word, or stopped reading for good.

    The kernel judges (TCP_USER_TIMEOUT, RFC 5482), pings give it something to judge by while a camera sends nothing. A pong has no
    deadline: behind a full buffer it would be late, and who is slow is to lose pictures, not the view.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_MS)
        super().connection_made(transport)


async def serve(
    app: Any, listener: socket.socket, stop: asyncio.Event, *, certificate: str = "", key: str = "", behind_edge: bool = False
) -> None:
    """Until `stop`. `behind_edge`: whoever connects may say for whom, as only the edge can.

    Compression of WebSocket messages is off: video does not shrink.
    """
    config = uvicorn.Config(
        app,
        http=Http,
        ws=WebSocket,
        ws_ping_interval=20,
        ws_ping_timeout=None,
        ws_per_message_deflate=False,
        ws_max_size=64 * 1024,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_S,
        timeout_keep_alive=30,
        ssl_certfile=certificate or None,
        ssl_keyfile=key or None,
        proxy_headers=behind_edge,
        forwarded_allow_ips="*" if behind_edge else None,
    )
    server = Server(config)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    waiting = asyncio.ensure_future(stop.wait())
    await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    waiting.cancel()
