"""The one table from error kind to HTTP status, and the body of a problem (RFC 9457). No framework: both processes use it.

Every kind has its line (a test says so). Not here: what went wrong (base.errors).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from vms.base.errors import Kind

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
    Kind.NOT_ACCEPTABLE: Rule(406, "It cannot be sent in a form that you take"),
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


class Said(NamedTuple):
    """What one problem tells."""

    code: str
    rule: Rule
    detail: str
    params: Mapping[str, Any]


def problem_body(request_id: str, said: Said) -> dict[str, Any]:
    return {
        "type": f"/problems/{said.code}",
        "title": said.rule.title,
        "status": said.rule.status,
        "code": said.code,
        "detail": said.detail,
        "params": said.params,
        "request_id": request_id,
    }
