"""All cameras that this worker pulls: the list from control made true, on-demand pulls, and who watches.

Not here: one camera (slot), what becomes of its Stream (record, the link).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from vms.base.clock import Clock
from vms.ingest.addresses import Resolver
from vms.ingest.batch import BatchReader
from vms.ingest.orders import CameraState, Key, PullOrder
from vms.ingest.puller import Limits, Surroundings
from vms.ingest.slot import Ports, Slot
from vms.stream.stream import Stream

LINGER_S = 30.0
DIAL_SPACING_US = 10_000  # 100 dials a second: a switch that comes back must not be met by a storm

OnStream = Callable[[PullOrder, Stream], None]


@dataclass(slots=True)
class _Entry:
    slot: Slot
    watchers: int = 0
    linger: asyncio.Task[None] | None = None


class Roster:
    """`on_state` hears every change of state; `on_stream` is called before the first chunk and whenever the order of a
    profile changes, with the Stream that stays the same as long as the profile is ordered; `after_reads` when a slice of
    the batched reads is done."""

    def __init__(
        self,
        clock: Clock,
        on_state: Callable[[CameraState], None],
        on_stream: OnStream,
        *,
        limits: Limits | None = None,
        random: Random | None = None,
        resolver: Resolver | None = None,
        linger_s: float = LINGER_S,
        after_reads: Callable[[], None] | None = None,
    ) -> None:
        self._clock = clock
        self._on_stream = on_stream
        self._around = Surroundings(clock, BatchReader(after=after_reads), limits or Limits(), resolver)
        self._ports = Ports(on_state, self._may_dial, random or Random())  # noqa: S311 - jitter, no secret
        self._linger_s = linger_s
        self._entries: dict[Key, _Entry] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._next_dial_us = 0

    # --- the list ---

    def apply(self, orders: Sequence[PullOrder]) -> None:
        """The complete list: what is missing from it is stopped."""
        wanted = {order.key for order in orders}
        for camera, profile in [key for key in self._entries if key not in wanted]:
            self.drop(camera, profile)
        for order in orders:
            self.put(order)

    def put(self, order: PullOrder) -> None:
        """Pull as ordered; a pull that dials the same way goes on without a break."""
        entry = self._entries.get(order.key)
        if entry is None:
            entry = self._entries[order.key] = _Entry(Slot(order, self._around, self._ports))
            self._on_stream(order, entry.slot.stream)
            self._follow(entry)
            return
        before = entry.slot.order
        if before == order:
            return
        entry.slot.replace(order)
        self._on_stream(order, entry.slot.stream)
        self._follow(entry)

    def drop(self, camera: str, profile: str) -> None:
        entry = self._entries.pop((camera, profile), None)
        if entry is not None:
            _cancel(entry.linger)
            self._leave(entry.slot)

    async def close(self) -> None:
        """Stop all and wait for it."""
        for camera, profile in list(self._entries):
            self.drop(camera, profile)
        while self._leaving:
            await asyncio.wait(self._leaving)

    # --- who watches ---

    def stream(self, camera: str, profile: str) -> Stream | None:
        entry = self._entries.get((camera, profile))
        return None if entry is None else entry.slot.stream

    def watch(self, camera: str, profile: str) -> Stream | None:
        """One more viewer: reads become live, an on-demand profile is pulled. None when it is not ordered here."""
        entry = self._entries.get((camera, profile))
        if entry is None:
            return None
        entry.watchers += 1
        _cancel(entry.linger)
        entry.linger = None
        entry.slot.set_live(True)
        self._follow(entry)
        return entry.slot.stream

    def unwatch(self, camera: str, profile: str) -> None:
        entry = self._entries.get((camera, profile))
        if entry is None or not entry.watchers:
            return
        entry.watchers -= 1
        if not entry.watchers:
            entry.slot.set_live(False)
            if entry.slot.order.on_demand:
                entry.linger = asyncio.create_task(self._stop_later(entry))

    def state(self, camera: str, profile: str) -> CameraState | None:
        entry = self._entries.get((camera, profile))
        return None if entry is None else entry.slot.state

    def states(self) -> list[CameraState]:
        """Every profile's state with its live figures."""
        return [entry.slot.state for entry in self._entries.values()]

    # --- inside ---

    def _follow(self, entry: _Entry) -> None:
        """Run what should run. On-demand profiles run while they are watched, and a while longer."""
        if not entry.slot.order.on_demand or entry.watchers:
            entry.slot.start()
        elif entry.slot.running and entry.linger is None:
            entry.linger = asyncio.create_task(self._stop_later(entry))

    def _leave(self, slot: Slot) -> None:
        task = slot.stop()
        if task is not None:
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def _stop_later(self, entry: _Entry) -> None:
        await self._clock.sleep(self._linger_s)
        entry.linger = None
        self._leave(entry.slot)

    async def _may_dial(self) -> None:
        now_us = self._clock.mono_us()
        due_us = max(self._next_dial_us, now_us)
        self._next_dial_us = due_us + DIAL_SPACING_US
        if due_us > now_us:
            await self._clock.sleep((due_us - now_us) / 1_000_000)


def _cancel(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
