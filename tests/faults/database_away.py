"""The database of a recording node stands still, then goes on: what that cost, counted in the files and in the index.

Not here: how long it is away (tests/scenario/test_database_away.py a minute, tests/soak.py ten).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import httpx2

from tests.faults.invariants import sql
from tests.support.node import Node, Setup, descendants, now_us, serve, sim_cameras
from tests.support.wait import pass_time, wait_until
from vms.sim.marks import tally

SECOND = 1_000_000
CATCH_UP_S = 60.0


@dataclass(frozen=True)
class Told:
    """`caught_up_s`: from the database's return until its rows tell of all that was recorded meanwhile."""

    away_s: float
    caught_up_s: float
    refused: tuple[int, ...]
    """Status of what was asked meanwhile; 0 is no answer in 5 s."""
    lost: int
    doubled: int
    rows: int


@contextmanager
def stood_still(node: Node) -> Generator[None]:
    """PostgreSQL with all its processes, or its backends would go on."""
    server = node.pid_of("postgres")
    pids = [server, *descendants(server)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(pids):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def run(folder: Path, seconds: float, cameras: int) -> Told:
    """A node of its own records; raises AssertionError when it does not catch up at all."""
    with sim_cameras(folder, cameras) as base, serve(folder / "node", Setup(segment_seconds=2, workers=2)) as node:
        ids = [node.add_camera(f"{base}/cam/{number}/main") for number in range(1, cameras + 1)]
        node.wait_recording(ids, 60)
        pass_time(5)
        from_us = now_us()
        with stood_still(node):
            pass_time(seconds / 2)
            refused = tuple(ask(node) for _ in range(3))
            pass_time(seconds / 2)
        back_us = now_us()
        for camera in ids:
            wait_until(f"the rows of {camera}", lambda camera=camera: rows_reach(node, camera, from_us, back_us), 3 * CATCH_UP_S)
        caught_up_us = now_us() - back_us
        pass_time(4)
        # up to then: the newest pictures may still wait for the B-frames that are shown before them
        tallies = [tally(mark for mark in node.marks(camera) if from_us < mark.wall_us < back_us) for camera in ids]
        (rows,) = sql(node, "SELECT count(*) FROM segments WHERE start_us BETWEEN %s AND %s", from_us, back_us)
        found = node.check()
        assert found == dict.fromkeys(found, 0) | {"rows": found["rows"], "files": found["files"]}
        assert node.stop() == 0
    lost, doubled = sum(one.missing for one in tallies), sum(one.doubled for one in tallies)
    return Told((back_us - from_us) / SECOND, caught_up_us / SECOND, refused, lost, doubled, int(str(rows[0])))


def ask(node: Node) -> int:
    try:
        return node.http.get("/api/v1/cameras", timeout=5).status_code
    except httpx2.TransportError:
        return 0


def rows_reach(node: Node, camera: str, from_us: int, to_us: int) -> bool:
    """Committed rows tell of the whole span, without a hole."""
    query = "SELECT start_us, end_us FROM segments WHERE camera_id::text = %s AND end_us > %s ORDER BY start_us"
    spans = [(int(str(a)), int(str(b))) for a, b in sql(node, query, camera, from_us)]
    return bool(spans) and spans[0][0] <= from_us and spans[-1][1] >= to_us and all(a[1] == b[0] for a, b in pairwise(spans))


def judge(told: Told) -> Sequence[str]:
    wrong = [f"{told.lost} frames are lost, {told.doubled} recorded twice"] if told.lost or told.doubled else []
    if told.caught_up_s > CATCH_UP_S:
        wrong.append(f"the index came after within {told.caught_up_s:.1f} s, not within {CATCH_UP_S:.0f}")
    if not told.rows:
        wrong.append("nothing was recorded meanwhile")
    return wrong
