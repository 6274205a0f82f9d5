"""One node under test: `vms serve` in a process tree of its own, and the few API calls that benchmarks need."""

from __future__ import annotations

import json
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
port = 0
tls = false

[rtsp]
port = 0

[cameras]
allow_loopback = true
"""
RECORDING_S = 60.0
POSTERS = 4


@dataclass(frozen=True)
class Node:
    """A ready node. `data` holds its segment files."""

    pid: int
    url: str
    token: str
    data: Path
    client: httpx2.Client

    def processes(self) -> list[Process]:
        """Root and all below it, without PostgreSQL."""
        return [process for process in tree([self.pid]) if not is_database(process)]

    def database(self) -> list[Process]:
        return [process for process in tree([self.pid]) if is_database(process)]

    def get(self, path: str, **params: str | int) -> Any:
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
        names = [f"Point {number}" for number in range(1, count + 1)]
        with ThreadPoolExecutor(POSTERS) as pool:
            list(pool.map(self.add_camera, names, ["rtsp://127.0.0.1:9/none"] * count, ["never"] * count))

    def segment_files(self) -> list[Path]:
        return [path for path in self.data.rglob("*.mp4") if path.is_file()]

    def websocket(self, path: str) -> connect:
        """For `async with`."""
        url = f"{self.url.replace('http', 'ws', 1)}/api/v1{path}"
        return connect(url, additional_headers={"Authorization": f"Bearer {self.token}"}, max_size=None, compression=None, max_queue=None)


@contextmanager
def serve(folder: Path) -> Generator[Node]:
    """A new node with an empty data folder below `folder`; yields when it answers."""
    data, config, ready = folder / "data", folder / "vms.toml", folder / "ready.json"
    data.mkdir()
    config.write_text(CONFIG.format(data=data))
    with child([sys.executable, "-m", "vms", "serve", "--config", config, "--ready-file", ready], folder / "node.log") as process:
        wait_for("node", ready.exists, process)
        content: dict[str, Any] = json.loads(ready.read_text())
        url = str(content["url"]).rstrip("/")
        headers = {"Authorization": f"Bearer {content['token']}"}
        with httpx2.Client(base_url=url, headers=headers, timeout=30) as client:
            yield Node(process.pid, url, str(content["token"]), data, client)


def time_us(text: str) -> int:
    """RFC 3339 of an answer → microseconds."""
    return parse_time(text)
