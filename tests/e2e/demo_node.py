"""`vms demo` as a child of the tests: started, asked through the contract's HTTP interface, stopped in order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from vms.demo.options import load_kept
from vms.sim.cameras import DROPPING_CAMERA, LOCKED_CAMERA, demo_cameras

ROOT = Path(__file__).parents[2]
CONSOLE = ROOT / "web" / "dist" / "index.html"
CAMERAS = 18
"""Two of the demo's cameras fail on purpose; sixteen good ones are left."""
READY_S = 90.0
STOP_S = 40.0
PAST_S = 60.0


@dataclass(frozen=True, slots=True)
class DemoNode:
    """A running demo. `cameras` holds ids by simulated number."""

    data: Path
    url: str
    login_url: str
    token: str
    cameras: dict[int, str]
    started: float

    @property
    def good(self) -> list[str]:
        """Sixteen cameras that nothing is wrong with."""
        return [camera for number, camera in self.cameras.items() if number not in (DROPPING_CAMERA, LOCKED_CAMERA)]

    @property
    def plain(self) -> str:
        """One of them: H.264, no sound, two-second GOPs."""
        return self.cameras[1]

    @property
    def dropping(self) -> str:
        return self.cameras[DROPPING_CAMERA]

    @property
    def locked(self) -> str:
        return self.cameras[LOCKED_CAMERA]

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        with httpx2.Client(trust_env=False, timeout=30) as http:
            answer = http.get(f"{self.url}/api/v1{path}", params=query, headers=headers)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    def wait_past(self) -> None:
        """Until the minutes of past are on the timeline: they follow the first picture."""
        until = time.monotonic() + PAST_S
        while (kept := load_kept(self.data / "demo.json")) is None or kept.past_us is not None:
            assert time.monotonic() < until, (self.data / "past.log").read_text()[-2000:]
            time.sleep(0.1)

    def sim_url(self, number: int) -> str:
        """The RTSP address of a simulated camera's main stream."""
        return str(self.get(f"/cameras/{self.cameras[number]}")["profiles"][0]["url"])


def start(folder: Path) -> subprocess.Popen[bytes]:
    """The demo's process; its words go to `folder`/demo.log."""
    assert CONSOLE.exists(), f"{CONSOLE} is missing: `make setup` builds the console"
    ready = folder / "ready.json"
    options = ["--data", str(folder / "data"), "--port", "0", "--no-browser", "--ready-file", str(ready), "--cameras", str(CAMERAS)]
    with (folder / "demo.log").open("wb") as log:
        return subprocess.Popen([sys.executable, "-m", "vms", "demo", *options], cwd=ROOT, stdout=log, stderr=log, start_new_session=True)


def wait_ready(process: subprocess.Popen[bytes], folder: Path, started: float) -> DemoNode:
    """Once the first frame is recorded."""
    ready = folder / "ready.json"
    while not ready.exists():
        assert process.poll() is None, f"the demo ended: {(folder / 'demo.log').read_text()[-2000:]}"
        assert time.monotonic() - started < READY_S, f"the demo is not ready: {(folder / 'demo.log').read_text()[-2000:]}"
        time.sleep(0.02)
    said = json.loads(ready.read_text())
    kept = json.loads((folder / "data" / "demo.json").read_text())
    cameras = {camera.number: str(kept["cameras"][str(camera.number)]) for camera in demo_cameras(CAMERAS)}
    return DemoNode(folder / "data", said["url"], said["login_url"], said["token"], cameras, started)


def stop(process: subprocess.Popen[bytes]) -> int:
    """As by Ctrl-C; by force when that does not help. Its exit code."""
    process.send_signal(signal.SIGINT)
    try:
        return process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()
