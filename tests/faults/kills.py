"""A node with children that die as planned (entry), told by the cameras' own marks, the processes' diaries and the index.

`KillRun` lets them die until there were enough, then waits until it is quiet. `judge` says what the kills cost too much.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.counterparts import ff
from tests.faults import invariants
from tests.faults.entry import COMMIT_WINDOWS, WINDOWS, Plan
from tests.faults.invariants import FRAME_US, SECOND
from tests.faults.ledger import ACK, ATTEMPT, OBSERVE, Entry, Finding, check
from tests.support.node import Node, Setup, now_us, serve, sim_cameras
from tests.support.wait import pass_time
from vms.sim.marks import Mark

CAMERAS, WORKERS = 8, 4
GOP_FRAMES = 50
TICK_FRAMES = 25  # what the recorder has in hand between two writes: a tick of 0.4 s, later on a busy machine
AGAIN_US = 3 * SECOND
AGAIN_MOST_US = 10 * SECOND  # of one among many: four lives may begin at once on two cores
QUIET_S = 12.0
CONTROL_BACK_US = 15 * SECOND
SLACK_US = SECOND // 2


@dataclass(frozen=True)
class Kill:
    """When, who, in which window; `again_us` is when each of its cameras was written again, None for never."""

    at_us: int
    name: str
    window: str
    again_us: dict[str, int]
    alone: bool
    """Control lived, so that the next life had its orders at once."""

    @property
    def back_us(self) -> int:
        return max(self.again_us.values(), default=self.at_us) - self.at_us


@dataclass
class Told:
    """What a run left behind."""

    kills: list[Kill]
    frames: dict[str, Finding]
    """By camera: attempts are what it sent in the window, acknowledgements all of them."""
    walls: dict[str, dict[int, int]]
    """By camera: wall time of a counter."""
    rows_seen: int
    wrong: list[str] = field(default_factory=list[str])

    def figures(self) -> dict[str, object]:
        of_workers = [kill for kill in self.kills if kill.name.startswith("worker")]
        alone = sorted(kill.back_us // 1000 for kill in of_workers if kill.alone)
        return {
            "kills": dict(Counter(kill.name.partition("-")[0] for kill in self.kills)),
            "windows": dict(Counter(kill.window for kill in self.kills)),
            "lost_frames_per_kill_most": max((lost for kill in of_workers for lost in lost_before(self, kill)), default=0),
            "recording_again_ms": {"p50": alone[len(alone) // 2], "p95": alone[len(alone) * 95 // 100], "most": alone[-1]} if alone else {},
            "recording_again_without_control_ms": max((k.back_us // 1000 for k in of_workers if not k.alone), default=0),
            "rows_seen": self.rows_seen,
        }


class KillRun:
    """`kills` of workers, then `control_kills` of control while workers go on dying."""

    def __init__(self, folder: Path, seed: int, *, kills: int, control_kills: int, limit_s: float) -> None:
        self._folder = folder
        self._top = folder / "node"
        self._seed = seed
        self._kills = kills
        self._control_kills = control_kills
        self._limit_s = limit_s
        self._seen: set[str] = set()

    def run(self) -> Told:
        self._top.mkdir()
        Plan(self._seed, (1.5, 4.0)).save(self._top)
        setup = Setup(segment_seconds=2, workers=WORKERS)
        with sim_cameras(self._folder, CAMERAS) as base, serve(self._top, setup, "tests.faults.entry") as node:
            cameras = [node.add_camera(f"{base}/cam/{number}/main") for number in range(1, CAMERAS + 1)]
            self._until(node, lambda: self._count("worker") >= self._kills)
            (self._top / "faults.json").write_text(json.dumps({"seed": self._seed, "worker_s": [3, 8], "control_s": [2, 6]}))
            node.kill("control")  # its next life has the new plan
            wanted = self._count("control") + self._control_kills
            self._until(node, lambda: self._count("control") >= wanted)
            (self._top / "faults" / "quiet").touch()
            pass_time(QUIET_S)
            return self._told(node, cameras)

    def _until(self, node: Node, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + self._limit_s
        while not done():
            assert time.monotonic() < deadline, f"only {self._count('worker')} workers and {self._count('control')} controls were killed"
            self._look_at_rows(node)
            pass_time(0.5)

    def _look_at_rows(self, node: Node) -> None:
        """What is committed now must be there at the end."""
        try:
            self._seen |= {str(path) for (path,) in invariants.sql(node, "SELECT path FROM segments")}
        except psycopg.OperationalError:
            return

    def _count(self, role: str) -> int:
        return sum(line["event"] == "kill" for name, line in self._diaries() if name.startswith(role))

    def _diaries(self) -> list[tuple[str, dict[str, Any]]]:
        found: list[tuple[str, dict[str, Any]]] = []
        for path in sorted((self._top / "faults").glob("*.jsonl")):
            found += [(path.stem, json.loads(line)) for line in path.read_text().splitlines()]
        return found

    def _told(self, node: Node, cameras: list[str]) -> Told:
        to_us = now_us() - 4 * SECOND
        marks = invariants.marks_by_camera(node, cameras)
        from_us = max(min((mark.wall_us for mark in some), default=to_us) for some in marks.values())  # all of them record
        frames, walls = frames_and_walls(marks, from_us, to_us)
        told = Told(_kills(self._diaries()), frames, walls, len(self._seen))
        told.wrong += invariants.after_quiet(node, marks, (from_us, to_us))
        gone = self._seen - {row.path for row in invariants.rows(node)}
        told.wrong += [f"a committed row is gone: {path}" for path in sorted(gone)]
        cut = invariants.sql(node, "SELECT path FROM segments WHERE end_reason = 'crash' AND state = 'ok'")
        told.wrong += undecodable(node.data / "recordings" / str(path) for (path,) in cut)
        if node.stop() != 0:
            told.wrong.append("the node did not stop in time")
        told.wrong += node.bad_log_lines()
        return told


def judge(told: Told, kills: int, inside: int) -> list[str]:
    """What is wrong; empty when nothing is."""
    wrong = list(told.wrong)
    windows = Counter(kill.window for kill in told.kills)
    if len(told.kills) < kills or sum(count for name, count in windows.items() if name != "random") < inside:
        wrong.append(f"{len(told.kills)} kills, {windows}: not enough for this run to count")
    wrong += [f"no kill inside {name}" for name in {*WINDOWS, *COMMIT_WINDOWS} if not windows[name]]
    for kill in told.kills:
        if kill.name.startswith("worker"):
            most = max(lost_before(told, kill), default=0)
            if most > GOP_FRAMES + TICK_FRAMES:
                wrong.append(f"{kill.name} killed in {kill.window} at {kill.at_us}: {most} frames lost")
            if kill.alone and kill.back_us > AGAIN_MOST_US:
                wrong.append(f"{kill.name} killed in {kill.window} at {kill.at_us}: recording again after {kill.back_us} µs")
    backs = sorted(kill.back_us for kill in told.kills if kill.alone and kill.again_us)
    if not backs or backs[len(backs) // 2] > AGAIN_US:
        wrong.append(f"recording again after {backs} µs")
    for camera, finding in told.frames.items():
        if finding.doubled or finding.unexpected:
            wrong.append(f"{camera}: {len(finding.doubled)} frames doubled, {len(finding.unexpected)} from nowhere")
        wrong += [f"{camera}: frames {hole} lost without a kill" for hole in finding.holes() if not _explained(told, camera, hole)]
    return wrong


def lost_before(told: Told, kill: Kill) -> list[int]:
    """Frames of each of its cameras that were taken before the kill and are in no file because of it."""
    before = max((k for k in told.kills if k.name == kill.name and k.at_us < kill.at_us), key=lambda k: k.at_us, default=None)
    counts: list[int] = []
    for camera in kill.again_us:
        walls = told.walls[camera]
        since_us = kill.at_us - (GOP_FRAMES + 2 * TICK_FRAMES) * FRAME_US
        if before is not None:  # what the death before this one cost is counted there
            since_us = max(since_us, before.again_us.get(camera, before.at_us))
        counts.append(sum(since_us < walls[n] <= kill.at_us for n in told.frames[camera].lost))
    return counts


def undecodable(paths: Iterable[Path]) -> list[str]:
    def look(path: Path) -> str:
        try:
            ff.decode(path, "-threads", "1", "-guess_layout_max", "0")
        except AssertionError as error:
            return f"{path.name}: {error}"
        return ""

    with ThreadPoolExecutor(2) as pool:
        return [line for line in pool.map(look, paths) if line]


def frames_and_walls(marks: dict[str, list[Mark]], from_us: int, to_us: int) -> tuple[dict[str, Finding], dict[str, dict[int, int]]]:
    """The camera's ledger is its counter: it sent every picture of the window, once. Walls are those of lost pictures, too."""
    entries: list[Entry] = []
    walls: dict[str, dict[int, int]] = {}
    for camera, some in marks.items():
        inside = [mark for mark in some if from_us <= mark.wall_us < to_us]
        walls[camera] = {mark.counter: mark.wall_us for mark in inside}
        if not inside:
            entries.append(Entry(ACK, camera, 0))
            continue
        counters = range(min(walls[camera]), max(walls[camera]) + 1)
        entries += [Entry(kind, camera, n) for kind in (ATTEMPT, ACK) for n in counters]
        entries += [Entry(OBSERVE, camera, mark.counter) for mark in inside]
        at = counters.start
        for counter in counters:  # of a lost one, from the nearest before it: pictures come at a fixed rate
            at = counter if counter in walls[camera] else at
            walls[camera].setdefault(counter, walls[camera][at] + (counter - at) * FRAME_US)
    return check(entries, ordered=False), walls


def _kills(diaries: list[tuple[str, dict[str, Any]]]) -> list[Kill]:
    of: dict[str, list[dict[str, Any]]] = {}
    for name, line in diaries:
        of.setdefault(name, []).append(line)
    control = [line["t_us"] for line in of.get("control-0", []) if line["event"] in ("kill", "start")][1:]
    kills: list[Kill] = []
    for name, lines in of.items():
        ends = [at for at, line in enumerate(lines) if line["event"] == "kill"]
        for at in ends:
            killed_us, later = lines[at]["t_us"], lines[at + 1 :]
            again: dict[str, int] = {}
            for line in later:
                if line["event"] == "kill":
                    break
                if line["event"] == "first":
                    again.setdefault(line["camera"], line["t_us"])
            until_us = max(again.values(), default=killed_us)
            alone = not any(killed_us - CONTROL_BACK_US < t_us < until_us for t_us in control)
            kills.append(Kill(killed_us, name, lines[at]["window"], again, alone))
    return sorted(kills, key=lambda kill: kill.at_us)


def _explained(told: Told, camera: str, hole: tuple[int, int]) -> bool:
    """It lies between a GOP before a kill of the camera's worker and the first picture after it."""
    walls = told.walls[camera]
    first_us, last_us = walls[hole[0]], walls[hole[1]]
    earliest_us = (GOP_FRAMES + TICK_FRAMES) * FRAME_US + SLACK_US
    spans = sorted((k.at_us - earliest_us, k.again_us[camera] + SLACK_US) for k in told.kills if camera in k.again_us)
    reach_us = first_us
    for start_us, end_us in spans:
        if start_us <= reach_us:
            reach_us = max(reach_us, end_us)
    return reach_us > last_us
