"""The demo from start to Ctrl-C: start the children, register the cameras, wait for the first frame, tell where to look.

An outside client of the node: everything but the first token goes through the HTTP interface of the contract.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

from vms import __version__
from vms.app import resolve, run_dir
from vms.base.errors import VmsError
from vms.base.ids import new_id
from vms.demo.children import DemoChild, start, wait_for
from vms.demo.options import DemoOptions, Kept, load_kept, save_kept, write_private
from vms.processes.config import NodeConfig
from vms.settings import CameraSettings, HttpSettings, NodeSettings, RtspSettings, Settings
from vms.setup import WayIn
from vms.sim.cameras import SimCamera, demo_cameras

if TYPE_CHECKING:
    from vms.demo.client import NodeClient
    from vms.demo.seeding import Seeding

T = TypeVar("T")
READY_S = 60.0
RTSP_PORT = 8554
SEED_MARGIN_US = 1_000_000
REGIONS = (("city", "青川市"), ("district", "城东分局"), ("station", "望湖派出所"), ("station", "青松派出所"))


class Stopped(Exception):
    """The demo was asked to end before it was ready."""


@dataclass
class Demo:
    """One demo; `run` returns the exit code."""

    options: DemoOptions
    stop: Event
    began: float
    helpers: list[DemoChild] = field(default_factory=list[DemoChild])

    def run(self) -> int:
        data = self.options.data.absolute()
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        port = self.options.port or _free_port()
        config, config_path = resolve(_settings(data, port))
        children: list[DemoChild] = []
        try:
            kept = load_kept(data / "demo.json")
            children.append(self._start_node(config_path, data))
            if self.options.cameras:
                kept = self._start_cameras(kept, data, children)
            return self._live(config, data, kept, children)
        finally:
            for child in (*self.helpers, *children):
                child.stop()

    def _wait(self, what: str, look: Callable[[], T | None], children: list[DemoChild]) -> T:
        """Poll until `look` gives something. Raises Stopped at Ctrl-C, TIMEOUT naming `what`, or a child's end."""

        def look_unless_stopped() -> T | None:
            if self.stop.is_set():
                raise Stopped
            return look()

        return wait_for(what, look_unless_stopped, children, READY_S)

    # --- children ---

    def _start_node(self, config_path: Path, data: Path) -> DemoChild:
        return start("the node", ["vms.processes.root", str(config_path)], data / "node.log", death=signal.SIGTERM)

    def _start_cameras(self, kept: Kept | None, data: Path, children: list[DemoChild]) -> Kept:
        """Simulated cameras on the port their registered URLs name, or on another when that is taken."""
        ready = run_dir(data) / "sim-ready.json"
        ready.unlink(missing_ok=True)
        port = kept.sim_port if kept and _is_free(kept.sim_port) else 0
        arguments = ["vms.sim", "--demo", "--count", str(self.options.cameras), "--port", str(port), "--ready-file", str(ready)]
        sim = start("the simulated cameras", arguments, data / "cameras.log", death=signal.SIGKILL)
        children.insert(0, sim)
        self._wait("the simulated cameras", lambda: True if ready.exists() else None, [sim])
        sim_port = int(json.loads(ready.read_text())["port"])
        ids = dict(kept.cameras) if kept else {}
        for number in range(1, self.options.cameras + 1):
            ids.setdefault(str(number), new_id())
        return Kept(sim_port, ids, kept.past_us if kept else None)

    # --- the node's life ---

    def _live(self, config: NodeConfig, data: Path, kept: Kept | None, children: list[DemoChild]) -> int:
        from vms.demo.client import NodeClient  # noqa: PLC0415  (imported while the children start)

        way_in = self._wait("the database", lambda: _way_in(config), children)
        url = f"http://127.0.0.1:{config.port}"
        client = NodeClient(url, way_in.token)
        self._wait("the node's API", client.alive, children)
        self._say("database and API", True)
        if kept is not None:
            new = not (data / "demo.json").exists()
            kept = replace(kept, past_us=self._past() if new else kept.past_us)
            self._register(client, kept)
            save_kept(data / "demo.json", kept)
            recording = self._wait("the first recorded frame", lambda: self._recording(client), children)
            self._say("cameras", True, f"{recording} of {self.options.cameras} recording")
        ready = self._ready(config, url, way_in.login_link, way_in.token, data)
        if self.options.ready_file is not None:
            write_private(self.options.ready_file, json.dumps(ready))
        _print(f"\n  open  {ready['login_url']}\n  one-time link; Ctrl-C stops everything; data in {data}\n")
        if self.options.browser:
            webbrowser.open(ready["login_url"])
        seeding = self._start_past(client, config, data, kept)
        while not self.stop.wait(0.5):
            for child in children:
                child.check()
            if seeding is not None and kept is not None and seeding.ended():
                self._adopt_past(seeding, data, kept)
                seeding = None
        client.close()
        return 0

    def _register(self, client: NodeClient, kept: Kept) -> None:
        """Regions and cameras on the first start; on a later one only URLs whose port has changed."""
        known = {camera["id"]: camera for camera in client.items("/cameras")}
        regions = self._regions(client)
        stations = [region["id"] for region in regions if region["level"] == "station"]
        for camera in demo_cameras(self.options.cameras):
            camera_id = kept.cameras[str(camera.number)]
            body = _camera_body(camera, kept.sim_port)
            if camera_id not in known:
                station = stations[camera.number % len(stations)]
                client.post("/cameras", body | {"id": camera_id, "region_id": station})
            elif known[camera_id]["profiles"][0]["url"] != body["profiles"][0]["url"]:
                client.patch(f"/cameras/{camera_id}", {"profiles": body["profiles"]})

    def _regions(self, client: NodeClient) -> list[dict[str, Any]]:
        found = client.items("/regions")
        if found:
            return found
        parent: str | None = None
        made: list[dict[str, Any]] = []
        for level, name in REGIONS:
            above = parent if level != "station" else made[1]["id"]
            region = client.post("/regions", {"level": level, "name": name, "parent_id": above})
            parent = region["id"]
            made.append(region)
        return made

    def _past(self) -> tuple[int, int] | None:
        """The minutes before the cameras are registered."""
        to_us = time.time_ns() // 1000 - SEED_MARGIN_US
        return (to_us - int(self.options.seed_minutes * 60_000_000), to_us) if self.options.seed_minutes > 0 else None

    def _start_past(self, client: NodeClient, config: NodeConfig, data: Path, kept: Kept | None) -> Seeding | None:
        if kept is None or kept.past_us is None:
            return None
        from vms.demo.seeding import begin  # noqa: PLC0415  (the picture comes first)

        seeding = begin(client, config, kept, kept.past_us, run_dir(data))
        self.helpers.append(seeding.child)
        return seeding

    def _adopt_past(self, seeding: Seeding, data: Path, kept: Kept) -> None:
        """A past that fails is said and tried again at the next start; the demo goes on."""
        try:
            added = seeding.adopt()
        except VmsError as error:
            self._say("past", False, error.message)
            return
        save_kept(data / "demo.json", replace(kept, past_us=None))
        self._say("past", True, f"{self.options.seed_minutes:g} minutes, {added} segments")

    def _recording(self, client: NodeClient) -> int | None:
        """How many cameras have a recorded frame; None while there is none."""
        cameras = client.items("/cameras")
        return sum(1 for camera in cameras if camera["recording"] and camera["last_frame_at"]) or None

    def _ready(self, config: NodeConfig, url: str, link: str, token: str, data: Path) -> dict[str, Any]:
        node = {"id": config.node_id, "level": config.level, "name": config.name}
        return {
            "version": __version__,
            "url": url,
            "login_url": f"{url}/login#token={link}",
            "token": token,
            "rtsp_url": f"rtsp://{config.host}:{config.rtsp_port}",
            "data": str(data),
            "pid": os.getpid(),
            "node": node,
            "nodes": [node | {"url": url, "token": token}],
        }

    def _say(self, what: str, ok: bool, detail: str = "") -> None:
        seconds = time.monotonic() - self.began
        _print(f"  [{'ok' if ok else '!!'}] {what:<18} {detail:<28} {seconds:5.1f} s")


def run_demo(options: DemoOptions) -> int:
    """0 after SIGINT or SIGTERM, 1 when it failed; the last line on stderr says why."""
    stop, began = Event(), time.monotonic()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, partial(_stop, stop))
    try:
        return Demo(options, stop, began).run()
    except Stopped:
        return 0
    except (VmsError, OSError) as error:
        sys.stderr.write(f"{error.message if isinstance(error, VmsError) else error}\n")
        return 1


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _settings(data: Path, port: int) -> Settings:
    """Loopback only: plain HTTP for the browser, cameras on this machine."""
    return Settings(
        data_dir=data,
        node=NodeSettings(name="望湖派出所", level="station"),
        http=HttpSettings(port=port, tls=False),
        rtsp=RtspSettings(port=RTSP_PORT if _is_free(RTSP_PORT) else _free_port()),
        cameras=CameraSettings(allow=(), allow_loopback=True),
    )


def _stop(stop: Event, *_: object) -> None:
    stop.set()


def _way_in(config: NodeConfig) -> WayIn | None:
    """The first link and token, once the schema is there."""
    from vms.processes.control.database import database_url, schema_ready  # noqa: PLC0415  (SQL is imported while the children start)
    from vms.setup import first_way_in  # noqa: PLC0415

    url = database_url(config)
    return first_way_in(url, Path(config.data_dir) / "keys", admin_name="值班员", api_name="demo") if schema_ready(url) else None


def _camera_body(camera: SimCamera, port: int) -> dict[str, Any]:
    base = f"rtsp://127.0.0.1:{port}"
    body: dict[str, Any] = {
        "name": camera.name,
        "profiles": [
            {"name": "main", "url": base + camera.main_path, "transport": "auto"},
            {"name": "sub", "url": base + camera.sub_path, "transport": "auto"},
        ],
        "record": "always",
    }
    if camera.username:
        body |= {"username": camera.username, "password": camera.password}
    return body


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
