"""One WebRTC viewer of one stream, from its offer to its end.

Not here: who may watch (the edge asked), which stream it is (server), ICE and DTLS (transport), packets (live.rtpsender).
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass

from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.live.rtpsender import PACE_US, RtpSender, Track
from vms.live.rtpstream import RtpFrame, RtpStream
from vms.media.types import VIDEO_TIMESCALE, Codec
from vms.processes.rtc.transport import Transport, listen_udp
from vms.webrtc.answer import Candidate, Chosen, Local, choose, role_of, write_answer
from vms.webrtc.offer import Offer
from vms.webrtc.rtcp import goodbye, parse_feedback

CONNECT_S = 15.0
REPORT_S = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where this viewer's socket is bound, what the answer calls it, and which ports may be used (none: any)."""

    bind: str
    announced: str
    ports: tuple[int, ...] = ()


class Peer:
    """`answer`, then `run` until the viewer leaves; `end` from outside."""

    def __init__(self, offer: Offer, stream: RtpStream, place: Place, clock: Clock) -> None:
        """Raises NOT_ACCEPTABLE, NO_VIDEO, OVERLOAD, CONFIG: nothing is open then."""
        if stream.refusal is not None:
            raise stream.refusal
        if stream.video is None:
            raise VmsError(Kind.NO_VIDEO, "this stream carries no pictures")
        self._offer = offer
        self._stream = stream
        self._clock = clock
        self._name = secrets.token_hex(8)
        self._place = place
        self.video, self.audio = choose(offer, stream.video, stream.audio, (1 + secrets.randbits(31), 1 + secrets.randbits(31)))
        self._transport = Transport(listen_udp(place.bind, place.ports), place.announced, self._on_rtcp)
        self._ended: asyncio.Future[VmsError | None] = asyncio.get_running_loop().create_future()
        self._pumping = False
        audio_codec = None if stream.audio is None else stream.audio.codec
        self._sender = RtpSender(
            _track(self.video, Codec.H264, VIDEO_TIMESCALE),
            None if self.audio is None or audio_codec is None else _track(self.audio, audio_codec, self.audio.format.clock_rate),
            self._transport.dtls.send,
        )

    async def answer(self) -> str:
        """The session description of this end; checks are answered from here on."""
        await self._transport.listen()
        username, password = self._transport.credentials
        place = Candidate(self._place.announced, self._transport.port)
        local = Local(username, password, self._transport.fingerprint, (place,), role_of(self._offer), self._name, 1 + secrets.randbits(62))
        return write_answer(self._offer, [one for one in (self.video, self.audio) if one is not None], local)

    async def run(self) -> None:
        """Until the viewer leaves or `end`. Raises TIMEOUT, PROTOCOL, or what the stream's end was."""
        try:
            await self._connect()
            if self._stream.refusal is not None:  # it changed meanwhile
                raise self._stream.refusal
            self._sender.catch_up(self._stream.gop, self._clock.mono_us())
            self._stream.readers.add(self)
            self._pump()
            await self._report()
        finally:
            self._stream.readers.discard(self)
            await self._close()

    def end(self, error: VmsError | None = None) -> None:
        if not self._ended.done():
            self._ended.set_result(error)

    def take(self, frame: RtpFrame, now_us: int) -> None:
        self._sender.take(frame, now_us)
        if len(self._sender):
            self._later()

    def lost(self) -> None:
        self._sender.skip()

    def over(self, error: VmsError) -> None:
        self.end(error)

    async def _connect(self) -> None:
        offer = self._offer
        connecting = asyncio.ensure_future(self._transport.connect(offer.username, offer.password, offer.fingerprint, role_of(offer)))
        try:
            done, _ = await asyncio.wait((connecting, self._ended), timeout=CONNECT_S, return_when=asyncio.FIRST_COMPLETED)
            if connecting not in done and self._ended not in done:
                raise VmsError(Kind.TIMEOUT, "the viewer did not reach this node's UDP port", seconds=CONNECT_S)
            if connecting in done:
                connecting.result()
        finally:
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)

    async def _report(self) -> None:
        """Sender reports until the end."""
        closed = asyncio.ensure_future(self._transport.closed.wait())
        try:
            while not self._ended.done() and not closed.done():
                await asyncio.wait((closed, self._ended), timeout=REPORT_S, return_when=asyncio.FIRST_COMPLETED)
                for report in self._sender.reports(self._clock.wall_us(), self._name):
                    self._transport.dtls.send_report(report)
        finally:
            closed.cancel()
        if self._ended.done() and (error := self._ended.result()) is not None:
            raise error

    async def _close(self) -> None:
        for one in (self.video, self.audio):
            if one is not None:
                self._transport.dtls.send_report(goodbye(one.ssrc))
        await self._transport.close()
        self._ended.cancel()

    def _on_rtcp(self, packet: bytes) -> None:
        asked, now_us = parse_feedback(packet, self.video.ssrc), self._clock.mono_us()
        if asked.lost:
            self._sender.repair(asked.lost, now_us)
        if asked.key:
            self._sender.want_key(self._stream.gop, now_us)
            self._later()

    def _later(self) -> None:
        if not self._pumping:
            self._pumping = True
            asyncio.get_running_loop().call_later(PACE_US / 1e6, self._pump)

    def _pump(self) -> None:
        self._pumping = False
        if self._sender.pump(self._clock.mono_us()) and not self._transport.closed.is_set():
            self._later()


def _track(chosen: Chosen, codec: Codec, clock_rate: int) -> Track:
    """The first number is in the lower half, so that SRTP's own counter does not begin with a wrap."""
    return Track(codec, chosen.format.payload_type, clock_rate, chosen.ssrc, secrets.randbelow(1 << 15))
