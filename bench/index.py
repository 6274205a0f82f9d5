"""The index: a camera-day's timeline and 16 cameras' month over a filled database, through the HTTP contract.

The node is a real one, its database is filled beside it by COPY in the order a recorder writes: a minute of all cameras after
the other. Not here: what recording costs meanwhile (ingest).
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from bench import node, proc
from bench.children import BenchError, wait_for
from bench.report import Report, Run
from bench.viewers import percentile
from vms.app import run_path
from vms.base.db import Database
from vms.base.partitions import ensure_partitions, month_span
from vms.base.timespan import SECOND_US
from vms.processes.config import load
from vms.processes.control.database import database_url

QUERIES = 300
CALENDARS = 60
PAGES = 30
DAYS_S = 300.0
CALENDAR_CAMERAS = 16
SEGMENT_US = 60 * SECOND_US
DAY_US = 86_400 * SECOND_US
OFFSET_US = 8 * 3600 * SECOND_US
LOST_IN = 700  # one minute in so many is a gap with a cause: about two a camera and day
CAUSES = ("network", "camera_offline", "disk_full", "worker_crash")
GOPS = (4096).to_bytes(4) + b"".join(n.to_bytes(4) + (2_000_000).to_bytes(4) + bytes(8) for n in range(500_000, 500_030))
COLUMNS = (
    "camera_id, profile, start_us, run, end_us, id, seq, volume, path, bytes, sha256, init_size, gop_count, gops, gops_root,"
    " end_reason, origin, state"
)


@dataclass(frozen=True)
class Settings:
    """`segments` rows over `cameras` cameras end now; so many days they reach back."""

    cameras: int = 200
    segments: int = 1_000_000
    runs: int = 3
    folder: Path | None = None

    @property
    def minutes(self) -> int:
        return -(-self.segments // self.cameras)


def bench(settings: Settings) -> Report:
    """A new node, its index filled, then the runs."""
    report = Report("index", {"cameras": settings.cameras, "segments": settings.segments})
    with tempfile.TemporaryDirectory(prefix="bench-", dir=settings.folder) as top, node.serve(Path(top)) as running:
        ids = [running.add_camera(f"Bench {n}", "rtsp://127.0.0.1:9/none", "never") for n in range(settings.cameras)]
        end_us = time.time_ns() // 1000 // SEGMENT_US * SEGMENT_US
        url = database_url(load(run_path(running.data) / "node.json"))
        took_s = fill(url, ids, settings, end_us)
        print(f"{settings.segments:,} rows in {took_s:.0f} s", flush=True)
        wait_for("figures of all days", lambda: _completeness(running, end_us)["job"]["waiting"] == 0, seconds=DAYS_S)
        for number in range(settings.runs):
            report.runs.append(run(running, ids, settings, end_us, number))
    return report


def run(running: node.Node, ids: Sequence[str], settings: Settings, end_us: int, seed: int) -> Run:
    chance, busy = random.Random(seed), proc.busy()
    days = max(1, settings.minutes // 1440)
    timeline = [_timed_ms(lambda: _timeline(running, chance.choice(ids), end_us - chance.randrange(days) * DAY_US)) for _ in range(QUERIES)]
    month = month_span(end_us - days * DAY_US // 2 + OFFSET_US)[0].replace("_", "-")
    size = min(CALENDAR_CAMERAS, len(ids))
    calendar = [_timed_ms(lambda: _calendars(running, chance.sample(ids, size), month)) for _ in range(CALENDARS)]
    pages = [_timed_ms(lambda: _completeness(running, end_us)) for _ in range(PAGES)]
    figures = {
        "completeness_ms_p95": percentile(pages, 95),
        "timeline_ms_p50": percentile(timeline, 50),
        "timeline_ms_p99": percentile(timeline, 99),
        "calendar_ms_p50": percentile(calendar, 50),
        "calendar_ms_p95": percentile(calendar, 95),
    }
    return Run("vms", proc.busy().percent_since(busy), figures)


def _timeline(running: node.Node, camera: str, to_us: int) -> None:
    found = running.get(f"/cameras/{camera}/timeline", **{"from": to_us - DAY_US, "to": to_us})
    if not found["recorded"]:
        raise BenchError("a day without recording: the index was not filled")


def _calendars(running: node.Node, cameras: Sequence[str], month: str) -> None:
    found = running.get("/calendars", camera=list(cameras), month=month)
    if not all(item["days"] for item in found["items"]):
        raise BenchError("a month without recording: the index was not filled")


def _completeness(running: node.Node, end_us: int) -> dict[str, Any]:
    """The worst hundred cameras of the last month, with their days."""
    last, first = (datetime.fromtimestamp((us + OFFSET_US) // SECOND_US, UTC) for us in (end_us, end_us - 30 * DAY_US))
    return running.get("/completeness", **{"from": first.strftime("%Y-%m-%d"), "to": last.strftime("%Y-%m-%d")})


def _timed_ms(act: Callable[[], object]) -> float:
    started = time.monotonic()
    act()
    return (time.monotonic() - started) * 1000


def fill(url: str, ids: Sequence[str], settings: Settings, end_us: int) -> float:
    """Segments and gaps by COPY, a day a transaction, then what autovacuum would do. Answers the seconds it took."""
    started = time.monotonic()
    begin_us = end_us - settings.minutes * SEGMENT_US
    database = Database(url, pool_size=1)
    with database.transaction() as session:
        us = begin_us
        while us < end_us:
            ensure_partitions(session, "segments", "start_us", us, months_ahead=0)
            us = month_span(us)[1].end_us
    database.dispose()
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    rows = Rows(ids, begin_us)
    with psycopg.connect(plain, autocommit=True, options="-c statement_timeout=0") as connection:
        for first in range(0, settings.minutes, 1440):
            minutes = range(first, min(first + 1440, settings.minutes))
            with connection.cursor().copy(f"COPY segments ({COLUMNS}) FROM STDIN") as copy:
                for minute in minutes:
                    copy.write(rows.minute(minute))
        with connection.cursor().copy("COPY gaps (camera_id, profile, start_us, end_us, cause, detail) FROM STDIN") as copy:
            copy.write("".join(rows.gaps))
        connection.execute("VACUUM (ANALYZE) segments")
        connection.execute("VACUUM (ANALYZE) gaps")
    return time.monotonic() - started


class Rows:
    """Rows in COPY's text format; each camera begins at its own second of the minute. Gaps are gathered on the way."""

    def __init__(self, ids: Sequence[str], begin_us: int) -> None:
        self.gaps: list[str] = []
        self._ids = ids
        self._begin_us = begin_us
        self._chance = random.Random(1)
        self._runs = {camera: self._uuid() for camera in ids}
        self._volume = self._uuid()
        sha256, root = (f"\\\\x{os.urandom(32).hex()}" for _ in range(2))
        self._tail = f"{sha256}\t900\t30\t\\\\x{GOPS.hex()}\t{root}\troll\tlive\tok\n"

    def minute(self, number: int) -> str:
        """One minute of all cameras."""
        lines: list[str] = []
        for place, camera in enumerate(self._ids):
            start_us = self._begin_us + number * SEGMENT_US + place * SEGMENT_US // len(self._ids)
            end_us = start_us + SEGMENT_US
            if self._chance.randrange(LOST_IN) == 0:
                self.gaps.append(f"{camera}\tmain\t{start_us}\t{end_us}\t{self._chance.choice(CAUSES)}\t\n")
                self._runs[camera] = self._uuid()
                continue
            run = self._runs[camera]
            path = f"{camera}/main/2026-05-01/{start_us}-{run}.mp4"
            own = f"{start_us}\t{run}\t{end_us}\t{self._uuid()}\t{number}\t{self._volume}\t{path}\t15000000"
            lines.append(f"{camera}\tmain\t{own}\t{self._tail}")
        return "".join(lines)

    def _uuid(self) -> str:
        return f"{self._chance.getrandbits(128):032x}"
