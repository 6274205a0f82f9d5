"""HTTP words the edge's media routes share: credentials, ranges, problems, the origin rule."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response

from vms.api.front.asking import Credential
from vms.api.rules import MEDIA_TYPE, RULES, Rule, Said, problem_body
from vms.base.errors import Kind, VmsError
from vms.base.ids import new_id
from vms.base.timespan import parse_time

SESSION_COOKIES = ("__Host-vms_session", "vms_session")
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})$")
RETRY_AFTER_S = 2
MEDIA_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}


class OutOfRange(VmsError):
    """RFC 9110 §15.5.17: the answer is 416 and tells the size."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(Kind.BAD_REQUEST, "the range lies outside the file", size_bytes=size_bytes)
        self.size_bytes = size_bytes


def credential_of(connection: HTTPConnection) -> Credential:
    """Bearer header, else session cookie. Raises UNAUTHENTICATED."""
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return Credential(value.strip())
    for name in SESSION_COOKIES:
        if cookie := connection.cookies.get(name):
            return Credential(cookie)
    raise VmsError(Kind.UNAUTHENTICATED, "sign in first")


def check_origin(headers: Headers) -> None:
    """A browser's WebSocket must come from this console's own origin (cross-site WebSocket hijacking)."""
    origin = headers.get("origin")
    if origin is None:
        return
    try:
        place = urlsplit(origin).netloc.lower()
    except ValueError:
        place = ""
    if not place or place != headers.get("host", "").lower():
        raise VmsError(Kind.FORBIDDEN, "this page may not open the node's streams")


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """`Range` of one part → [first, end), None for the whole. Raises OutOfRange when it cannot be satisfied."""
    if not header:
        return None
    match = _RANGE.match(header.strip())
    if match is None:
        return None  # RFC 9110 §14.2: a range we do not understand is ignored
    first, last = match.groups()
    if first:
        start, end = int(first), min(int(last) + 1, size) if last else size
    elif last:
        start, end = max(0, size - int(last)), size
    else:
        return None
    if first and last and int(last) < int(first):
        return None  # RFC 9110 §14.1.1: no range at all
    if start >= size or start >= end:
        raise OutOfRange(size)
    return start, end


def span_of(connection: HTTPConnection) -> tuple[int, int]:
    """`from` and `to` of the query. Raises BAD_REQUEST."""
    query = connection.query_params
    if "from" not in query or "to" not in query:
        raise VmsError(Kind.BAD_REQUEST, "give 'from' and 'to'")
    from_us, to_us = parse_time(query["from"]), parse_time(query["to"])
    if from_us >= to_us:
        raise VmsError(Kind.BAD_REQUEST, "'from' must lie before 'to'")
    return from_us, to_us


def profile_of(connection: HTTPConnection) -> str:
    profile = connection.query_params.get("profile", "main")
    if profile not in ("main", "sub"):
        raise VmsError(Kind.BAD_REQUEST, "profile is 'main' or 'sub'")
    return profile


async def told(answer: Awaitable[Response]) -> Response:
    """A VmsError becomes its problem, whichever route raised it."""
    try:
        return await answer
    except VmsError as error:
        return problem_response(error)


def check_change(connection: HTTPConnection) -> None:
    """A change by cookie must come from this console and say so, as at control's API (cross-site request forgery)."""
    if connection.headers.get("authorization", "").partition(" ")[0].lower() == "bearer":
        return
    check_origin(connection.headers)
    if connection.headers.get("x-vms-csrf") != "1":
        raise VmsError(Kind.FORBIDDEN, "a change with a session cookie needs the header 'X-VMS-CSRF: 1'")


def problem_response(error: VmsError, headers: dict[str, str] | None = None, status: int | None = None) -> JSONResponse:
    """RFC 9457, by the API's own table; `status` where HTTP has a finer one for the same kind."""
    rule, more = RULES[error.kind], dict(headers or {})
    if status is not None:
        rule = Rule(status, rule.title)
    if isinstance(error, OutOfRange):
        rule = Rule(416, rule.title)
        more["Content-Range"] = f"bytes */{error.size_bytes}"
    if isinstance(wait_s := error.facts.get("retry_after_s"), int):
        more["Retry-After"] = str(wait_s)
    if rule.status == 401:
        more["WWW-Authenticate"] = "Bearer"
    elif rule.status == 503:
        more.setdefault("Retry-After", str(RETRY_AFTER_S))
    body = problem_body(new_id(), Said(error.kind, rule, error.message, error.facts))
    return JSONResponse(body, rule.status, more, MEDIA_TYPE)
