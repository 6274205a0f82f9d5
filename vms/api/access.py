"""Who asks: the credential of a connection, the cross-site check, and the one dependency that every route takes.

A bearer token proves its sender wrote the request. A cookie does not: with one, a change needs `X-VMS-CSRF: 1` and no
foreign Origin, a WebSocket needs its own Origin. Not here: what the actor may do (owner), sessions (accounts).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from fastapi import Depends, Request, WebSocket
from fastapi.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from vms.api.context import ApiContext
from vms.base.errors import Kind, VmsError
from vms.owner.requests import Actor

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CLOSE_SIGN_IN = 4401
CLOSE_FORBIDDEN = 4403
CLOSE_LIMIT = 4503
_MAX_SECRET_CHARS = 512


class Credential(NamedTuple):
    secret: str
    is_cookie: bool


class SocketRefused(Exception):
    """The WebSocket is closed already; nothing more is to be said on it."""


async def context_of(connection: HTTPConnection) -> ApiContext:
    return connection.app.state.context


Context = Annotated[ApiContext, Depends(context_of)]


def cookie_name(secure: bool) -> str:
    """`__Host-` binds the cookie to this host and to HTTPS; browsers drop it on plain HTTP."""
    return "__Host-vms_session" if secure else "vms_session"


def credential_of(connection: HTTPConnection, secure: bool) -> Credential:
    """The bearer token, else the session cookie. Raises UNAUTHENTICATED when there is neither."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    found = Credential(token.strip(), is_cookie=False)
    if scheme.lower() != "bearer":
        found = Credential(connection.cookies.get(cookie_name(secure), ""), is_cookie=True)
    if not found.secret or len(found.secret) > _MAX_SECRET_CHARS:
        raise VmsError(Kind.UNAUTHENTICATED, "sign in, or send an API token as 'Authorization: Bearer …'")
    return found


def same_origin(connection: HTTPConnection, secure: bool) -> bool:
    """Whether the Origin is this very site. The host is the one the client asked for: the edge passes it on."""
    origin = urlsplit(connection.headers.get("origin", ""))
    return origin.scheme == ("https" if secure else "http") and origin.netloc == connection.headers.get("host", "")


def check_not_cross_site(request: Request, secure: bool) -> None:
    """A browser sends Origin with every change; a foreign one is refused whoever asks."""
    if "origin" in request.headers and not same_origin(request, secure):
        raise VmsError(Kind.FORBIDDEN, "the request comes from another site", origin=request.headers["origin"][:200])


def actor_of(request: Request, context: Context) -> Actor:
    """The one dependency of HTTP routes. Raises UNAUTHENTICATED, or FORBIDDEN for a cross-site change."""
    secure = context.http.secure
    credential = credential_of(request, secure)
    if credential.is_cookie and request.method not in SAFE_METHODS:
        check_not_cross_site(request, secure)
        if request.headers.get("x-vms-csrf") != "1":
            raise VmsError(Kind.FORBIDDEN, "a change with a session cookie needs the header 'X-VMS-CSRF: 1'")
    return context.authenticate(credential.secret)


CurrentActor = Annotated[Actor, Depends(actor_of)]


class SocketActor(NamedTuple):
    """The actor of a WebSocket with the secret, so that a long view can be checked again."""

    actor: Actor
    secret: str


async def socket_actor(websocket: WebSocket, context: Context) -> SocketActor:
    """The one dependency of WebSocket routes: accepts the socket, or closes it with 4401 or 4403."""
    await websocket.accept()
    try:
        credential = credential_of(websocket, context.http.secure)
        if credential.is_cookie and not same_origin(websocket, context.http.secure):
            raise VmsError(Kind.FORBIDDEN, "the socket is opened by another site")
        return SocketActor(await run_in_threadpool(context.authenticate, credential.secret), credential.secret)
    except VmsError as error:
        await websocket.close(close_code(error), error.message[:100])
        raise SocketRefused from error


CurrentSocketActor = Annotated[SocketActor, Depends(socket_actor)]


def close_code(error: VmsError) -> int:
    """How a WebSocket says a kind: sign in, no right, or (all else) not now."""
    return {Kind.UNAUTHENTICATED: CLOSE_SIGN_IN, Kind.FORBIDDEN: CLOSE_FORBIDDEN}.get(error.kind, CLOSE_LIMIT)
