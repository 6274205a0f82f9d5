"""The edge's ASGI application: which path goes where. Media here, everything else of the API to control."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from vms.api.front.downloads import Downloads
from vms.api.front.live_hls import LiveHls
from vms.api.front.proxy import Proxy
from vms.api.front.snapshots import Snapshots
from vms.api.front.views import ViewKindName, Views
from vms.api.front.whep import Whep

API = "/api/v1"
CAMERA = API + "/cameras/{camera}"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
CONSOLE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
        "connect-src 'self' ws: wss:; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
NO_CONSOLE = "The console is not built. Run `make setup` in the checkout, or install the wheel, which carries it.\n"


class ViewRoute:
    """A WebSocket view as a bare ASGI application, so that chunks go straight to the server's `send`."""

    def __init__(self, views: Views, kind: ViewKindName) -> None:
        self._view = views.live if kind == "live" else views.playback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._view(scope, receive, send)


class Console:
    """The built console: files by name, every other path is the single page."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def page(self, request: Request) -> Response:
        index = self._directory / "index.html"
        if not index.is_file():
            return PlainTextResponse(NO_CONSOLE, 503)
        return FileResponse(index, headers=CONSOLE_HEADERS | {"Cache-Control": "no-cache"})

    def routes(self) -> list[BaseRoute]:
        assets = self._directory / "assets"
        mounted: list[BaseRoute] = [Mount("/assets", StaticFiles(directory=assets))] if assets.is_dir() else []
        beside = self._directory.iterdir() if self._directory.is_dir() else ()
        files = [Route(f"/{path.name}", _file(path), methods=["GET"]) for path in beside if path.is_file() and path.name != "index.html"]
        return [*mounted, *files, Route("/{path:path}", self.page, methods=["GET"])]


def _file(path: Path) -> Callable[[Request], Awaitable[Response]]:
    async def serve(_request: Request) -> Response:
        return FileResponse(path, headers=CONSOLE_HEADERS | {"Cache-Control": "no-cache"})

    return serve


@dataclass(frozen=True, slots=True)
class MediaEdge:
    """What the edge itself answers, each with its own check."""

    views: Views
    hls: LiveHls
    whep: Whep
    downloads: Downloads
    snapshots: Snapshots


def create_edge_app(edge: MediaEdge, proxy: Proxy, console: Path) -> Starlette:
    """Media routes first; what is left under /api and the health paths goes to control."""
    media: list[BaseRoute] = [
        WebSocketRoute(CAMERA + "/live.mse", ViewRoute(edge.views, "live")),
        WebSocketRoute(CAMERA + "/playback.mse", ViewRoute(edge.views, "playback")),
        Route(CAMERA + "/live.m3u8", edge.hls.playlist),
        Route(CAMERA + "/live/init.mp4", edge.hls.init),
        Route(CAMERA + "/live/media.m4s", edge.hls.media),
        Route(CAMERA + "/whep", edge.whep.endpoint, methods=METHODS),
        Route(CAMERA + "/whep/{session}", edge.whep.session, methods=METHODS),
        Route(CAMERA + "/clip.mp4", edge.downloads.clip_mp4),
        Route(CAMERA + "/clip.mov", edge.downloads.clip_mov),
        Route(CAMERA + "/snapshot.jpg", edge.snapshots.snapshot),
        Route(CAMERA + "/playback.m3u8", edge.downloads.playlist),
        Route(CAMERA + "/playback/init.mp4", edge.downloads.init),
        Route(CAMERA + "/playback/media.m4s", edge.downloads.media),
    ]
    api: list[BaseRoute] = [
        WebSocketRoute(API + "/facts/stream", proxy.websocket),
        Route("/api/{path:path}", proxy.http, methods=METHODS),
        *(Route(path, proxy.http, methods=["GET"]) for path in ("/healthz", "/readyz", "/metrics")),
        Route("/problems/{path:path}", proxy.http, methods=["GET"]),
    ]
    return Starlette(routes=[*media, *api, *Console(console).routes()])
