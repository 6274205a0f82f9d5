"""A node's volumes as one process sees them: looked at every two seconds, each by its own thread, told when one comes or goes.

Lives on the event loop, which never touches a disk. Not here: one look (watch), what a change means (worker, control).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from vms.base.clock import Clock
from vms.base.errors import VmsError
from vms.base.log import get_log
from vms.storage.known import Known, KnownVolume, read_known
from vms.storage.volumes import Volume
from vms.storage.watch import Look, Looker, Looking

LOOK_S = 2.0
SILENT_US = 10_000_000
"""A disk that has not answered for so long is no place for new recordings."""

OnChange = Callable[[Look], None]
"""Called when a volume is new, or has another state, reason or descriptor than before. Whoever it tells closes what it left."""


class VolumeSet:
    """`run` is one life. `looks` is the newest look at each volume, in the order of the node's list."""

    def __init__(self, looking: Looking, clock: Clock, on_change: OnChange) -> None:
        self.looks: dict[str, Look] = {}
        self._looking = looking
        self._clock = clock
        self._on_change = on_change
        self._lookers: dict[str, Looker] = {}
        self._doubted: set[str] = set()
        self._known: Known = ()
        self._loop = asyncio.get_running_loop()
        self._log = get_log("volumes")
        self._damaged = ""

    async def first(self, at_most_s: float) -> None:
        """Until every volume was looked at once; a disk that hangs is waited for no longer than this."""
        until_us = self._clock.mono_us() + int(at_most_s * 1_000_000)
        self.tick()
        while any(volume.id not in self.looks for volume in self._known) and self._clock.mono_us() < until_us:
            await self._clock.sleep(0.01)

    async def run(self) -> None:
        while True:
            self.tick()
            await self._clock.sleep(LOOK_S)

    def tick(self) -> None:
        """Ask for a look at each volume that is not being looked at, and tell of those that are silent."""
        now_us = self._clock.mono_us()
        self._read_list()
        for volume in self._known:
            looker = self._lookers.get(volume.id)
            if looker is None:
                looker = self._lookers[volume.id] = Looker(self._looking, self._answer)
            if looker.asked_us is None:
                looker.ask(volume, self._open(volume.id), now_us, doubted=volume.id in self._doubted)
            elif now_us - looker.asked_us > SILENT_US:
                self._tell(Look(volume, self._open(volume.id), "failed", "the disk does not answer"))
        for gone in self._lookers.keys() - {volume.id for volume in self._known}:
            if self._lookers[gone].asked_us is None:  # else its answer comes first, or the silent disk stays told
                self._lookers.pop(gone).end()
                self._forget(gone)

    def doubt(self, volume: str) -> None:
        """Its disk has failed somebody: it must prove itself with the next look."""
        self._doubted.add(volume)

    def volume(self, volume: str) -> Volume | None:
        """Open, and as it should be or full."""
        look = self.looks.get(volume)
        return look.volume if look is not None and look.state != "failed" else None

    def _forget(self, volume: str) -> None:
        look = self.looks.get(volume)
        if look is not None:
            self._tell(Look(look.known, None, "failed", "the volume is retired, or no longer on this node's list"))
            del self.looks[volume]

    def _open(self, volume: str) -> Volume | None:
        look = self.looks.get(volume)
        return look.volume if look is not None else None

    def _read_list(self) -> None:
        try:
            known = read_known(self._looking.data_dir) or ()
            self._known = tuple(volume for volume in known if self._looking.owner or not volume.retired)
        except VmsError as error:
            if self._damaged != error.message:
                self._log.error("the list of volumes cannot be read; the last one stays in force", error=error.message)
            self._damaged = error.message
        else:
            self._damaged = ""

    def _answer(self, look: Look) -> None:
        """From a looker's thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._answered, look)

    def _answered(self, look: Look) -> None:
        self._lookers[look.known.id].asked_us = None
        if look.state == "ok":
            self._doubted.discard(look.known.id)
        self._tell(look)

    def _tell(self, look: Look) -> None:
        before = self.looks.get(look.known.id)
        self.looks[look.known.id] = look
        if before is None or _news(before) != _news(look):
            self._on_change(look)


def _news(look: Look) -> tuple[str, str, Volume | None, KnownVolume]:
    return look.state, look.detail, look.volume, replace(look.known, generation=0)
