"""What the writing thread of a volume does in one tick, as plain calls.

In: create, one write per camera, grouped sync, reports after sync, disk failures and the way back.
Not here: the thread and the handover (volume_writer), what the bytes are (segment_writer), the index (committer).

The write order (docs/design/recording.md): create, directory on the disk, bytes, sync; a segment is reported closed only
after a sync that began after its last byte.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from vms.base.clock import Clock
from vms.media.types import Chunk
from vms.record.kinds import RecordItem
from vms.record.recorder import Recorder
from vms.record.reports import Report, SegmentReport, Trouble, tail_of, whole_of
from vms.record.salvage import salvage
from vms.record.segment_writer import CloseFile, OpenFile, SegmentWriter
from vms.storage.volumes import Volume, folder_of, make_folder

SYNC_EVERY_US = 1_600_000  # with a tick of 0.4 s: at most 2 s between two syncs
OPEN_EVERY_US = 700_000
FOLDERS_EVERY_US = 400_000
RETRY_FIRST_US = 500_000
RETRY_MOST_US = 4_000_000
SYNC_MANY = 4  # more new files in one tick than this are cheaper by one syncfs than by one fsync each

Batch = list[tuple["Lane", list[RecordItem], bool]]
OnReports = Callable[[Sequence[Report]], None]


class Lane:
    """One recorder's side in the thread: its machine, its file, its back-off."""

    def __init__(self, recorder: Recorder, writer: SegmentWriter) -> None:
        self.recorder = recorder
        self.writer = writer
        self.fd = -1
        self.file: OpenFile | None = None
        self.parts: list[bytes] = []
        self.changed = False
        self.whole_told = False
        self.sealed_told = 0
        self.told_at_us = -OPEN_EVERY_US
        self.retry_at_us = 0
        self.retry_us = 0


class VolumeWork:
    """All state of one volume's writing; used by one thread only."""

    def __init__(self, volume: Volume, clock: Clock, on_reports: OnReports) -> None:
        self.volume = volume
        self._clock = clock
        self._on_reports = on_reports
        self._files = volume.files
        self._lanes: set[Lane] = set()
        self._folders: set[str] = set()
        self._new_folders: set[str] = set()
        self._closed: list[SegmentReport] = []
        self._reports: list[Report] = []
        self._dirty = False
        self._synced_at_us = clock.mono_us()
        self._folders_at_us = self._synced_at_us - FOLDERS_EVERY_US

    def retell(self) -> None:
        """The next tick tells all open segments whole: control is new and knows none."""
        for lane in self._lanes:
            lane.whole_told, lane.told_at_us, lane.changed = False, -OPEN_EVERY_US, True

    def finish(self) -> None:
        """After the last tick: sync and report what closed."""
        self._sync()
        self._post()

    def tick(self, batch: Batch) -> None:
        """One tick: what each recorder handed over, and whether that was its last."""
        now_us = self._clock.mono_us()
        for lane, items, ended in batch:
            self._lanes.add(lane)
            self._take(lane, items, now_us)
            if ended:
                self._lanes.discard(lane)
        if self._new_folders and now_us - self._folders_at_us >= FOLDERS_EVERY_US:
            self._folders_at_us = now_us
            self._sync_folders()
        if (self._dirty or self._closed) and now_us - self._synced_at_us >= SYNC_EVERY_US:
            self._sync()
        self._tell(now_us)
        self._post()

    def _take(self, lane: Lane, items: list[RecordItem], now_us: int) -> None:
        taken = sum(len(item.data) for item in items if isinstance(item, Chunk))
        if now_us < lane.retry_at_us:
            items = [item for item in items if not isinstance(item, Chunk)]
        try:
            self._write(lane, items)
        except OSError as error:
            self._fail(lane, error, now_us)
        lane.recorder.written_bytes += taken

    def _write(self, lane: Lane, items: list[RecordItem]) -> None:
        for action in lane.writer.feed(items):
            if isinstance(action, OpenFile):
                self._open(lane, action)
            elif isinstance(action, CloseFile):
                self._flush(lane)
                self._closed.append(action.report)
                self._close_whole(lane)
                told = tail_of(action.report, lane.sealed_told) if lane.whole_told else whole_of(action.report)
                self._reports.append(told)  # on the timeline before the sync is through
            else:
                lane.parts.append(action)
        self._flush(lane)

    def _flush(self, lane: Lane) -> None:
        if lane.parts:
            self._files.write(lane.fd, lane.parts)
            lane.parts = []
            lane.changed = self._dirty = True
            lane.retry_us = 0

    def _open(self, lane: Lane, action: OpenFile) -> None:
        lane.file = action
        folder = folder_of(action.path)
        if folder not in self._folders:
            make_folder(self.volume, folder)
            self._folders.add(folder)
        try:
            lane.fd = self._files.create(self.volume.root_fd, action.path)
        except FileNotFoundError:
            self._folders.discard(folder)  # somebody removed the empty folder: the next try makes it again
            raise
        self._files.lock(lane.fd, wait=True)  # recovery and check leave a file alone while its writer lives
        lane.whole_told = False
        self._new_folders.add(folder)

    def _close(self, lane: Lane) -> None:
        fd, lane.fd, lane.file = lane.fd, -1, None
        if fd >= 0:
            self._files.close(fd)

    def _close_whole(self, lane: Lane) -> None:
        """Behind its last byte; a close that fails may have lost some, but the segment is there and must be told."""
        try:
            self._close(lane)
        except OSError:
            self._closed[-1] = _suspect(self._closed[-1])
            raise

    def _sync_folders(self) -> None:
        """A file whose directory entry is not on the disk is lost whole by a power cut, synced bytes included."""
        folders, self._new_folders = self._new_folders, set()
        try:
            if len(folders) > SYNC_MANY:
                self._files.syncfs(self.volume.root_fd)
            else:
                for folder in folders:
                    self._files.fsync_dir(self.volume.root_fd, folder)
        except OSError as error:
            self._suspect_all(error)

    def _sync(self) -> None:
        self._synced_at_us = self._clock.mono_us()
        self._dirty = False
        self._new_folders.clear()
        try:
            self._files.syncfs(self.volume.root_fd)
        except OSError as error:
            self._suspect_all(error)
        self._reports += self._closed
        self._closed = []

    def _suspect_all(self, error: OSError) -> None:
        """A failed sync may have lost pages of any file, and the next one will not say so: all open segments are suspect for ever."""
        self._closed = [_suspect(report) for report in self._closed]
        now_us = self._clock.mono_us()
        for lane in self._lanes:
            if lane.file is not None:
                self._fail(lane, error, now_us)

    def _fail(self, lane: Lane, error: OSError, now_us: int) -> None:
        """Save what the seals prove, say so, and try again with the next key frame after a pause."""
        cause = "disk_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "io_error"
        detail = errno.errorcode.get(error.errno or 0, "unknown")
        lane.parts = []
        lost_from_us = lane.file.from_us if lane.file is not None else None  # the writer may have begun the next segment already
        report = self._save(lane, suspect=cause == "io_error")
        if report is not None:
            self._closed.append(report)
        lane.writer.fail(cause, detail, report.end_us if report else lost_from_us)
        lane.retry_us = min(max(2 * lane.retry_us, RETRY_FIRST_US), RETRY_MOST_US)
        lane.retry_at_us = now_us + lane.retry_us
        gap = lane.writer.gap
        if gap is not None:
            self._reports.append(Trouble(lane.recorder.camera, lane.recorder.profile, gap.from_us, cause, detail))

    def _save(self, lane: Lane, *, suspect: bool) -> SegmentReport | None:
        file, written = lane.file, lane.fd >= 0
        with suppress(OSError):  # its lock is gone, whatever closing says
            self._close(lane)
        try:
            if file is None or not written:
                return None
            saved = salvage(self.volume, file.path, "io_error", suspect=suspect)
            if saved.report is None and not saved.removed:  # nothing proved in it: garbage that no index should meet
                self._files.unlink(self.volume.root_fd, file.path)
        except OSError:
            return None  # the file stays; recovery will read it when its disk can be read
        return saved.report

    def _tell(self, now_us: int) -> None:
        """What grew since it was last told, at most once in OPEN_EVERY_US per camera."""
        for lane in self._lanes:
            if not lane.changed or now_us - lane.told_at_us < OPEN_EVERY_US:
                continue
            lane.changed = False
            if not lane.whole_told:
                lane.sealed_told = 0
            growing = lane.writer.growth(lane.sealed_told) if lane.whole_told else lane.writer.growing()
            if growing is not None:
                self._reports.append(growing)
                lane.whole_told = True
                lane.sealed_told += len(growing.gops) - 1
                lane.told_at_us = now_us

    def _post(self) -> None:
        if self._reports:
            reports, self._reports = self._reports, []
            self._on_reports(reports)


def _suspect(report: SegmentReport) -> SegmentReport:
    return replace(report, suspect=True)
