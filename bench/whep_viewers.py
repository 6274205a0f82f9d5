"""Viewers by WebRTC that cost the machine little: they decrypt, count and decode nothing. Loopback only."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable

import httpx2
from aioice.ice import Connection
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceCandidate, RTCIceGatherer, RTCIceParameters, RTCIceTransport

from bench import node
from bench.children import BenchError
from bench.viewers import Viewer
from vms.sim.marks import UUID, find_marks

OFFER = """v=0
o=- {session} 1 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0
m=video 9 UDP/TLS/RTP/SAVPF 102
c=IN IP4 0.0.0.0
a=mid:0
a=recvonly
a=rtcp-mux
a=ice-ufrag:{ufrag}
a=ice-pwd:{password}
a=fingerprint:{algorithm} {digest}
a=setup:actpass
a=rtpmap:102 H264/90000
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f
"""


class Ice(Connection):
    """The browser's side; aioice by itself leaves this machine's own address out."""

    async def gather_candidates(self) -> None:
        self._local_candidates_start = True
        self._local_candidates += await self.get_component_candidates(1, ["127.0.0.1"])
        self._local_candidates_end = True


class Gatherer(RTCIceGatherer):
    def __init__(self) -> None:
        super().__init__(iceServers=[])
        self._connection = Ice(ice_controlling=True)


class Dtls(RTCDtlsTransport):
    """Hands over every packet instead of taking it apart."""

    def __init__(self, transport: RTCIceTransport, on_packet: Callable[[bytes], None]) -> None:
        super().__init__(transport, [RTCCertificate.generateCertificate()])
        self._on_packet = on_packet
        self._set_role("server")

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        self._on_packet(data)


def words(answer: str, name: str) -> str:
    """The first attribute of that name."""
    return next(line.partition(":")[2] for line in answer.splitlines() if line.startswith(f"a={name}:"))


async def view(running: node.Node, viewer: Viewer) -> None:
    """Until cancelled; the mark of a frame lies whole in one packet, behind its parameter sets."""
    started = time.monotonic()

    def on_packet(packet: bytes) -> None:
        if UUID not in packet:
            return
        at_us = time.time_ns() // 1000
        if not viewer.frames:
            viewer.first_frame_ms = (time.monotonic() - started) * 1000
        viewer.frames += [(at_us, mark.counter) for mark in find_marks(packet)]

    gatherer = Gatherer()
    ice = RTCIceTransport(gatherer)
    dtls = Dtls(ice, on_packet)
    cookies = dict(running.client.cookies)
    async with httpx2.AsyncClient(base_url=running.url, cookies=cookies, headers={"X-VMS-CSRF": "1"}, timeout=30, trust_env=False) as http:
        await gatherer.gather()
        place = ""
        try:
            place, answer = await _post(http, viewer.camera, gatherer, dtls)
            _, _, _, priority, host, port, *_ = words(answer, "candidate").split()
            await ice.addRemoteCandidate(RTCIceCandidate(1, "1", host, int(port), int(priority), "udp", "host"))
            await ice.start(RTCIceParameters(words(answer, "ice-ufrag"), words(answer, "ice-pwd")))
            await dtls.start(RTCDtlsParameters([RTCDtlsFingerprint(*words(answer, "fingerprint").split())]))
            if dtls.state != "connected":
                raise BenchError("a WebRTC viewer could not connect")
            await asyncio.get_running_loop().create_future()
        finally:
            if place:
                await http.delete(place)
            await dtls.stop()
            await ice.stop()


async def _post(http: httpx2.AsyncClient, camera: str, gatherer: RTCIceGatherer, dtls: RTCDtlsTransport) -> tuple[str, str]:
    """The session's URL and the answer."""
    own = gatherer.getLocalParameters()
    print_ = next(one for one in dtls.getLocalParameters().fingerprints if one.algorithm == "sha-256")
    offer = OFFER.format(
        session=1 + secrets.randbits(62),
        ufrag=own.usernameFragment,
        password=own.password,
        algorithm=print_.algorithm,
        digest=print_.value,
    )
    answer = await http.post(f"/api/v1/cameras/{camera}/whep", content=offer, headers={"Content-Type": "application/sdp"})
    if answer.status_code != 201:
        raise BenchError(f"POST whep: {answer.status_code} {answer.text[:300]}")
    return answer.headers["location"], answer.text
