"""What a worker told control and control has not acknowledged: told again after every reconnect (invariant 7)."""

from __future__ import annotations

from collections.abc import Iterable

from vms.record.reports import SegmentReport

MAX_REPORTS = 20_000  # 200 cameras for 100 minutes; older ones are found by reading the volume again


class Outbox:
    """Bounded: what falls out is not lost, for the file is the truth and recovery commits files that no row knows."""

    def __init__(self, max_reports: int = MAX_REPORTS) -> None:
        self._max_reports = max_reports
        self._reports: dict[str, SegmentReport] = {}
        self.forgotten = 0

    def add(self, report: SegmentReport) -> None:
        self._reports[report.path] = report
        if len(self._reports) > self._max_reports:
            del self._reports[next(iter(self._reports))]
            self.forgotten += 1

    def acknowledge(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._reports.pop(path, None)

    def waiting(self) -> list[SegmentReport]:
        """Oldest first."""
        return list(self._reports.values())
