"""Live as HLS over HTTP: playlist, inits and segments, each request judged, one segmenter per stream whatever the viewers.

A view is one credential on one profile of one camera. Its first request asks as any live view does and is in the audit; those
that follow are held against the table of open views, which a revocation empties at once, and ask anew now and then. A view that
asks for nothing is over after `IDLE_S`; the stream's last view takes the segmenter with it. Not here: what a segment is (live).
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from vms.api.front.asking import Asking, Credential
from vms.api.front.http import MEDIA_HEADERS, credential_of, profile_of, told
from vms.api.front.open_views import OpenViews, View
from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.timespan import SECOND_US
from vms.live.segmenter import Segmenter
from vms.owner.requests import ContinueLive, LiveOpened, OpenLive
from vms.stream.hub import Watched, WorkerLink

IDLE_S = 20
ASK_AGAIN_S = 10
FIRST_SEGMENT_S = 10.0
SWEEP_S = 2.0
PLAYLIST = "application/vnd.apple.mpegurl"
_NUMBER = re.compile(r"\d{1,15}")
_CONTROL_AWAY = (Kind.UNAVAILABLE, Kind.TIMEOUT, Kind.OVERLOAD)


@dataclass(eq=False)
class Feed:
    """One stream being cut into segments, and how many views are on it."""

    segmenter: Segmenter
    watched: Watched
    worker: WorkerLink
    views: int = 0


@dataclass(eq=False)
class HlsView:
    view: View
    feed: Feed
    asked_us: int
    judged_us: int


@dataclass(frozen=True, slots=True)
class _Key:
    """The camera as the viewer names it: an id or a code."""

    who: str
    camera: str
    profile: str


@dataclass
class LiveHls:
    """`run` ends what nobody asks for any more."""

    asking: Asking
    workers: list[WorkerLink]
    clock: Clock
    open: OpenViews
    views: dict[_Key, HlsView] = field(default_factory=dict[_Key, HlsView])
    feeds: dict[tuple[str, str], Feed] = field(default_factory=dict[tuple[str, str], Feed])

    async def run(self) -> None:
        while True:
            await self.clock.sleep(SWEEP_S)
            over_us = self.clock.mono_us() - IDLE_S * SECOND_US
            for key in [key for key, view in self.views.items() if view.asked_us < over_us]:
                self._end(key)

    async def playlist(self, request: Request) -> Response:
        return await told(self._playlist(request))

    async def init(self, request: Request) -> Response:
        return await told(self._init(request))

    async def media(self, request: Request) -> Response:
        return await told(self._media(request))

    async def _playlist(self, request: Request) -> Response:
        segmenter = (await self._judged(request)).segmenter
        try:
            await asyncio.wait_for(segmenter.ready(), FIRST_SEGMENT_S)
        except TimeoutError as error:
            raise VmsError(Kind.UNAVAILABLE, "this camera sends no picture at the moment; try again") from error
        return Response(segmenter.playlist, headers=MEDIA_HEADERS, media_type=PLAYLIST)

    async def _init(self, request: Request) -> Response:
        number = _number_of(request, "map")
        return _found((await self._judged(request)).segmenter.init(number), "video/mp4")

    async def _media(self, request: Request) -> Response:
        number = _number_of(request, "segment")
        return _found((await self._judged(request)).segmenter.segment(number), "video/iso.segment")

    async def _judged(self, request: Request) -> Feed:
        """The feed that this request may read. Raises VmsError: the refusal."""
        credential, profile = credential_of(request), profile_of(request)
        key = _Key(credential.fingerprint(), request.path_params["camera"], profile)
        view = self.views.get(key)
        if view is None:
            view = await self._opened(credential, key)
        elif self.clock.mono_us() - view.judged_us > ASK_AGAIN_S * SECOND_US:
            await self._judge_again(credential, key, view)
            if self.views.get(key) is not view:  # withdrawn meanwhile: a view of its own, if that may be
                return await self._judged(request)
        view.asked_us = self.clock.mono_us()
        return view.feed

    async def _opened(self, credential: Credential, key: _Key) -> HlsView:
        self.open.admit()
        verdict = await self.asking.ask(credential, OpenLive(key.camera, key.profile))
        opened = verdict.answer
        if not isinstance(opened, LiveOpened):
            raise VmsError(Kind.UNAVAILABLE, "control answered something else")
        view = self.views.get(key)  # a player that asks for two things at once opens one view
        if view is None:
            self.open.admit_view(verdict.user, opened.camera)
            now_us, feed = self.clock.mono_us(), self._feed(opened)
            feed.views += 1
            open_view = View(verdict.session, verdict.user, opened.camera, lambda: self._end(key))
            view = self.views[key] = HlsView(open_view, feed, now_us, now_us)
            self.open.add(open_view)
        return view

    async def _judge_again(self, credential: Credential, key: _Key, view: HlsView) -> None:
        """A view that is refused is over; while control is away it goes on, as those over WebSocket do."""
        try:
            await self.asking.ask(credential, ContinueLive(key.camera, key.profile))
        except VmsError as refusal:
            if refusal.kind not in _CONTROL_AWAY:
                self._end(key)
                raise
        view.judged_us = self.clock.mono_us()

    def _feed(self, opened: LiveOpened) -> Feed:
        feed = self.feeds.get((opened.camera, opened.profile))
        if feed is None:
            worker = self.workers[opened.worker]
            self.open.admit_stream(worker, opened)
            feed = Feed(Segmenter(opened.profile, self.clock), worker.watch(opened.camera, opened.profile), worker)
            self.feeds[opened.camera, opened.profile] = feed
            feed.watched.stream.attach(feed.segmenter, self.clock.mono_us())
        return feed

    def _end(self, key: _Key) -> None:
        ended = self.views.pop(key, None)
        if ended is None:
            return
        self.open.discard(ended.view)
        feed = ended.feed
        feed.views -= 1
        if not feed.views:
            feed.watched.stream.detach(feed.segmenter)
            feed.worker.unwatch(feed.watched.camera, feed.watched.profile)
            del self.feeds[feed.watched.camera, feed.watched.profile]


def _number_of(request: Request, name: str) -> int:
    """Raises BAD_REQUEST."""
    text = request.query_params.get(name, "")
    if not _NUMBER.fullmatch(text):
        raise VmsError(Kind.BAD_REQUEST, f"give '{name}' as the playlist names it")
    return int(text)


def _found(data: bytes | None, media_type: str) -> Response:
    if data is None:
        raise VmsError(Kind.NOT_FOUND, "this part of the live stream is gone; read the playlist again")
    return Response(data, headers=MEDIA_HEADERS, media_type=media_type)
