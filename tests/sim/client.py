"""A light RTSP client for the simulated cameras: asks, and keeps what comes. It checks nothing by itself."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from vms.rtsp.messages import Response
from vms.rtsp.wire import Packets, WireParser


class FakeClient:
    """One connection to `rtsp://127.0.0.1:PORT/cam/N/PROFILE`; `packets` by channel."""

    def __init__(self, port: int, path: str) -> None:
        self.port, self.url = port, f"rtsp://127.0.0.1:{port}{path}"
        self.packets: dict[int, list[bytes]] = {}
        self.received = 0
        self._wire = WireParser()
        self._answers: list[Response] = []
        self._count = 0
        self._session = ""

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._writer.close()

    async def ask(self, method: str, suffix: str = "", **headers: str) -> Response:
        """Raises ConnectionError when the camera hangs up."""
        self._count += 1
        lines = [f"{method} {self.url}{suffix} RTSP/1.0", f"CSeq: {self._count}", *(f"{k}: {v}" for k, v in headers.items())]
        lines += [f"Session: {self._session}"] if self._session else []
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        while not self._answers:
            await self.read()
        answer = self._answers.pop(0)
        self._session = (answer.headers.get("Session") or self._session).partition(";")[0]
        return answer

    async def play(self, *tracks: int) -> Response:
        for track in tracks:
            transport = f"RTP/AVP/TCP;unicast;interleaved={2 * track - 2}-{2 * track - 1}"
            assert (await self.ask("SETUP", f"/trackID={track}", Transport=transport)).status == 200
        return await self.ask("PLAY")

    async def read(self) -> None:
        data = await self._reader.read(1 << 16)
        if not data:
            raise ConnectionResetError
        self.received += len(data)
        for event in self._wire.feed(data):
            if isinstance(event, Packets):
                self.packets.setdefault(event.channel, []).extend(event.packets)
            elif isinstance(event, Response):
                self._answers.append(event)

    async def read_until(self, channel: int, count: int) -> list[bytes]:
        while len(self.packets.get(channel, [])) < count:
            await self.read()
        return self.packets[channel]
