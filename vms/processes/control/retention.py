"""When room is made: each second by a volume's free space, each minute by bytes, each hour by age; at once when a worker says that
its disk is full. In a thread, beside the recording.

Not here: what goes and how (record.clearing), what is told of it (record.watch), holds (record.holds).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping

from vms.base.clock import Clock
from vms.base.log import get_log
from vms.base.tasks import Bell
from vms.record import stored
from vms.record.clearing import Cleared, Place, clear, limits_of
from vms.record.holds import pass_time
from vms.record.reports import Trouble
from vms.record.watch import Seen, look
from vms.storage.volumes import Volume

LOOK_S = 1.0
QUICK_US = 60_000_000
WHOLE_US = 3_600_000_000
WELL_AFTER_US = 10_000_000
"""A volume that filled up is well again when nobody complained for so long; a worker complains at least every 4 s."""
RELIEF_EVERY_US = 2_000_000
MOST_RELIEF_BYTES = 256 * 1024**2
RELIEF_SHARE = 20
"""A twentieth of the volume: what a full one is relieved by; one with more than that free is not full, whatever was said."""
STEP_US = 300_000_000
"""The wall clock may differ from the monotonic one by so much before ages are no longer believed."""


class Retention:
    """`run` is one life. `ring` and `on_trouble` may be called from any thread."""

    def __init__(self, place: Place, node_id: str, clock: Clock) -> None:
        self._place = place
        self._actor = f"node:{node_id}"
        self._clock = clock
        self._bell = Bell(clock)
        self._asked = True
        self._troubled: deque[Trouble] = deque(maxlen=1000)
        self._started_us = clock.wall_us() - clock.mono_us()
        self._quick_us = self._whole_us = clock.mono_us()
        self._full_us: dict[str, int] = {}
        self._relieved_us: dict[str, int] = {}
        self._held: dict[str, int] = {}
        self._log = get_log("control.retention")

    def ring(self) -> None:
        """A hold or a rule changed: look at everything now."""
        self._asked = True
        self._bell.ring()

    def on_trouble(self, trouble: Trouble) -> None:
        """A worker cannot write."""
        if trouble.cause == "disk_full":
            self._troubled.append(trouble)
            self._bell.ring()

    def is_full(self, volume: str) -> bool:
        """Whether somebody complained of it lately."""
        return volume in self._full_us

    async def run(self) -> None:
        while True:
            await asyncio.to_thread(self.look)
            await self._bell.wait(LOOK_S)

    def look(self) -> None:
        """Make room where there is none, then tell what changed. Blocking. Raises UNAVAILABLE while the database is away."""
        mono_us, now_us = self._clock.mono_us(), self._clock.wall_us()
        asked, self._asked = self._asked, False
        whole = asked or mono_us - self._whole_us >= WHOLE_US
        quick = whole or mono_us - self._quick_us >= QUICK_US
        relief = self._relief(mono_us)
        if not (quick or relief or self._is_low()):
            self._forget_full(mono_us)
            return
        cleared = clear(self._place, now_us, self._actor, ages=whole and self._believes(now_us - mono_us), relief=relief)
        if cleared.segments:
            self._log.info("recordings deleted", segments=cleared.segments, bytes=cleared.bytes)
        self._tell(cleared, now_us, held=quick or bool(cleared.exhausted), rate=whole)
        self._forget_full(mono_us)
        self._quick_us = mono_us if quick else self._quick_us
        self._whole_us = mono_us if whole else self._whole_us

    def _is_low(self) -> bool:
        volumes = tuple(self._place.volumes.values())
        return any(v.free_bytes() < self._place.policy.floor_bytes(v.capacity_bytes()) for v in volumes)

    def _believes(self, offset_us: int) -> bool:
        """A clock that jumped ahead makes everything old at once: by age nothing goes until control was started anew."""
        stepped = abs(offset_us - self._started_us) > STEP_US
        if stepped:
            self._log.error("the clock was set: nothing is deleted by age until control starts anew", by_us=offset_us - self._started_us)
        return not stepped

    def _relief(self, mono_us: int) -> dict[str, int]:
        """Bytes to free on volumes that somebody complained of, also above their floor."""
        cameras: set[str] = set()
        over_quota = False
        while self._troubled:
            trouble = self._troubled.popleft()
            cameras.add(trouble.camera)
            over_quota = over_quota or trouble.detail == "EDQUOT"  # of the file system's: free space does not show it
        if not cameras:
            return {}
        with self._place.database.transaction() as session:
            lanes = stored.stored(session)
        known = {lane.volume for lane in lanes if lane.camera in cameras} & self._place.volumes.keys()
        found: dict[str, int] = {}
        for volume in sorted(known or self._place.volumes.keys()):
            disk = self._place.volumes[volume]
            self._full_us[volume] = mono_us
            share_bytes = disk.capacity_bytes() // RELIEF_SHARE
            due = mono_us - self._relieved_us.get(volume, mono_us - RELIEF_EVERY_US) >= RELIEF_EVERY_US
            if due and (over_quota or disk.free_bytes() < share_bytes):
                found[volume] = min(MOST_RELIEF_BYTES, share_bytes)
                self._relieved_us[volume] = mono_us
        return found

    def _forget_full(self, mono_us: int) -> None:
        for volume, since_us in tuple(self._full_us.items()):
            if mono_us - since_us >= WELL_AFTER_US:
                del self._full_us[volume]

    def _tell(self, cleared: Cleared, now_us: int, *, held: bool, rate: bool) -> None:
        with self._place.database.transaction() as session:
            pass_time(session, now_us)
            if held:
                self._held = stored.held_bytes(session, now_us)
            rates = stored.written_per_day(session, now_us) if rate else None
            lanes = stored.stored(session)
            limits = limits_of(session, self._place.policy, self._place.regions).volumes
            sums: dict[str, int] = {}
            for lane, size in lanes.items():
                sums[lane.volume] = sums.get(lane.volume, 0) + size
            for volume in tuple(self._place.volumes.values()):
                said = limits.get(volume.id)
                seen = self._seen(volume, sums, (said.max_bytes if said else None) or 0)
                look(
                    session,
                    seen,
                    exhausted=volume.id in cleared.exhausted,
                    young=volume.id in cleared.young,
                    now_us=now_us,
                    least_days=self._place.policy.least_days,
                    rate=None if rates is None else rates.get(volume.id, 0),
                )

    def _seen(self, volume: Volume, sums: Mapping[str, int], quota_bytes: int) -> Seen:
        capacity_bytes = volume.capacity_bytes()
        floor_bytes = self._place.policy.floor_bytes(capacity_bytes)
        stored_bytes, held_bytes = sums.get(volume.id, 0), self._held.get(volume.id, 0)
        return Seen(volume.id, capacity_bytes, volume.free_bytes(), floor_bytes, stored_bytes, held_bytes, quota_bytes)
