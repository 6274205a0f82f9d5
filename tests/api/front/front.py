"""The edge in front of fakes: verdicts laid out by request type, one worker, a clock wound by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from tests.playback.recorded import CAMERA, opened
from vms.api.front.app import MediaEdge, create_edge_app
from vms.api.front.asking import Asking, Credential, Verdict
from vms.api.front.downloads import Downloads
from vms.api.front.live_hls import LiveHls
from vms.api.front.open_views import Limits, OpenViews
from vms.api.front.proxy import Proxy
from vms.api.front.rtc import Rtc
from vms.api.front.snapshots import Snapshots
from vms.api.front.views import Views
from vms.api.front.whep import Whep
from vms.base.busy import Busy
from vms.base.clock import ManualClock
from vms.base.errors import Kind, VmsError
from vms.decode.pictures import Pictures
from vms.decode.protocol import Job, Picture
from vms.owner.requests import CameraRequest, Extent, LiveOpened, OpenLive, OpenSpan, SpanOpened
from vms.stream.hub import WorkerLink

LIMITS = Limits(node=50, user=40, camera=30, busy_percent=90)
BEARER = {"Authorization": "Bearer t0ken"}
NOW_US = 1_700_000_000_000_000
API = f"/api/v1/cameras/{CAMERA}"


class FakeAsking(Asking):
    """Says yes to known tokens, from a list of extents; keeps what it was asked."""

    def __init__(self, extents: tuple[Extent, ...] = ()) -> None:
        super().__init__("/nowhere", ManualClock())
        self.extents = extents
        self.asked: list[CameraRequest] = []
        self.refusal: VmsError | None = None
        self.secrets = {"t0ken"}

    async def ask(self, credential: Credential, request: CameraRequest) -> Verdict:
        self.asked.append(request)
        if credential.secret not in self.secrets:
            raise VmsError(Kind.UNAUTHENTICATED, "sign in first")
        if self.refusal is not None:
            raise self.refusal
        if isinstance(request, OpenLive):
            return Verdict(LiveOpened(CAMERA, request.profile, 0), "session-1", credential.secret)
        assert isinstance(request, OpenSpan)
        return Verdict(self._span(request), "session-1", credential.secret)

    def _span(self, request: OpenSpan) -> SpanOpened:
        found: list[Extent] = []
        for extent in self.extents:
            gops = tuple(gop for gop in extent.gops if gop[2] < request.to_us and gop[2] + gop[3] > request.from_us)
            if gops:
                found.append(extent._replace(gops=gops, start_us=gops[0][2], end_us=gops[-1][2] + gops[-1][3]))
        return opened(tuple(found[: request.limit]), complete=len(found) <= request.limit)


class FakeDecoder:
    """Answers every job with its number among all."""

    def __init__(self) -> None:
        self.jobs: list[tuple[str, Job]] = []
        self.failure: VmsError | None = None

    async def picture(self, stream: str, job: Job) -> Picture:
        self.jobs.append((stream, job))
        if self.failure is not None:
            raise self.failure
        return Picture(64, 36, b"jpeg %d" % len(self.jobs))


class Edge:
    """The application, its fakes and a client."""

    def __init__(
        self,
        extents: tuple[Extent, ...] = (),
        *,
        api_socket: str = "/nowhere/api.sock",
        console: Path = Path("/nowhere"),
        limits: Limits = LIMITS,
        rtc: Rtc | None = None,
    ) -> None:
        self.asking = FakeAsking(extents)
        self.worker = WorkerLink("/nowhere", ManualClock())
        self.clock = ManualClock()
        self.cpu_us = 0
        self.busy = Busy(self.clock, lambda: self.cpu_us)
        self.open = OpenViews(limits, self.busy)
        self.views = Views(self.asking, [self.worker], self.clock, self.open)
        self.hls = LiveHls(self.asking, [self.worker], self.clock, self.open)
        whep = Whep(self.asking, [self.worker], self.open, rtc or Rtc("/nowhere/rtc.sock"))
        self.decoder = FakeDecoder()
        snapshots = Snapshots(self.asking, [self.worker], Pictures(self.decoder), ManualClock(NOW_US))
        media = MediaEdge(self.views, self.hls, whep, Downloads(self.asking), snapshots)
        self.app: Any = create_edge_app(media, Proxy(api_socket), console)

    def client(self, *, signed_in: bool = True) -> TestClient:
        return TestClient(self.app, headers=BEARER if signed_in else {})
