"""Control's side of the verdict link: an edge asks for a person, `owner.ask` decides, in a thread.

Not here: the decision (owner), the edge's side (api.front.asking).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from vms.api.context import DecoderInfo, EdgeInfo
from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.log import get_log
from vms.owner.ask import Owner
from vms.owner.requests import Actor
from vms.owner.wire import answer_to_json, request_from_json
from vms.stream.frames import LinkFrame, Message
from vms.stream.link import Link

THREADS = 8  # of their own: verdicts do not queue behind whatever else control does in threads
MAX_WAITING = 1000
MAX_WATCHED = 4096  # sessions of one edge
CHECK_S = 2.0
Authenticate = Callable[[str], Actor]
"""A bearer token or a session's secret → Actor; raises UNAUTHENTICATED."""
Ended = Callable[[frozenset[str]], Collection[str]]
"""Which of these sessions (hashes) are over. Runs SQL."""


class AskServer:
    """Answers every edge that dials in, and tells all of them of revocations."""

    def __init__(self, owner: Owner, authenticate: Authenticate, ended: Ended, known: dict[object, EdgeInfo]) -> None:
        """`known` is kept up to date."""
        self._owner = owner
        self._authenticate = authenticate
        self._ended = ended
        self._watching: dict[Link, frozenset[str]] = {}
        self._known = known
        self._edges: set[Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(THREADS, "asks")
        self._log = get_log("control.asks")

    async def listen(self, listener: socket.socket) -> asyncio.Server:
        return await asyncio.get_running_loop().create_unix_server(lambda: Link(self), sock=listener)

    def close(self) -> None:
        """Answers nobody any more; what is being decided ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def expire(self, clock: Clock) -> None:
        """Ends the views of sessions that are over, whatever ended them: time, a sign-out, a disabled officer."""
        while True:
            await clock.sleep(CHECK_S)
            watching = frozenset[str]().union(*self._watching.values())
            if not watching:
                continue
            try:
                over = await asyncio.to_thread(self._ended, watching)
            except VmsError as error:
                self._log.flood("sessions cannot be looked at; running views go on", error=error.message)
                continue
            for session in over:
                self.revoke(session=session)

    def revoke(self, *, session: str | None = None, camera: str | None = None) -> None:
        """End what these rights had opened, at every edge. Call it on the loop."""
        for edge in self._edges:
            edge.send_message({"op": "revoke", "session": session, "camera": camera})

    def on_frame(self, link: Link, frame: LinkFrame) -> None:
        self._edges.add(link)
        message = frame.message()
        if message.get("op") == "edge":
            self._known[link] = _edge(message)
            sessions = cast("list[object]", message.get("sessions") or [])
            self._watching[link] = frozenset(map(str, sessions[:MAX_WATCHED]))
        elif message.get("op") == "ask":
            task = asyncio.ensure_future(self._answer(link, message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def on_closed(self, link: Link, error: VmsError | Exception | None) -> None:
        self._edges.discard(link)
        self._known.pop(link, None)
        self._watching.pop(link, None)

    async def _answer(self, link: Link, message: Message) -> None:
        answer: dict[str, Any] = {"op": "answer", "id": message.get("id")}
        try:
            if len(self._tasks) > MAX_WAITING:
                raise VmsError(Kind.OVERLOAD, "too many ask at once; try again in a moment")
            request: dict[str, Any] = message.get("request") or {}
            loop = asyncio.get_running_loop()
            result = await loop.run_in_executor(self._threads, self._decide, str(message.get("credential")), request)
            answer |= {"ok": True} | result
        except VmsError as error:
            answer |= {"ok": False, "error": {"kind": error.kind, "message": error.message, "facts": error.facts}}
        if link.connected:
            link.send_message(answer)

    def _decide(self, secret: str, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            actor = self._authenticate(secret)
            result = self._owner.ask(actor, request_from_json(request))
        except VmsError:
            raise
        except Exception as bug:
            self._log.error("a media request failed", request=str(request.get("type")), error=repr(bug))
            raise VmsError(Kind.UNAVAILABLE, "this request failed; see the node's log") from bug
        return {"session": actor.session, "user": actor.id, "result": answer_to_json(result)}


def _edge(message: Message) -> EdgeInfo:
    told = cast("dict[str, Any]", message.get("decoder") or {})
    decoder = DecoderInfo(str(told["state"]), str(told["library"]), dict(told["walls"]), dict(told["ends"])) if told else None
    beside = tuple((str(role), int(pid), int(started)) for role, pid, started in message.get("beside") or ())
    return EdgeInfo(int(message["pid"]), int(message["started_us"]), int(message["views"]), decoder, beside)
