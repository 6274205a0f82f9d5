"""`vms retention`: what would go and why, and what is kept of each camera, region and volume; without `--dry-run` it is done.

Beside a running node or alone. Not here: the plan (record.retention), the output's exit code (cli).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vms.app import run_path
from vms.base.clock import SystemClock
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.base.timespan import format_time
from vms.commands.check import open_volumes
from vms.commands.database import node_database
from vms.owner.requests import Actor
from vms.owner.storage import ListKept, ListKeptRegions, ListVolumes
from vms.processes.config import load
from vms.processes.control.wiring import cameras_of, policy_of
from vms.record.clearing import Cleared, Place, clear, preview
from vms.record.kept import KeptDesk
from vms.registry.places import regions_of

_ACTOR = Actor("cli", "command line", "node")


@dataclass(slots=True)
class Goes:
    """What one rule takes of one camera profile."""

    rule: str
    subject: str
    camera: str
    profile: str
    volume: str
    from_us: int
    to_us: int
    segments: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Report:
    """`done` is None on a dry run."""

    goes: tuple[Goes, ...]
    volumes: tuple[dict[str, Any], ...]
    regions: tuple[dict[str, Any], ...]
    cameras: tuple[dict[str, Any], ...]
    done: Cleared | None


def run_retention(data: Path, *, dry_run: bool) -> Report:
    """Raises CONFIG when there is no node."""
    path = run_path(data.absolute()) / "node.json"
    if not path.exists():
        raise VmsError(Kind.CONFIG, f"{data} holds no node: 'vms serve' or 'vms demo' makes one", path=str(path))
    config = load(path)
    with node_database(config, exclusive=False) as url:
        database = Database(url, pool_size=2, statement_timeout_ms=600_000)
        volumes = open_volumes(config)
        place = Place(database, {volume.id: volume for volume in volumes}, policy_of(config), regions_of)
        try:
            return _report(place, config.time_zone, dry_run=dry_run)
        finally:
            for volume in volumes:
                volume.close()
            database.engine.dispose()


def tell(report: Report) -> Iterator[str]:
    """For people."""
    yield "would be deleted:" if report.done is None else "deleted:"
    for goes in report.goes:
        span = f"{format_time(goes.from_us)} to {format_time(goes.to_us)}"
        yield f"  {goes.rule} ({goes.subject}): camera {goes.camera} {goes.profile}, {span}, {goes.segments} files, {goes.bytes} bytes"
    if not report.goes:
        yield "  nothing"
    for title, rows in (("volumes", report.volumes), ("regions", report.regions), ("cameras", report.cameras)):
        yield f"{title}:"
        for row in rows:
            yield "  " + ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)


def as_json(report: Report) -> dict[str, Any]:
    done = None if report.done is None else {"segments": report.done.segments, "bytes": report.done.bytes}
    goes = [{**asdict(g), "from": format_time(g.from_us), "to": format_time(g.to_us)} for g in report.goes]
    return {"goes": goes, "volumes": report.volumes, "regions": report.regions, "cameras": report.cameras, "deleted": done}


def _report(place: Place, time_zone: str, *, dry_run: bool) -> Report:
    clock = SystemClock()
    now_us = clock.wall_us()
    goes = _sum(place, now_us)
    done = None if dry_run else clear(place, now_us, _ACTOR.id)
    desk = KeptDesk(place, cameras_of(time_zone, clock), clock, lambda _volume: False, lambda: None)
    with place.database.transaction() as session:
        volumes = tuple(asdict(v) for v in desk.volumes(session, _ACTOR, ListVolumes()))
        regions = tuple(r._asdict() for r in desk.regions(session, _ACTOR, ListKeptRegions()))
    return Report(goes, volumes, regions, tuple(_cameras(place, desk)), done)


def _cameras(place: Place, desk: KeptDesk) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        with place.database.transaction() as session:
            page = desk.kept(session, _ACTOR, ListKept(cursor, 500))
        for kept in page.items:
            yield {**kept._asdict(), "oldest_us": None if kept.oldest_us is None else format_time(kept.oldest_us)}
        if page.next is None:
            return
        cursor = page.next


def _sum(place: Place, now_us: int) -> tuple[Goes, ...]:
    """By rule, subject and lane, in the order of the plan."""
    found: dict[tuple[str, ...], Goes] = {}
    for step, rows in preview(place, now_us):
        for row in rows:
            key = (step.rule, step.subject, row.camera, row.profile, row.volume)
            goes = found.setdefault(key, Goes(*key, row.start_us, row.end_us, 0, 0))
            goes.from_us, goes.to_us = min(goes.from_us, row.start_us), max(goes.to_us, row.end_us)
            goes.segments, goes.bytes = goes.segments + 1, goes.bytes + row.bytes
    return tuple(found.values())
