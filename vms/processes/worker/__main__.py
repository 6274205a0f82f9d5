"""One worker's life: volumes opened, roster and link joined, segments closed before it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast
from zlib import crc32

from vms.base.clock import SystemClock
from vms.base.errors import Kind, VmsError
from vms.base.log import configure, get_log
from vms.ingest.orders import CameraState, Key, PullOrder
from vms.ingest.roster import Roster
from vms.processes.child import Child, run
from vms.processes.supervised import Calling, end, supervise
from vms.processes.worker.heap import keep_freed_memory
from vms.processes.worker.probing import Probing
from vms.processes.worker.server import WorkerServer
from vms.processes.worker.uplink import Uplink
from vms.record.causes import gap_cause
from vms.record.prerecord import PlannedRecorder
from vms.record.reports import GapBefore, Report
from vms.record.volume_writer import VolumeWriter
from vms.record.wish import Wish, parse_wish
from vms.storage.files import RealFiles
from vms.storage.volumes import open_volume
from vms.stream.frames import Message
from vms.stream.stream import Stream

TICK_S = 0.4
STATES_S = 5.0
STOP_CLOSE_S = 5.0
LAST_ACKS_S = 2.0


class Worker:
    """Joins roster, recorders and uplink; everything here runs on the one loop."""

    def __init__(self, child: Child) -> None:
        self.clock = SystemClock()
        self._loop = asyncio.get_running_loop()
        self._config = child.config
        self._writers = self._open_volumes()
        self._recorders: dict[Key, tuple[PlannedRecorder, Stream]] = {}
        hello: Message = {"op": "hello", "worker": child.index, "incarnation": uuid.uuid4().hex, "pid": os.getpid()}
        self.uplink = Uplink(hello | {"started_us": self.clock.wall_us(), "reason": child.reason}, self._retell)
        self.roster = Roster(self.clock, self._on_state, self._on_stream, after_reads=self._hand_over)
        self._probing = Probing(self.clock, self.uplink.send)
        self.server = WorkerServer(self.roster, self.uplink, self.follow, self.clock)

    def follow(self, message: Message) -> None:
        """An order of control. Raises BAD_REQUEST."""
        match message["op"]:
            case "roster":
                items = cast("list[dict[str, Any]]", message.get("items") or [])
                orders = [PullOrder.from_json(item) for item in items]
                ordered = {order.key for order in orders}
                self._forget(self._recorders.keys() - ordered)
                self.roster.apply(orders)
                self.uplink.keep(ordered)
            case "put":
                self.roster.put(PullOrder.from_json(message.get("item") or {}))
            case "drop":
                key = (str(message.get("camera")), str(message.get("profile")))
                self._forget({key})
                self.roster.drop(*key)
                self.uplink.forget(key)
            case _:
                self._probing.start(message)

    async def tick(self) -> None:
        """Hands chunks to the volumes; it is the recorder's heart-beat."""
        while True:
            for writer in self._writers:
                writer.tick()
            await self.clock.sleep(TICK_S)

    def _hand_over(self) -> None:
        for writer in self._writers:
            writer.hand_over()

    async def tell_states(self) -> None:
        """Figures of running pulls; changes of state are told at once by the roster."""
        while True:
            await self.clock.sleep(STATES_S)
            for state in self.roster.states():
                if state.state == "online":
                    self._on_state(state)

    async def close(self) -> None:
        """Every segment closed and synced, and control given a moment to commit them."""
        self._probing.close()
        await self.roster.close()
        stopped = await asyncio.gather(*(asyncio.to_thread(writer.stop, "stop", STOP_CLOSE_S) for writer in self._writers))
        if not all(stopped):
            get_log("worker").error("a volume did not close its segments in time; recovery will")
        deadline_us = self.clock.mono_us() + int(LAST_ACKS_S * 1_000_000)
        await asyncio.sleep(0)
        while self.uplink.unacknowledged and self.clock.mono_us() < deadline_us:
            await self.clock.sleep(0.05)

    def _open_volumes(self) -> list[VolumeWriter]:
        """Raises CONFIG when a volume is not the one its identity file says."""
        config, files = self._config, RealFiles()
        writers: list[VolumeWriter] = []
        for volume in config.volumes:
            opened = open_volume(volume.path, config.node_id, files, expect=volume.id)
            segment_us = int(config.segment_seconds * 1_000_000)
            writers.append(VolumeWriter(opened, self.clock, self._on_reports, segment_us=segment_us))
        if not writers:
            raise VmsError(Kind.CONFIG, "a node needs at least one volume")
        for writer in writers:
            writer.start()
        return writers

    def _on_reports(self, reports: Sequence[Report]) -> None:
        """From a volume's thread."""
        with contextlib.suppress(RuntimeError):  # the loop is gone: recovery reads the files
            self._loop.call_soon_threadsafe(self.uplink.reports, list(reports))

    def _on_stream(self, order: PullOrder, stream: Stream) -> None:
        """Recording follows the order; the recorder is attached before the first chunk, or at the next key frame."""
        known = self._recorders.get(order.key)
        if not order.record:
            self._forget({order.key})
            return
        wish = Wish() if order.wish is None else parse_wish(order.wish)
        if known is not None:
            known[0].follow(wish, self.clock.wall_us(), self.clock.mono_us())
            return
        resume = GapBefore(order.resume.end_us, gap_cause(order.resume.cause)) if order.resume else None
        recorder = self._writer_of(order.camera).recorder(order.camera, order.profile, resume=resume)
        planned = PlannedRecorder(recorder, wish, lambda: self._recording_changed(order.key), max_ring_bytes=self._config.prerecord_bytes)
        self._recorders[order.key] = (planned, stream)
        stream.attach(planned, self.clock.mono_us(), cached=False)

    def _recording_changed(self, key: Key) -> None:
        """A plan begins or ends recording: the state says so at once."""
        state = self.roster.state(*key)
        if state is not None:
            self._on_state(state)

    def _on_state(self, state: CameraState) -> None:
        """What is pulled for a plan is recorded only while the plan wants it."""
        known = self._recorders.get((state.camera, state.profile))
        recording = state.recording and known is not None and (known[0].open or known[0].wanted(self.clock.wall_us()))
        self.uplink.state(replace(state, recording=recording))

    def _forget(self, keys: set[Key]) -> None:
        for key in keys & self._recorders.keys():
            recorder, stream = self._recorders.pop(key)
            stream.detach(recorder)
            recorder.stop("operator_stop")

    def _writer_of(self, camera: str) -> VolumeWriter:
        return self._writers[crc32(camera.encode()) % len(self._writers)]

    def _retell(self) -> None:
        for writer in self._writers:
            writer.retell()


async def main(child: Child, stop: asyncio.Event) -> None:
    configure(child.config.log_format, level=child.config.log_level, role="worker", worker=child.index)
    keep_freed_memory()
    worker = Worker(child)
    server = await worker.server.listen(child.listener("link"))
    tasks = supervise({"tick": Calling(worker.tick), "states": Calling(worker.tell_states)}, worker.clock)
    await stop.wait()
    await end(tasks)
    await worker.close()
    server.close()


if __name__ == "__main__":
    run(main)
