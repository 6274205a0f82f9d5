"""The sockets of one camera connection: plain TCP, TLS, and UDP pairs. Bytes go up as they come.

In: reading by event or by the batch timer, sending small requests, telling once that the connection is lost.
Not here: what the bytes mean (puller), which address may be dialled (addresses).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Protocol

from vms.base.errors import Kind, VmsError
from vms.ingest.addresses import Address
from vms.ingest.batch import BatchReader
from vms.stream.udp import bind_pair, port_of

MAX_UNSENT_BYTES = 64 * 1024
MAX_READS_PER_TURN = 4  # 1 MB: more stays in the kernel and slows the sender down
MAX_DATAGRAMS_PER_TURN = 256

OnBytes = Callable[[bytes | memoryview], None]
"""What came; a view is good during the call only."""

OnLost = Callable[[BaseException], None]


class Channel(Protocol):
    """A connection's bytes. `on_lost` of its maker is called at most once."""

    def send(self, data: bytes) -> None: ...
    def set_batched(self, batched: bool) -> None: ...
    def close(self) -> None: ...


async def connect(address: Address, timeout_s: float) -> socket.socket:
    """A connected non-blocking socket. Raises REFUSED or UNREACHABLE."""
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.wait_for(asyncio.get_running_loop().sock_connect(sock, address.sockaddr), timeout_s)
    except ConnectionRefusedError as error:
        sock.close()
        raise VmsError(Kind.REFUSED, "the camera refuses the connection; is its RTSP port right?") from error
    except OSError as error:  # TimeoutError is one
        sock.close()
        raise VmsError(Kind.UNREACHABLE, "the camera's address does not answer") from error
    except BaseException:
        sock.close()
        raise
    return sock


def closed_by_camera() -> VmsError:
    return VmsError(Kind.UNREACHABLE, "the camera closed the connection")


class TcpChannel:
    """A raw socket: registered with the loop while events are wanted, read by the batch timer otherwise."""

    def __init__(self, sock: socket.socket, on_bytes: OnBytes, on_lost: OnLost, batch: BatchReader) -> None:
        self._sock = sock
        self._on_bytes = on_bytes
        self._on_lost = on_lost
        self._batch = batch
        self._loop = asyncio.get_running_loop()
        self._unsent = b""
        self._open = True
        self._batched = False
        self._loop.add_reader(sock, self._read)

    def set_batched(self, batched: bool) -> None:
        if batched == self._batched or not self._open:
            return
        self._batched = batched
        if batched:
            self._loop.remove_reader(self._sock)
            self._batch.add(self._read)
        else:
            self._batch.discard(self._read)
            self._loop.add_reader(self._sock, self._read)

    def send(self, data: bytes) -> None:
        if not self._open or not data:
            return
        if len(self._unsent) + len(data) > MAX_UNSENT_BYTES:
            self._lose(VmsError(Kind.PROTOCOL, "the camera does not read our requests"))
            return
        self._unsent += data
        self._write()

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        self._batch.discard(self._read)
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()

    def _read(self) -> None:
        view = self._batch.buffer
        try:
            for _ in range(MAX_READS_PER_TURN):
                size = self._sock.recv_into(view)
                if not size:
                    self._lose(closed_by_camera())
                    return
                self._on_bytes(view[:size])
                if size < len(view) or not self._open:
                    return
        except (BlockingIOError, InterruptedError):
            pass
        except Exception as error:  # noqa: BLE001 - what breaks on one camera's bytes ends that camera's life only; the slot judges it
            self._lose(closed_by_camera() if isinstance(error, OSError) else error)

    def _write(self) -> None:
        try:
            sent = self._sock.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self._lose(closed_by_camera())
            return
        self._unsent = self._unsent[sent:]
        if self._unsent:
            self._loop.add_writer(self._sock, self._write)
        else:
            self._loop.remove_writer(self._sock)

    def _lose(self, error: BaseException) -> None:
        if self._open:
            self.close()
            self._on_lost(error)


def tls_context() -> ssl.SSLContext:
    """Cameras carry self-signed certificates: TLS keeps listeners out here, the address list says whom we meet."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class TlsChannel(asyncio.Protocol):
    """rtsps: the loop's own TLS, always read by event."""

    def __init__(self, on_bytes: OnBytes, on_lost: OnLost) -> None:
        self._on_bytes = on_bytes
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._open = True

    @classmethod
    async def open(cls, sock: socket.socket, host: str, on_bytes: OnBytes, on_lost: OnLost, timeout_s: float) -> TlsChannel:
        context = tls_context()
        loop = asyncio.get_running_loop()
        try:
            _, channel = await asyncio.wait_for(
                loop.create_connection(lambda: cls(on_bytes, on_lost), sock=sock, ssl=context, server_hostname=host), timeout_s
            )
        except TimeoutError as error:
            raise VmsError(Kind.TIMEOUT, "the camera does not answer the TLS handshake") from error
        except OSError as error:
            raise VmsError(Kind.PROTOCOL, "the camera's TLS handshake fails", offset=0) from error
        return channel

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            self._on_bytes(data)
        except Exception as error:  # noqa: BLE001 - as in TcpChannel
            self._lose(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(closed_by_camera())

    def set_batched(self, batched: bool) -> None:
        """TLS records cannot be read later without the loop; nothing changes."""

    def send(self, data: bytes) -> None:
        if self._transport is not None and data:
            self._transport.write(data)

    def close(self) -> None:
        """At once: what was sent is on its way, and a camera that is gone would not end TLS in order."""
        self._open = False
        if self._transport is not None:
            self._transport.abort()

    def _lose(self, error: BaseException) -> None:
        if self._open:
            self.close()
            self._on_lost(error)


OnDatagrams = Callable[[list[bytes]], None]


class UdpPair:
    """An even RTP port and the RTCP port above it, on the address that reached the camera; hears that camera only."""

    def __init__(self, family: int, local_ip: str) -> None:
        self.rtp, self.rtcp = bind_pair(family, local_ip)
        self.ports = port_of(self.rtp), port_of(self.rtcp)
        self._loop = asyncio.get_running_loop()

    def listen(self, peer_ip: str, on_rtp: OnDatagrams, on_rtcp: OnDatagrams, on_lost: OnLost) -> None:
        for sock, take in ((self.rtp, on_rtp), (self.rtcp, on_rtcp)):
            self._loop.add_reader(sock, _read_datagrams, sock, peer_ip, take, on_lost)

    def close(self) -> None:
        for sock in (self.rtp, self.rtcp):
            self._loop.remove_reader(sock)
            sock.close()


def _read_datagrams(sock: socket.socket, peer_ip: str, take: OnDatagrams, on_lost: OnLost) -> None:
    packets: list[bytes] = []
    try:
        for _ in range(MAX_DATAGRAMS_PER_TURN):
            data, address = sock.recvfrom(65536)
            if address[0] == peer_ip:
                packets.append(data)
    except OSError:
        pass  # empty, or the echo of an ICMP error: silence is judged by the stall time
    try:
        if packets:
            take(packets)
    except Exception as error:  # noqa: BLE001 - as in TcpChannel
        on_lost(error)
