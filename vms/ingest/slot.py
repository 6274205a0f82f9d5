"""One camera profile for as long as it is ordered: life after life, its state, and its Stream that outlives them.

In: retry, the fall back from TCP to UDP, state told once when lost and once when back, isolation of poison.
Not here: one life (puller), the list of slots (roster).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from vms.base.errors import Kind, VmsError
from vms.base.log import get_log
from vms.ingest.backoff import Backoff
from vms.ingest.orders import CameraState, PullOrder, StateName
from vms.ingest.puller import Puller, Surroundings
from vms.stream.stream import Stream

UNSUPPORTED_TRANSPORT = 461
CRASH_CAUSE = "worker_crash"
STOP_CAUSE = "operator_stop"
_log = get_log("vms.ingest")


@dataclass(frozen=True, slots=True)
class Ports:
    """How a slot meets the rest: who hears of states, whose turn it is to dial, what dice it throws."""

    on_state: Callable[[CameraState], None]
    may_dial: Callable[[], Awaitable[None]]
    random: Random


class Slot:
    """`start` and `stop` may alternate; the Stream and its readers stay."""

    def __init__(self, order: PullOrder, around: Surroundings, ports: Ports) -> None:
        self.order = order
        self.stream = Stream()
        self.crashes = 0
        self._around = around
        self._ports = ports
        self._backoff = Backoff(ports.random)
        self._puller: Puller | None = None
        self._task: asyncio.Task[None] | None = None
        self._live = False
        self._udp = order.transport == "udp"
        self._state = CameraState(order.camera, order.profile, "disabled", since_us=around.clock.wall_us())

    @property
    def running(self) -> bool:
        return self._task is not None

    @property
    def state(self) -> CameraState:
        """The state with live figures."""
        puller = self._puller
        figures = None if puller is None else puller.figures
        if puller is None or figures is None:
            return self._state
        return replace(
            self._state,
            last_frame_us=figures.last_frame_us or self._state.last_frame_us,
            tracks=puller.tracks,
            gop_ms=figures.gop_ms,
            fps=figures.fps,
            bitrate_bps=figures.bitrate_bps,
            clock_offset_us=figures.clock_offset_us,
        )

    def start(self) -> None:
        if self._task is None:
            self._tell("connecting")
            self._task = asyncio.create_task(self._run(), name=f"pull {self.order.camera}/{self.order.profile}")
            self._task.add_done_callback(self._revive)

    def stop(self) -> asyncio.Task[None] | None:
        """At once: nothing is published or told after this. The task, if any, needs a turn of the loop to end."""
        task = self._halt()
        if task is not None:
            self._tell("disabled")
        return task

    def replace(self, order: PullOrder) -> None:
        """Go on under another order: a new connection when it dials another way."""
        before, self.order = self.order, order
        if before.dials_like(order):
            return
        self._udp = order.transport == "udp"
        self._backoff = Backoff(self._ports.random)
        if self._halt() is not None:
            self.start()

    def _halt(self) -> asyncio.Task[None] | None:
        task, self._task = self._task, None
        if task is None:
            return None
        task.cancel()
        self._forget_puller(self._puller)
        self._end_stream(STOP_CAUSE)
        return task

    def set_live(self, live: bool) -> None:
        self._live = live
        if self._puller is not None:
            self._puller.set_live(live)

    def _revive(self, task: asyncio.Task[None]) -> None:
        """Not even a fault in the handling of a fault ends the pull of an ordered camera."""
        if task is self._task and not task.cancelled():
            _log.error("slot crashed", camera=self.order.camera, profile=self.order.profile, error=repr(task.exception())[:200])
            self._task = None
            self.start()

    async def _run(self) -> None:
        while True:
            await self._ports.may_dial()
            started_us = self._around.clock.mono_us()
            error = await self._one_life()
            pause_s = self._after(error, (self._around.clock.mono_us() - started_us) / 1_000_000)
            await self._around.clock.sleep(pause_s)

    async def _one_life(self) -> Exception:
        protocol: Literal["tcp", "udp"] = "udp" if self._udp else "tcp"
        self._puller = puller = Puller(self.order, protocol, self.stream, self._around, self._on_first_frame)
        puller.set_live(self._live)
        try:
            await puller.run()
        except VmsError as error:
            return error
        except Exception as error:  # noqa: BLE001 - one camera's poison must not reach its neighbours
            return error
        finally:
            self._forget_puller(puller)
        return RuntimeError("a puller's life ended without a reason")

    def _forget_puller(self, puller: Puller | None) -> None:
        if puller is None or self._puller is not puller:
            return
        self._state = self.state  # the figures of the last moment stay with the state
        self._puller = None
        puller.close()

    def _after(self, error: Exception, lived_s: float) -> float:
        """Tell what happened; seconds until the next try."""
        if not isinstance(error, VmsError):
            return self._after_crash(error)
        if self.order.transport == "auto":
            refused = error.facts.get("status") == UNSUPPORTED_TRANSPORT and not self._udp
            self._udp = refused
            if refused:
                return 0.0
        self._end_stream(error.kind.value)
        self._tell("offline", error.kind, error.message)
        return self._backoff.after(error.kind, lived_s)

    def _after_crash(self, error: Exception) -> float:
        self.crashes += 1
        _log.error("puller crashed", camera=self.order.camera, profile=self.order.profile, crashes=self.crashes, error=repr(error)[:200])
        self._end_stream(CRASH_CAUSE)
        self._tell("offline", Kind.PROTOCOL, "this camera's data could not be handled; the fault is counted and the camera is tried again")
        return self._backoff.after_crash(self._around.clock.mono_us() / 1_000_000)

    def _on_first_frame(self) -> None:
        self._tell("online")

    def _end_stream(self, cause: str) -> None:
        if self.stream.begin is not None:
            self.stream.end(cause, self._around.clock.mono_us())

    def _tell(self, state: StateName, cause: Kind | None = None, message: str = "") -> None:
        """Once per change of state or cause."""
        word = None if cause is None else cause.value
        if (state, word) == (self._state.state, self._state.cause):
            return
        now_us = self._around.clock.wall_us()
        since_us = self._state.since_us if state == self._state.state else now_us
        recording = state == "online" and self.order.record
        self._state = replace(self.state, state=state, cause=word, message=message, since_us=since_us, recording=recording)
        self._ports.on_state(self.state)
