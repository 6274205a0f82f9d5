"""The past on its way: written by a program of its own beside the running demo, then taken into the index.

The first picture does not wait for it. A demo that ended before the past was whole goes on with it at the next start.
Not here: writing it (past).
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

from vms.base.errors import Kind, VmsError
from vms.base.timespan import format_time
from vms.demo.children import DemoChild, start
from vms.demo.client import NodeClient
from vms.demo.options import Kept
from vms.demo.past import PastCamera, PastJob
from vms.processes.config import NodeConfig
from vms.sim.cameras import demo_cameras

NICE = 15  # pictures come first


@dataclass(frozen=True, slots=True)
class Seeding:
    """The program that writes the past. `child` is stopped with the demo."""

    client: NodeClient
    volume: str
    child: DemoChild

    def ended(self) -> bool:
        return self.child.process.poll() is not None

    def adopt(self) -> int:
        """How many segments it added to the index. Raises IO_ERROR when it failed, UNAVAILABLE when the node did not answer."""
        code = self.child.process.returncode
        if code != 0:
            raise VmsError(Kind.IO_ERROR, f"it could not be written (exit {code}); is the disk full? See {self.child.log}")
        return int(self.client.post(f"/volumes/{self.volume}/rescan", {})["added"])


def begin(client: NodeClient, config: NodeConfig, kept: Kept, span_us: tuple[int, int], folder: Path) -> Seeding:
    """Start writing `span_us` of each camera that has nothing of it yet."""
    cameras = tuple(
        PastCamera(kept.cameras[str(camera.number)], camera.number, camera.clip)
        for camera in demo_cameras(len(kept.cameras))
        if not camera.locked and not _is_recorded(client, kept.cameras[str(camera.number)], span_us)
    )
    volume = config.volumes[0]
    path = folder / "past.json"
    PastJob(volume.path, config.node_id, config.segment_seconds, *span_us, cameras).save(path)
    log = Path(config.data_dir) / "past.log"
    return Seeding(client, volume.id, start("the past", ["vms.demo.past", str(path)], log, death=signal.SIGKILL, nice=NICE))


def _is_recorded(client: NodeClient, camera: str, span_us: tuple[int, int]) -> bool:
    """By its first half: a camera's live recording begins with a group of pictures that may reach into the span's end."""
    from_us, to_us = span_us[0], sum(span_us) // 2
    return bool(client.get(f"/cameras/{camera}/timeline", **{"from": format_time(from_us), "to": format_time(to_us)})["recorded"])
