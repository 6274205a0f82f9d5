"""edge: the viewers' process. Faces browsers, reads segment files, asks control for verdicts; knows no database."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict
from pathlib import Path

from vms.api.front.app import create_edge_app
from vms.api.front.asking import Asking
from vms.api.front.downloads import Downloads
from vms.api.front.proxy import Proxy
from vms.api.front.snapshots import Snapshots
from vms.api.front.views import Views
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
    views = Views(asking, workers, clock)
    asking.on_revoke = views.revoke
    proxy = Proxy(child.config.socket_path("api"))
    decoder = Decoder(child.config.socket_path("decoder"), clock, without_filter=child.config.decode_without_filter)
    snapshots = Snapshots(asking, workers, Pictures(decoder), clock)
    app = create_edge_app(views, Downloads(asking), snapshots, proxy, Path(child.config.web_dir))
    links = {f"worker-{index}": link for index, link in enumerate(workers)}
    telling = Calling(lambda: _tell_views(asking, views, decoder, clock))
    tasks = supervise({**links, "control": asking, "views": telling, "decoder": decoder}, clock)
    try:
        await serve(app, child.listener("http"), stop, certificate=child.config.tls_cert, key=child.config.tls_key)
    finally:
        await end(tasks)
        await proxy.close()


async def _tell_views(asking: Asking, views: Views, decoder: Decoder, clock: Clock) -> None:
    """Who this edge is and how many watch, for GET /system; and for whom, so that the views of a session end with it."""
    started_us = clock.wall_us()
    while True:
        sessions = sorted({view.session for view in views.open})
        edge = {"op": "edge", "pid": os.getpid(), "started_us": started_us, "views": len(views.open), "sessions": sessions}
        asking.tell(edge | {"decoder": asdict(decoder.status)})
        await clock.sleep(TELL_S)


if __name__ == "__main__":
    run(main)
