"""The way to control's API: HTTP requests and the facts WebSocket, over a Unix socket, streamed both ways.

The edge adds nothing and decides nothing; while control is away the answer is one clear 503.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx2
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Origin

from vms.api.front.http import check_origin, problem_response
from vms.base.errors import Kind, VmsError

HOP_HEADERS = frozenset(b"connection keep-alive proxy-authenticate proxy-authorization te trailers transfer-encoding upgrade".split())
OURS = frozenset(b"forwarded x-forwarded-for x-forwarded-proto x-forwarded-host x-real-ip".split())  # who asks is ours to say
FORWARDED_WS_HEADERS = ("authorization", "cookie")
TIMEOUT_S = 60.0
MAX_BODY_BYTES = 1024 * 1024
CONTROL_GONE = 4503
SENDABLE = frozenset({1000, 1001, 1003, 1008, 1009, 1011, 1012, 1013, *range(4000, 5000)})  # the others are no codes on the wire


class Proxy:
    """One keep-alive client to `api.sock`."""

    def __init__(self, path: str) -> None:
        self._path = path
        transport = httpx2.AsyncHTTPTransport(uds=path, limits=httpx2.Limits(max_connections=100), retries=1)
        self._client = httpx2.AsyncClient(transport=transport, base_url="http://control", timeout=TIMEOUT_S, trust_env=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def http(self, request: Request) -> Response:
        """Forward method, path, query, headers and body; stream the answer back."""
        headers = [(name, value) for name, value in request.headers.raw if name not in HOP_HEADERS | OURS]
        peer = request.client.host if request.client else ""
        headers += [(b"x-forwarded-for", peer.encode()), (b"x-forwarded-proto", request.url.scheme.encode())]
        try:
            body = await _bounded_body(request)
            forward = self._client.build_request(request.method, _target(request), headers=headers, content=body)
            answer = await self._client.send(forward, stream=True)
        except VmsError as error:
            return problem_response(error)
        except httpx2.TimeoutException:
            return problem_response(VmsError(Kind.TIMEOUT, "control did not answer in time"))
        except httpx2.InvalidURL:
            return problem_response(VmsError(Kind.BAD_REQUEST, "this is no path"))
        except httpx2.TransportError:
            error = VmsError(Kind.UNAVAILABLE, "the node's control process is starting; live pictures go on")
            return problem_response(error, {"Retry-After": "2"})
        response = StreamingResponse(_body(answer), answer.status_code, background=BackgroundTask(answer.aclose))
        response.raw_headers = [(name.lower(), value) for name, value in answer.headers.raw if name.lower() not in HOP_HEADERS]
        return response

    async def websocket(self, websocket: WebSocket) -> None:
        """Join the viewer's WebSocket to control's."""
        await websocket.accept()
        headers = {name: value for name in FORWARDED_WS_HEADERS if (value := websocket.headers.get(name))}
        origin = websocket.headers.get("origin")
        uri = f"ws://{websocket.headers.get('host', 'control')}{websocket.url.path}?{websocket.url.query}"
        try:
            check_origin(websocket.headers)
            joining = unix_connect(self._path, uri, additional_headers=headers, origin=Origin(origin) if origin else None, compression=None)
            async with joining as upstream:
                await _join(websocket, upstream)
        except VmsError:
            await _close(websocket, 4403)
        except (OSError, InvalidHandshake, InvalidURI):
            await _close(websocket, 4503)


async def _join(websocket: WebSocket, upstream: ClientConnection) -> None:
    """Copy both ways until either side ends."""

    async def down() -> int:
        try:
            async for message in upstream:
                await (websocket.send_text(message) if isinstance(message, str) else websocket.send_bytes(message))
        except (ConnectionClosed, WebSocketDisconnect, RuntimeError):
            pass
        return upstream.close_code if upstream.close_code in SENDABLE else CONTROL_GONE

    async def up() -> int:
        with contextlib.suppress(ConnectionClosed, WebSocketDisconnect, RuntimeError):
            while True:
                message = await websocket.receive()
                if message["type"] == "websocket.disconnect":
                    return 1000
                if not isinstance(message.get("text"), str):
                    return 1003  # RFC 6455 §7.4.1: a kind of data it does not take
                await upstream.send(message["text"])
        return CONTROL_GONE

    tasks = (asyncio.ensure_future(down()), asyncio.ensure_future(up()))
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    await _close(websocket, next(iter(done)).result())


async def _close(websocket: WebSocket, code: int) -> None:
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await websocket.close(code)


async def _bounded_body(request: Request) -> bytes:
    """API bodies are small; media never comes this way. Raises TOO_LARGE."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise VmsError(Kind.TOO_LARGE, "the request body is over 1 MiB", limit_bytes=MAX_BODY_BYTES)
    return bytes(body)


async def _body(answer: httpx2.Response) -> AsyncIterator[bytes]:
    """Closed also when the viewer leaves in the middle, so that the connection is not lost to others."""
    try:
        async for piece in answer.aiter_raw():
            yield piece
    finally:
        await answer.aclose()


def _target(request: Request) -> httpx2.URL:
    """The path as the viewer sent it: an encoded slash or question mark stays one."""
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return httpx2.URL("http://control").copy_with(raw_path=path.split(b"?")[0] + (b"?" + query if query else b""))
