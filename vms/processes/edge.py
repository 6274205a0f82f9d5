"""edge: the viewers' process. Faces browsers, reads segment files, asks control for verdicts; knows no database."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict
from pathlib import Path

from vms.api.front.app import MediaEdge, create_edge_app
from vms.api.front.asking import Asking
from vms.api.front.downloads import Downloads
from vms.api.front.live_hls import LiveHls
from vms.api.front.open_views import Limits, OpenViews
from vms.api.front.proxy import Proxy
from vms.api.front.restream import Restream
from vms.api.front.rtc import Rtc
from vms.api.front.snapshots import Snapshots
from vms.api.front.views import Views
from vms.api.front.whep import Whep
from vms.base.busy import Busy
from vms.base.clock import Clock, SystemClock
from vms.base.log import configure
from vms.decode.client import Decoder
from vms.decode.pictures import Pictures
from vms.processes.child import Child, run
from vms.processes.serving import serve
from vms.processes.supervised import Calling, end, supervise
from vms.stream.hub import WorkerLink

TELL_S = 1.0


async def main(child: Child, stop: asyncio.Event) -> None:
    """Until `stop`."""
    configure(child.config.log_format, level=child.config.log_level, role="edge")
    clock = SystemClock()
    workers = [WorkerLink(path, clock) for path in child.config.worker_paths()]
    asking = Asking(child.config.socket_path("control"), clock)
    busy = Busy(clock)
    views = OpenViews(Limits(**asdict(child.config.viewing)), busy)
    asking.on_revoke = views.revoke
    hls = LiveHls(asking, workers, clock, views)
    proxy = Proxy(child.config.socket_path("api"))
    rtc = Rtc(child.config.socket_path("rtc"))
    decoder = Decoder(child.config.socket_path("decoder"), clock, without_filter=child.config.decode_without_filter)
    media = MediaEdge(
        Views(asking, workers, clock, views),
        hls,
        Whep(asking, workers, views, rtc),
        Downloads(asking),
        Snapshots(asking, workers, Pictures(decoder), clock),
    )
    app = create_edge_app(media, proxy, Path(child.config.web_dir))
    links = {f"worker-{index}": link for index, link in enumerate(workers)}
    restream = Restream(asking, workers, clock, views)
    telling = Calling(lambda: _tell_views(asking, views, (rtc, decoder), clock))
    parts = {**links, "control": asking, "views": telling, "hls": hls, "busy": busy, "restream": restream, "decoder": decoder}
    rtsp = await restream.listen(child.listener("rtsp")) if "rtsp" in child.sockets else None
    tasks = supervise(parts, clock)
    try:
        await serve(app, child.listener("http"), stop, certificate=child.config.tls_cert, key=child.config.tls_key)
    finally:
        if rtsp is not None:
            rtsp.close()
        restream.close()
        await end(tasks)
        await proxy.close()


async def _tell_views(asking: Asking, views: OpenViews, others: tuple[Rtc, Decoder], clock: Clock) -> None:
    """Who this edge is, how many watch and what it speaks with, for GET /system; and for whom, so that views end with their session."""
    started_us, (rtc, decoder) = clock.wall_us(), others
    while True:
        beside = [] if rtc.info is None else [["rtc", rtc.info.pid, rtc.info.started_us]]
        told = {"pid": os.getpid(), "started_us": started_us, "views": len(views), "sessions": views.sessions(), "beside": beside}
        asking.tell({"op": "edge", **told, "decoder": asdict(decoder.status)})
        await clock.sleep(TELL_S)


if __name__ == "__main__":
    run(main)
