"""The demo's past: minutes of each camera written by the recorder's own writer with an earlier clock, `origin=seed`.

A program of its own (`python -m vms.demo.past JOB.json`), so that it runs beside the node's start; the node adopts the
files by a rescan. Not here: frames (sim), the writer (record.seed).
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from vms.base.clock import SystemClock
from vms.base.timespan import SECOND_US
from vms.media.cmaf import Chunker, make_init
from vms.media.timestamps import Timestamper
from vms.media.types import VIDEO_TRACK, AccessUnit, Chunk, TrackInfo
from vms.record.seed import Seeder
from vms.sim.clips import load_clips
from vms.sim.past import ClipFrames
from vms.storage.files import RealFiles
from vms.storage.volumes import open_volume
from vms.stream.stream import Begin


@dataclass(frozen=True, slots=True)
class PastCamera:
    """Whose past: the register's id, the simulated camera's number, its clip."""

    camera: str
    number: int
    clip: str


@dataclass(frozen=True, slots=True)
class PastJob:
    """One program run: where to write, for whom, from when to when."""

    volume: str
    node: str
    segment_seconds: float
    from_us: int
    to_us: int
    cameras: tuple[PastCamera, ...]

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)))

    @staticmethod
    def load(path: Path) -> PastJob:
        raw = json.loads(path.read_text())
        raw["cameras"] = tuple(PastCamera(**camera) for camera in raw["cameras"])
        return PastJob(**raw)


class _Track:
    """One track of one camera on its way from units to whole-GOP chunks."""

    def __init__(self, info: TrackInfo, begin_us: int) -> None:
        self.info = info
        self._begin_us = begin_us
        self._timestamper = Timestamper(info)
        self._chunker = Chunker(info)
        self._units: list[AccessUnit] = []
        self._first_us: int | None = None
        self._shift = 0

    def add(self, unit: AccessUnit, wall_us: int) -> None:
        """Sound begins where it was heard, not where the run does: both tracks share media zero."""
        if self._first_us is None and not self.info.is_video:
            self._shift = (wall_us - self._begin_us) * self.info.timescale // SECOND_US
        if not self._units:
            self._first_us = wall_us
        self._units.append(unit)

    def flush(self) -> Iterator[Chunk]:
        """What has gathered, as one chunk."""
        units, self._units = self._units, []
        frames = self._timestamper.push(units)
        if self._shift:
            frames = [f._replace(dts=f.dts + self._shift, pts=f.pts + self._shift) for f in frames]
        if frames and self._first_us is not None:
            yield self._chunker.chunk(frames, self._first_us)


def past_of(camera: PastCamera, from_us: int, to_us: int) -> tuple[Begin, Iterator[Chunk]]:
    """The run of one camera: its Begin and whole-GOP chunks in file order."""
    frames = ClipFrames(load_clips([camera.clip])[camera.clip], camera.number)
    units = frames.units(from_us, to_us)
    first_track, first_unit, begin_us = next(unit for unit in units if unit[0] == VIDEO_TRACK)
    tracks = {info.track: _Track(info, begin_us) for info in frames.infos()}
    tracks[first_track].add(first_unit, begin_us)
    inits = tuple(make_init(track.info) for track in tracks.values())
    return Begin(str(uuid.uuid4()), inits, begin_us), _chunks(tracks, units)


def _chunks(tracks: dict[int, _Track], units: Iterator[tuple[int, AccessUnit, int]]) -> Iterator[Chunk]:
    for number, unit, wall_us in units:
        if number == VIDEO_TRACK and unit.key:
            for track in tracks.values():
                yield from track.flush()
        if number in tracks:
            tracks[number].add(unit, wall_us)
    for track in tracks.values():
        yield from track.flush()


def write_past(job: PastJob) -> int:
    """How many segments were written and synced."""
    volume = open_volume(job.volume, job.node, RealFiles())
    seeder = Seeder(volume, SystemClock(), segment_us=int(job.segment_seconds * SECOND_US))
    for camera in job.cameras:
        begin, chunks = past_of(camera, job.from_us, job.to_us)
        seeder.add(camera.camera, "main", begin, chunks)
    return len(seeder.finish())


if __name__ == "__main__":
    write_past(PastJob.load(Path(sys.argv[1])))
