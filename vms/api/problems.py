"""Errors as RFC 9457 problems: the one table from error kind to HTTP status, and the handlers that use it.

Every kind has its line (a test says so). Not here: what went wrong (base.errors).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from vms.base.errors import Kind, VmsError

MEDIA_TYPE = "application/problem+json"
INTERNAL = "internal"


class Rule(NamedTuple):
    """How HTTP says a kind."""

    status: int
    title: str


RULES: dict[Kind, Rule] = {
    Kind.BAD_REQUEST: Rule(400, "The request says something this call cannot take"),
    Kind.UNAUTHENTICATED: Rule(401, "Sign in first"),
    Kind.FORBIDDEN: Rule(403, "You have no right to do this"),
    Kind.NOT_FOUND: Rule(404, "There is no such object"),
    Kind.NO_RECORDING: Rule(404, "Nothing is recorded there"),
    Kind.CONFLICT: Rule(409, "It clashes with something that exists"),
    Kind.PRECONDITION: Rule(412, "The object was changed meanwhile"),
    Kind.TOO_LARGE: Rule(413, "It is larger than this node takes"),
    Kind.LIMIT: Rule(429, "Too much at once"),
    Kind.UNAVAILABLE: Rule(503, "This part of the node is away for the moment"),
    Kind.TIMEOUT: Rule(504, "No answer in time"),
    Kind.UNREACHABLE: Rule(502, "The camera cannot be reached"),
    Kind.REFUSED: Rule(502, "The camera refuses the connection"),
    Kind.AUTH: Rule(502, "The camera refuses user or password"),
    Kind.NO_VIDEO: Rule(502, "The camera offers no video"),
    Kind.UNSUPPORTED_CODEC: Rule(502, "The camera sends a codec that this node does not carry"),
    Kind.PROTOCOL: Rule(502, "The camera does not keep to the protocol"),
    Kind.STALLED: Rule(502, "The camera stopped sending"),
    Kind.OVERLOAD: Rule(503, "The node has more to do than it can"),
    Kind.NOT_ALLOWED: Rule(422, "The address is outside the camera networks of this node"),
    Kind.DISK_FULL: Rule(507, "A volume is full"),
    Kind.IO_ERROR: Rule(500, "A volume cannot be read or written"),
    Kind.DAMAGED: Rule(500, "Stored data is damaged"),
    Kind.CONFIG: Rule(500, "The node's configuration is wrong"),
}
INTERNAL_RULE = Rule(500, "The program has a fault here")
# What the framework itself refuses, by status.
_BY_STATUS: dict[int, Kind] = {
    401: Kind.UNAUTHENTICATED,
    403: Kind.FORBIDDEN,
    404: Kind.NOT_FOUND,
    413: Kind.TOO_LARGE,
    429: Kind.LIMIT,
    503: Kind.UNAVAILABLE,
}


class Said(NamedTuple):
    """What one problem tells."""

    code: str
    rule: Rule
    detail: str
    params: Mapping[str, Any]


def problem(request_id: str, said: Said, headers: Mapping[str, str] | None = None) -> JSONResponse:
    body = {
        "type": f"/problems/{said.code}",
        "title": said.rule.title,
        "status": said.rule.status,
        "code": said.code,
        "detail": said.detail,
        "params": said.params,
        "request_id": request_id,
    }
    return JSONResponse(body, said.rule.status, headers=headers, media_type=MEDIA_TYPE)


def from_error(error: VmsError, request_id: str) -> Response:
    """A kind by its line of the table."""
    rule = RULES[error.kind]
    headers = {"WWW-Authenticate": "Bearer"} if rule.status == 401 else None
    return problem(request_id, Said(error.kind, rule, error.message, error.facts), headers)


def install(app: FastAPI) -> None:
    """Every way a request can fail leaves as a problem."""
    app.add_exception_handler(VmsError, _on_vms_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)


def request_id_of(request: Request) -> str:
    return request.scope.get("vms.request_id", "")


async def _on_vms_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, VmsError)  # noqa: S101  (registered for this type)
    return from_error(error, request_id_of(request))


async def _on_invalid(request: Request, error: Exception) -> Response:
    """The shape is wrong: say where and why, never what was sent, which may be a password."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = [{"field": ".".join(str(p) for p in e["loc"]), "reason": e["msg"]} for e in error.errors()][:20]
    first = found[0] if found else {"field": "", "reason": "invalid"}
    detail = f"{first['field']}: {first['reason']}"
    rule = Rule(422, RULES[Kind.BAD_REQUEST].title)
    return problem(request_id_of(request), Said(Kind.BAD_REQUEST, rule, detail, {**first, "errors": found}))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    kind = _BY_STATUS.get(error.status_code, Kind.BAD_REQUEST)
    rule = Rule(error.status_code, RULES[kind].title)
    return problem(request_id_of(request), Said(kind, rule, str(error.detail), {}), error.headers)


async def _on_bug(request: Request, _error: Exception) -> Response:
    """A fault of the program: its trace goes to the log under the request id, nothing of it to the client."""
    return problem(request_id_of(request), Said(INTERNAL, INTERNAL_RULE, "see the node's log", {}))
