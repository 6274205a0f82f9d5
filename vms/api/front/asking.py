"""The edge's side of the verdict link: asks control whether and where, remembers answers for when control is away.

A verdict is asked for every view. While control is away the last verdict for the same credential and request counts
for `REMEMBER_S`, so that running views and known sessions go on; a revocation deletes it. Not here: the decision
(owner), HTTP.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.timespan import SECOND_US
from vms.owner.requests import CameraRequest, LiveOpened, OpenLive
from vms.owner.wire import Answer, answer_from_json, request_to_json
from vms.stream.frames import LinkFrame, Message
from vms.stream.link import Dialler, Link

ASK_TIMEOUT_S = 5.0
REMEMBER_S = 600
MAX_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Credential:
    """How the viewer proves who it is: a bearer token or a session's secret; never logged."""

    secret: str = field(repr=False)

    def fingerprint(self) -> str:
        return hashlib.sha256(self.secret.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Control's yes: the answer, the session that a revocation would name, and whose it is."""

    answer: Answer
    session: str
    user: str


@dataclass(frozen=True, slots=True)
class _Remembered:
    verdict: Verdict
    at_us: int


class Asking:
    """`ask` from any view; `run` keeps the link; `on_revoke(session, camera)` hears every revocation."""

    def __init__(self, path: str, clock: Clock) -> None:
        self._clock = clock
        self.on_revoke: Callable[[str | None, str | None], None] = _nobody
        self._dialler = Dialler(path, self, _ready, clock)
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._next_id = 1
        self._remembered: OrderedDict[tuple[str, OpenLive], _Remembered] = OrderedDict()

    @property
    def connected(self) -> bool:
        return self._dialler.link is not None

    async def run(self) -> None:
        await self._dialler.run()

    def tell(self, message: Message) -> None:
        """Something control may know of this edge; lost while control is away."""
        if self._dialler.link is not None:
            self._dialler.link.send_message(message)

    async def ask(self, credential: Credential, request: CameraRequest) -> Verdict:
        """Raises VmsError: control's refusal, or UNAVAILABLE while control is away and nothing is remembered."""
        key = (credential.fingerprint(), request) if isinstance(request, OpenLive) else None
        try:
            verdict = await self._ask_control(credential, request)
        except VmsError as error:
            remembered = self._remembered.get(key) if key and error.kind in (Kind.UNAVAILABLE, Kind.TIMEOUT) else None
            if remembered is not None and self._clock.mono_us() - remembered.at_us <= REMEMBER_S * SECOND_US:
                return remembered.verdict
            if key is not None:
                self._remembered.pop(key, None)  # a no is the newest verdict: what was said before counts no more
            raise
        if key is not None and isinstance(verdict.answer, LiveOpened):
            self._remembered[key] = _Remembered(verdict, self._clock.mono_us())
            self._remembered.move_to_end(key)
            if len(self._remembered) > MAX_REMEMBERED:
                self._remembered.popitem(last=False)
        return verdict

    def on_frame(self, link: Link, frame: LinkFrame) -> None:
        message = frame.message()
        if message.get("op") == "answer":
            future = self._waiting.pop(int(message.get("id", 0)), None)
            if future is not None and not future.done():
                future.set_result(message)
        elif message.get("op") == "revoke":
            self._revoke(message.get("session"), message.get("camera"))

    def on_closed(self, link: Link, error: VmsError | Exception | None) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(_away())
        self._waiting.clear()
        self._dialler.lost()

    async def _ask_control(self, credential: Credential, request: CameraRequest) -> Verdict:
        link = self._dialler.link
        if link is None:
            raise _away()
        number, self._next_id = self._next_id, self._next_id + 1
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        ask = {"op": "ask", "id": number, "credential": credential.secret}
        link.send_message(ask | {"request": request_to_json(request)})
        try:
            message = await asyncio.wait_for(future, ASK_TIMEOUT_S)
        except TimeoutError as error:
            raise VmsError(Kind.TIMEOUT, "control does not answer; try again") from error
        finally:
            self._waiting.pop(number, None)
        if not message.get("ok"):
            raise refusal(message)
        return Verdict(answer_from_json(message["result"]), str(message.get("session", "")), str(message.get("user", "")))

    def _revoke(self, session: str | None, camera: str | None) -> None:
        for key, remembered in list(self._remembered.items()):
            if session in (None, remembered.verdict.session) and camera in (None, key[1].camera, remembered.verdict.answer.camera):
                del self._remembered[key]
        self.on_revoke(session, camera)


def _nobody(session: str | None, camera: str | None) -> None:
    """Until views exist there is nothing to end."""


def _ready(link: Link) -> None:
    """Nothing is owed to a control that is new."""


def _away() -> VmsError:
    return VmsError(Kind.UNAVAILABLE, "the node's control process is starting; try again in a moment")


def refusal(message: Message) -> VmsError:
    """The error that another process of this node told."""
    error = cast("dict[str, Any]", message.get("error") or {})
    facts = cast("dict[str, str | int | float | bool | None]", error.get("facts") or {})
    kind = error.get("kind")
    known = Kind(kind) if kind in Kind.__members__.values() else Kind.UNAVAILABLE
    return VmsError(known, str(error.get("message", "refused")), **facts)
