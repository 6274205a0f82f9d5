"""Clips and playback playlists over HTTP: ranges, ETags and headers of the contract.

Every request asks control for exactly the span it serves. Not here: laying the clip out (playback.clip), playlist
text (playback.playlist).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from vms.api.front.asking import Asking, Credential
from vms.api.front.http import MEDIA_HEADERS, credential_of, parse_range, profile_of, span_of, told
from vms.base.errors import Kind, VmsError
from vms.base.timespan import Span, format_time, merge
from vms.owner.requests import Clip, Extent, GapSpan, OpenSpan, SpanOpened
from vms.playback.clip import MAX_CLIP_US, ClipFile, Container, clip_etag, plan_clip
from vms.playback.playlist import playlist_text
from vms.playback.source import file_init, read_gop_bytes

PAGE_EXTENTS = 200
KEPT_PLANS = 8
MEDIA_TYPES: dict[Container, str] = {"mp4": "video/mp4", "mov": "video/quicktime"}


@dataclass
class Downloads:
    """Routes that read recorded media for one answer each."""

    asking: Asking
    plans: OrderedDict[str, ClipFile] = field(default_factory=OrderedDict[str, ClipFile])

    async def clip_mp4(self, request: Request) -> Response:
        return await told(self._clip(request, "mp4"))

    async def clip_mov(self, request: Request) -> Response:
        return await told(self._clip(request, "mov"))

    async def playlist(self, request: Request) -> Response:
        return await told(self._playlist(request))

    async def init(self, request: Request) -> Response:
        return await told(self._init(request))

    async def media(self, request: Request) -> Response:
        return await told(self._media(request))

    async def _clip(self, request: Request, container: Container) -> Response:
        from_us, to_us = _bounded_span(request)
        asked = Clip(request.path_params["camera"], profile_of(request), from_us, to_us, PAGE_EXTENTS)
        opened = await self._whole_span(credential_of(request), asked)
        clip = await self._plan(opened, container)
        etag = f'"{clip.etag}"'
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers={"ETag": etag})
        same = request.headers.get("if-range", etag) == etag
        wanted = parse_range(request.headers.get("range"), clip.size) if same else None
        first, end = wanted or (0, clip.size)
        headers = MEDIA_HEADERS | _clip_headers(clip, etag, opened, container) | {"Content-Length": str(end - first)}
        if wanted:
            headers["Content-Range"] = f"bytes {first}-{end - 1}/{clip.size}"
        status = 206 if wanted else 200
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers, media_type=MEDIA_TYPES[container])
        return StreamingResponse(_pieces(clip, first, end), status, headers, MEDIA_TYPES[container])

    async def _plan(self, opened: SpanOpened, container: Container) -> ClipFile:
        """A player asks for many ranges of one clip: it is laid out once."""
        etag = clip_etag(opened, container)
        clip = self.plans.get(etag)
        if clip is None:
            clip = await asyncio.to_thread(plan_clip, opened, container)
            self.plans[etag] = clip
            if len(self.plans) > KEPT_PLANS:
                self.plans.popitem(last=False)
        self.plans.move_to_end(etag)
        return clip

    async def _playlist(self, request: Request) -> Response:
        from_us, to_us = _bounded_span(request)
        profile = profile_of(request)
        opened = await self._whole_span(
            credential_of(request), OpenSpan(request.path_params["camera"], profile, from_us, to_us, PAGE_EXTENTS)
        )
        if not opened.extents:
            raise VmsError(Kind.NO_RECORDING, "nothing was recorded in this span", camera=opened.camera)
        return Response(playlist_text(opened, profile), headers=MEDIA_HEADERS, media_type="application/vnd.apple.mpegurl")

    async def _init(self, request: Request) -> Response:
        extent = await self._one_extent(request)
        return Response(await asyncio.to_thread(file_init, extent), headers=MEDIA_HEADERS, media_type="video/mp4")

    async def _media(self, request: Request) -> Response:
        extent = await self._one_extent(request)
        from_us, to_us = span_of(request)
        gops = [gop for gop in extent.gops if from_us <= gop[2] < to_us]
        data = await asyncio.to_thread(lambda: b"".join(read_gop_bytes(extent, gop) for gop in gops))
        return Response(data, headers=MEDIA_HEADERS, media_type="video/iso.segment")

    async def _one_extent(self, request: Request) -> Extent:
        from_us, to_us = span_of(request)
        asked = OpenSpan(request.path_params["camera"], profile_of(request), from_us, to_us, 2)
        opened = await self._span(credential_of(request), asked)
        if not opened.extents:
            raise VmsError(Kind.NO_RECORDING, "nothing was recorded in this span", camera=opened.camera)
        return opened.extents[0]

    async def _whole_span(self, credential: Credential, asked: OpenSpan) -> SpanOpened:
        """All pages of a span as one answer."""
        first = opened = await self._span(credential, asked)
        extents: list[Extent] = list(first.extents)
        gaps: list[GapSpan] = list(first.gaps)
        while not opened.complete and opened.extents:
            next_us = opened.extents[-1].end_us
            opened = await self._span(credential, type(asked)(asked.camera, asked.profile, next_us, asked.to_us, asked.limit))
            extents += [extent for extent in opened.extents if extent.start_us >= next_us]
            gaps += [gap for gap in opened.gaps if gap.start_us >= next_us]
        return SpanOpened(first.camera, first.profile, tuple(extents), tuple(gaps), complete=True)

    async def _span(self, credential: Credential, asked: OpenSpan) -> SpanOpened:
        answer = (await self.asking.ask(credential, asked)).answer
        if not isinstance(answer, SpanOpened):
            raise VmsError(Kind.UNAVAILABLE, "control answered something else")
        return answer


def _bounded_span(request: Request) -> tuple[int, int]:
    """Raises BAD_REQUEST: an answer that names every GOP of a year would hold the edge's memory."""
    from_us, to_us = span_of(request)
    if to_us - from_us > MAX_CLIP_US:
        raise VmsError(Kind.BAD_REQUEST, "at most 24 hours at once; ask for parts")
    return from_us, to_us


def _clip_headers(clip: ClipFile, etag: str, opened: SpanOpened, container: Container) -> dict[str, str]:
    name = f"{opened.camera}-{opened.profile}-{format_time(clip.from_us).replace(':', '')}.{container}"
    gaps = ", ".join(f"{format_time(gap.start_us)}/{format_time(gap.end_us)};{gap.cause}" for gap in clip.gaps[:50])
    damaged = merge(Span(extent.start_us, extent.end_us) for extent in opened.extents if extent.state != "ok")
    return {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Clip-From": format_time(clip.from_us),
        "Clip-To": format_time(clip.to_us),
        "Clip-Gaps": gaps or "none",
        "Clip-Damaged": ", ".join(f"{format_time(start)}/{format_time(end)}" for start, end in damaged[:50]) or "none",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
    }


async def _pieces(clip: ClipFile, first: int, end: int) -> AsyncIterator[bytes]:
    """Each read in a thread; the disk never holds the loop."""
    pieces = clip.read(first, end)
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece
