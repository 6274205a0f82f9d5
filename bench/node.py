"""One node under test: `vms serve` in a process tree of its own, and the few API calls that benchmarks need."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from websockets.asyncio.client import connect

from bench.children import BenchError, child, wait_for
from bench.proc import Process, is_database, tree
from vms.base.timespan import parse_time

CONFIG = """\
data_dir = "{data}"

[node]
name = "Bench"

[http]
port = {port}
tls = false

[rtsp]
port = 0

[cameras]
allow_loopback = true
"""
RECORDING_S = 60.0
POSTERS = 4
BATCH = 500


@dataclass(frozen=True)
class Node:
    """A ready node. `data` holds its segment files; `client` is signed in."""

    pid: int
    url: str
    data: Path
    client: httpx2.Client

    def processes(self) -> list[Process]:
        """Root and all below it, without PostgreSQL."""
        return [process for process in tree([self.pid]) if not is_database(process)]

    def database(self) -> list[Process]:
        return [process for process in tree([self.pid]) if is_database(process)]

    def get(self, path: str, **params: str | int | list[str]) -> Any:
        answer = self.client.get(f"/api/v1{path}", params=params)
        if answer.status_code >= 300:
            raise BenchError(f"GET {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()

    def add_camera(self, name: str, url: str, record: str = "always") -> str:
        profile = {"name": "main", "url": url, "transport": "tcp"}
        answer = self.client.post("/api/v1/cameras", json={"name": name, "profiles": [profile], "record": record})
        if answer.status_code != 201:
            raise BenchError(f"POST /cameras: {answer.status_code} {answer.text[:300]}")
        return str(answer.json()["id"])

    def add_cameras(self, base_url: str, count: int) -> list[str]:
        """Simulated cameras 1…count, recorded always; returns when all record."""
        numbers = range(1, count + 1)
        with ThreadPoolExecutor(POSTERS) as pool:
            ids = list(pool.map(self.add_camera, [f"Bench {n}" for n in numbers], [f"{base_url}/cam/{n}/main" for n in numbers]))
        wait_for(f"{count} cameras recording", lambda: self.get("/system")["counts"]["recording"] >= count, seconds=RECORDING_S)
        return ids

    def add_points(self, count: int) -> None:
        """Registered cameras that nobody pulls: they make lists long."""
        profile = {"name": "main", "url": "rtsp://127.0.0.1:9/none"}
        points = [{"name": f"Point {number}", "profiles": [profile], "record": "never"} for number in range(1, count + 1)]
        for first in range(0, count, BATCH):
            answer = self.client.post("/api/v1/cameras/batch", json={"items": points[first : first + BATCH]})
            if answer.status_code != 201:
                raise BenchError(f"POST /cameras/batch: {answer.status_code} {answer.text[:300]}")

    def segment_files(self) -> list[Path]:
        return [path for path in self.data.rglob("*.mp4") if path.is_file()]

    def websocket(self, path: str) -> connect:
        """For `async with`; as a browser would: with the session's cookie and our own origin."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())
        headers = {"Cookie": cookies, "Origin": self.url}
        url = f"{self.url.replace('http', 'ws', 1)}/api/v1{path}"
        return connect(url, additional_headers=headers, max_size=None, compression=None, max_queue=None)


@contextmanager
def serve(folder: Path, module: str = "vms") -> Generator[Node]:
    """A new node with an empty data folder below `folder`; yields when it is ready and somebody is signed in."""
    data, config, port = folder / "data", folder / "vms.toml", free_port()
    data.mkdir()
    config.write_text(CONFIG.format(data=data, port=port))
    url = f"http://127.0.0.1:{port}"
    with (
        child([sys.executable, "-m", module, "serve", "--config", config], folder / "node.log") as process,
        httpx2.Client(base_url=url, headers={"X-VMS-CSRF": "1"}, timeout=30) as client,
    ):
        wait_for("node", lambda: is_ready(client), process)
        sign_in(client, config)
        yield Node(process.pid, url, data, client)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_ready(client: httpx2.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def sign_in(client: httpx2.Client, config: Path) -> None:
    """By the one-time link that `vms init` prints; the client keeps the cookie."""
    answer = subprocess.run(
        [sys.executable, "-m", "vms", "init", "--config", config], capture_output=True, text=True, check=False, timeout=60
    )
    if answer.returncode != 0:
        raise BenchError(f"vms init: {answer.stderr.strip()}")
    session = client.post("/api/v1/sessions", json={"login_token": answer.stdout.strip().rpartition("#token=")[2]})
    if session.status_code != 201:
        raise BenchError(f"POST /sessions: {session.status_code} {session.text[:300]}")


def time_us(text: str) -> int:
    """RFC 3339 of an answer → microseconds."""
    return parse_time(text)
