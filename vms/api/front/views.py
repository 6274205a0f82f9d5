"""WebSocket views: live and past. Who may is asked first; what is sent comes from live and playback.

Close codes: 4401 sign in, 4403 not from here, 4404 no such camera, 4503 limit or not available (contract.md).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from starlette.types import Receive, Scope
from starlette.types import Send as ASGISend
from starlette.websockets import WebSocket, WebSocketDisconnect

from vms.api.front.asking import Asking, Credential, Verdict
from vms.api.front.http import check_origin, credential_of, profile_of
from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.timespan import parse_time
from vms.live.viewer import LiveView
from vms.owner.requests import ContinueSpan, LiveOpened, OpenLive, OpenSpan, SpanOpened
from vms.playback.player import Playback
from vms.stream.hub import WorkerLink

CLOSE_CODES = {Kind.UNAUTHENTICATED: 4401, Kind.FORBIDDEN: 4403, Kind.NOT_FOUND: 4404}
UNAVAILABLE_CODE = 4503
MAX_VIEWS = 2000
SPAN_EXTENTS = 20
LOOK_AHEAD_US = 365 * 86_400_000_000  # over the longest hole worth jumping
Send = Callable[[str | bytes], Awaitable[None]]
ViewKindName = Literal["live", "playback"]
ViewKind = Callable[[WebSocket, Send, Credential], Awaitable[None]]


@dataclass(eq=False)
class View:
    """One open view, so that a revocation can end it."""

    session: str
    camera: str
    task: asyncio.Task[None]


@dataclass
class Views:
    """Every open view of this edge, and what they share."""

    asking: Asking
    workers: list[WorkerLink]
    clock: Clock
    open: set[View] = field(default_factory=set[View])

    async def live(self, scope: Scope, receive: Receive, send: ASGISend) -> None:
        await self._guard(scope, receive, send, self._live)

    async def playback(self, scope: Scope, receive: Receive, send: ASGISend) -> None:
        await self._guard(scope, receive, send, self._playback)

    def revoke(self, session: str | None, camera: str | None) -> None:
        """End what a withdrawn right had opened; `None` stands for any."""
        for view in list(self.open):
            if session in (None, view.session) and camera in (None, view.camera):
                view.task.cancel()

    def check_room(self) -> None:
        """Raises LIMIT."""
        if len(self.open) >= MAX_VIEWS:
            raise VmsError(Kind.LIMIT, "this node shows as many views as it may; close one", limit=MAX_VIEWS)

    async def _guard(self, scope: Scope, receive: Receive, send: ASGISend, view: ViewKind) -> None:
        """Accept, then tell a refusal in a close code: browsers hide the status of a refused handshake."""
        websocket = WebSocket(scope, receive, send)
        await websocket.accept()
        try:
            check_origin(websocket.headers)
            self.check_room()
            await view(websocket, sender(send), credential_of(websocket))
        except VmsError as error:
            await _close(websocket, CLOSE_CODES.get(error.kind, UNAVAILABLE_CODE), error)
        except WebSocketDisconnect:
            pass

    async def _live(self, websocket: WebSocket, send: Send, credential: Credential) -> None:
        camera, profile = websocket.path_params["camera"], profile_of(websocket)
        while True:
            verdict = await self.asking.ask(credential, OpenLive(camera, profile))
            answer = verdict.answer
            if not isinstance(answer, LiveOpened):
                raise VmsError(Kind.UNAVAILABLE, "control answered something else")
            switched = await self._watch(websocket, send, verdict, answer)
            if switched is None:
                return
            profile = switched

    async def _watch(self, websocket: WebSocket, send: Send, verdict: Verdict, opened: LiveOpened) -> str | None:
        """Show one stream; the profile to change to, or None when the viewer left."""
        worker = self.workers[opened.worker]
        watched = worker.watch(opened.camera, opened.profile)
        view = LiveView(watched.stream, watched.framer, self.clock)
        try:
            return await self._both(websocket, verdict.session, opened.camera, view.run(send), _profile_wanted)
        finally:
            worker.unwatch(opened.camera, opened.profile)

    async def _playback(self, websocket: WebSocket, send: Send, credential: Credential) -> None:
        camera, profile = websocket.path_params["camera"], profile_of(websocket)
        from_us = parse_time(websocket.query_params.get("from", ""))

        asking_anew = True

        async def open_span(at_us: int) -> SpanOpened:
            """The begin and every seek are acts of their own; the stretches between them are not."""
            nonlocal asking_anew
            cls, asking_anew = (OpenSpan if asking_anew else ContinueSpan), False
            asked = cls(camera, profile, at_us, at_us + LOOK_AHEAD_US, SPAN_EXTENTS)
            answer = (await self.asking.ask(credential, asked)).answer
            if not isinstance(answer, SpanOpened):
                raise VmsError(Kind.UNAVAILABLE, "control answered something else")
            return answer

        first = await self.asking.ask(credential, ContinueSpan(camera, profile, from_us, from_us + 1, 1))
        player = Playback(open_span, self.clock, from_us)

        def told(text: str) -> str | None:
            nonlocal asking_anew
            asking_anew = player.control(text) or asking_anew
            return None

        await self._both(websocket, first.session, first.answer.camera, player.run(send), told)

    async def _both(
        self, websocket: WebSocket, session: str, camera: str, sending: Awaitable[None], told: Callable[[str], str | None]
    ) -> str | None:
        """Send until the viewer leaves, is revoked, or `told` returns a value, which is passed on."""
        task = asyncio.ensure_future(_quietly(sending))
        view = View(session, camera, task)
        self.open.add(view)
        listening = asyncio.ensure_future(_listen(websocket, told))
        try:
            await asyncio.wait((task, listening), return_when=asyncio.FIRST_COMPLETED)
            if listening.done():
                return listening.result()
            if task.cancelled():
                raise VmsError(Kind.UNAUTHENTICATED, "the right to this view was withdrawn")
            task.result()
            return None
        finally:
            self.open.discard(view)
            for part in (task, listening):
                part.cancel()
            await asyncio.gather(task, listening, return_exceptions=True)


def sender(raw: ASGISend) -> Send:
    """Straight to the server's `send`: a message per chunk, no framework between."""

    async def send(data: str | bytes) -> None:
        await raw({"type": "websocket.send", "bytes" if isinstance(data, bytes) else "text": data})

    return send


async def _quietly(sending: Awaitable[None]) -> None:
    """A viewer that vanished in the middle of a send has left; nothing is wrong."""
    try:
        await sending
    except (WebSocketDisconnect, ConnectionError, RuntimeError):
        return


async def _listen(websocket: WebSocket, told: Callable[[str], str | None]) -> str | None:
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        text = message.get("text")
        if text is None:
            raise VmsError(Kind.BAD_REQUEST, "send JSON texts")
        if (value := told(text)) is not None:
            return value


def _profile_wanted(text: str) -> str | None:
    try:
        message: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise VmsError(Kind.BAD_REQUEST, "send JSON texts") from error
    for profile in ("main", "sub"):
        if message == {"type": "profile", "profile": profile}:
            return profile
    raise VmsError(Kind.BAD_REQUEST, 'a live view understands {"type":"profile","profile":"main"|"sub"}')


async def _close(websocket: WebSocket, code: int, error: VmsError) -> None:
    reason = json.dumps({"code": error.kind, "detail": error.message[:80]})
    try:
        await websocket.send_text(json.dumps({"type": "end", "cause": error.kind, "detail": error.message}))
        await websocket.close(code, reason)
    except (WebSocketDisconnect, RuntimeError):
        return
