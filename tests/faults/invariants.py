"""What must hold after every fault, once it is quiet: each invariant is a function that answers what is wrong.

I1, I2 and I5 use the database and the directory alone, with no code of the product for hashes and seals; I3 is `vms check`.
`after_quiet` runs all of them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import psycopg

from tests.faults.ledger import ACK, ATTEMPT, OBSERVE, Entry, Finding
from tests.faults.ledger import check as check_ledger
from tests.support.node import Node, command_line, descendants
from tests.support.wait import pass_time
from vms.app import run_path
from vms.processes.config import NodeConfig, load
from vms.processes.control.database import database_url
from vms.record.recovery import UNPROVED
from vms.sim.marks import Mark, find_marks

SECOND = 1_000_000
SETTLE_TRIES = 8
FRAME_US = 40_000  # of the clips used here
EDGE_US = 300_000
"""How far a camera's clock in its marks and the node's clock of arrival may lie apart at a gap's edge."""


def config_of(node: Node) -> NodeConfig:
    return load(run_path(node.data.absolute()) / "node.json")


def sql(node: Node, query: str, *values: object) -> list[tuple[object, ...]]:
    """Straight from the database, past every process of the node."""
    url = database_url(config_of(node)).replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url, connect_timeout=5) as connection:
        return connection.execute(query.encode(), values or None).fetchall()


def volumes(node: Node) -> dict[str, Path]:
    return {volume.id: Path(volume.path) for volume in config_of(node).volumes}


@dataclass(frozen=True)
class Row:
    volume: str
    path: str
    size: int
    sha256: bytes
    state: str


_ROWS = "SELECT volume::text, path, bytes, sha256, state FROM segments"


def rows(node: Node) -> list[Row]:
    return [_row(found) for found in sql(node, _ROWS)]


def rows_of_span(node: Node, camera: str, from_us: int, to_us: int) -> list[Row]:
    """What touches the span."""
    query = f"{_ROWS} WHERE camera_id::text = %s AND end_us > %s AND start_us < %s"
    return [_row(found) for found in sql(node, query, camera, from_us, to_us)]


def _row(r: tuple[object, ...]) -> Row:
    return Row(str(r[0]), str(r[1]), int(str(r[2])), bytes(r[3]) if isinstance(r[3], bytes) else b"", str(r[4]))


def i1_rows_have_their_files(node: Node) -> list[str]:
    """Size and hash of every committed file, read whole; a suspect or missing mark says why not."""
    places, wrong = volumes(node), list[str]()
    for row in rows(node):
        if row.state != "ok":
            continue
        path = places[row.volume] / row.path
        if not path.exists():
            wrong.append(f"I1: no file: {row.path}")
        elif path.stat().st_size != row.size:
            wrong.append(f"I1: another size: {row.path}")
        elif hashlib.sha256(path.read_bytes()).digest() != row.sha256:
            wrong.append(f"I1: another hash: {row.path}")
    return wrong


def i2_files_are_known(node: Node) -> list[str]:
    """Committed, open in a living writer's hand, or set aside as garbage; one that was closed just now has time to be committed."""
    unknown = _unknown(node)
    for _ in range(SETTLE_TRIES):
        if not unknown:
            break
        pass_time(1)
        unknown &= _unknown(node)
    wrong = [f"I2: nobody knows {path}" for path in sorted(unknown)]
    found = [(row.volume, row.path) for row in rows(node)]
    return wrong + (["I2: a file is committed twice"] if len(set(found)) != len(found) else [])


def _unknown(node: Node) -> set[str]:
    """The directory before the rows: what is committed meanwhile has both."""
    there = [(volume, top, path) for volume, top in volumes(node).items() for path in top.rglob("*") if path.is_file()]
    known = {(row.volume, row.path) for row in rows(node)}
    left = [(path, (volume, str(path.relative_to(top)))) for volume, top, path in there if path.name != "volume.json"]
    return {name[1] for path, name in left if name not in known and not path.name.endswith(UNPROVED) and not _is_held(path)}


def i3_chain_holds(node: Node) -> list[str]:
    """The seam: whatever `vms check` offers. Every count that must be 0 is one of its answer's beside `rows` and `files`."""
    found = node.check()
    return [f"I3: vms check: {name} {count}" for name, count in found.items() if name not in ("rows", "files") and count]


def i4_time_is_accounted(node: Node, camera: str, window: tuple[int, int], marks: Sequence[Mark]) -> list[str]:
    """Recorded and gaps are the window; pictures are in the files where it says recorded, and only there."""
    from_us, to_us = window
    line = node.timeline(camera, from_us, to_us)
    wrong = [] if line.is_exact() else [f"I4: {camera}: recorded and gaps do not tile the window"]
    wrong += [f"I4: {camera}: a gap of unknown cause, {b - a} µs from {a}" for a, b, cause in line.gaps if cause == "unknown"]
    times = sorted(mark.wall_us for mark in marks)
    for hole_from, hole_to in pairwise(times):
        if hole_to - hole_from <= 2 * FRAME_US or hole_from < from_us or hole_to > line.to_us:
            continue
        told = sum(min(b, hole_to + EDGE_US) - max(a, hole_from - EDGE_US) for a, b, _ in line.gaps if a < hole_to and b > hole_from)
        if abs(told - (hole_to - hole_from - FRAME_US)) > EDGE_US + FRAME_US:
            wrong.append(f"I4: {camera}: {hole_to - hole_from} µs without a picture from {hole_from}, {told} µs told as a gap")
    return wrong


@dataclass(frozen=True)
class Held:
    """A hold, and the rows of its span as they were when it was approved."""

    hold: str
    rows: tuple[Row, ...]


def i5_held_is_intact(node: Node, holds: Iterable[Held]) -> list[str]:
    """Nothing that lay under a hold is gone, changed or without its row, and the hold still stands."""
    places, now = volumes(node), rows(node)
    wrong = list[str]()
    for held in holds:
        wrong += held_and_lost(held, now, places)
        state = sql(node, "SELECT state FROM holds WHERE id::text = %s", held.hold)
        wrong += [] if state == [("held",)] else [f"I5: hold {held.hold} is {state}"]
    return wrong


def held_and_lost(held: Held, now: Iterable[Row], places: Mapping[str, Path]) -> list[str]:
    known = {(row.volume, row.path): row for row in now}
    wrong = list[str]()
    for row in held.rows:
        path, kept = places[row.volume] / row.path, known.get((row.volume, row.path))
        if kept is None or (kept.size, kept.sha256) != (row.size, row.sha256):
            wrong.append(f"I5: a held row is gone or another: {row.path}")
        if not path.exists():
            wrong.append(f"I5: a held file is gone: {row.path}")
        elif row.state == "ok" and hashlib.sha256(path.read_bytes()).digest() != row.sha256:
            wrong.append(f"I5: a held file has changed: {row.path}")
    return wrong


def i6_facts_are_told_once_in_order(node: Node) -> list[str]:
    """What the journal sealed is what a reader of the API sees: all of it, once, in order, without a hole in the sequence."""
    sealed = [(int(str(e)), int(str(s))) for e, s in sql(node, "SELECT epoch, seq FROM journal ORDER BY epoch, seq")]
    wrong = [f"I6: a hole in the journal between {a} and {b}" for a, b in pairwise(sealed) if b != (a[0], a[1] + 1)]
    told = [str(item["id"]) for item in node.items("/facts", limit=500)]
    places = {fact: number for number, fact in enumerate(dict.fromkeys(told))}
    entries = [Entry(kind, "journal", number) for kind in (ATTEMPT, ACK) for number in range(len(sealed))]
    entries += [Entry(OBSERVE, "journal", places[fact]) for fact in told]
    found = check_ledger(entries).get("journal", Finding())
    late = set(found.unexpected)  # announced while we read
    if found.lost or found.doubled or found.reordered or len(late) > 20:
        wrong.append(f"I6: facts lost {found.holes()}, doubled {found.doubled}, out of order {found.reordered}")
    return wrong


def i7_no_secret_is_out(node: Node, secrets: Iterable[str], more: Iterable[Path] = ()) -> list[str]:
    """In no log, no argument, no environment, no database dump. In the camera's row it stands enciphered."""
    places = {str(path): path.read_bytes() for path in (node.log, node.data / "postgres.log", *more) if path.exists()}
    for pid in [node.process.pid, *descendants(node.process.pid)]:
        places[f"arguments of {pid}"] = command_line(pid).encode()
        with suppress(OSError):
            places[f"environment of {pid}"] = Path(f"/proc/{pid}/environ").read_bytes()
    tables = [
        str(name) for (name,) in sql(node, "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
    ]
    for table in tables:
        places[f"table {table}"] = "\n".join(str(row) for (row,) in sql(node, f'SELECT t::text FROM "{table}" t')).encode()  # noqa: S608
    return [f"I7: a secret in {name}" for secret in secrets for name, data in places.items() if secret.encode() in data]


@dataclass(frozen=True)
class Resources:
    """Of a node's own processes, without PostgreSQL: what a leak would let grow."""

    descriptors: dict[str, int] = field(default_factory=dict[str, int])
    threads: dict[str, int] = field(default_factory=dict[str, int])
    rss_kb: dict[str, int] = field(default_factory=dict[str, int])


def resources(node: Node) -> Resources:
    """By role and number, so that a new life is compared with the one before it."""
    found = Resources()
    for pid in [node.process.pid, *descendants(node.process.pid)]:
        command = command_line(pid)
        if "vms.processes." not in command.replace("vms.processes.start", ""):
            continue
        role = _role(command)
        with suppress(OSError):
            found.descriptors[role] = len(list(Path(f"/proc/{pid}/fd").iterdir()))
            status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
            found.threads[role] = int(status["Threads"])
            found.rss_kb[role] = int(status["VmRSS"].split()[0])
    return found


def resources_are_back(before: Resources, after: Resources, *, descriptors: int = 12, rss: float = 0.25) -> list[str]:
    """The same processes; descriptors within a few, memory within `rss` of the base (a fault leaves warm caches behind)."""
    wrong = [f"processes: {sorted(before.rss_kb)} became {sorted(after.rss_kb)}"] if before.rss_kb.keys() != after.rss_kb.keys() else []
    for role in before.rss_kb.keys() & after.rss_kb.keys():
        if after.descriptors[role] > before.descriptors[role] + descriptors:
            wrong.append(f"{role}: {before.descriptors[role]} descriptors became {after.descriptors[role]}")
        if after.threads[role] > before.threads[role] + 4:
            wrong.append(f"{role}: {before.threads[role]} threads became {after.threads[role]}")
        if after.rss_kb[role] > before.rss_kb[role] * (1 + rss) + 8_000:
            wrong.append(f"{role}: {before.rss_kb[role]} kB became {after.rss_kb[role]} kB")
    return wrong


def marks_by_camera(node: Node, cameras: Iterable[str]) -> dict[str, list[Mark]]:
    return {camera: [m for path in node.files(camera) for m in find_marks(path.read_bytes())] for camera in cameras}


def after_quiet(
    node: Node,
    marks: Mapping[str, Sequence[Mark]],
    window: tuple[int, int],
    *,
    secrets: Iterable[str] = (),
    more: Iterable[Path] = (),
    holds: Iterable[Held] = (),
) -> list[str]:
    """All of them; the node runs, and nothing has been done to it for a while."""
    wrong = i1_rows_have_their_files(node) + i2_files_are_known(node) + i3_chain_holds(node) + i5_held_is_intact(node, holds)
    for camera, some in marks.items():
        wrong += i4_time_is_accounted(node, camera, window, some)
    return wrong + i6_facts_are_told_once_in_order(node) + i7_no_secret_is_out(node, secrets, more)


def _is_held(path: Path) -> bool:
    """A living writer has its lock, or it is gone meanwhile."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _role(command: str) -> str:
    words = command.split()
    module = next(word for word in words if word.startswith("vms.processes.") and word != "vms.processes.start")
    index = words[words.index(module) + 2] if len(words) > words.index(module) + 2 else ""
    return f"{module.rpartition('.')[2]}-{index}"
