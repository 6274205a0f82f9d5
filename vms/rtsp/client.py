"""The client's end of one RTSP connection (RFC 2326): from OPTIONS to media, kept alive, and torn down.

The shell connects, sends what `take_output` gives, feeds what arrives, and wakes it at `next_timer_us`. Whatever ends the
attempt is raised as VmsError with the camera's cause. Not here: numbers and signatures of requests (requests), sockets, addresses
(ingest), RTP payloads (media).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal

from vms.base.errors import Kind, VmsError
from vms.rtsp.auth import Credentials
from vms.rtsp.messages import Headers, Request, Response, malformed
from vms.rtsp.requests import Pending, Requests
from vms.rtsp.sdp import Media, choose_tracks, parse_sdp
from vms.rtsp.transport import DEFAULT_SESSION_S, Pair, Transport, parse_session, parse_transports
from vms.rtsp.urls import base_url, control_url
from vms.rtsp.wire import Packets, Taker, WireParser

RESPONSE_TIMEOUT_US = 10_000_000
MAX_SESSION_ID = 256
REPLAY_FEATURE = "onvif-replay"


class State(Enum):
    """Named after the answer that is waited for."""

    IDLE = "idle"
    OPTIONS = "OPTIONS"
    DESCRIBE = "DESCRIBE"
    SETUP = "SETUP"
    PLAY = "PLAY"
    PLAYING = "playing"
    PAUSE = "PAUSE"
    PAUSED = "paused"
    TEARDOWN = "TEARDOWN"
    CLOSED = "closed"


_WAITING = frozenset({State.OPTIONS, State.DESCRIBE, State.SETUP, State.PLAY, State.PAUSE, State.TEARDOWN})
_ESTABLISHED = frozenset({State.PLAYING, State.PAUSED})


@dataclass(frozen=True, slots=True)
class Track:
    """One chosen track: its description and agreed transport; `seq` and `rtptime` as RTP-Info told, if it did."""

    media: Media
    url: str
    transport: Transport
    seq: int | None = None
    rtptime: int | None = None


@dataclass(frozen=True, slots=True)
class SetUp:
    """All tracks are set up and PLAY is on its way; media may arrive before its answer."""

    tracks: tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class Playing:
    tracks: tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class Paused:
    pass


@dataclass(frozen=True, slots=True)
class Redirected:
    """The shell closes this connection; it judges the new URL's address like any other before it dials."""

    url: str


@dataclass(frozen=True, slots=True)
class Ended:
    """TEARDOWN was answered."""


Event = SetUp | Playing | Paused | Redirected | Ended | Packets


def _token_hex() -> str:
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """`url` without user and password. For UDP, `udp_ports` are the pairs that the shell holds: video first, then audio.

    `replay` is the Range of a recording (vms.rtsp.clock) that is asked for instead of what is live, as fast as it comes
    (ONVIF Streaming Specification clause 6: Require, Range, Rate-Control).
    """

    url: str
    credentials: Credentials | None = None
    protocol: Literal["tcp", "udp"] = "tcp"
    udp_ports: tuple[Pair, ...] = ()
    allow_redirects: bool = False
    user_agent: str = "vms"
    replay: str = ""
    new_client_nonce: Callable[[], str] = _token_hex


class ClientConnection:
    """Bytes in by `receive`, bytes out by `take_output`, time by `next_timer_us` and `handle_timer`."""

    def __init__(self, config: ClientConfig) -> None:
        self.state = State.IDLE
        self.tracks: tuple[Track, ...] = ()
        self._config = config
        self._wire = WireParser()
        self._output: list[bytes] = []
        self._asked = Requests(config.credentials, config.new_client_nonce, self._output.append)
        self._public = frozenset[str]()
        self._base = config.url
        self._aggregate = config.url
        self._to_set_up: list[Media] = []
        self._session = ""
        self._session_s = DEFAULT_SESSION_S
        self._keep_alive_us: int | None = None
        self._keep_alive_method = "OPTIONS"
        self._now_us = 0
        self._handlers: dict[State, Callable[[Response], list[Event]]] = {
            State.OPTIONS: self._on_options,
            State.DESCRIBE: self._on_describe,
            State.SETUP: self._on_setup,
            State.PLAY: self._on_play,
            State.PAUSE: self._on_pause,
            State.TEARDOWN: self._on_teardown,
        }

    # --- the shell's side ---

    def start(self, now_us: int) -> None:
        self._now_us = now_us
        self._ask(State.OPTIONS, self._config.url)

    def receive(self, data: bytes | memoryview, now_us: int) -> list[Event]:
        """Raises VmsError when this attempt is over; the shell closes the connection."""
        self._now_us = now_us
        events: list[Event] = []
        for item in self._wire.feed(data):
            if isinstance(item, Packets):
                events.append(item)
            elif isinstance(item, Response):
                events += self._on_response(item)
            else:
                self._answer_server(item)
        return events

    def route(self, channel: int, taker: Taker) -> None:
        """Frames of this interleaved channel go there from now on, not into events."""
        self._wire.takers[channel] = taker

    def take_output(self) -> bytes:
        output = b"".join(self._output)
        self._output.clear()
        return output

    def next_timer_us(self) -> int | None:
        deadlines = self._asked.deadlines_us() if self.state in _WAITING else []
        if self._keep_alive_us is not None and self.state in _ESTABLISHED:
            deadlines.append(self._keep_alive_us)
        return min(deadlines, default=None)

    def handle_timer(self, now_us: int) -> None:
        """Raises TIMEOUT when an answer is overdue; sends a keep-alive when one is due."""
        self._now_us = now_us
        if self.state in _WAITING and any(now_us >= deadline for deadline in self._asked.deadlines_us()):
            waited_for = self.state.value
            self.state = State.CLOSED
            raise VmsError(Kind.TIMEOUT, f"no answer to {waited_for} for {RESPONSE_TIMEOUT_US // 1_000_000} s", method=waited_for)
        if self._keep_alive_us is not None and now_us >= self._keep_alive_us and self.state in _ESTABLISHED:
            self._asked.forget()  # an unanswered keep-alive is no fault: media tells whether the camera lives
            self._send(self._keep_alive_method, self._aggregate)
            self._schedule_keep_alive()

    def pause(self, now_us: int) -> None:
        self._must_be(State.PLAYING)
        self._now_us = now_us
        self._ask(State.PAUSE, self._aggregate)

    def play(self, now_us: int, range_text: str = "") -> None:
        """Go on after a pause, or move to another place while playing."""
        self._must_be(State.PAUSED, State.PLAYING)
        self._now_us = now_us
        self._ask(State.PLAY, self._aggregate, [("Range", range_text)] if range_text else [])

    def teardown(self, now_us: int) -> None:
        """Ask politely; the shell need not wait for `Ended`."""
        self._now_us = now_us
        if self._session or self.state in _ESTABLISHED:
            self._ask(State.TEARDOWN, self._aggregate)

    # --- answers ---

    def _on_response(self, response: Response) -> list[Event]:
        pending = self._asked.take(response)
        if pending is None:
            return []  # the late answer of a forgotten keep-alive
        if response.status == 401 and self.state is not State.TEARDOWN:
            self._sign_again(pending, response)
            return []
        if self.state in _ESTABLISHED:
            return self._on_keep_alive(pending.request.method, response)
        if 300 <= response.status < 400:
            return self._redirect(response.headers.get("Location") or "")
        handler = self._handlers.get(self.state)
        return handler(response) if handler else []

    def _on_options(self, response: Response) -> list[Event]:
        if response.status == 200:
            listed = ",".join(response.headers.get_all("Public")).upper()
            self._public = frozenset(word.strip() for word in listed.split(","))
        self._ask(State.DESCRIBE, self._config.url, [("Accept", "application/sdp")])
        return []

    def _on_describe(self, response: Response) -> list[Event]:
        self._must_be_ok(response, "DESCRIBE")
        sdp = parse_sdp(response.body)
        self._base = base_url(self._config.url, response.headers.get("Content-Base") or response.headers.get("Content-Location"))
        self._aggregate = control_url(self._base, sdp.control)
        self._to_set_up = list(choose_tracks(sdp))
        return self._set_up_next()

    def _set_up_next(self) -> list[Event]:
        if not self._to_set_up:
            self._ask(State.PLAY, self._aggregate, self._what_to_play())
            return [SetUp(self.tracks)]
        offer = self._offer(len(self.tracks))
        headers = [("Transport", offer.to_header()), *self._required()]
        self._ask(State.SETUP, control_url(self._base, self._to_set_up[0].control), headers)
        return []

    def _what_to_play(self) -> list[tuple[str, str]]:
        if not self._config.replay:
            return [("Range", "npt=0.000-")]
        return [*self._required(), ("Range", self._config.replay), ("Rate-Control", "no")]

    def _required(self) -> list[tuple[str, str]]:
        return [("Require", REPLAY_FEATURE)] if self._config.replay else []

    def _offer(self, index: int) -> Transport:
        if self._config.protocol == "tcp":
            return Transport("tcp", channels=(2 * index, 2 * index + 1))
        if index >= len(self._config.udp_ports):
            raise ValueError("the shell gave fewer port pairs than there are tracks")
        return Transport("udp", client_ports=self._config.udp_ports[index])

    def _on_setup(self, response: Response) -> list[Event]:
        media = self._to_set_up.pop(0)
        if response.status != 200 and media.kind == "audio":
            return self._set_up_next()  # pictures without sound are better than none
        self._must_be_ok(response, "SETUP")
        session = response.headers.get("Session")
        if session and not self._session:
            self._session, self._session_s = parse_session(session)
            if len(self._session) > MAX_SESSION_ID:
                raise malformed(f"a session id over {MAX_SESSION_ID} bytes", 0)
        agreed = self._agreed(response.headers.get("Transport") or "")
        self.tracks += (Track(media, control_url(self._base, media.control), agreed),)
        return self._set_up_next()

    def _agreed(self, header: str) -> Transport:
        offer = self._offer(len(self.tracks))
        given = next(iter(parse_transports(header)), offer)
        if given.protocol != offer.protocol:
            raise malformed(f"the camera answered {given.protocol} to an offer of {offer.protocol}", 0)
        if offer.protocol == "udp":
            return replace(given, client_ports=offer.client_ports)
        channels = given.channels or offer.channels or (0, 1)
        taken = {c for track in self.tracks for c in track.transport.channels or ()}
        if not taken.isdisjoint(channels):
            raise malformed("the camera put two tracks on one channel", 0)
        return replace(given, channels=channels)

    def _on_play(self, response: Response) -> list[Event]:
        self._must_be_ok(response, "PLAY")
        self.tracks = tuple(_with_rtp_info(self.tracks, response.headers.get("RTP-Info") or ""))
        self.state = State.PLAYING
        self._keep_alive_method = "GET_PARAMETER" if "GET_PARAMETER" in self._public else "OPTIONS"
        self._schedule_keep_alive()
        return [Playing(self.tracks)]

    def _on_pause(self, response: Response) -> list[Event]:
        self._must_be_ok(response, "PAUSE")
        self.state = State.PAUSED
        return [Paused()]

    def _on_teardown(self, _response: Response) -> list[Event]:
        self.state = State.CLOSED
        return [Ended()]

    def _on_keep_alive(self, method: str, response: Response) -> list[Event]:
        if response.status == 454:
            self.state = State.CLOSED
            raise VmsError(Kind.TIMEOUT, "the camera has forgotten the session", status=454)
        if response.status != 200 and method == "GET_PARAMETER":
            self._keep_alive_method = "OPTIONS"  # some cameras list GET_PARAMETER and refuse it
        return []

    def _redirect(self, location: str) -> list[Event]:
        self.state = State.CLOSED
        if not self._config.allow_redirects or not location:
            raise VmsError(Kind.NOT_ALLOWED, "the camera redirects to another address; register that address itself")
        return [Redirected(location)]

    def _answer_server(self, request: Request) -> None:
        """Servers may ask too; nothing they ask changes what we do."""
        known = request.method in ("OPTIONS", "GET_PARAMETER", "SET_PARAMETER")
        headers = [("CSeq", request.headers.get("CSeq") or "0")]
        self._output.append(Response(200 if known else 501, "OK" if known else "Not Implemented", Headers(headers)).to_bytes())

    # --- requests ---

    def _ask(self, state: State, url: str, headers: Sequence[tuple[str, str]] = ()) -> None:
        self.state = state
        self._send(state.value, url, headers)

    def _send(self, method: str, url: str, headers: Sequence[tuple[str, str]] = ()) -> None:
        fields = [("User-Agent", self._config.user_agent), *headers]
        if self._session:
            fields.append(("Session", self._session))
        self._asked.send(Request(method, url, Headers(fields)), self._now_us + RESPONSE_TIMEOUT_US)

    def _sign_again(self, pending: Pending, response: Response) -> None:
        try:
            self._asked.sign_again(pending, response, self._now_us + RESPONSE_TIMEOUT_US)
        except VmsError:
            self.state = State.CLOSED
            raise

    def _must_be_ok(self, response: Response, method: str) -> None:
        if response.status == 200:
            return
        self.state = State.CLOSED
        kind, meaning = _STATUS.get(response.status, (Kind.REFUSED, response.reason[:80] or "no reason given"))
        raise VmsError(kind, f"the camera answers {method} with {response.status}: {meaning}", status=response.status, method=method)

    def _must_be(self, *states: State) -> None:
        if self.state not in states:
            raise RuntimeError(f"not possible while {self.state.value}")

    def _schedule_keep_alive(self) -> None:
        self._keep_alive_us = self._now_us + self._session_s * 1_000_000 // 2


_STATUS = {
    403: (Kind.AUTH, "this user may not see the stream"),
    404: (Kind.NOT_FOUND, "no stream at this path"),
    410: (Kind.NOT_FOUND, "no stream at this path any more"),
    453: (Kind.REFUSED, "not enough bandwidth"),
    454: (Kind.REFUSED, "it does not know the session"),
    457: (Kind.NOT_FOUND, "it has nothing of this span"),
    461: (Kind.REFUSED, "this transport is not served"),
    501: (Kind.REFUSED, "it does not know this"),
    503: (Kind.REFUSED, "too many clients"),
    551: (Kind.REFUSED, "it plays no recordings"),
}


def _with_rtp_info(tracks: tuple[Track, ...], header: str) -> list[Track]:
    """Entries are matched by the end of their URL, else by order; cameras write all kinds of URLs there."""
    entries = [dict(_pairs(entry)) for entry in header.split(",")] if header else []
    result: list[Track] = []
    for index, track in enumerate(tracks):
        tail = track.url.rstrip("/").rpartition("/")[2]
        matching = [e for e in entries if tail and e.get("url", "").rstrip("/").endswith(tail)]
        entry = matching[0] if len(matching) == 1 else entries[index] if len(entries) == len(tracks) else {}
        result.append(replace(track, seq=_number(entry.get("seq", ""), 0xFFFF), rtptime=_number(entry.get("rtptime", ""), 0xFFFFFFFF)))
    return result


def _pairs(entry: str) -> list[tuple[str, str]]:
    parts = (part.partition("=") for part in entry.split(";"))
    return [(key.strip().lower(), value.strip()) for key, _, value in parts]


def _number(text: str, limit: int) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= limit else None
