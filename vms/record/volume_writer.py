"""The one thread that writes to a volume, and what the event loop says to it: one handover for many cameras.

Not here: what the thread does (volume_work), how much a camera may have waiting (recorder).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from queue import SimpleQueue

from vms.base.clock import Clock
from vms.media.cmaf import make_file_init
from vms.record.recorder import Recorder
from vms.record.reports import GapBefore
from vms.record.segment_writer import FileInit, Place, SegmentWriter
from vms.record.volume_work import Batch, Lane, OnReports, VolumeWork
from vms.storage.seals import Origin
from vms.storage.volumes import Volume


class VolumeWriter:
    """Build it with an opened volume, `start` it, `tick` it from the event loop, `stop` it. `on_reports` runs in the thread."""

    def __init__(
        self,
        volume: Volume,
        clock: Clock,
        on_reports: OnReports,
        *,
        segment_us: int = 60_000_000,
        file_init: FileInit = make_file_init,
    ) -> None:
        self.volume = volume
        self._file_init = file_init
        self._segment_us = segment_us
        self._work = VolumeWork(volume, clock, on_reports)
        self._queue: SimpleQueue[Batch | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"volume-{volume.id[:8]}", daemon=True)
        self._retell = False
        self._lanes: dict[Recorder, Lane] = {}

    def recorder(
        self, camera: str, profile: str, *, resume: GapBefore | None = None, origin: Origin = "live", camera_offset_us: int = 0
    ) -> Recorder:
        """A new recorder on this volume. `resume` says since when and why nothing was recorded before; end it with `stop`."""
        place = Place(self.volume.node, camera, profile, self.volume.id, origin, camera_offset_us)
        recorder = Recorder(camera, profile)
        self._lanes[recorder] = Lane(recorder, SegmentWriter(place, self._segment_us, resume, self._file_init))
        return recorder

    def tick(self) -> None:
        """Hand everything that came to the thread. Call it every ~400 ms; it is also the thread's clock."""
        batch = self._batch(self._lanes)
        if batch or self._queue.empty():
            self._queue.put(batch)

    def hand_over(self) -> None:
        """Hand over what a slice of batched reads brought, while the processor still has it at hand."""
        batch = self._batch([recorder for recorder in self._lanes if recorder.pressing])
        if batch:
            self._queue.put(batch)

    def _batch(self, recorders: Iterable[Recorder]) -> Batch:
        batch: Batch = []
        for recorder in tuple(recorders):
            lane = self._lanes[recorder]
            if items := recorder.take():
                batch.append((lane, items, recorder.ended))
            if recorder.ended:
                del self._lanes[recorder]
        return batch

    def retell(self) -> None:
        """Tell all open segments from their first GOP on with the next tick: control has (re)connected."""
        self._retell = True

    def start(self) -> None:
        self._thread.start()

    def stop(self, cause: str = "stop", timeout_s: float = 5.0) -> bool:
        """Close every segment, sync and report. Blocks; False when the disk did not answer in time."""
        for recorder in self._lanes:
            recorder.stop(cause)
        self.tick()
        self._queue.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (batch := self._queue.get()) is not None:
            if self._retell:
                self._retell = False
                self._work.retell()
            self._work.tick(batch)
        self._work.finish()
