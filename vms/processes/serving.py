"""uvicorn inside a child: on an inherited socket, in the child's loop, stopped by the child's own signal."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import uvicorn

GRACEFUL_S = 2
MAX_HEADER_BYTES = 32 * 1024


class Server(uvicorn.Server):
    """Leaves signals to the child."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def serve(app: Any, listener: socket.socket, stop: asyncio.Event, *, certificate: str = "", key: str = "") -> None:
    """Until `stop`. Compression of WebSocket messages is off: video does not shrink."""
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=64 * 1024,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_S,
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        ssl_certfile=certificate or None,
        ssl_keyfile=key or None,
        proxy_headers=False,
    )
    server = Server(config)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    waiting = asyncio.ensure_future(stop.wait())
    await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    waiting.cancel()
