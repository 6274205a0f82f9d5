"""ICE, DTLS and SRTP of one viewer, by aiortc, with what costs too much or says too much replaced.

Everything that reaches into aiortc and aioice is here, and tests/processes/rtc/test_aiortc.py names it: the versions are pinned.
In: one socket on one address (no STUN, no other interfaces), no packet to an address that no check came from, packets straight
from `protect` to the socket, RTCP to our own reader. Not here: what is sent (live.rtpsender), signalling (peer).
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import cast

from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import Connection, StunProtocol
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceGatherer, RTCIceParameters, RTCIceTransport
from pylibsrtp import Error as SrtpError

from vms.base.errors import Kind, VmsError

SEND_BUFFER_BYTES = 512 * 1024
MAX_WAITING_DATAGRAMS = 256
COMPONENT = 1
BUSY = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS})

OnRtcp = Callable[[bytes], None]


class Ice(Connection):
    """Controlled, on one socket. Remote candidates are never added: the viewer's own checks show where it is (RFC 8445 §7.3.1.3)."""

    def __init__(self, listening: socket.socket, announced: str) -> None:
        super().__init__(ice_controlling=False)
        self.socket = listening
        self._announced = announced

    async def gather_candidates(self) -> None:
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_datagram_endpoint(lambda: StunProtocol(self), sock=self.socket)
        host, port = self._announced, int(self.socket.getsockname()[1])
        protocol.local_candidate = Candidate(
            foundation=candidate_foundation("host", "udp", host),
            component=COMPONENT,
            transport="udp",
            priority=candidate_priority(COMPONENT, "host"),
            host=host,
            port=port,
            type="host",
        )
        self._protocols.append(protocol)
        self._local_candidates.append(protocol.local_candidate)
        self._local_candidates_start = self._local_candidates_end = True

    def data_received(self, data: bytes, component: int) -> None:
        """Anybody can send to a UDP port; what is not read in time is lost, as on any network."""
        if self._queue.qsize() < MAX_WAITING_DATAGRAMS:
            super().data_received(data, component)

    @property
    def viewer(self) -> tuple[str, int] | None:
        """Where the viewer is, once a pair is nominated."""
        pair = self._nominated.get(COMPONENT)
        return None if pair is None else pair.remote_addr


class Gatherer(RTCIceGatherer):
    def __init__(self, ice: Ice) -> None:
        super().__init__(iceServers=[])  # None would be Google's STUN server
        self._connection = ice


class Dtls(RTCDtlsTransport):
    """RTCP comes to `on_rtcp` undecoded; RTP is not listened to; `send` is the short way out."""

    def __init__(self, transport: RTCIceTransport, ice: Ice, on_rtcp: OnRtcp) -> None:
        super().__init__(transport, [RTCCertificate.generateCertificate()])
        self._ice = ice
        self._on_rtcp = on_rtcp

    def be(self, setup: str) -> None:
        """Our `a=setup`, before `start`."""
        self._set_role("client" if setup == "active" else "server")

    def send(self, packet: bytes) -> bool:
        """RTP. False when the socket takes nothing just now; a packet that cannot go at all counts as gone."""
        viewer = self._ice.viewer
        if viewer is None or self.state != "connected":
            return True
        try:
            self._ice.socket.sendto(self._tx_srtp.protect(packet), viewer)
        except OSError as error:
            return error.errno not in BUSY
        except SrtpError:
            return True  # older than SRTP's window: nobody could read it
        return True

    def send_report(self, packet: bytes) -> None:
        """RTCP; lost when the socket is full."""
        viewer = self._ice.viewer
        if viewer is not None and self.state == "connected":
            try:
                self._ice.socket.sendto(self._tx_srtp.protect_rtcp(packet), viewer)
            except (OSError, SrtpError):
                return

    async def _handle_rtcp_data(self, data: bytes) -> None:
        self._on_rtcp(data)

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        """The viewer was not asked for media."""


class Transport:
    """The three layers of one viewer. `connect` once, then `dtls.send`; `closed` is set when the viewer is gone."""

    def __init__(self, listening: socket.socket, announced: str, on_rtcp: OnRtcp) -> None:
        self.closed = asyncio.Event()
        self._connection = Ice(listening, announced)
        self._gatherer = Gatherer(self._connection)
        self._ice = RTCIceTransport(self._gatherer)
        self.dtls = Dtls(self._ice, self._connection, on_rtcp)
        self.dtls.on("statechange", self._state_changed)

    @property
    def credentials(self) -> tuple[str, str]:
        """Our ICE username and password."""
        return self._connection.local_username, self._connection.local_password

    @property
    def fingerprint(self) -> tuple[str, str]:
        """Algorithm and digest of our certificate."""
        found = next(one for one in self.dtls.getLocalParameters().fingerprints if one.algorithm == "sha-256")
        return found.algorithm, found.value

    @property
    def port(self) -> int:
        return int(self._connection.socket.getsockname()[1])

    async def listen(self) -> None:
        """From now on checks are answered."""
        await self._gatherer.gather()

    async def connect(self, username: str, password: str, fingerprint: tuple[str, str], role: str) -> None:
        """Until the viewer has proved its certificate. Raises TIMEOUT or PROTOCOL; bounded by the caller."""
        self.dtls.be(role)
        await self._ice.start(RTCIceParameters(usernameFragment=username, password=password))
        if self._ice.state != "completed":
            raise VmsError(Kind.TIMEOUT, "the viewer did not reach this node's UDP port")
        await self.dtls.start(RTCDtlsParameters(fingerprints=[RTCDtlsFingerprint(*fingerprint)]))
        if self.dtls.state != "connected":
            raise VmsError(Kind.PROTOCOL, "the viewer's DTLS handshake failed")

    async def close(self) -> None:
        await self.dtls.stop()
        await self._ice.stop()

    def _state_changed(self) -> None:
        if self.dtls.state in ("closed", "failed"):
            self.closed.set()


def listen_udp(host: str, ports: Sequence[int]) -> socket.socket:
    """A socket on the first free port of `ports`, or on any with none given.

    Raises OVERLOAD when all are taken, CONFIG for an address that is not this machine's.
    """
    family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    for port in ports or (0,):
        found = socket.socket(family, socket.SOCK_DGRAM)
        try:
            found.bind((host, port))
        except OSError as error:
            found.close()
            if error.errno == errno.EADDRINUSE:
                continue
            raise VmsError(Kind.CONFIG, f"no UDP socket on {host}: {error.strerror}", host=host) from error
        found.setblocking(False)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        return found
    raise VmsError(Kind.OVERLOAD, "all UDP ports of webrtc.ports are taken; close a view", ports=len(ports))


def plain_host(host: str) -> str:
    """An IPv4 address as such, also where an IPv6 socket accepted it."""
    address = ip_address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or cast("object", address))
