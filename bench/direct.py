"""A camera read directly, beside the node: when did each frame really leave the camera? Marks only, nothing is kept."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bench.children import BenchError
from vms.sim.marks import UUID, find_marks

TAIL = len(UUID) + 48  # a mark may be cut by the end of a read


@dataclass
class Arrivals:
    """Counter of the frame → wall µs at which its first packet was read."""

    at_us: dict[int, int] = field(default_factory=dict[int, int])


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: str) -> str:
    writer.write(request.encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    if " 200 " not in head.split("\r\n", 1)[0]:
        raise BenchError(f"the camera answered {head.splitlines()[0]!r}")
    length = re.search(r"(?i)^content-length:\s*(\d+)", head, re.MULTILINE)
    return head + (await reader.readexactly(int(length[1]))).decode() if length else head


async def watch(url: str, arrivals: Arrivals) -> None:
    """Until cancelled."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        described = await _ask(reader, writer, f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n")
        control = re.search(r"m=video.*?^a=control:(\S+)", described, re.MULTILINE | re.DOTALL)
        if control is None:
            raise BenchError("no a=control under m=video")
        track = control[1] if control[1].startswith("rtsp://") else f"{url}/{control[1]}"
        setup = await _ask(reader, writer, f"SETUP {track} RTSP/1.0\r\nCSeq: 2\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n")
        session = re.search(r"(?i)^session:\s*([^;\s]+)", setup, re.MULTILINE)
        if session is None:
            raise BenchError("no Session")
        await _ask(reader, writer, f"PLAY {url} RTSP/1.0\r\nCSeq: 3\r\nSession: {session[1]}\r\nRange: npt=0.000-\r\n\r\n")
        kept = b""
        while data := await reader.read(1 << 18):
            now_us = time.time_ns() // 1000
            kept += data
            for mark in find_marks(kept):
                arrivals.at_us.setdefault(mark.counter, now_us)
            kept = kept[-TAIL:]
    finally:
        writer.close()
