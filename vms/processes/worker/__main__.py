"""One worker's life: volumes opened, roster and link joined, segments closed before it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from vms.base.busy import LOOK_S, Busy
from vms.base.clock import SystemClock
from vms.base.log import configure, get_log
from vms.base.timespan import SECOND_US
from vms.ingest.orders import CameraState, Key, PullOrder
from vms.ingest.roster import Roster
from vms.processes.child import Child, run
from vms.processes.supervised import Calling, end, supervise
from vms.processes.worker.filling import Filling
from vms.processes.worker.heap import keep_freed_memory
from vms.processes.worker.probing import Probing
from vms.processes.worker.recordings import Recordings
from vms.processes.worker.server import WorkerServer
from vms.processes.worker.uplink import Uplink
from vms.record.reports import Report
from vms.storage.files import RealFiles
from vms.stream.frames import Message

TICK_S = 0.4
STATES_S = 5.0
LAST_ACKS_S = 2.0


class Worker:
    """Joins roster, recordings and uplink; everything here runs on the one loop."""

    def __init__(self, child: Child) -> None:
        self.clock = SystemClock()
        self._loop = asyncio.get_running_loop()
        self.recordings = Recordings(child.config, RealFiles(), self.clock, self._on_reports, self._recording_changed)
        hello: Message = {"op": "hello", "worker": child.index, "incarnation": uuid.uuid4().hex, "pid": os.getpid()}
        self.uplink = Uplink(hello | {"started_us": self.clock.wall_us(), "reason": child.reason}, self.recordings.retell)
        self.roster = Roster(self.clock, self._on_state, self.recordings.follow, after_reads=self.recordings.hand_over)
        self._probing = Probing(self.clock, self.uplink.send)
        self._filling = Filling(
            self.clock,
            self.recordings.volume_of,
            self.uplink.owes,
            self._on_reports,
            self.uplink.send,
            segment_us=int(child.config.segment_seconds * SECOND_US),
        )
        self.server = WorkerServer(self.roster, self.uplink, self.follow, self.clock)
        self.busy = Busy(self.clock)

    def follow(self, message: Message) -> None:
        """An order of control. Raises BAD_REQUEST."""
        match message["op"]:
            case "roster":
                items = cast("list[dict[str, Any]]", message.get("items") or [])
                orders = [PullOrder.from_json(item) for item in items]
                ordered = {order.key for order in orders}
                self.recordings.forget(self.recordings.keys - ordered)
                self.roster.apply(orders)
                self.uplink.keep(ordered)
            case "put":
                self.roster.put(PullOrder.from_json(message.get("item") or {}))
            case "drop":
                key = (str(message.get("camera")), str(message.get("profile")))
                self.recordings.forget({key})
                self.roster.drop(*key)
                self.uplink.forget(key)
            case "fill":
                self._filling.start(message)
            case _:
                self._probing.start(message)

    async def tick(self) -> None:
        """Hands chunks to the volumes; it is the recorder's heart-beat."""
        while True:
            self.recordings.tick()
            await self.clock.sleep(TICK_S)

    async def tell_states(self) -> None:
        """Figures of running pulls; changes of state are told at once by the roster."""
        while True:
            await self.clock.sleep(STATES_S)
            for state in self.roster.states():
                if state.state == "online":
                    self._on_state(state)

    async def tell_load(self) -> None:
        """So that edges open nothing new here while recording needs the core."""
        while True:
            self.busy.look()
            self.server.tell_load(self.busy.percent)
            await self.clock.sleep(LOOK_S)

    async def close(self) -> None:
        """Every segment closed and synced, and control given a moment to commit them."""
        self._probing.close()
        await self._filling.close()
        await self.roster.close()
        if not await self.recordings.close():
            get_log("worker").error("a volume did not close its segments in time; recovery will")
        deadline_us = self.clock.mono_us() + int(LAST_ACKS_S * 1_000_000)
        await asyncio.sleep(0)
        while self.uplink.unacknowledged and self.clock.mono_us() < deadline_us:
            await self.clock.sleep(0.05)

    def _on_reports(self, reports: Sequence[Report]) -> None:
        """From a volume's thread."""
        with contextlib.suppress(RuntimeError):  # the loop is gone: recovery reads the files
            self._loop.call_soon_threadsafe(self._heard, list(reports))

    def _recording_changed(self, key: Key) -> None:
        """A plan begins or ends recording: the state says so at once."""
        state = self.roster.state(*key)
        if state is not None:
            self._on_state(state)

    def _on_state(self, state: CameraState) -> None:
        """What is pulled for a plan is recorded only while the plan wants it."""
        recording = state.recording and self.recordings.wants(state.camera, state.profile)
        self.uplink.state(replace(state, recording=recording))

    def _heard(self, reports: Sequence[Report]) -> None:
        self.recordings.heard(reports)
        self.uplink.reports(reports)


async def main(child: Child, stop: asyncio.Event) -> None:
    configure(child.config.log_format, level=child.config.log_level, role="worker", worker=child.index)
    keep_freed_memory()
    worker = Worker(child)
    await worker.recordings.begin()
    server = await worker.server.listen(child.listener("link"))
    calls = {"tick": worker.tick, "states": worker.tell_states, "load": worker.tell_load}
    parts = {**{name: Calling(call) for name, call in calls.items()}, "volumes": worker.recordings.volumes}
    tasks = supervise(parts, worker.clock)
    await stop.wait()
    await end(tasks)
    await worker.close()
    server.close()


if __name__ == "__main__":
    run(main)
