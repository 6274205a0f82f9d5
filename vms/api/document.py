"""The OpenAPI document: built from the routes and media_routes, sorted, with problems as the only errors.

Not here: the committed copy and the command that writes it (openapi).
"""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts

from vms.api.bodies import Problem
from vms.api.media_routes import MEDIA_PATHS
from vms.api.rules import MEDIA_TYPE

_PROBLEM = {
    "description": "Problem (RFC 9457)",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_DROPPED = ("HTTPValidationError", "ValidationError")  # the framework's own error bodies, which never leave


def install(app: FastAPI) -> None:
    """Make `app.openapi()` give our document."""
    built: dict[str, Any] = {}

    def document() -> dict[str, Any]:
        if not built:
            built.update(build(app))
        return built

    app.openapi = document


def build(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, routes=list(iter_route_contexts(app.routes)))
    document["paths"].update(MEDIA_PATHS)
    schemas: dict[str, Any] = document["components"]["schemas"]
    for name in _DROPPED:
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _PROBLEM
    _secure(document)
    return json.loads(json.dumps(document, sort_keys=True))


def text(app: FastAPI) -> str:
    return json.dumps(build(app), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _secure(document: dict[str, Any]) -> None:
    document["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": "__Host-vms_session"},
    }
    document["security"] = [{"bearer": []}, {"session": []}]
    for path, method in (("/healthz", "get"), ("/readyz", "get"), ("/problems/{code}", "get"), ("/api/v1/sessions", "post")):
        document["paths"][path][method]["security"] = []
