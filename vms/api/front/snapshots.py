"""`snapshot.jpg`: the newest key frame of a camera, or with `at` the one that a moment of the past belongs to.

Every asking is an act of its own (owner.ask). Newest means newest: of a camera that is away, or that sends nothing, no older picture
is shown. Not here: decoding (vms.decode), which file (record).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from starlette.requests import Request
from starlette.responses import Response

from vms.api.front.asking import Asking
from vms.api.front.http import MEDIA_HEADERS, credential_of, profile_of, told
from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.timespan import SECOND_US, format_time, parse_time
from vms.decode.keyframe import key_frame_job
from vms.decode.pictures import Key, Pictures
from vms.live.keyframe import KeyFrame, newest_key_frame
from vms.owner.requests import LiveOpened, Snapshot, SnapshotAt, SpanOpened
from vms.playback.source import Gop, read_inits, read_key_chunk
from vms.stream.hub import WorkerLink

MIN_WIDTH, MAX_WIDTH = 16, 7680
ARRIVE_S = 8.0
"""A camera that is pulled on demand connects and sends its next key frame meanwhile."""


@dataclass
class Snapshots:
    """The route."""

    asking: Asking
    workers: list[WorkerLink]
    pictures: Pictures
    clock: Clock

    async def snapshot(self, request: Request) -> Response:
        return await told(self._snapshot(request))

    async def _snapshot(self, request: Request) -> Response:
        width = _width_of(request)
        if "at" in request.query_params:
            return await self._past(request, parse_time(request.query_params["at"]), width)
        return await self._now(request, width)

    async def _now(self, request: Request, width: int) -> Response:
        asked = Snapshot(request.path_params["camera"], profile_of(request))
        answer = (await self.asking.ask(credential_of(request), asked)).answer
        if not isinstance(answer, LiveOpened):
            raise VmsError(Kind.UNAVAILABLE, "control answered something else")
        found = await self._newest(answer)
        name = f"{answer.camera}/{answer.profile}"
        return await self._answer(request, (name, found.chunk.wall_us, width), name, found, found.chunk.wall_us)

    async def _newest(self, opened: LiveOpened) -> KeyFrame:
        worker = self.workers[opened.worker]
        watched = worker.watch(opened.camera, opened.profile)
        try:
            return await newest_key_frame(watched.stream, self.clock, ARRIVE_S)
        finally:
            worker.unwatch(opened.camera, opened.profile)

    async def _past(self, request: Request, at_us: int, width: int) -> Response:
        asked = SnapshotAt(request.path_params["camera"], profile_of(request), at_us, at_us + 1, 1)
        opened = (await self.asking.ask(credential_of(request), asked)).answer
        if not isinstance(opened, SpanOpened):
            raise VmsError(Kind.UNAVAILABLE, "control answered something else")
        gop = _gop_at(opened, at_us)
        found = await asyncio.to_thread(_key_frame_of, opened, gop)
        extent = opened.extents[0]
        return await self._answer(request, (extent.path, gop[0], width), f"{opened.camera}/{opened.profile}/past", found, gop[2])

    async def _answer(self, request: Request, key: Key, stream: str, found: KeyFrame, wall_us: int) -> Response:
        etag = f'"{wall_us}-{key[2]}"'
        headers = MEDIA_HEADERS | {"ETag": etag, "Last-Modified": _http_date(wall_us), "Picture-Time": format_time(wall_us)}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        picture = await self.pictures.get(key, stream, lambda: key_frame_job(found.info, found.chunk.data, key[2]))
        return Response(picture.jpeg, headers=headers, media_type="image/jpeg")


def _gop_at(opened: SpanOpened, at_us: int) -> Gop:
    """The group of pictures that holds the moment. Raises NO_RECORDING."""
    gops = [gop for gop in opened.extents[0].gops if gop[2] <= at_us < gop[2] + gop[3]] if opened.extents else []
    if not gops:
        cause = opened.gaps[0].cause if opened.gaps else "unknown"
        raise VmsError(Kind.NO_RECORDING, "nothing was recorded at this moment", camera=opened.camera, cause=cause)
    return gops[-1]


def _key_frame_of(opened: SpanOpened, gop: Gop) -> KeyFrame:
    """Blocking. Raises DAMAGED, PROTOCOL."""
    extent = opened.extents[0]
    info = next((init.info for init in read_inits(extent) if init.info.is_video), None)
    if info is None:
        raise VmsError(Kind.NO_VIDEO, "this recording holds no video", camera=opened.camera)
    return KeyFrame(info, read_key_chunk(extent, gop))


def _width_of(request: Request) -> int:
    """0 without one: the picture's own. Raises BAD_REQUEST."""
    text = request.query_params.get("width", "")
    if not text:
        return 0
    if not text.isascii() or not text.isdecimal() or len(text) > 5 or not MIN_WIDTH <= int(text) <= MAX_WIDTH:
        raise VmsError(Kind.BAD_REQUEST, f"width lies between {MIN_WIDTH} and {MAX_WIDTH}")
    return int(text)


def _http_date(wall_us: int) -> str:
    return format_datetime(datetime.fromtimestamp(wall_us // SECOND_US, UTC), usegmt=True)
