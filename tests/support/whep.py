"""A WHEP viewer by plain aiortc: what it decodes is read from the pictures, as a person would see them.

Loopback only: aioice leaves that address out by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar, cast

import aioice.ice
import httpx2
import pytest
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from av import AudioFrame, VideoFrame

PATIENCE_S = 20.0
F = TypeVar("F", VideoFrame, AudioFrame)
SDP = {"Content-Type": "application/sdp"}


def on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    def addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        return ["127.0.0.1"]

    monkeypatch.setattr(aioice.ice, "get_host_addresses", addresses)


@dataclass
class Viewer:
    """A connection with its session's URL."""

    connection: RTCPeerConnection
    tracks: dict[str, MediaStreamTrack]
    session: str
    answer: str

    async def picture(self) -> VideoFrame:
        return await _received(self.tracks["video"], VideoFrame)

    async def sound(self) -> AudioFrame:
        return await _received(self.tracks["audio"], AudioFrame)


async def _received(track: MediaStreamTrack, kind: type[F]) -> F:
    async with asyncio.timeout(PATIENCE_S):
        frame: object = await cast("Awaitable[object]", track.recv())
    assert isinstance(frame, kind)
    return frame


async def offer(kinds: Sequence[str] = ("video", "audio")) -> tuple[RTCPeerConnection, dict[str, MediaStreamTrack]]:
    """A connection that wants to receive, its offer set."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    tracks: dict[str, MediaStreamTrack] = {}

    def on_track(track: MediaStreamTrack) -> None:
        tracks[track.kind] = track

    connection.on("track", on_track)
    for kind in kinds:
        connection.addTransceiver(kind, direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    return connection, tracks


@asynccontextmanager
async def watch(http: httpx2.AsyncClient, camera: str, kinds: Sequence[str] = ("video", "audio")) -> AsyncGenerator[Viewer]:
    """Connected when the pictures come; the session is left to the test to end."""
    connection, tracks = await offer(kinds)
    try:
        answer = await http.post(f"/api/v1/cameras/{camera}/whep", content=connection.localDescription.sdp, headers=SDP)
        assert answer.status_code == 201, answer.text
        await connection.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        yield Viewer(connection, tracks, answer.headers["location"], answer.text)
    finally:
        await connection.close()
