"""A mix of faults against one node, in the order that a seed says; then quiet, and everything must hold.

Half of the cameras come through a chaos proxy; as root the recordings lie on a small ext4 of their own that can be filled. Each step
says from when to when it held and whose frames it may cost: a picture that is missing at another time is a defect.
Not here: how long it runs (tests/soak.py).
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psycopg

from tests.faults import invariants
from tests.faults.invariants import FRAME_US, SECOND, Held
from tests.faults.kills import frames_and_walls, undecodable
from tests.faults.ledger import Finding
from tests.faults.proxy import CLEAN, HALF_OPEN, Policies, Policy, TcpProxy
from tests.support.node import Node, Setup, descendants, now_us, serve, sim_cameras
from tests.support.wait import pass_time, wait_until
from vms.base.timespan import format_time
from vms.processes.control.database import database_url
from vms.setup import first_way_in

EACH_S = (6.0, 18.0)
STOPPED_S = 12.0  # longer than root's patience with a silent child
QUIET_S = 40.0
BEFORE_US = 4 * SECOND  # the growing GOP, and what was in hand
AFTER_US = 20 * SECOND  # until the last camera is recorded again, its back-off included
DISK_MB = 3_000
SECRET = "planted-4f1c9e-secret"
NOBODY, PROXIED, EVERYBODY = "nobody", "proxied", "everybody"


class Links:
    """The proxy on a thread of its own; `call` runs something on its loop."""

    def __init__(self, port: int, seed: int) -> None:
        self.proxy = TcpProxy(("127.0.0.1", port), seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Links:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.proxy.__aenter__(), self._loop).result(5)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self.proxy.__aexit__(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def call(self, work: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(work)

    def hold(self, policies: Policies, seconds: float) -> None:
        self.proxy.policies = policies
        pass_time(seconds)
        self.proxy.policies = CLEAN


@dataclass(frozen=True)
class Step:
    kind: str
    from_us: int
    to_us: int
    costs: str


@dataclass
class Nemesis:
    """Knows the node, the links and the disk; `steps` is what it did."""

    node: Node
    links: Links
    disk: Path | None
    chance: random.Random
    cameras: list[str] = field(default_factory=list[str])
    second: str = field(default="", repr=False)
    """The token of another person: nobody approves an own hold."""
    steps: list[Step] = field(default_factory=list[Step])
    holds: list[Held] = field(default_factory=list[Held])

    def kinds(self) -> dict[str, tuple[str, Callable[[], None]]]:
        """Name → whose frames it may cost, and how it is done."""
        found: dict[str, tuple[str, Callable[[], None]]] = {}
        for role, costs in (("worker", EVERYBODY), ("control", NOBODY), ("edge", NOBODY), ("postgres", NOBODY)):
            found[f"{role} killed"] = costs, lambda role=role: self._signal(role, signal.SIGKILL)
            found[f"{role} stopped"] = costs, lambda role=role: self._stop(role)
        found["hold placed"] = NOBODY, self._hold
        found["links reset"] = PROXIED, lambda: self.links.call(self.links.proxy.cut)
        found["links closed"] = PROXIED, lambda: self.links.call(lambda: self.links.proxy.cut(reset=False))
        found["links half-open"] = PROXIED, lambda: self.links.hold(HALF_OPEN, 15)
        found["links refused"] = PROXIED, self._refuse
        found["links slow"] = PROXIED, lambda: self.links.hold(Policies(down=Policy(rate_bytes_s=20_000)), 10)
        found["links garbled"] = PROXIED, lambda: self.links.hold(Policies(down=Policy(garble=0.02)), 10)
        if self.disk is not None:
            found["disk full"] = EVERYBODY, self._fill
        return found

    def run(self, until: float) -> None:
        """Every kind once in a shuffled order, then again."""
        kinds = self.kinds()
        order: list[str] = []
        while time.monotonic() + EACH_S[1] + STOPPED_S < until:
            if not order:
                order = self.chance.sample(list(kinds), len(kinds))
            pass_time(self.chance.uniform(*EACH_S))
            self.step(order.pop(), kinds)

    def step(self, kind: str, kinds: dict[str, tuple[str, Callable[[], None]]]) -> None:
        costs, work = kinds[kind]
        from_us = now_us()
        sys.stdout.write(f"{time.strftime('%H:%M:%S')} {kind}\n")
        sys.stdout.flush()
        work()
        self.steps.append(Step(kind, from_us, now_us(), costs))

    def _signal(self, role: str, number: signal.Signals) -> None:
        os.kill(self.node.pid_of(role), number)

    def _stop(self, role: str) -> None:
        """SIGSTOP; of PostgreSQL all its processes, or its backends would go on."""
        pid = self.node.pid_of(role)
        pids = [pid, *(descendants(pid) if role == "postgres" else [])]
        for one in pids:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGSTOP)
        pass_time(STOPPED_S)
        for one in reversed(pids):
            with suppress(ProcessLookupError):  # root has judged it
                os.kill(one, signal.SIGCONT)

    def _hold(self) -> None:
        """A camera's half a minute that lies a while back, held by two persons; again while the node recovers from something else."""
        camera, to_us = self.chance.choice(self.cameras), now_us() - 15 * SECOND
        wait_until("a hold", lambda: self._try_to_hold(camera, to_us - 30 * SECOND, to_us), 60, poll_s=1)

    def _try_to_hold(self, camera: str, from_us: int, to_us: int) -> bool:
        body = {"cameras": [camera], "from": format_time(from_us), "to": format_time(to_us), "case_no": "A1", "doc_no": "D1"}
        try:
            asked = self.node.post("/holds", body | {"reason": "theft", "expires_at": format_time(to_us + 10**12)})
            approve = f"/api/v1/holds/{asked['id']}/approve"
            answer = self.node.http.post(approve, headers={"Authorization": f"Bearer {self.second}"})
            rows = invariants.rows_of_span(self.node, camera, from_us, to_us)
        except (AssertionError, httpx2.HTTPError, psycopg.Error):
            return False
        if answer.status_code == 200 and rows:
            self.holds.append(Held(str(asked["id"]), tuple(rows)))
        return answer.status_code == 200

    def _refuse(self) -> None:
        self.links.proxy.refuse(True)
        self.links.call(self.links.proxy.cut)
        pass_time(10)
        self.links.proxy.refuse(False)

    def _fill(self) -> None:
        assert self.disk is not None
        ballast = self.disk / "ballast"
        with ballast.open("wb") as file, suppress(OSError):
            state = os.statvfs(self.disk)
            os.posix_fallocate(file.fileno(), 0, state.f_bavail * state.f_frsize)
        pass_time(10)
        ballast.unlink()


@contextmanager
def small_disk(folder: Path) -> Generator[Path | None]:
    """A file system of its own on `folder`; None where this user may not mount."""
    image = folder.parent / "disk.img"
    with image.open("wb") as file:
        file.truncate(DISK_MB << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", image], check=False, capture_output=True)
    done = subprocess.run(["mount", "-o", "loop", image, folder], check=False, capture_output=True)
    if done.returncode != 0:
        yield None
        return
    (folder / "lost+found").rmdir()
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


@dataclass
class Verdict:
    steps: list[Step]
    harm: Counter[str]
    frames: dict[str, Finding]
    walls: dict[str, dict[int, int]]
    proxied: set[str]
    wrong: list[str]

    def table(self) -> str:
        """For docs/ref/faults.md."""
        lines = ["| fault | times | longest hole of a camera, s |", "|---|---|---|"]
        for kind in sorted({step.kind for step in self.steps}):
            mine = [step for step in self.steps if step.kind == kind]
            longest = max((self._longest_us(step) for step in mine), default=0)
            lines.append(f"| {kind} | {len(mine)} | {longest / SECOND:.1f} |")
        return "\n".join(lines)

    def _longest_us(self, step: Step) -> int:
        if step.costs == NOBODY:
            return 0
        longest = 0
        for camera, finding in self.frames.items():
            for first, last in finding.holes():
                if step.from_us - BEFORE_US <= self.walls[camera][first] <= step.to_us + AFTER_US // 4:
                    longest = max(longest, (last - first + 1) * FRAME_US)
        return longest


def soak(folder: Path, seed: int, minutes: float, cameras: int) -> Verdict:
    """Run it all; what is wrong is in the verdict."""
    recordings = folder / "node" / "data" / "recordings"
    recordings.mkdir(parents=True)
    (folder / "node" / "data").chmod(0o700)
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(recordings))
        base = stack.enter_context(sim_cameras(folder, cameras, user="admin", password=SECRET))
        links = stack.enter_context(Links(int(base.rpartition(":")[2]), seed))
        node = stack.enter_context(serve(folder / "node", Setup(segment_seconds=10, workers=2)))
        through = f"rtsp://admin:{SECRET}@127.0.0.1"
        ports = [links.proxy.port if number % 2 else int(base.rpartition(":")[2]) for number in range(1, cameras + 1)]
        ids = [node.add_camera(f"{through}:{port}/cam/{n}/main", name=f"Camera {n}", transport="tcp") for n, port in enumerate(ports, 1)]
        node.wait_recording(ids, 60)
        pass_time(15)
        base_line = invariants.resources(node)
        second = first_way_in(database_url(invariants.config_of(node)), node.data / "keys", admin_name="", api_name="second").token
        nemesis = Nemesis(node, links, disk, random.Random(seed), ids, second)
        from_us = now_us()
        nemesis.run(time.monotonic() + minutes * 60 - QUIET_S)
        pass_time(QUIET_S)
        return _verdict(nemesis, ids, set(ids[::2]), from_us, base_line)


def _verdict(nemesis: Nemesis, ids: list[str], proxied: set[str], from_us: int, base_line: invariants.Resources) -> Verdict:
    node, to_us = nemesis.node, now_us() - 4 * SECOND
    marks = invariants.marks_by_camera(node, ids)
    frames, walls = frames_and_walls(marks, from_us, to_us)
    wrong = invariants.after_quiet(node, marks, (from_us, to_us), secrets=[SECRET], holds=nemesis.holds)
    wrong += invariants.resources_are_back(base_line, invariants.resources(node))
    for camera, finding in frames.items():
        links = [step for step in nemesis.steps if step.costs == PROXIED and camera in proxied]
        doubled = [
            n for n in finding.doubled if not _explained(links, walls[camera], (n, n))
        ]  # a new connection begins with the GOP so far
        if doubled:
            wrong.append(f"{camera}: {len(doubled)} frames are recorded twice")
        spans = [step for step in nemesis.steps if step.costs == EVERYBODY or (step.costs == PROXIED and camera in proxied)]
        spans += _deleted(node, camera, from_us, to_us)
        wrong += [f"{camera}: frames {hole} lost by no fault" for hole in finding.holes() if not _explained(spans, walls[camera], hole)]
    garbled = [step for step in nemesis.steps if step.kind == "links garbled"]
    cut = invariants.sql(node, "SELECT path, camera_id, start_us, end_us FROM segments WHERE end_reason <> 'rollover' AND state = 'ok'")
    wrong += undecodable(
        node.data / "recordings" / str(path)
        for path, camera, start_us, end_us in cut
        if str(camera) not in proxied or not _touches(garbled, int(str(start_us)), int(str(end_us)))
    )
    if any(step.kind == "hold placed" for step in nemesis.steps) and not any(held.rows for held in nemesis.holds):
        wrong.append("no hold held anything")
    if not nemesis.steps or not nemesis.links.proxy.log:
        wrong.append("nothing was done to the node")
    if node.stop() != 0:
        wrong.append("the node did not stop in time")
    return Verdict(nemesis.steps, nemesis.links.proxy.counts(), frames, walls, proxied, wrong)


def _deleted(node: Node, camera: str, from_us: int, to_us: int) -> list[Step]:
    """What a full disk made retention let go of, as the node itself tells it; held recordings before it stay."""
    gaps = node.timeline(camera, from_us, to_us).gaps
    return [Step("deleted", start_us, end_us, EVERYBODY) for start_us, end_us, cause in gaps if cause == "deleted"]


def _touches(steps: Iterable[Step], from_us: int, to_us: int) -> bool:
    """What a garbled link brought is recorded as it came."""
    return any(step.from_us - BEFORE_US < to_us and from_us < step.to_us + AFTER_US for step in steps)


def _explained(steps: Iterable[Step], walls: dict[int, int], hole: tuple[int, int]) -> bool:
    reach_us, last_us = walls[hole[0]], walls[hole[1]]
    for step in sorted(steps, key=lambda step: step.from_us):
        if step.from_us - BEFORE_US <= reach_us:
            reach_us = max(reach_us, step.to_us + AFTER_US)
    return reach_us > last_us
