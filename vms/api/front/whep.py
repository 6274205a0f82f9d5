"""WHEP (draft-ietf-wish-whep): an offer by POST, the session's URL in Location, DELETE ends it. No trickle, so PATCH is 405.

A session is a view like any other: asked for, counted, ended by a revocation. Its URL is a secret, and only the credential
that opened it may end it. Not here: WebRTC itself (processes.rtc).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from vms.api.front.asking import Asking
from vms.api.front.http import MEDIA_HEADERS, check_change, credential_of, problem_response, profile_of
from vms.api.front.open_views import OpenViews, View
from vms.api.front.rtc import Rtc
from vms.base.errors import Kind, VmsError
from vms.base.log import get_log
from vms.owner.requests import LiveOpened, OpenLive
from vms.stream.hub import WorkerLink
from vms.webrtc.offer import MAX_OFFER_BYTES

SDP = "application/sdp"
# Players on other pages come with a bearer token; a cookie is never sent to '*'.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Expose-Headers": "Location",
}
HEADERS = MEDIA_HEADERS | CORS
Handle = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Session:
    """One viewer; `fingerprint` is that of the credential that may end it."""

    camera: str
    fingerprint: str
    view: View
    task: asyncio.Task[None]


class Whep:
    """Both resources of every camera."""

    def __init__(self, asking: Asking, workers: Sequence[WorkerLink], views: OpenViews, rtc: Rtc) -> None:
        self._asking = asking
        self._workers = workers
        self._views = views
        self._rtc = rtc
        self._sessions: dict[str, Session] = {}
        self._log = get_log("edge.whep")

    async def endpoint(self, request: Request) -> Response:
        """`/cameras/{camera}/whep`."""
        return await self._answer(request, "POST", self._open)

    async def session(self, request: Request) -> Response:
        """`/cameras/{camera}/whep/{session}`."""
        return await self._answer(request, "DELETE", self._close)

    async def _answer(self, request: Request, method: str, handle: Handle) -> Response:
        allow = {"Allow": f"{method}, OPTIONS"} | ({"Accept-Post": SDP} if method == "POST" else {})
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=HEADERS | allow)
        if request.method != method:
            return problem_response(VmsError(Kind.BAD_REQUEST, f"this resource knows {allow['Allow']}"), HEADERS | allow, 405)
        try:
            return await handle(request)
        except VmsError as error:
            return problem_response(error, HEADERS)

    async def _open(self, request: Request) -> Response:
        credential = credential_of(request)
        check_change(request)
        profile = profile_of(request)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != SDP:
            return problem_response(VmsError(Kind.BAD_REQUEST, f"send the offer as {SDP}"), HEADERS | {"Accept-Post": SDP}, 415)
        offer = await _offer_of(request)
        self._views.admit()
        verdict = await self._asking.ask(credential, OpenLive(request.path_params["camera"], profile))
        if not isinstance(verdict.answer, LiveOpened):
            raise VmsError(Kind.UNAVAILABLE, "control answered something else")
        self._views.admit_stream(self._workers[verdict.answer.worker], verdict.answer)
        self._views.admit_view(verdict.user, verdict.answer.camera)
        name = secrets.token_urlsafe(24)
        host = str(request.scope["server"][0])
        answer = await self._rtc.offer(name, verdict.answer, host, offer)
        task = asyncio.create_task(self._hold(name))
        view = View(verdict.session, verdict.user, verdict.answer.camera, task.cancel)
        self._views.add(view)
        self._sessions[name] = Session(request.path_params["camera"], credential.fingerprint(), view, task)
        return Response(answer, 201, HEADERS | {"Location": f"{request.url.path}/{name}"}, SDP)

    async def _close(self, request: Request) -> Response:
        credential = credential_of(request)
        check_change(request)
        session = self._sessions.get(request.path_params["session"])
        if session is None or session.camera != request.path_params["camera"] or session.fingerprint != credential.fingerprint():
            raise VmsError(Kind.NOT_FOUND, "no such WHEP session")
        session.task.cancel()
        await asyncio.gather(session.task, return_exceptions=True)
        return Response(status_code=200, headers=HEADERS)

    async def _hold(self, name: str) -> None:
        """The view: until the viewer leaves, is sent away, or is cancelled."""
        try:
            error = await self._rtc.ended(name)
            if error is not None:
                self._log.info("a WebRTC view ended", cause=error.kind, detail=error.message)
        finally:
            self._rtc.close(name)
            session = self._sessions.pop(name, None)
            if session is not None:
                self._views.discard(session.view)


async def _offer_of(request: Request) -> str:
    """Raises TOO_LARGE before the rest is read, BAD_REQUEST when it is no text."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_OFFER_BYTES:
            raise VmsError(Kind.TOO_LARGE, f"an offer may have at most {MAX_OFFER_BYTES} bytes", limit_bytes=MAX_OFFER_BYTES)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise VmsError(Kind.BAD_REQUEST, "the offer is not UTF-8 text") from error
