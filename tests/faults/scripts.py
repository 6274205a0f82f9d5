"""Short recordings by the recorder's own thread work, with the log of everything they did to disk and index.

Each script drives `VolumeWork` with a hand-wound clock in ticks of 0.4 s; reports become rows during the tick after they were told, and the
log holds `fed` (what a camera had sent), `committing` and `committed` (paths) between the file operations.
Not here: what a power cut makes of it (powercut).
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.files import Exit, Fail, Log, WatchedFiles
from tests.record.chunks import FRAME_US, INFO, T0_US, begin, chunks, fake_init
from vms.base.clock import ManualClock
from vms.media.types import Chunk, Init
from vms.record.kinds import RecordItem
from vms.record.recorder import Recorder
from vms.record.reports import Report, SegmentReport
from vms.record.segment_writer import Place, SegmentWriter
from vms.record.volume_work import RETRY_FIRST_US, Batch, Lane, VolumeWork
from vms.storage.volumes import open_volume
from vms.stream.stream import Begin, End, Gap, Item

NODE = "node-1"
TICK_US = 400_000
GOP_US = 10 * FRAME_US
CAMERAS = tuple(f"aaaaaaaa-0000-4000-8000-{number:012}" for number in range(1, 7))
OTHER_INIT = Init(INFO, fake_init([INFO, INFO]))


@dataclass
class Tape:
    """A finished script: the log from the opened volume on, and the reports by path."""

    log: Log
    volume: str
    reports: dict[str, SegmentReport] = field(default_factory=dict[str, SegmentReport])
    injected: int = 0
    refused_us: int = 0
    """What the script's own fault cost before any power cut: a GOP, and the pause after it."""


class Stage:
    """A volume whose every operation is recorded, and the lanes that write to it."""

    def __init__(self, folder: Path, fail: Fail | None = None, death: Exit | None = None, segment_us: int = 1_600_000) -> None:
        self.log = Log()
        self.fail = fail
        self.files = WatchedFiles(*(watcher for watcher in (fail, self.log, death) if watcher))
        self.volume = open_volume(str(folder), NODE, self.files, create=True)
        self.tape = Tape(self.log, self.volume.id)
        self._clock = ManualClock(T0_US)
        self._work = VolumeWork(self.volume, self._clock, self._told)
        self._segment_us = segment_us
        self._lanes: dict[str, Lane] = {}
        self._waiting: list[SegmentReport] = []

    def lane(self, camera: str) -> Lane:
        if camera not in self._lanes:
            place = Place(NODE, camera, "main", self.volume.id)
            self._lanes[camera] = Lane(Recorder(camera, "main"), SegmentWriter(place, self._segment_us, None, fake_init))
        return self._lanes[camera]

    def tick(self, items: dict[str, list[RecordItem]]) -> None:
        """0.4 s pass; the index learns what was reported before."""
        batch: Batch = []
        for camera, some in items.items():
            sent = [item for item in some if isinstance(item, Chunk)]
            if sent:
                spans = [(sent[0].wall_us, sent[-1].wall_us + sent[-1].frames * FRAME_US)]
                self.log.mark("fed", json.dumps([camera, spans]))
            batch.append((self.lane(camera), some, any(isinstance(item, End) and item.cause == "stop" for item in some)))
        self._clock.step_mono(TICK_US)
        with self._committing():
            self._work.tick(batch)

    def finish(self) -> Tape:
        with self._committing():
            self._work.finish()
        with self._committing():
            pass
        self.files.die()
        self.tape.injected = len(self.fail.injected) if self.fail else 0
        return self.tape

    def _told(self, reports: Sequence[Report]) -> None:
        self._waiting += [report for report in reports if isinstance(report, SegmentReport)]

    @contextmanager
    def _committing(self) -> Generator[None]:
        """What was told before is on its way into the index while the disk goes on."""
        reports, self._waiting = self._waiting, []
        paths = json.dumps([report.path for report in reports])
        if reports:
            self.log.mark("committing", paths)
        yield
        if reports:
            self.tape.reports |= {report.path: report for report in reports}
            self.log.mark("committed", paths)


def pieces(seconds: float, *, start_us: int = T0_US, first: int = 0) -> list[list[Item]]:
    """What one tick hands over: a GOP of two chunks, some kilobytes large."""
    frames = int(seconds * 1_000_000) // FRAME_US
    found = list(chunks(frames, start_us=start_us, first=first, body_bytes=1300))
    return [list(found[i : i + 2]) for i in range(0, len(found), 2)]


def play(stage: Stage, camera: str, script: Iterable[Sequence[Item]]) -> None:
    for items in script:
        stage.tick({camera: list(items)})


def opening(stage: Stage) -> None:
    """The first seconds of a new camera: new folders, a new file."""
    play(stage, CAMERAS[0], [[begin()], *pieces(1.6)])


def rollover(stage: Stage) -> None:
    play(stage, CAMERAS[0], [[begin(), *pieces(0.4)[0]], *pieces(5.6)[1:]])


def init_change(stage: Stage) -> None:
    play(stage, CAMERAS[0], [[begin()], *pieces(2)])
    changed = Begin(begin().run, (OTHER_INIT,), T0_US + 2_000_000)
    play(stage, CAMERAS[0], [[changed], *pieces(2.4, start_us=T0_US + 2_000_000, first=50)])


def close(stage: Stage) -> None:
    play(stage, CAMERAS[0], [[begin()], *pieces(2.4), [End("stop")], *([[]] * 6)])


def gap(stage: Stage) -> None:
    play(stage, CAMERAS[0], [[begin()], *pieces(2), [Gap("network")], *([[]] * 3)])
    play(stage, CAMERAS[0], pieces(2.4, start_us=T0_US + 3_600_000, first=90))


def several(stage: Stage) -> None:
    """Six cameras out of step: more new files in one tick than are synced one by one."""
    stage.tick({camera: [begin()] for camera in CAMERAS})
    for items in pieces(5.2):
        stage.tick({camera: list(items) for camera in CAMERAS})


def delete(stage: Stage) -> None:
    """What the recorder itself removes: a file that fails in its first GOP; the next key frame opens another."""
    script = pieces(4.8)
    play(stage, CAMERAS[0], [[begin()], script[0][:1], script[0][1:], *script[1:]])


SCRIPTS: dict[str, Callable[[Stage], None]] = {
    "open": opening,
    "rollover": rollover,
    "init change": init_change,
    "close": close,
    "gap": gap,
    "several cameras": several,
    "delete": delete,
}


def fault_of(name: str) -> Fail | None:
    return Fail(2, errno.ENOSPC, frozenset({"write"}), torn=True, where=".mp4") if name == "delete" else None


def record(name: str, folder: Path) -> Tape:
    """One script played to its end. `delete` has its second write failed, or it would have nothing to remove."""
    folder.mkdir(parents=True)
    fail = fault_of(name)
    stage = Stage(folder, fail)
    SCRIPTS[name](stage)
    tape = stage.finish()
    assert tape.reports or name == "open", f"{name}: nothing was recorded"
    if fail:
        tape.refused_us = GOP_US + RETRY_FIRST_US + TICK_US
        assert tape.injected == 1, "the fault must have happened"
        assert tape.log.count(frozenset({"unlink"})), "nothing was removed"
    return tape


def after_opening(tape: Tape) -> int:
    """Where the log's volume has its identity on the disk: a node records only on an opened volume."""
    return next(i for i, op in enumerate(tape.log.ops) if op.name == "fsync_dir" and op.path == "") + 1
