"""What a worker records, and where: each camera on one of the volumes that are well, moved when that changes.

In: one writer per volume, recorders that follow orders, moves to and from a volume that goes or comes.
Not here: whether a volume is well (storage.volume_set), the writing (record).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vms.base.clock import Clock
from vms.base.log import get_log
from vms.ingest.orders import Key, PullOrder
from vms.processes.config import NodeConfig
from vms.processes.worker.moving import Move
from vms.record.causes import gap_cause
from vms.record.prerecord import NOT_PLANNED, PlannedRecorder
from vms.record.recorder import Recorder
from vms.record.reports import GapBefore, Growth, OpenSegment, Report, SegmentReport, Trouble
from vms.record.volume_writer import VolumeWriter
from vms.record.wish import Wish, parse_wish
from vms.storage.files import Files
from vms.storage.holding import holder_of
from vms.storage.placing import volume_for
from vms.storage.volume_set import VolumeSet
from vms.storage.volumes import Volume
from vms.storage.watch import Look, Looking
from vms.stream.stream import Stream

FIRST_LOOK_S = 3.0
STOP_CLOSE_S = 5.0
LEAVE_US = 15_000_000
"""A volume that is left waits so long for the key frames of its cameras."""
RETURN_FIRST_US = 1_000_000
RETURN_MOST_US = 300_000_000
WELL_US = 600_000_000
"""A volume that comes and goes is used again later each time, until it was well for so long."""


@dataclass(slots=True)
class _Recording:
    """One camera profile. `volume` is where it shall be, `writer` where it is: while `move` lasts these are two.

    All but the first are empty while there is no volume to record on.
    """

    key: Key
    stream: Stream
    wish: Wish
    resume: GapBefore | None
    volume: str = ""
    writer: VolumeWriter | None = None
    planned: PlannedRecorder | None = None
    move: Move | None = None


@dataclass(slots=True)
class _Trust:
    """How long a volume that is well again has to wait before it is used."""

    well_since_us: int = 0
    wait_us: int = 0
    well: bool = False


class Recordings:
    """Lives on the worker's loop. `on_reports` is called from the volumes' threads, `on_change` when a plan begins or ends one."""

    def __init__(
        self,
        config: NodeConfig,
        files: Files,
        clock: Clock,
        on_reports: Callable[[Sequence[Report]], None],
        on_change: Callable[[Key], None],
    ) -> None:
        looking = Looking(config.data_dir, config.node_id, holder_of(config.data_dir), files)
        self.volumes = VolumeSet(looking, clock, self._changed)
        self._segment_us = int(config.segment_seconds * 1_000_000)
        self._ring_bytes = config.prerecord_bytes
        self._clock = clock
        self._on_reports = on_reports
        self._on_change = on_change
        self._writers: dict[str, VolumeWriter] = {}
        self._leaving: dict[VolumeWriter, int] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._trust: dict[str, _Trust] = {}
        self._recordings: dict[Key, _Recording] = {}
        self._troubles: dict[Key, Trouble] = {}
        self._placed_on: list[str] = []
        self._log = get_log("worker.volumes")

    async def begin(self) -> None:
        """The volumes that are there are open before the first order comes."""
        await self.volumes.first(FIRST_LOOK_S)

    @property
    def keys(self) -> set[Key]:
        return set(self._recordings)

    def volume_of(self, camera: str) -> Volume | None:
        """A volume that is well, for what is not live: the one the camera is recorded on, if that is."""
        now_us = self._clock.mono_us()
        looks = [self.volumes.looks[volume] for volume in self._writers]
        well = [look.known.id for look in looks if look.state == "ok" and self._is_trusted(look.known.id, now_us)]
        volume = volume_for(camera, well)
        return None if volume is None else self._writers[volume].volume

    def wants(self, camera: str, profile: str) -> bool:
        """Whether its plan has it recorded now."""
        recording = self._recordings.get((camera, profile))
        planned = recording.planned if recording is not None else None
        return planned is not None and (planned.open or planned.wanted(self._clock.wall_us()))

    def follow(self, order: PullOrder, stream: Stream) -> None:
        """Recording follows the order; the recorder is attached before the first chunk, or at the next key frame."""
        known = self._recordings.get(order.key)
        if not order.record:
            self.forget({order.key})
            return
        wish = Wish() if order.wish is None else parse_wish(order.wish)
        if known is not None:
            known.wish = wish
            if known.planned is not None:
                known.planned.follow(wish, self._clock.wall_us(), self._clock.mono_us())
            return
        resume = GapBefore(order.resume.end_us, gap_cause(order.resume.cause)) if order.resume else None
        started = self._recordings[order.key] = _Recording(order.key, stream, wish, resume)
        self._place(started, self._usable())
        if started.planned is None:
            self._tell_held_up([started])

    def forget(self, keys: set[Key]) -> None:
        for key in keys & self._recordings.keys():
            self._stop(self._recordings.pop(key))
            self._troubles.pop(key, None)

    def tick(self) -> None:
        """Hands chunks to the volumes' threads, and lets go of volumes that nobody records on any more."""
        if self._usable() != self._placed_on:
            self._place_all()
        for writer in (*self._writers.values(), *self._leaving):
            writer.tick()
        now_us = self._clock.mono_us()
        for writer, until_us in tuple(self._leaving.items()):
            if now_us >= until_us or not self._is_used(writer):
                del self._leaving[writer]
                task = asyncio.create_task(self._end(writer))
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)

    def hand_over(self) -> None:
        """What a slice of batched reads brought goes to the volumes' threads at once."""
        for writer in self._writers.values():
            writer.hand_over()

    def heard(self, reports: Sequence[Report]) -> None:
        """What the volumes' threads told, on the loop: a disk that fails must prove itself."""
        for report in reports:
            if isinstance(report, Trouble):
                key = (report.camera, report.profile)
                self._troubles[key] = report
                recording = self._recordings.get(key)
                if recording is not None and recording.writer is not None:
                    self.volumes.doubt(recording.writer.volume.id)
            elif self._troubles and not isinstance(report, Growth):
                self._recovered(report)

    def retell(self) -> None:
        for writer in self._writers.values():
            writer.retell()

    async def close(self) -> bool:
        """Every segment closed and synced; False when a disk did not answer in time."""
        writers = [*self._writers.values(), *self._leaving]
        stopped = await asyncio.gather(*(asyncio.to_thread(writer.stop, "stop", STOP_CLOSE_S) for writer in writers))
        if self._ending:
            await asyncio.wait(self._ending, timeout=STOP_CLOSE_S)
        return all(stopped)

    # --- volumes that come and go ---

    def _changed(self, look: Look) -> None:
        volume = look.known.id
        trust = self._trust.setdefault(volume, _Trust())
        now_us = self._clock.mono_us()
        well = look.state == "ok"
        if well and not trust.well:
            trust.well_since_us = now_us
        elif not well:
            lasted = trust.well and now_us - trust.well_since_us >= WELL_US
            trust.wait_us = RETURN_FIRST_US if lasted else min(max(2 * trust.wait_us, RETURN_FIRST_US), RETURN_MOST_US)
        trust.well = well
        self._open_writer(look)
        self._place_all()

    def _open_writer(self, look: Look) -> None:
        """The writer goes with the opened volume: a new descriptor is a new writer."""
        writer = self._writers.get(look.known.id)
        if writer is not None and writer.volume is not look.volume:
            self._leaving[self._writers.pop(look.known.id)] = self._clock.mono_us() + LEAVE_US
            writer = None
        if writer is None and look.volume is not None:
            writer = VolumeWriter(look.volume, self._clock, self._on_reports, segment_us=self._segment_us)
            writer.start()
            self._writers[look.known.id] = writer

    async def _end(self, writer: VolumeWriter) -> None:
        if await asyncio.to_thread(writer.stop, "stop", STOP_CLOSE_S):
            await asyncio.to_thread(writer.volume.close)
        else:
            self._log.error("a refused volume does not answer; its descriptors stay", volume=writer.volume.id)

    # --- placing ---

    def _usable(self) -> list[str]:
        """Volumes to record on: those that are well; else full ones, whose refusal is told; else silent ones."""
        now_us = self._clock.mono_us()
        looks = [self.volumes.looks[volume] for volume in self._writers]
        well = [look.known.id for look in looks if look.state == "ok" and self._is_trusted(look.known.id, now_us)]
        return well or [look.known.id for look in looks if look.state != "failed"] or [look.known.id for look in looks]

    def _is_trusted(self, volume: str, now_us: int) -> bool:
        trust = self._trust[volume]
        return now_us - trust.well_since_us >= trust.wait_us

    def _place_all(self) -> None:
        usable = self._placed_on = self._usable()
        for recording in self._recordings.values():
            self._place(recording, usable)
        if not usable and self._recordings:
            self._tell_held_up(list(self._recordings.values()))

    def _place(self, recording: _Recording, usable: Sequence[str]) -> None:
        volume = volume_for(recording.key[0], usable)
        if volume is None:
            self._stop(recording)
            return
        writer = self._writers[volume]
        recording.volume = volume
        if recording.writer is writer or recording.move is not None:
            return
        if recording.planned is not None:
            self._move(recording, recording.planned)
            return
        recorder = writer.recorder(*recording.key, resume=self._why(recording) or recording.resume)
        recording.writer = writer
        recording.planned = PlannedRecorder(
            recorder, recording.wish, lambda: self._on_change(recording.key), max_ring_bytes=self._ring_bytes
        )
        recording.stream.attach(recording.planned, self._clock.mono_us(), cached=False)

    def _move(self, recording: _Recording, planned: PlannedRecorder) -> None:
        """What is being recorded goes on at the next key frame; what waits for its plan goes at once."""

        def make(gap: GapBefore | None) -> Recorder:
            recording.writer = self._writers[recording.volume]
            return recording.writer.recorder(*recording.key, resume=gap)

        def moved(new: Recorder) -> None:
            planned.recorder, recording.move = new, None

        def why(start_us: int) -> GapBefore | None:
            return self._why(recording) or self._likely(recording, start_us)

        old = planned.recorder
        if not planned.gives:
            old.stop("operator_stop")
            moved(make(self._why(recording) or GapBefore(self._clock.wall_us(), NOT_PLANNED)))
        else:
            begin = recording.stream.begin
            planned.recorder = recording.move = Move(old, begin, planned.kind, make=make, why=why, moved=moved)

    def _likely(self, recording: _Recording, start_us: int) -> GapBefore | None:
        """A bad disk may be losing the last GOP just now: should the index find a hole before `start_us`, this is its cause."""
        look = self.volumes.looks.get(recording.writer.volume.id) if recording.writer is not None else None
        if look is None or look.state == "ok":
            return None
        return GapBefore(start_us - 1, "disk_full" if look.state == "full" else "io_error", look.detail[:100])

    def _tell_held_up(self, recordings: Sequence[_Recording]) -> None:
        """Nobody else would: without a volume there is no writer that could."""
        self._log.error("no volume to record on", recordings=len(recordings))
        now_us = self._clock.wall_us()
        troubles = [Trouble(*r.key, r.resume.from_us if r.resume else now_us, "io_error", "no volume") for r in recordings]
        self._on_reports(troubles)

    def _why(self, recording: _Recording) -> GapBefore | None:
        """The hole that the failing disk has told of, if there is one."""
        trouble = self._troubles.get(recording.key)
        return GapBefore(trouble.from_us, trouble.cause, trouble.detail) if trouble is not None else None

    def _stop(self, recording: _Recording) -> None:
        planned, recording.planned, recording.volume, recording.writer = recording.planned, None, "", None
        recording.move = None
        if planned is None:
            return
        recording.stream.detach(planned)
        planned.stop("operator_stop")
        recording.resume = self._why(recording) or GapBefore(self._clock.wall_us(), "io_error", "no volume")

    def _recovered(self, report: OpenSegment | SegmentReport) -> None:
        key = (report.camera, report.profile)
        trouble = self._troubles.get(key)
        if trouble is not None and report.start_us > trouble.from_us:
            del self._troubles[key]

    def _is_used(self, writer: VolumeWriter) -> bool:
        return any(recording.writer is writer for recording in self._recordings.values())
