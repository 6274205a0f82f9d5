"""The server's end of one RTSP connection (RFC 2326): what simulated cameras and the restream answer with.

The shell feeds bytes and gets events; it answers `Described`, `SetupAsked` and `Played` with a method call, the rest is
answered here. One request is open at a time; pipelined ones wait. Not here: sockets, media, who may see what.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from vms.base.errors import VmsError
from vms.rtsp.auth import Doorkeeper, Gate, Proof
from vms.rtsp.messages import Headers, Request, Response, malformed
from vms.rtsp.transport import DEFAULT_SESSION_S, Pair, Transport, parse_session, parse_transports
from vms.rtsp.urls import split_track, url_path
from vms.rtsp.wire import Packets, WireParser

_T = TypeVar("_T")

MAX_WAITING_REQUESTS = 16
MAX_TRACKS = 8
MAX_BAD_SIGN_INS = 8


class State(Enum):
    INIT = "init"
    READY = "ready"
    PLAYING = "playing"
    CLOSED = "closed"


_ALWAYS = frozenset({"OPTIONS", "DESCRIBE", "GET_PARAMETER", "SET_PARAMETER", "TEARDOWN"})
ALLOWED: dict[State, frozenset[str]] = {
    State.INIT: _ALWAYS | {"SETUP"},
    State.READY: _ALWAYS | {"SETUP", "PLAY", "PAUSE"},
    State.PLAYING: _ALWAYS | {"PLAY", "PAUSE"},
    State.CLOSED: frozenset(),
}
METHODS = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "PAUSE", "GET_PARAMETER", "SET_PARAMETER", "TEARDOWN")
_NEEDS_SESSION = frozenset({"PLAY", "PAUSE"})
_CARRY_PROOF = frozenset({"DESCRIBE", "SETUP"})

REASONS = {
    200: "OK",
    302: "Moved Temporarily",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    457: "Invalid Range",
    461: "Unsupported Transport",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    551: "Option Not Supported",
}


@dataclass(frozen=True, slots=True)
class Described:
    """Answer with `describe`, `refuse` or `challenge`. `user` is who signed in, empty without a gate; `proof` is still to be judged."""

    path: str
    url: str
    user: str
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class SetupAsked:
    """Answer with `accept_setup` or `refuse`. `track` is N of `trackID=N`, 1 when the URL names none."""

    path: str
    track: int
    transport: Transport
    user: str
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """Answer with `play` or `refuse`; `range` is the Range header as it came, or empty. `replay`: a recording is asked for.
    `cseq` is the request's number."""

    path: str
    range: str
    tracks: tuple[int, ...]
    replay: bool = False
    cseq: int = 0


@dataclass(frozen=True, slots=True)
class Paused:
    """Already answered."""


@dataclass(frozen=True, slots=True)
class TornDown:
    """The session is over, already answered; cause `teardown` or `timeout`. Send what is left, then close."""

    cause: str


@dataclass(frozen=True, slots=True)
class RtpInfo:
    """Sequence number and RTP time of the first packet after PLAY."""

    track: int
    seq: int
    rtptime: int


Event = Described | SetupAsked | Played | Paused | TornDown | Packets


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """`tcp` and `udp` say which transports are offered; another one is answered 461."""

    session_id: Callable[[], str]
    gate: Gate | None = None
    session_timeout_s: int = DEFAULT_SESSION_S
    tcp: bool = True
    udp: bool = True
    name: str = "vms"


@dataclass(slots=True)
class _Session:
    id: str
    path: str
    deadline_us: int
    tracks: dict[int, tuple[str, Transport]]  # URL as the client wrote it, agreed transport


class ServerConnection:
    """Bytes in by `receive`, bytes out by `take_output`, time by `next_timer_us` and `handle_timer`."""

    def __init__(self, config: ServerConfig) -> None:
        self.state = State.INIT
        self._config = config
        self._door = Doorkeeper(config.gate) if config.gate else None
        self._wire = WireParser()
        self._output: list[bytes] = []
        self._waiting: deque[Request] = deque()
        self._open: Request | None = None
        self._offer: Transport | None = None
        self._session: _Session | None = None
        self._bad_sign_ins = 0
        self._proof: Proof | None = None
        self._admitted = False
        self._now_us = 0
        self._handlers: dict[str, Callable[[Request, str], Event | None]] = {
            "OPTIONS": self._on_options,
            "DESCRIBE": self._on_describe,
            "SETUP": self._on_setup,
            "PLAY": self._on_play,
            "PAUSE": self._on_pause,
            "GET_PARAMETER": self._on_parameter,
            "SET_PARAMETER": self._on_parameter,
            "TEARDOWN": self._on_teardown,
        }

    # --- bytes and time ---

    def receive(self, data: bytes, now_us: int) -> list[Event]:
        """Raises PROTOCOL for malformed input; then send what is left and close."""
        self._now_us = now_us
        events: list[Event] = []
        try:
            for item in self._wire.feed(data):
                if isinstance(item, Packets):
                    self.touch(now_us)
                    events.append(item)
                elif isinstance(item, Request):
                    self._queue(item)
        except VmsError:
            self._output.append(_response(400, [("Server", self._config.name)]))
            self.state = State.CLOSED
            raise
        return events + self._run()

    def take_output(self) -> bytes:
        output = b"".join(self._output)
        self._output.clear()
        return output

    def touch(self, now_us: int) -> None:
        """The client is alive: RTCP over UDP reached the shell, or anything came by TCP."""
        if self._session is not None:
            self._session.deadline_us = now_us + self._config.session_timeout_s * 1_000_000

    def next_timer_us(self) -> int | None:
        return None if self._session is None or self.state is State.CLOSED else self._session.deadline_us

    def handle_timer(self, now_us: int) -> list[Event]:
        deadline = self.next_timer_us()
        if deadline is None or now_us < deadline:
            return []
        self._session = None
        self.state = State.CLOSED
        return [TornDown("timeout")]

    @property
    def transports(self) -> dict[int, Transport]:
        """The agreed transport of each track that is set up."""
        return {} if self._session is None else {track: agreed for track, (_, agreed) in self._session.tracks.items()}

    # --- the shell's answers; each returns the events that the next waiting request brings ---

    def describe(self, sdp: str) -> list[Event]:
        """Answers `Described`; control URLs in the SDP are `trackID=N`."""
        request = self._answering("DESCRIBE")
        headers = [("Content-Base", request.url.rstrip("/") + "/"), ("Content-Type", "application/sdp")]
        return self._reply(200, headers, sdp.encode())

    def accept_setup(self, server_ports: Pair | None = None, ssrc: int | None = None) -> list[Event]:
        """Answers `SetupAsked`; `server_ports` for UDP."""
        request = self._answering("SETUP")
        offer = _held(self._offer)
        path, track = split_track(request.url)
        if self._session is None:
            self._session = _Session(self._config.session_id(), path, 0, {})
            self.touch(self._now_us)
        agreed = Transport(offer.protocol, self._channels(offer), offer.client_ports, server_ports, ssrc)
        self._session.tracks[track] = (request.url, agreed)
        self.state = State.READY
        return self._reply(200, [("Transport", agreed.to_header())])

    def play(self, infos: Sequence[RtpInfo], range_text: str = "npt=0.000-") -> list[Event]:
        """Answers `Played`; media may be sent once the output is taken."""
        self._answering("PLAY")
        session = _held(self._session)
        urls = {track: url for track, (url, _) in session.tracks.items()}
        parts = [f"url={urls[i.track]};seq={i.seq & 0xFFFF};rtptime={i.rtptime & 0xFFFFFFFF}" for i in infos if i.track in urls]
        self.state = State.PLAYING
        headers = [("Range", range_text)]
        if parts:
            headers.append(("RTP-Info", ",".join(parts)))
        return self._reply(200, headers)

    def refuse(self, status: int, headers: Sequence[tuple[str, str]] = ()) -> list[Event]:
        """Answers any open event with an error status."""
        if self._open is None:
            raise RuntimeError("no request is open")
        return self._reply(status, list(headers))

    def challenge(self) -> list[Event]:
        """Answers an event whose proof proved nothing: sign in again."""
        if self._door is None or self._open is None:
            raise RuntimeError("nobody signs in")
        self._deny(stale=False)
        return [TornDown("sign_in")] if self.state is State.CLOSED else self._run()

    def admit(self) -> None:
        """The proof was good: this connection is signed in, and its later requests are not asked again."""
        self._admitted = True

    # --- inside ---

    def _queue(self, request: Request) -> None:
        if len(self._waiting) >= MAX_WAITING_REQUESTS:
            raise malformed(f"more than {MAX_WAITING_REQUESTS} requests wait for an answer", 0)
        self._waiting.append(request)

    def _run(self) -> list[Event]:
        """Handle waiting requests until one must wait for the shell."""
        events: list[Event] = []
        while self._waiting and self._open is None and self.state is not State.CLOSED:
            self._open = self._waiting.popleft()
            self.touch(self._now_us)
            event = self._handle(self._open)
            if event is not None:
                events.append(event)
        return events

    def _handle(self, request: Request) -> Event | None:
        status = self._objection(request)
        if status:
            self._close_open(status)
            return None
        user, denied = self._sign_in(request)
        if denied:
            return TornDown("sign_in") if self.state is State.CLOSED else None
        return self._handlers[request.method](request, user)

    def _objection(self, request: Request) -> int:
        """The status that refuses a request before anything is looked at, or 0."""
        session = request.headers.get("Session")
        known = None if self._session is None else self._session.id
        if not (request.headers.get("CSeq") or "").isdigit():
            return 400
        if request.method not in METHODS:
            return 501
        if (session and parse_session(session)[0] != known) or (request.method in _NEEDS_SESSION and (not session or not known)):
            return 454
        return 0 if request.method in ALLOWED[self.state] else 455

    def _sign_in(self, request: Request) -> tuple[str, bool]:
        self._proof = None
        if self._door is None or self._admitted or request.method == "OPTIONS":
            return "", False
        verdict = self._door.judge(request.headers.get("Authorization"), request.method, request.url, self._now_us)
        if verdict.proof is not None and request.method not in _CARRY_PROOF:
            self._close_open(455)  # nothing was described or set up here: there is nothing to sign in for
            return "", True
        if verdict.user is not None:
            self._proof = verdict.proof
            return verdict.user, False
        self._deny(stale=verdict.stale)
        return "", True

    def _deny(self, *, stale: bool) -> None:
        challenges = _held(self._door).challenges(self._now_us, stale=stale)
        self._bad_sign_ins += 0 if stale else 1
        if self._bad_sign_ins >= MAX_BAD_SIGN_INS:
            self.state = State.CLOSED
        self._close_open(401, [("WWW-Authenticate", value) for value in challenges])

    def _on_options(self, _request: Request, _user: str) -> None:
        self._close_open(200, [("Public", ", ".join(METHODS))])

    def _on_parameter(self, _request: Request, _user: str) -> None:
        self._close_open(200)

    def _on_describe(self, request: Request, user: str) -> Event:
        return Described(url_path(request.url), request.url, user, self._proof)

    def _on_setup(self, request: Request, user: str) -> Event | None:
        path, track = split_track(request.url)
        offers = parse_transports(request.headers.get("Transport") or "")
        self._offer = next((o for o in offers if self._serves(o)), None)
        if self._offer is None:
            self._close_open(461)
            return None
        if self._session is not None and (self._session.path != path or len(self._session.tracks) >= MAX_TRACKS):
            self._close_open(455)
            return None
        return SetupAsked(path, track, self._offer, user, self._proof)

    def _on_play(self, request: Request, _user: str) -> Event:
        session = _held(self._session)
        replay = "onvif-replay" in (request.headers.get("Require") or "").lower()
        return Played(
            session.path, request.headers.get("Range") or "", tuple(session.tracks), replay, int(request.headers.get("CSeq") or 0)
        )

    def _on_pause(self, _request: Request, _user: str) -> Event:
        self.state = State.READY
        self._close_open(200)
        return Paused()

    def _on_teardown(self, _request: Request, _user: str) -> Event:
        self.state = State.CLOSED
        self._close_open(200)
        self._session = None
        return TornDown("teardown")

    def _serves(self, offer: Transport) -> bool:
        if offer.protocol == "tcp":
            return self._config.tcp
        return self._config.udp and offer.client_ports is not None

    def _channels(self, offer: Transport) -> Pair | None:
        if offer.protocol != "tcp":
            return None
        taken = {c for t in self.transports.values() for c in t.channels or ()}
        if offer.channels is not None and taken.isdisjoint(offer.channels):
            return offer.channels
        low = next(c for c in range(0, 256, 2) if taken.isdisjoint((c, c + 1)))
        return low, low + 1

    def _answering(self, method: str) -> Request:
        if self._open is None or self._open.method != method:
            raise RuntimeError(f"no {method} is open")
        return self._open

    def _reply(self, status: int, headers: list[tuple[str, str]], body: bytes = b"") -> list[Event]:
        self._close_open(status, headers, body)
        return self._run()

    def _close_open(self, status: int, headers: Sequence[tuple[str, str]] = (), body: bytes = b"") -> None:
        request, self._open = self._open, None
        head: list[tuple[str, str]] = []
        cseq = request.headers.get("CSeq") if request else None
        if cseq:
            head.append(("CSeq", cseq))
        head.append(("Server", self._config.name))
        if self._session is not None and status == 200:
            timeout = f";timeout={self._config.session_timeout_s}" if request and request.method == "SETUP" else ""
            head.append(("Session", self._session.id + timeout))
        self._output.append(_response(status, [*head, *headers], body))


def _held(value: _T | None) -> _T:
    """What the state table promises to be there."""
    if value is None:
        raise RuntimeError("the shell answered in the wrong state")
    return value


def _response(status: int, headers: Sequence[tuple[str, str]], body: bytes = b"") -> bytes:
    return Response(status, REASONS.get(status, "Error"), Headers(headers), body).to_bytes()
