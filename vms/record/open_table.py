"""The segments that workers are writing now, as control knows them: in memory, told by workers every second.

Thread-safe: reports come in on one thread, readers ask on others. An entry stays until its row is committed (or its file is
known to hold nothing), so the timeline has no hole while a segment closes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace

from vms.record.reports import Growth, OpenSegment, Trouble


@dataclass(slots=True)
class _Entry:
    worker: str
    segment: OpenSegment


class OpenTable:
    """Keyed by path; paths are unique over volumes, because they name camera, start and run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, str], dict[str, _Entry]] = {}
        self._by_path: dict[str, _Entry] = {}
        self._troubles: dict[tuple[str, str], Trouble] = {}

    def grew(self, worker: str, items: Iterable[OpenSegment]) -> None:
        """Segments told whole."""
        with self._lock:
            for item in items:
                entry = self._by_path[item.path] = _Entry(worker, item)
                self._entries.setdefault((item.camera, item.profile), {})[item.path] = entry
                trouble = self._troubles.get((item.camera, item.profile))
                if trouble is not None and item.start_us > trouble.from_us:
                    del self._troubles[item.camera, item.profile]

    def grown(self, items: Iterable[Growth]) -> list[OpenSegment]:
        """Merge what workers told since, and answer what was merged. News that do not continue what is known are dropped:
        the worker tells all again on `hello`."""
        merged: list[OpenSegment] = []
        with self._lock:
            for item in items:
                entry = self._by_path.get(item.path)
                if entry is not None and item.gops_from <= len(entry.segment.gops):
                    known = entry.segment
                    gops = known.gops[: item.gops_from] + item.gops
                    entry.segment = replace(known, end_us=item.end_us, size=item.size, gops=gops)
                    merged.append(entry.segment)
        return merged

    def troubled(self, trouble: Trouble) -> None:
        with self._lock:
            self._troubles[trouble.camera, trouble.profile] = trouble

    def committed(self, paths: Iterable[str]) -> None:
        """Their rows are readable, or nothing of them can be kept."""
        with self._lock:
            for path in paths:
                entry = self._by_path.pop(path, None)
                if entry is None:
                    continue
                key = (entry.segment.camera, entry.segment.profile)
                entries = self._entries[key]
                del entries[path]
                if not entries:
                    del self._entries[key]

    def of_worker(self, worker: str) -> list[OpenSegment]:
        """What a worker had open; after its death these are the files that recovery closes."""
        with self._lock:
            return [e.segment for entries in self._entries.values() for e in entries.values() if e.worker == worker]

    def segments(self, camera: str, profile: str, from_us: int, to_us: int) -> list[OpenSegment]:
        """Those that touch [from, to), by start."""
        with self._lock:
            found = [e.segment for e in self._entries.get((camera, profile), {}).values()]
        return sorted((s for s in found if s.start_us < to_us and s.end_us > from_us), key=lambda s: s.start_us)

    def trouble(self, camera: str, profile: str) -> Trouble | None:
        with self._lock:
            return self._troubles.get((camera, profile))

    def last_end_us(self, camera: str, profile: str) -> int | None:
        """The last recorded instant that any open segment knows."""
        with self._lock:
            return max((e.segment.end_us for e in self._entries.get((camera, profile), {}).values()), default=None)
