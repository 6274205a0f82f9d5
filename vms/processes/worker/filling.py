"""Filling holes from a camera's own recordings, beside the recording and never at its cost: one fill at a time, its own writer thread.

In: order in, GOPs placed and written with `origin=edge`, segments told like any other, one `filled` message at the end.
Not here: which holes (control), the camera's side (ingest.replay), places (record.edge).
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.log import get_log
from vms.base.timespan import MAX_US, SECOND_US
from vms.ingest.orders import PullOrder
from vms.ingest.past import PastGop
from vms.ingest.replay import Fetch, camera_source
from vms.media.cmaf import Chunker, make_init
from vms.media.timestamps import Timestamper
from vms.media.types import VIDEO_TRACK, AccessUnit, Chunk, TrackInfo
from vms.record.causes import gap_cause
from vms.record.edge import Hole, Placed, Placer
from vms.record.kinds import Until
from vms.record.recorder import Recorder
from vms.record.reports import GapBefore, Report, SegmentReport, Trouble
from vms.record.volume_writer import VolumeWriter
from vms.storage.volumes import Volume
from vms.stream.frames import Message
from vms.stream.stream import Begin

MAX_HOLES = 100
PENDING_BYTES = 4 * 1024 * 1024
WAIT_S = 0.05
STOP_S = 10.0
_log = get_log("worker.filling")


@dataclass(frozen=True, slots=True)
class FillOrder:
    """Fill these holes of a camera profile; `pull` says where its recordings are, `offset_us` how far its clock is ahead."""

    id: str
    pull: PullOrder
    offset_us: int
    holes: tuple[Hole, ...]

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> FillOrder:
        """Raises BAD_REQUEST."""
        offset_us, rows = data.get("offset_us"), data.get("holes")
        if type(offset_us) is not int or abs(offset_us) > MAX_US or not isinstance(rows, list) or len(cast("list[Any]", rows)) > MAX_HOLES:
            raise VmsError(Kind.BAD_REQUEST, "a fill order has a wrong field", field="holes")
        try:
            holes = tuple(Hole(int(a), int(b), gap_cause(str(c)), str(d), bool(j)) for a, b, c, d, j in cast("list[Any]", rows))
        except (TypeError, ValueError) as error:
            raise VmsError(Kind.BAD_REQUEST, "a fill order has a wrong field", field="holes") from error
        return FillOrder(str(data.get("id")), PullOrder.from_json(data.get("order") or {}), offset_us, holes)


@dataclass(slots=True)
class _Counts:
    frames: int = 0
    bytes: int = 0
    segments: int = 0
    trouble: str = ""


class Filling:
    """`start` an order; it is answered by one message, whatever happens. `volume_of` names a volume that is well, if there is one."""

    def __init__(
        self,
        clock: Clock,
        volume_of: Callable[[str], Volume | None],
        owes: Callable[[str, str], bool],
        on_reports: Callable[[Sequence[Report]], None],
        send: Callable[[Message], None],
        *,
        segment_us: int,
        source: Callable[[PullOrder, Clock], Fetch] = camera_source,
    ) -> None:
        self._clock = clock
        self._volume_of = volume_of
        self._owes = owes
        self._on_reports = on_reports
        self._send = send
        self._segment_us = segment_us
        self._source = source
        self._task: asyncio.Task[None] | None = None

    def start(self, message: Mapping[str, Any]) -> None:
        """Raises BAD_REQUEST. What comes while one runs, or before control has what the last one told, is answered `overload`."""
        order = FillOrder.from_json(message)
        if self._task is not None or self._owes(order.pull.camera, order.pull.profile):
            self._send(_answer(order, _Counts(), VmsError(Kind.OVERLOAD, "another fill is not over")))
            return
        self._task = asyncio.create_task(self._run(order), name=f"fill {order.pull.camera}/{order.pull.profile}")

    async def close(self) -> None:
        """What was taken until now is kept."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, order: FillOrder) -> None:
        counts, error = _Counts(), None
        try:
            await self._fill(order, counts)
        except VmsError as refused:
            error = refused
        except OSError as failed:
            error = VmsError(Kind.IO_ERROR, "the volume went away", errno=failed.errno)
        except Exception as bug:  # noqa: BLE001  (one camera's poison must not keep others from being filled)
            _log.error("a fill failed", camera=order.pull.camera, error=repr(bug)[:300])
            error = VmsError(Kind.PROTOCOL, "this camera's recording could not be handled")
        finally:
            self._task = None
        self._send(_answer(order, counts, error))

    async def _fill(self, order: FillOrder, counts: _Counts) -> None:
        volume = self._volume_of(order.pull.camera)
        if volume is None:
            raise VmsError(Kind.IO_ERROR, "no volume is well")

        def heard(reports: Sequence[Report]) -> None:
            """From the writer's thread. Growing segments are not told: they are on the timeline once they are whole."""
            for report in reports:
                if isinstance(report, SegmentReport):
                    counts.segments += 1
                elif isinstance(report, Trouble):
                    counts.trouble = report.cause
            self._on_reports([report for report in reports if isinstance(report, SegmentReport)])

        with volume.in_use():
            writer = VolumeWriter(volume, self._clock, heard, segment_us=self._segment_us)
            writer.start()
            try:
                fetch = self._source(order.pull, self._clock)
                for hole in order.holes:
                    await self._hole(order, hole, fetch, writer, counts)
            finally:
                stopped = await asyncio.shield(asyncio.to_thread(writer.stop, "stop", STOP_S))
            if not stopped or counts.trouble:
                raise VmsError(Kind.IO_ERROR, "the disk did not take it", trouble=counts.trouble)

    async def _hole(self, order: FillOrder, hole: Hole, fetch: Fetch, writer: VolumeWriter, counts: _Counts) -> None:
        placer = Placer(hole, order.offset_us)
        runs = _Runs(order, hole, writer)

        async def take(gop: PastGop) -> bool:
            placed = placer.place(gop.start_us, gop.end_us)
            if placed is not None:
                recorder = runs.put(gop, placed)
                counts.frames += len(gop.units)
                counts.bytes += sum(u.unit.size for u in gop.units)
                writer.tick()
                while recorder.pending_bytes > PENDING_BYTES and not counts.trouble:
                    await self._clock.sleep(WAIT_S)
            return not placer.over and not counts.trouble

        try:
            await fetch(placer.asked(), take)
        except VmsError as error:
            if error.facts.get("status") != 457:
                raise
            # 457: it has nothing of this span, which is an answer
        finally:
            runs.stop()
            writer.tick()


class _Runs:
    """GOPs that follow each other are a run with a recorder of its own; between two runs is what is left of the hole."""

    def __init__(self, order: FillOrder, hole: Hole, writer: VolumeWriter) -> None:
        self._order, self._hole, self._writer = order, hole, writer
        self._end_us = hole.start_us
        self._recorder: Recorder | None = None
        self._tracks: dict[int, _Track] = {}
        self._begin_us = 0

    def put(self, gop: PastGop, placed: Placed) -> Recorder:
        start_us = placed.start_us - placed.lead_us
        recorder = self._recorder
        if recorder is None or gop.fresh or placed.start_us != self._end_us:
            recorder = self._begin(gop, placed, start_us)
        units = gop.units
        if placed.cut_us < gop.end_us - self._order.offset_us:
            kept_us = placed.cut_us + self._order.offset_us
            step_us = (gop.end_us - gop.start_us) // max(1, sum(u.track == VIDEO_TRACK for u in units))
            units = tuple(u for u in units if u.wall_us < kept_us - step_us // 2)
        for number, track in sorted(self._tracks.items()):
            mine = [u for u in units if u.track == number]
            if not mine:
                continue
            wall_us = start_us if number == VIDEO_TRACK else start_us + mine[0].wall_us - gop.start_us
            chunk = track.chunk([u.unit for u in mine], wall_us, wall_us - self._begin_us)
            if chunk is not None:
                recorder.put(chunk, 0)
        recorder.put(Until(placed.end_us), 0)
        self._end_us = placed.end_us
        return recorder

    def stop(self) -> None:
        if self._recorder is not None:
            self._recorder.stop("stop")
            self._recorder = None

    def _begin(self, gop: PastGop, placed: Placed, start_us: int) -> Recorder:
        self.stop()
        order, hole = self._order, self._hole
        gap = GapBefore(self._end_us, hole.cause, hole.detail)
        recorder = self._recorder = self._writer.recorder(
            order.pull.camera, order.pull.profile, resume=gap, origin="edge", camera_offset_us=order.offset_us
        )
        self._tracks = {info.track: _Track(info) for info in gop.infos}
        self._begin_us = start_us
        recorder.put(Begin(str(uuid.uuid4()), tuple(map(make_init, gop.infos)), start_us), 0)
        return recorder


class _Track:
    """One track of a run, a chunk a GOP. Sound begins where it was heard: both tracks share media zero."""

    def __init__(self, info: TrackInfo) -> None:
        self._info = info
        self._timestamper = Timestamper(info)
        self._chunker = Chunker(info)
        self._shift: int | None = None

    def chunk(self, units: Sequence[AccessUnit], wall_us: int, since_begin_us: int) -> Chunk | None:
        frames = self._timestamper.push(units)
        if not frames:
            return None
        if self._shift is None:
            self._shift = 0 if self._info.is_video else max(0, since_begin_us) * self._info.timescale // SECOND_US
        if self._shift:
            frames = [f._replace(dts=f.dts + (self._shift or 0), pts=f.pts + (self._shift or 0)) for f in frames]
        return self._chunker.chunk(frames, wall_us)


def _answer(order: FillOrder, counts: _Counts, error: VmsError | None) -> Message:
    return {
        "op": "filled",
        "id": order.id,
        "ok": error is None,
        "cause": None if error is None else error.kind.value,
        "message": "" if error is None else error.message,
        "frames": counts.frames,
        "bytes": counts.bytes,
        "segments": counts.segments,
    }
