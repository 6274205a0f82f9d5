"""rtc's life: links to the workers, one to each edge that has viewers, until it is stopped."""

from __future__ import annotations

import asyncio
import logging

from vms.base.clock import SystemClock
from vms.base.log import configure, get_log
from vms.processes.child import Child, run
from vms.processes.rtc.server import RtcServer
from vms.processes.supervised import end, supervise
from vms.stream.hub import WorkerLink


async def main(child: Child, stop: asyncio.Event) -> None:
    """Until `stop`."""
    configure(child.config.log_format, level=child.config.log_level, role="rtc")
    for library in ("aioice", "aiortc"):
        logging.getLogger(library).setLevel(logging.WARNING)  # they tell every check of every viewer
    clock = SystemClock()
    workers = [WorkerLink(path, clock) for path in child.config.worker_paths()]
    server = RtcServer(child.config, workers, clock)
    tasks = supervise({f"worker-{index}": link for index, link in enumerate(workers)}, clock)
    listening = await server.listen(child.listener("link"))
    get_log("rtc").info("rtc is up")
    try:
        await stop.wait()
    finally:
        listening.close()
        await server.close()
        await end(tasks)


if __name__ == "__main__":
    run(main)
