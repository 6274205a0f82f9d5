"""Control's part in filling gaps from cameras' own recordings: which hole now, which worker, and what became of it.

Few at once, one a camera, none while the camera is not well; every attempt is a row before it is an order. Not here: rows (record.fills),
pulling and writing (worker.filling).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from vms.base.clock import Clock
from vms.base.db import Database
from vms.base.ids import new_id
from vms.base.journal import announce
from vms.base.log import get_log
from vms.base.secrets import Envelope
from vms.base.timespan import SECOND_US, Span
from vms.ingest.orders import PullOrder
from vms.processes.config import NodeConfig
from vms.processes.control.commits import Commits, Item
from vms.processes.control.node import Node
from vms.processes.control.recovery import Recovery
from vms.record import fills
from vms.record.edge import BEFORE_US
from vms.record.fills import Fill, FillKey, Lane
from vms.registry.queries import edge_cameras
from vms.registry.roster import RosterItem, roster

LOOK_S = 2.0
STABLE_US = 5 * SECOND_US
"""A camera that is back sends for so long before it is asked for more."""
SETTLED_US = 3 * SECOND_US
"""A gap is over for so long before it is filled: what a dead writer left of it is read by then."""
AT_ONCE = 2
BUSY_US = 10 * SECOND_US
AGAIN_US = 5 * SECOND_US
DAY_US = 24 * 3600 * SECOND_US


@dataclass(frozen=True, slots=True)
class _Running:
    """An order that is out."""

    worker: int
    key: FillKey


class Filling:
    """`run` is one life."""

    def __init__(
        self, config: NodeConfig, database: Database, envelope: Envelope, clock: Clock, *, node: Node, recovery: Recovery, commits: Commits
    ) -> None:
        self._config, self._database, self._envelope = config, database, envelope
        self._node, self._recovery, self._commits, self._clock = node, recovery, commits, clock
        self._running: dict[str, _Running] = {}
        self._log = get_log("control.filling")
        node.on_fill_over = self.on_over
        node.on_lost = self.on_lost

    async def run(self) -> None:
        await asyncio.to_thread(self._forget_interrupted)
        while True:
            await self._clock.sleep(LOOK_S)
            if len(self._running) < AT_ONCE:
                for fill, item in await asyncio.to_thread(self._next):
                    self._order(fill, item)

    def on_over(self, worker: int, message: Mapping[str, Any]) -> None:
        """A worker's answer, on the loop. Behind its segments in the commits' order, so that they are rows when it is judged."""
        running = self._running.pop(str(message.get("id")), None)
        if running is None or running.worker != worker:
            return
        key, now_us = running.key, self._clock.wall_us()
        cause, said = str(message.get("cause"))[:40], str(message.get("message"))[:300]
        counts = {name: int(message.get(name) or 0) for name in ("frames", "bytes", "segments")}
        self._log.info(
            "a fill is over", camera=key.camera, profile=key.profile, ok=message.get("ok") is True, cause=cause, message=said, **counts
        )

        def work(session: Session) -> None:
            if message.get("ok") is True:
                fills.finish(session, announce, key, now_us)
            elif cause == "overload":
                fills.postpone(session, key, now_us + BUSY_US)
            else:
                fills.fail(session, announce, key, cause, said, now_us=now_us)

        self._commits.put(Item(work=work))

    def on_lost(self, worker: int) -> None:
        """Its fills died with it, or go on without control: tried again, after what they left is read."""
        mine = {fill_id: running for fill_id, running in self._running.items() if running.worker == worker}
        now_us = self._clock.wall_us()
        for fill_id, running in mine.items():
            del self._running[fill_id]

            def work(session: Session, key: FillKey = running.key) -> None:
                fills.fail(session, announce, key, "worker_crash", "the media process went away", now_us=now_us)

            self._commits.put(Item(work=work))

    def _forget_interrupted(self) -> None:
        with self._database.transaction() as session:
            fills.interrupted(session, self._clock.wall_us() + AGAIN_US)

    def _next(self) -> list[tuple[Fill, RosterItem]]:
        """What to order now: cameras that are well, the oldest hole of each first. Blocking."""
        now_us = self._clock.wall_us()
        busy = {running.key.camera for running in self._running.values()}
        with self._database.transaction() as session:
            cameras = [
                camera for camera in edge_cameras(session, self._config.node_id) if camera not in busy and self._is_well(camera, now_us)
            ]
            items = {(i.camera, i.profile): i for i in roster(session, self._envelope, self._config.node_id, cameras) if i.edge_url}
            lanes = [Lane(*key, max(item.created_us, now_us - item.edge_days * DAY_US)) for key, item in items.items()]
            lanes = [lane for lane in lanes if (lane.camera, lane.profile) in self._node.clock_offsets_us]
            due = fills.due(session, lanes, now_us, now_us - SETTLED_US) if lanes else []
        found: list[tuple[Fill, RosterItem]] = []
        for camera, profile, span, attempts in due:
            if len(found) + len(self._running) >= AT_ONCE or any(camera == fill.key.camera for fill, _ in found):
                continue
            around = Span(span.start_us - BEFORE_US, span.end_us)
            if attempts and not self._recovery.read_span((camera, profile), around):
                continue
            with self._database.transaction() as session:
                fill = fills.begin(session, camera, profile, span, now_us)
                if not fill.holes:
                    fills.finish(session, announce, fill.key, now_us)
                    continue
            found.append((fill, items[camera, profile]))
        return found

    def _is_well(self, camera: str, now_us: int) -> bool:
        live = self._node.states.get(camera)
        return live is not None and live.state == "online" and live.since_us is not None and now_us - live.since_us >= STABLE_US

    def _order(self, fill: Fill, item: RosterItem) -> None:
        key = fill.key
        side = self._node.sides[self._node.worker_of(key.camera)]
        pull = PullOrder(
            camera=key.camera,
            profile=key.profile,
            url=item.edge_url or "",
            username=item.username or "",
            password=item.password or "",
            transport="tcp",
            allow=self._config.allow,
        )
        fill_id = new_id()
        message = {"id": fill_id, "order": pull.to_json(), "offset_us": self._node.clock_offsets_us[key.camera, key.profile]}
        self._running[fill_id] = _Running(side.index, key)
        if not side.fill(message | {"holes": [list(hole) for hole in fill.holes]}):
            self.on_lost(side.index)
