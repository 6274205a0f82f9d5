"""Where the packets of one RTSP track go: interleaved in the connection, or by UDP. Not here: what is sent (vms.live.rtp)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Protocol

from vms.live.rtp import Packets
from vms.rtsp.wire import interleave
from vms.stream.udp import bind_pair, port_of

BURST = 32
BURST_PAUSE_S = 0.002
"""Packets that a GOP sent at once may bring in a row: about 180 Mbit/s, which receivers' default buffers take."""


class Outlet(Protocol):
    """Of one track."""

    async def send(self, packets: Packets) -> None: ...
    def report(self, report: bytes) -> None: ...
    def close(self) -> None: ...


class TcpOutlet:
    """Interleaved frames; waits while the connection's send buffer is full, so that its reader's queue is judged by age."""

    def __init__(self, transport: asyncio.Transport, channels: tuple[int, int], writable: asyncio.Event) -> None:
        self._transport, self._channels, self._writable = transport, channels, writable

    async def send(self, packets: Packets) -> None:
        self._transport.write(packets.framed(self._channels[0]))
        await self._writable.wait()

    def report(self, report: bytes) -> None:
        self._transport.write(interleave(self._channels[1], [report]))

    def close(self) -> None:
        """The connection outlives the track."""


class UdpOutlet:
    """A pair of ports to the host that the connection comes from; what the kernel does not take is lost, as on any network."""

    def __init__(self, host: str, peer: str, ports: tuple[int, int], heard: Callable[[], None]) -> None:
        self._media, self._control = bind_pair(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
        self._media.connect((peer, ports[0]))
        self._control.connect((peer, ports[1]))
        self._heard = heard
        self._in_row = 0
        asyncio.get_running_loop().add_reader(self._control.fileno(), self._hear)

    @property
    def ports(self) -> tuple[int, int]:
        return port_of(self._media), port_of(self._control)

    async def send(self, packets: Packets) -> None:
        for packet in packets.packets:
            with contextlib.suppress(OSError):  # a full buffer, or a client that is gone: the session's time-out decides
                self._media.send(packet)
            self._in_row += 1
            if self._in_row >= BURST:
                self._in_row = 0
                await asyncio.sleep(BURST_PAUSE_S)

    def report(self, report: bytes) -> None:
        with contextlib.suppress(OSError):
            self._control.send(report)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._control.fileno())
        self._media.close()
        self._control.close()

    def _hear(self) -> None:
        try:
            self._control.recv(2048)
        except OSError:  # the client is gone, or there was nothing
            return
        self._heard()
