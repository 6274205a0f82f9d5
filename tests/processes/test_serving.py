"""The head of a request is bounded on the wire: nobody makes the edge gather one without end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from vms.processes.serving import MAX_HEADER_BYTES, serve

pytestmark = pytest.mark.enable_socket
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def size(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


def talk(words: Talk) -> None:
    """With a server of this program, over one connection."""

    async def life() -> None:
        stop, listener = asyncio.Event(), socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        serving = asyncio.ensure_future(serve(Starlette(routes=[Route("/", size, methods=["POST"])]), listener, stop))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.wait_for(words(reader, writer), 20)
        finally:
            writer.close()
            stop.set()
            await serving

    asyncio.run(life())


def head(length: int, padding: int = 0) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: vms.example\r\nContent-Length: %d\r\nX-Padding: %s\r\n\r\n" % (length, b"p" * padding)


async def answered(reader: asyncio.StreamReader) -> bytes:
    """The body of the next answer."""
    told = await reader.readuntil(b"\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 200"), told
    lengths = [line.split(b":")[1] for line in told.lower().split(b"\r\n") if line.startswith(b"content-length")]
    return await reader.readexactly(int(lengths[0]))


def test_heads_within_the_bound_are_taken_one_after_the_other_and_bodies_do_not_count() -> None:
    async def words(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            writer.write(head(200_000, MAX_HEADER_BYTES - 1000))
            await writer.drain()
            for _ in range(20):
                writer.write(bytes(10_000))
                await writer.drain()
            assert await answered(reader) == b"200000"

    talk(words)


@pytest.mark.parametrize("begin", [b"POST / HTTP/1.1\r\nX-Padding: ", b"POST /?"])
def test_a_head_without_end_loses_its_connection(begin: bytes) -> None:
    async def words(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        sent = 0
        with pytest.raises((ConnectionError, BrokenPipeError)):
            while sent < 64 * MAX_HEADER_BYTES:
                writer.write(b"p" * 1024)
                await writer.drain()
                await asyncio.sleep(0)
                sent += 1024
                if reader.at_eof():
                    raise ConnectionResetError
        assert sent < 64 * MAX_HEADER_BYTES

    talk(words)


def test_a_second_head_without_end_loses_it_too() -> None:
    async def words(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head(1) + b"b")
        assert await answered(reader) == b"1"
        writer.write(b"POST / HTTP/1.1\r\nX-Padding: ")
        for _ in range(MAX_HEADER_BYTES // 1024 + 1):
            writer.write(b"p" * 1024)
        await writer.drain()
        assert await reader.read() == b"", "it is closed without an answer"

    talk(words)
