"""Errors as RFC 9457 problems in the API's framework. Not here: the table (rules), what went wrong (base.errors)."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from vms.api.rules import INTERNAL, INTERNAL_RULE, MEDIA_TYPE, RULES, Rule, Said, problem_body
from vms.base.errors import Kind, VmsError

# What the framework itself refuses, by status.
_BY_STATUS: dict[int, Kind] = {
    401: Kind.UNAUTHENTICATED,
    403: Kind.FORBIDDEN,
    404: Kind.NOT_FOUND,
    413: Kind.TOO_LARGE,
    429: Kind.LIMIT,
    503: Kind.UNAVAILABLE,
}


def problem(request_id: str, said: Said, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(problem_body(request_id, said), said.rule.status, headers=headers, media_type=MEDIA_TYPE)


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
