"""A node under test: `vms serve` as a user starts it, asked through its contract, judged by the files that it leaves.

In: starting, stopping and killing, the HTTP calls that scenarios need, frame marks of its segment files, its logs.
Not here: what is expected of it (tests/scenario).
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from websockets.sync.client import ClientConnection, connect

from tests.support.wait import wait_until
from vms.app import run_dir
from vms.base.timespan import format_time, parse_time
from vms.processes.config import load
from vms.processes.control.database import database_url, schema_ready
from vms.setup import first_way_in
from vms.sim.marks import Mark, find_marks

START_S = 60.0
STOP_S = 40.0
API = "/api/v1"
DAY_US = 86_400_000_000
# uvicorn's word when an idle HTTPS connection outlives its grace at a stop ("Cancel 0 running task(s)") is no loss.
_BAD_LINE = re.compile(
    r"Traceback|^\S+ (ERROR|CRITICAL) (?! *Cancel 0 running)"
    r"|never (awaited|retrieved)|Exception (in|ignored)|child silent|did not stop"
)
_BAD_DATABASE_LINE = re.compile(r"ERROR: |PANIC: ")


@dataclass(frozen=True)
class Setup:
    """What a scenario's configuration says."""

    segment_seconds: float = 2.0
    workers: int = 1
    tls: bool = False
    allow: tuple[str, ...] = ()
    rtsp_port: int = 0
    more: str = ""
    """Further TOML."""
    before: tuple[str, ...] = ()
    """Command that starts it, such as disk.on_small_disk."""
    volumes: tuple[Path, ...] = ()
    """Without any it is the folder `recordings` of the data directory."""


@dataclass
class Node:
    """A running node; `stop` is the orderly end, `kill` ends one process of it."""

    process: subprocess.Popen[bytes]
    data: Path
    log: Path
    url: str
    token: str = field(repr=False)
    http: httpx2.Client = field(repr=False)
    volumes: tuple[Path, ...] = ()

    # --- asking ---

    def get(self, path: str, **query: str | int) -> Any:
        return self._checked(self.http.get(API + path, params=query))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._checked(self.http.post(API + path, json=body))

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        return self._checked(self.http.patch(API + path, json=body))

    def items(self, path: str, **query: str | int) -> list[dict[str, Any]]:
        """All pages of a list."""
        found: list[dict[str, Any]] = []
        after = "after" if path == "/facts" else "cursor"
        while True:
            page = self.get(path, **query)
            found += page["items"]
            if not page["next"]:
                return found
            query[after] = page["next"]

    def _checked(self, answer: httpx2.Response) -> Any:
        assert answer.status_code < 300, f"{answer.request.url.path}: {answer.status_code} {answer.text[:300]}"
        return answer.json() if answer.content else None

    def add_camera(self, url: str, *, name: str = "", transport: str = "auto", **more: Any) -> str:
        profiles = [{"name": "main", "url": url, "transport": transport}]
        return str(self.post("/cameras", {"name": name or url[-40:], "profiles": profiles, "record": "always", **more})["id"])

    def camera(self, camera: str) -> dict[str, Any]:
        return self.get(f"/cameras/{camera}")

    def wait_recording(self, cameras: Iterable[str], seconds: float = 15.0) -> None:
        for camera in cameras:
            wait_until(f"{camera} records", lambda camera=camera: self._records(camera), seconds)

    def _records(self, camera: str) -> bool:
        shown = self.camera(camera)
        return bool(shown["recording"] and shown["last_frame_at"])

    def wait_state(self, camera: str, state: str, cause: str | None, seconds: float) -> dict[str, Any]:
        """The camera as soon as it is in that state for that cause; fails with what it was last."""
        last: list[tuple[str, str]] = []

        def look() -> dict[str, Any] | None:
            shown = self.camera(camera)
            now = (shown["state"], shown["cause"])
            if now != (last[-1] if last else None):
                last.append(now)
            return shown if now == (state, cause) else None

        try:
            return wait_until(f"{camera} is {state} ({cause})", look, seconds)
        except AssertionError as late:
            raise AssertionError(f"{late}; it was {last}") from None

    def timeline(self, camera: str, from_us: int, to_us: int) -> Timeline:
        answer = self.get(f"/cameras/{camera}/timeline", **{"from": from_us, "to": to_us})
        recorded = [(parse_time(r["from"]), parse_time(r["to"])) for r in answer["recorded"]]
        gaps = [(parse_time(g["from"]), parse_time(g["to"]), str(g["cause"])) for g in answer["gaps"]]
        return Timeline(parse_time(answer["from"]), parse_time(answer["to"]), recorded, gaps)

    def segments(self, camera: str, from_us: int = 0, to_us: int | None = None) -> list[dict[str, Any]]:
        """Rows; without a span those of the last day."""
        span: dict[str, str | int] = {"from": from_us or now_us() - DAY_US, "to": to_us or now_us() + 1_000_000, "limit": 500}
        return self.items(f"/cameras/{camera}/segments", **span)

    def clip(self, camera: str, from_us: int, to_us: int, container: str = "mp4") -> httpx2.Response:
        query = {"from": format_time(from_us), "to": format_time(to_us)}
        return self.http.get(f"{API}/cameras/{camera}/clip.{container}", params=query)

    def websocket(self, path: str) -> ClientConnection:
        """For `with`."""
        url = self.url.replace("http", "ws", 1) + API + path
        trust = _trust(self.data) if url.startswith("wss") else None
        headers = {"Authorization": f"Bearer {self.token}"}
        return connect(url, additional_headers=headers, max_size=None, compression=None, proxy=None, ssl=trust)

    # --- processes ---

    def pids(self, role: str) -> list[int]:
        """By the node's own account; PostgreSQL by its lock file."""
        if role == "postgres":
            return [int((self.data / "postgres" / "postmaster.pid").read_text().split()[0])]
        return [process["pid"] for process in self.get("/system")["processes"] if process["role"].startswith(role)]

    def kill(self, role: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Sends the signal to one process of the role; which one."""
        pid = self.pid_of(role)
        os.kill(pid, number)
        return pid

    def pid_of(self, role: str) -> int:
        """By command line, among this node's own descendants, so that it works while control does not answer."""
        module = "/postgres" if role == "postgres" else f"vms.processes.{role}"
        found = [pid for pid in descendants(self.process.pid) if module in command_line(pid)]
        assert found, f"no {role} is running"
        return min(found)

    def stop(self) -> int:
        """SIGTERM, as a service manager does; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_S)

    # --- what it left ---

    def files(self, camera: str = "") -> list[Path]:
        return sorted(self._files(f"{camera or '*'}/*/*/*.mp4"), key=lambda path: path.parts[-4:])

    def marks(self, camera: str) -> list[Mark]:
        """Of main, in the order of the files' starts."""
        files = sorted(self._files(f"{camera}/main/*/*.mp4"), key=lambda path: path.parts[-4:])
        return [mark for path in files for mark in find_marks(path.read_bytes())]

    def _files(self, pattern: str) -> Iterable[Path]:
        return (path for volume in self.volumes or (self.data / "recordings",) for path in volume.glob(pattern))

    def check(self, *options: str) -> dict[str, int]:
        """`vms check` beside the running node or after it."""
        report = self.data.parent / "check.json"
        command = [sys.executable, "-m", "vms", "check", "--data", str(self.data), "--json", str(report), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL)
        assert report.exists(), done.stderr[-800:]
        found: dict[str, int] = json.loads(report.read_text())
        bad = any(found[name] for name in ("missing", "orphan", "short", "changed", "chain_broken"))
        assert done.returncode == (1 if bad else 0), done.stderr[-800:]
        return found

    def bad_log_lines(self) -> list[str]:
        lines: list[str] = []
        for path, bad in ((self.log, _BAD_LINE), (self.data / "postgres.log", _BAD_DATABASE_LINE)):
            if path.exists():
                lines += [line for line in path.read_text(errors="replace").splitlines() if bad.search(line)]
        return lines


@dataclass(frozen=True)
class Timeline:
    """An answer in integer microseconds."""

    from_us: int
    to_us: int
    recorded: list[tuple[int, int]]
    gaps: list[tuple[int, int, str]]

    def is_exact(self) -> bool:
        """Recorded and gaps tile the window: sorted, without overlap, without a hole."""
        at = self.from_us
        for piece in sorted([*self.recorded, *((a, b) for a, b, _ in self.gaps)]):
            if piece[0] != at or piece[1] <= at:
                return False
            at = piece[1]
        return at == self.to_us


def now_us() -> int:
    return time.time_ns() // 1000


def command_line(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def descendants(root: int) -> list[int]:
    """Living processes below `root`, from /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if fields[0] != "Z":
                    children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[int] = []
    queue = [root]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def is_alive(pid: int) -> bool:
    """Neither gone nor a zombie."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write_config(folder: Path, setup: Setup, port: int) -> Path:
    text = f"""\
data_dir = "{folder / "data"}"
workers = {setup.workers}
[node]
name = "Lakeside station"
[http]
port = {port}
tls = {str(setup.tls).lower()}
[rtsp]
port = {setup.rtsp_port}
[cameras]
allow = {json.dumps(setup.allow)}
allow_loopback = true
[recording]
segment_seconds = {setup.segment_seconds}
{setup.more}
"""
    text += "".join(f'[[volumes]]\nid = "disk-{number}"\npath = "{path}"\n' for number, path in enumerate(setup.volumes, 1))
    path = folder / "vms.toml"
    path.write_text(text)
    return path


@contextmanager
def process(arguments: list[str], log: Path, before: tuple[str, ...] = (), module: str = "vms") -> Generator[subprocess.Popen[bytes]]:
    """`python -m vms ARGUMENTS…` in a session of its own; whatever is left of it at the end is killed."""
    with log.open("ab") as file:
        started = subprocess.Popen(
            [*before, sys.executable, "-m", module, *arguments], stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
    try:
        yield started
    finally:
        leave_nothing(started)


def leave_nothing(started: subprocess.Popen[bytes]) -> None:
    """Orderly if it can, by force with all its descendants if it cannot."""
    if started.poll() is None:
        started.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            started.wait(STOP_S / 2)
    if started.poll() is None:
        for pid in [started.pid, *descendants(started.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        started.wait(STOP_S)


@contextmanager
def serve(folder: Path, setup: Setup | None = None, module: str = "vms") -> Generator[Node]:
    """A node on `folder`, new or as it was left; yields when its API answers. Its logs go on over several starts.

    `module` has a `serve` of its own (tests/faults/entry.py).
    """
    setup = setup or Setup()
    folder.mkdir(exist_ok=True)
    port = free_port()
    config = write_config(folder, setup, port)
    data, log = folder / "data", folder / "node.log"
    with process(["serve", "--config", str(config)], log, setup.before, module) as started:
        token = wait_until("the database", alive(started, log, lambda: _token(data)), START_S)
        scheme = "https" if setup.tls else "http"
        url = f"{scheme}://127.0.0.1:{port}"
        verify = _trust(data) if setup.tls else False
        headers = {"Authorization": f"Bearer {token}"}
        with httpx2.Client(base_url=url, headers=headers, timeout=15.0, trust_env=False, verify=verify) as http:
            node = Node(started, data, log, url, token, http, setup.volumes)
            wait_until("the API", alive(started, log, lambda: _answers(node)), START_S)
            yield node


def alive(started: subprocess.Popen[bytes], log: Path, look: Callable[[], Any]) -> Callable[[], Any]:
    """`look`, failing at once when the process has ended."""

    def checked() -> Any:
        assert started.poll() is None, f"ended with {started.returncode}: {log.read_text(errors='replace')[-800:]}"
        return look()

    return checked


def _trust(data: Path) -> ssl.SSLContext:
    """The node's own authority alone."""
    return ssl.create_default_context(cafile=str(data / "tls" / "root.crt"))


def _token(data: Path) -> str | None:
    path = run_dir(data) / "node.json"
    if not path.exists():
        return None
    url = database_url(load(path))
    return first_way_in(url, data / "keys", admin_name="Administrator", api_name="scenario").token if schema_ready(url) else None


def _answers(node: Node) -> bool:
    try:
        return node.http.get(f"{API}/me").status_code == 200
    except httpx2.TransportError:
        return False


@contextmanager
def sim_cameras(
    folder: Path, count: int = 1, *, port: int = 0, faults: str = "", user: str = "", password: str = "", clip: Path | None = None
) -> Generator[str]:
    """`vms sim cameras`; yields `rtsp://127.0.0.1:PORT`, to which `/cam/{n}/main` is added."""
    ready = folder / "sim-ready.json"
    ready.unlink(missing_ok=True)
    command = ["sim", "cameras", "--count", str(count), "--port", str(port), "--ready-file", str(ready)]
    if faults:
        (folder / "faults.toml").write_text(faults)
        command += ["--script", str(folder / "faults.toml")]
    if user:
        command += ["--user", user, "--password", password]
    if clip is not None:
        command += ["--clip", str(clip)]
    log = folder / "sim.log"
    with process(command, log) as started:
        wait_until("simulated cameras", alive(started, log, ready.exists), START_S)
        yield f"rtsp://127.0.0.1:{json.loads(ready.read_text())['port']}"
