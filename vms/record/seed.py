"""Recordings made with an earlier clock, by the recorder's own writer: sealed, synced, marked `origin=seed`.

For the demo's five minutes of past and for tests. Not here: where the chunks come from (sim), the index (recovery adopts the files).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vms.base.clock import Clock
from vms.media.cmaf import make_file_init
from vms.media.types import Chunk
from vms.record.kinds import RecordItem
from vms.record.recorder import Recorder
from vms.record.reports import Report, SegmentReport
from vms.record.segment_writer import FileInit, Place, SegmentWriter
from vms.record.volume_work import Lane, VolumeWork
from vms.storage.volumes import Volume
from vms.stream.stream import Begin, End

PIECE_BYTES = 4 * 1024 * 1024


class Seeder:
    """`add` a camera after the other, then `finish`: all of them share one sync."""

    def __init__(self, volume: Volume, clock: Clock, *, segment_us: int = 60_000_000, file_init: FileInit = make_file_init) -> None:
        self._volume = volume
        self._segment_us = segment_us
        self._file_init = file_init
        self._reports: list[SegmentReport] = []
        self._work = VolumeWork(volume, clock, self._keep)

    def add(self, camera: str, profile: str, begin: Begin, chunks: Iterable[Chunk]) -> None:
        """Chunks carry the earlier wall times; give whole GOPs per chunk to make it quick."""
        place = Place(self._volume.node, camera, profile, self._volume.id, "seed")
        lane = Lane(Recorder(camera, profile), SegmentWriter(place, self._segment_us, file_init=self._file_init))
        items: list[RecordItem] = [begin]
        waiting = 0
        for chunk in chunks:
            items.append(chunk)
            waiting += len(chunk.data)
            if waiting > PIECE_BYTES:
                self._work.tick([(lane, items, False)])
                items, waiting = [], 0
        items.append(End("stop"))
        self._work.tick([(lane, items, True)])

    def finish(self) -> list[SegmentReport]:
        """Sync, and everything that was written."""
        self._work.finish()
        return self._reports

    def _keep(self, reports: Sequence[Report]) -> None:
        self._reports += [report for report in reports if isinstance(report, SegmentReport)]
