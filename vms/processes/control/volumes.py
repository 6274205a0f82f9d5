"""The node's volumes as control sees them: which are open, what people are told of them, when their files are read.

Control counts the generations: it is the one process of a node of which there is never a second. Not here: one look
(storage.watch), the disks below (disks), reading files back (recovery).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from sqlalchemy.orm import Session

from vms.base.clock import Clock
from vms.base.journal import announce
from vms.base.log import get_log
from vms.events import Event
from vms.processes.config import NodeConfig
from vms.processes.control.commits import Item
from vms.storage.disks import DiskHealth, disk_of
from vms.storage.facts import DiskState, VolumeState
from vms.storage.files import RealFiles
from vms.storage.filling import Filling
from vms.storage.holding import holder_of
from vms.storage.volume_set import VolumeSet
from vms.storage.volumes import Volume
from vms.storage.watch import Look, Looking

DISKS_S = 600.0
NOTE_S = 10.0


class Readings(Protocol):
    """What recovery does with volumes. Called on the loop."""

    def volume_is_here(self, volume: Volume) -> None: ...
    def volume_is_gone(self, volume: Volume) -> None: ...


class NodeVolumes:
    """`open` and `paths` are kept up to date; others hold on to them."""

    def __init__(
        self, config: NodeConfig, clock: Clock, put: Callable[[Item], None], readings: Readings, opened: dict[str, Volume]
    ) -> None:
        looking = Looking(config.data_dir, config.node_id, holder_of(config.data_dir), RealFiles(), owner=True)
        self.set = VolumeSet(looking, clock, self._changed)
        self.open = opened
        self.paths: dict[str, str] = {volume.id: volume.path for volume in config.volumes}
        self.disks: dict[str, DiskHealth] = {}
        self.filling: dict[str, Filling] = {}
        self._clock = clock
        self._states: dict[str, str] = {}
        self._put = put
        self._readings = readings
        self._log = get_log("control.volumes")

    def looks(self) -> list[Look]:
        """The newest of each volume, by place; from any thread."""
        return sorted(self.set.looks.values(), key=lambda look: look.known.path)

    def doubt(self) -> None:
        """A worker was refused by a disk, and did not say which."""
        for volume in tuple(self.open):
            self.set.doubt(volume)

    async def watch_disks(self) -> None:
        """A task's life: the disks below the volumes, every ten minutes."""
        while True:
            for look in self.looks():
                if look.volume is not None:
                    self._felt(look.known.id, await asyncio.to_thread(_disk_of, look.known.path))
            await self._clock.sleep(DISKS_S)

    async def note_room(self) -> None:
        """A task's life: how the volumes fill."""
        while True:
            for look in self.looks():
                if look.volume is not None:
                    self.filling.setdefault(look.known.id, Filling()).note(self._clock.mono_us(), look.free_bytes)
            await self._clock.sleep(NOTE_S)

    def _felt(self, volume: str, health: DiskHealth) -> None:
        """The first look tells of a disk that is bad; later ones of every change."""
        before, self.disks[volume] = self.disks.get(volume), health
        if health.state == before.state if before is not None else health.state in ("ok", "unknown"):
            return
        tell = self._log.info if health.state == "ok" else self._log.warning
        tell("disk is " + health.state, volume=volume, device=health.device, why=health.detail)
        self._announce(DiskState(volume, health.device, health.state, health.detail))

    def _announce(self, fact: Event) -> None:
        def work(session: Session) -> None:
            announce(session, fact)

        self._put(Item(work=work))

    def _changed(self, look: Look) -> None:
        volume, known = look.known.id, look.known
        self.paths[volume] = known.path
        before = self.open.get(volume)
        if before is not None and before is not look.volume:
            del self.open[volume]
            self._readings.volume_is_gone(before)
        if look.volume is not None and look.volume is not before:
            self.open[volume] = look.volume
            self._readings.volume_is_here(look.volume)
        if self._states.get(volume) != look.state:
            self._tell(look, first=volume not in self._states)
            self._states[volume] = look.state

    def _tell(self, look: Look, *, first: bool) -> None:
        """A start that finds all well is no news."""
        tell = self._log.info if look.state == "ok" else self._log.warning
        tell("volume is " + look.state, volume=look.known.id, path=look.known.path, why=look.detail)
        if first and look.state == "ok":
            return
        self._announce(VolumeState(look.known.id, look.state, look.free_bytes, look.detail))


def _disk_of(path: str) -> DiskHealth:
    try:
        return disk_of(path)
    except OSError as error:
        return DiskHealth("", "unknown", error.strerror or "")
