"""Opening a camera once for whoever registers it: one life of a puller, ended by its first frame or its first fault."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Literal

from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.log import get_log
from vms.ingest.batch import BatchReader
from vms.ingest.orders import PullOrder
from vms.ingest.puller import Puller, Surroundings
from vms.ingest.slot import UNSUPPORTED_TRANSPORT
from vms.stream.frames import Message
from vms.stream.stream import Stream

MAX_PROBES = 8
_log = get_log("worker.probing")
TIMEOUT_S = 15.0


class Probing:
    """Runs probes beside the recording; each answers with one `probed` message."""

    def __init__(self, clock: Clock, send: Callable[[Message], None]) -> None:
        self._clock = clock
        self._send = send
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, message: Message) -> None:
        """Raises BAD_REQUEST; too many at once are answered with `overload`."""
        probe_id, order = str(message.get("id")), PullOrder.from_json(message.get("order") or {})
        if len(self._tasks) >= MAX_PROBES:
            error = VmsError(Kind.OVERLOAD, "too many probes at once; try again in a moment")
            self._send(_answer(probe_id, 0, error=error))
            return
        task = asyncio.create_task(self._run(probe_id, order))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _run(self, probe_id: str, order: PullOrder) -> None:
        started_us = self._clock.mono_us()
        tracks: list[dict[str, Any]] = []
        error: VmsError | None = None
        try:
            tracks = await self._open(order, "udp" if order.transport == "udp" else "tcp")
        except VmsError as refused:
            error = refused
            if refused.facts.get("status") == UNSUPPORTED_TRANSPORT and order.transport == "auto":
                error, tracks = await self._second_try(order)
        except Exception as bug:  # noqa: BLE001  (whoever asked waits for an answer)
            _log.error("a probe failed", error=repr(bug)[:300])
            error = VmsError(Kind.PROTOCOL, "this camera's data could not be handled")
        elapsed_ms = (self._clock.mono_us() - started_us) // 1000
        self._send(_answer(probe_id, elapsed_ms, error=error, tracks=tracks))

    async def _second_try(self, order: PullOrder) -> tuple[VmsError | None, list[dict[str, Any]]]:
        try:
            return None, await self._open(order, "udp")
        except VmsError as error:
            return error, []

    async def _open(self, order: PullOrder, protocol: Literal["tcp", "udp"]) -> list[dict[str, Any]]:
        """Tracks once the first frame is here. Raises the camera's cause."""
        first = asyncio.Event()
        puller = Puller(order, protocol, Stream(), Surroundings(self._clock, BatchReader()), first.set)
        running = asyncio.ensure_future(puller.run())
        waiting = asyncio.ensure_future(first.wait())
        try:
            await asyncio.wait((running, waiting), timeout=TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            if not waiting.done():
                raise VmsError(Kind.TIMEOUT, f"no picture within {TIMEOUT_S:.0f} s")
            return [{k: v for k, v in asdict(info).items() if k != "sample_entry"} for info in puller.tracks]
        finally:
            running.cancel()
            waiting.cancel()
            await asyncio.gather(running, waiting, return_exceptions=True)


def _answer(probe_id: str, elapsed_ms: int, *, error: VmsError | None = None, tracks: list[dict[str, Any]] | None = None) -> Message:
    return {
        "op": "probed",
        "id": probe_id,
        "ok": error is None,
        "cause": error.kind if error else None,
        "message": error.message if error else None,
        "tracks": tracks or [],
        "elapsed_ms": elapsed_ms,
    }
