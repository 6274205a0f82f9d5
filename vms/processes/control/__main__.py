"""control's life: database ready and migrated, features registered, API and verdict link served, journal sealed."""

from __future__ import annotations

import asyncio
from pathlib import Path

from vms.base.clock import SystemClock
from vms.base.db import Database
from vms.base.log import configure, get_log
from vms.base.secrets import ENVELOPE_FILE, load_envelope
from vms.processes.child import Child, run
from vms.processes.control.asks import AskServer
from vms.processes.control.database import ready_database
from vms.processes.control.wiring import build, open_records
from vms.processes.serving import serve
from vms.processes.supervised import Calling, end, supervise

FIRST_LOOK_S = 3.0


async def main(child: Child, stop: asyncio.Event) -> None:
    """Until `stop`. Raises VmsError when the configuration is wrong; root tries again."""
    config, clock = child.config, SystemClock()
    configure(config.log_format, level=config.log_level, role="control")
    log = get_log("control")
    url = await asyncio.to_thread(ready_database, config, stop)
    if url is None:
        return
    database = Database(url, pool_size=10, max_overflow=10)
    await asyncio.to_thread(open_records, database, config.node_id, clock)
    envelope = await asyncio.to_thread(load_envelope, Path(config.data_dir) / "keys" / ENVELOPE_FILE)
    control = build(config, database, envelope, clock)
    asks = AskServer(control.owner, control.authenticate, control.ended, control.node.edges)
    control.on_revoke.append(lambda session: asks.revoke(session=session))
    control.commits.start()
    await control.volumes.set.first(FIRST_LOOK_S)
    server = await asks.listen(child.listener("link"))
    tasks = supervise({**control.tasks, "sessions": Calling(lambda: asks.expire(clock))}, clock)
    log.info("control is up", node=config.node_id, level=config.level)
    try:
        await serve(control.app, child.listener("api"), stop, behind_edge=True)
    finally:
        server.close()
        await asyncio.to_thread(control.commits.stop)
        await end(tasks)
        asks.close()
        database.engine.dispose()


if __name__ == "__main__":
    run(main)
