"""The FastAPI application of a node. Start reading here: the list of routers is the list of topics."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection

from vms import __version__
from vms.api import (
    cameras,
    completeness,
    document,
    events,
    facts,
    holds,
    integrity,
    node,
    plans,
    problems,
    recordings,
    regions,
    sessions,
    storage,
    walls,
)
from vms.api.access import SocketRefused
from vms.api.context import ApiContext
from vms.api.edge import BodyLimit, RequestIds

PREFIX = "/api/v1"


def create_app(context: ApiContext) -> FastAPI:
    """One application per process; all it touches is in `context`."""
    app = bare_app(context.http.max_body_bytes)
    app.state.context = context
    return app


def bare_app(max_body_bytes: int = 1024 * 1024) -> FastAPI:
    """The routes without collaborators: enough to describe them."""
    app = FastAPI(
        title="VMS node",
        version=__version__,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
    )
    app.include_router(node.root)
    topics = (sessions, cameras, regions, plans, recordings, events, holds, storage, integrity, completeness, walls, facts, node)
    for topic in topics:
        app.include_router(topic.router, prefix=PREFIX)
    problems.install(app)
    app.add_exception_handler(SocketRefused, _say_nothing)
    app.add_middleware(BodyLimit, max_body_bytes=max_body_bytes)
    app.add_middleware(RequestIds)
    document.install(app)
    return app


def _operation_id(route: APIRoute) -> str:
    """The function's name: stable, and a good name for a generated client's function."""
    return route.name


async def _say_nothing(_connection: HTTPConnection, _error: Exception) -> None:
    """The socket is closed already."""
