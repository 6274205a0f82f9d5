"""The node as control sees it: what each worker shall pull, what workers tell, who answers for a camera.

Lives on control's loop; SQL goes to threads. Not here: one worker's link (workers), rows (commits, features), verdicts
(asks), wiring (__main__).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast
from zlib import crc32

from sqlalchemy.orm import Session

from vms.api.context import EdgeInfo
from vms.base.clock import Clock
from vms.base.db import Database
from vms.base.errors import VmsError
from vms.base.ids import new_id
from vms.base.journal import announce
from vms.base.log import get_log
from vms.base.secrets import Envelope
from vms.base.timespan import SECOND_US
from vms.construction.states import StateTable, profile_state
from vms.events import Event
from vms.ingest.orders import CameraState, Key, PullOrder, Resume
from vms.owner.registration import ProbeCamera, ProbedTrack, ProbeResult
from vms.processes import facts as told
from vms.processes.config import NodeConfig
from vms.processes.control.commits import Commits, Item
from vms.processes.control.recovery import Lanes
from vms.processes.control.workers import WorkerSide
from vms.record.causes import gap_cause
from vms.record.event_queries import ending_after
from vms.record.open_table import OpenTable
from vms.record.plan import MAX_POST_S
from vms.record.planning import Planner, read_calendar, read_plans
from vms.record.queries import last_ends
from vms.record.reports import Growth, OpenSegment, SegmentReport, Trouble
from vms.record.wish import EventSpan, Wish
from vms.registry.roster import RosterItem, roster

RETRY_S = 1.0
STATED_PROFILE = "main"
RENEW_S = 3600.0
"""Orders carry the schedule of many days; renewed this often, a worker never comes near their end."""


class Node:
    """Joins the register, the workers and the tables of what is going on now."""

    def __init__(self, config: NodeConfig, database: Database, envelope: Envelope, commits: Commits, clock: Clock) -> None:
        self.states = StateTable()
        self.open_table = OpenTable()
        self._config = config
        self._database = database
        self._envelope = envelope
        self._commits = commits
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._changed: set[str] = set()
        self._whole = True  # the next reading is of the whole register
        self._incarnations: dict[int, str] = {}
        self._away_us: dict[int, int] = {}
        self._away: set[int] = set()
        self._told: dict[int, set[Key]] = {}
        self._proved_us: dict[Key, int] = {}
        self._troubled: dict[Key, int] = {}
        self._log = get_log("control.node")
        self.sides = [WorkerSide(index, path, clock, self) for index, path in enumerate(config.worker_paths())]
        self.edges: dict[object, EdgeInfo] = {}
        """Of each edge that is connected."""
        self.on_orphans: Callable[[str, Lanes], None] = _nobody
        self.on_full: Callable[[Trouble], None] = _not_told
        self.on_doubt: Callable[[], None] = _nothing
        self.on_fill_over: Callable[[int, Mapping[str, Any]], None] = _no_fill
        self.on_lost: Callable[[int], None] = _no_worker
        self.clock_offsets_us: dict[Key, int] = {}
        """How far each camera's clock is ahead, as its worker measures it."""

    # --- orders ---

    def worker_of(self, camera: str) -> int:
        """Which worker pulls a camera: fixed by its id, so that orders and viewers agree without asking."""
        return crc32(camera.encode()) % len(self.sides)

    def camera_changed(self, camera: str) -> None:
        """After the commit of a change of this camera; from any thread."""
        self._loop.call_soon_threadsafe(self._note, camera)

    def plans_changed(self) -> None:
        """After the commit of a change that may concern any camera; from any thread."""
        self._loop.call_soon_threadsafe(self._note, None)

    def _note(self, camera: str | None) -> None:
        """`None` stands for every camera."""
        if camera is None:
            self._whole = True
        else:
            self._changed.add(camera)
        self._news.set()

    async def keep_orders(self) -> None:
        """Give every worker its roster at start, then what changes: a register of thousands is not read again for one camera.

        A database that is away delays changes only.
        """
        self._note(None)
        while True:
            await self._news.wait()
            self._news.clear()
            changed = None if self._whole else frozenset(self._changed)
            self._whole = False
            self._changed.clear()
            try:
                orders = await asyncio.to_thread(self._read_orders, changed)
            except VmsError as error:
                self._log.warning("the roster cannot be read yet", error=error.message)
                await self._clock.sleep(RETRY_S)
                for camera in changed or [None]:
                    self._note(camera)
                continue
            self._give(orders, changed)

    async def renew_orders(self) -> None:
        """Schedules move on and events end: the same plans give other orders every hour."""
        while True:
            await self._clock.sleep(RENEW_S)
            self._note(None)

    def _read_orders(self, cameras: frozenset[str] | None) -> list[PullOrder]:
        with self._database.transaction() as session:
            items = roster(session, self._envelope, self._config.node_id, cameras)
            wishes = self._read_wishes(session, items)
            recorded = [key for key, wish in wishes.items() if wish is not None]
            ends = last_ends(session, recorded) if recorded else {}
        return [self.order_of(item, wishes[item.camera, item.profile], ends) for item in items]

    def _give(self, orders: list[PullOrder], changed: frozenset[str] | None) -> None:
        """To each worker what it shall pull: of the cameras that changed, or of all."""
        for side in self.sides:
            mine = [order for order in orders if self.worker_of(order.camera) == side.index]
            recorded = {order.key for order in mine if order.record}
            if changed is None:
                self._told[side.index] = recorded
                side.give(mine)
            else:
                touched = {camera for camera in changed if self.worker_of(camera) == side.index}
                told = self._told.get(side.index, set())
                self._told[side.index] = {key for key in told if key[0] not in touched} | recorded
                side.change(touched, mine)

    def _read_wishes(self, session: Session, items: Sequence[RosterItem]) -> dict[Key, Wish | None]:
        """What the plans want of each profile in the coming days, and what events last."""
        now_us = self._clock.wall_us()
        plans = read_plans(session, {item.record for item in items})
        planner = Planner(plans, read_calendar(session, self._config.time_zone, now_us), now_us)
        events: dict[str, list[EventSpan]] = {}
        for event in ending_after(session, now_us - MAX_POST_S * SECOND_US):
            events.setdefault(event.camera_id, []).append(EventSpan(event.start_us, event.end_us, event.forced))
        return {(i.camera, i.profile): planner.wish(i.record, i.profile, events.get(i.camera, ())) for i in items}

    def order_of(self, item: RosterItem, wish: Wish | None, ends: dict[Key, int]) -> PullOrder:
        """What a worker is told of a profile, with the last recorded instant of each that `ends` knows."""
        key, record = (item.camera, item.profile), wish is not None
        known = [end for end in (ends.get(key), self._proved_us.get(key)) if end is not None]
        resume = Resume(max(known), self._pause_cause(key)) if known else Resume(item.created_us, "camera_offline")
        if wish is not None and not wish.kind_at(resume.end_us):
            resume = Resume(resume.end_us, "schedule")
        return PullOrder(
            camera=item.camera,
            profile=item.profile,
            url=item.url,
            username=item.username or "",
            password=item.password or "",
            transport=cast("Any", item.transport),
            record=record,
            on_demand=not record,
            allow=self._config.allow,
            resume=resume if record else None,
            wish=None if wish is None or wish.plain else wish.message(),
        )

    def _pause_cause(self, key: Key) -> str:
        """Why nothing was recorded until now: nobody wanted it of a worker that runs, its worker died, the node was down."""
        worker = self.worker_of(key[0])
        told = self._told.get(worker)
        if told is not None and key not in told:
            return "operator_stop"
        return "worker_crash" if worker in self._away_us else "power"

    def _resumed(self, order: PullOrder) -> PullOrder:
        """An order for a worker's next life: from the last instant that survives it, without asking the database."""
        if not order.record:
            return order
        live = self.states.get(order.camera)
        said = live.profiles.get(order.profile) if live else None
        away = said is not None and said.state == "offline" and self.open_table.last_end_us(*order.key) is None
        proved_us, known = self._proved_us.get(order.key), order.resume
        if proved_us is None and not (away and known):
            return order
        cause = gap_cause(said.cause) if said is not None and away else "worker_crash"
        return replace(order, resume=Resume(max(proved_us or 0, known.end_us if known else 0), cause))

    def interrupted(self, key: Key) -> Resume | None:
        """Since when and why a recording stands still whose worker is away; its next life begins with the same words."""
        worker = self.worker_of(key[0])
        order = self.sides[worker].order(key) if worker in self._away else None
        return None if order is None else order.resume

    # --- what workers tell (workers.Reports) ---

    def on_hello(self, worker: int, incarnation: str, pid: int, started_us: int) -> None:
        before = self._incarnations.get(worker)
        self._incarnations[worker] = incarnation
        self._away.discard(worker)
        if before is None or before == incarnation:
            return
        lanes = [order.key for order in self.sides[worker].orders if order.record]
        away_us = self._clock.wall_us() - self._away_us.get(worker, self._clock.wall_us())
        self._log.warning("a worker is back as a new life", worker=worker, pid=pid, recordings=len(lanes))
        lost = told.WorkerLost(f"worker-{worker}", before, "worker_crash", len({camera for camera, _ in lanes}))
        self._announce(lost, told.WorkerBack(f"worker-{worker}", incarnation, away_us))
        self._note(None)  # changes of the register that it missed
        self.on_orphans(f"worker-{worker}", lanes)

    def on_away(self, worker: int) -> None:
        """Its cameras count as connecting, and its next life shall know since when nothing is recorded."""
        if worker not in self._incarnations or worker in self._away:
            return
        self._away.add(worker)
        self.on_lost(worker)
        self._away_us[worker] = self._clock.wall_us()
        side = self.sides[worker]
        if side.orders:
            side.give([self._resumed(order) for order in side.orders])
        for camera in {order.camera for order in side.orders}:
            self.states.forget(camera)

    def on_filled(self, worker: int, message: Mapping[str, Any]) -> None:
        self.on_fill_over(worker, message)

    def on_state(self, worker: int, state: CameraState) -> None:
        if state.clock_offset_us is not None:
            self.clock_offsets_us[state.camera, state.profile] = state.clock_offset_us
        before, _ = self.states.report(state.camera, state.profile, profile_state(state.to_json()))
        was = before.profiles.get(state.profile) if before else None
        if was is not None and (was.state, was.cause, was.recording) == (state.state, state.cause, state.recording):
            return
        if state.profile != STATED_PROFILE and state.state in ("connecting", "disabled"):
            return  # an on-demand profile that comes and goes with its viewers is no news
        fact = told.CameraState(state.camera, state.profile, state.state, state.cause or "", state.message, state.since_us, state.recording)
        self._announce(fact)

    def on_open(self, worker: int, segments: list[OpenSegment], grown: list[Growth]) -> None:
        self.open_table.grew(str(worker), segments)
        for segment in (*segments, *self.open_table.grown(grown)):  # of a worker that dies the growing GOP is lost
            self._proved(segment.camera, segment.profile, segment.gops[-1].start_us)
            since_us = self._troubled.get((segment.camera, segment.profile))
            if since_us is not None and segment.start_us > since_us:
                self._over(worker, (segment.camera, segment.profile))

    def on_trouble(self, worker: int, trouble: Trouble) -> None:
        self.open_table.troubled(trouble)
        self.on_full(trouble)
        self._troubled[trouble.camera, trouble.profile] = trouble.from_us
        self.on_doubt()
        self._log.error("recording is held up", camera=trouble.camera, cause=trouble.cause, detail=trouble.detail)

    def _over(self, worker: int, key: Key) -> None:
        """It is recorded again: what the failing disk did not let its writer save is read now, not at the next start."""
        del self._troubled[key]
        self.on_orphans(f"worker-{worker}", [key])

    def on_segment(self, worker: int, report: SegmentReport, acknowledge: Callable[[], None]) -> None:
        def committed() -> None:
            self.open_table.committed([report.path])
            self._loop.call_soon_threadsafe(acknowledge)

        self._proved(report.camera, report.profile, report.end_us)
        self._commits.put(Item(report=report, done=committed))

    def _proved(self, camera: str, profile: str, end_us: int) -> None:
        self._proved_us[camera, profile] = max(end_us, self._proved_us.get((camera, profile), 0))

    def _announce(self, *facts: Event) -> None:
        def work(session: Session) -> None:
            announce(session, *facts)

        self._commits.put(Item(work=work))

    # --- probes ---

    def probe(self, request: ProbeCamera) -> ProbeResult:
        """Ask a worker, from a request's thread. Raises UNAVAILABLE, TIMEOUT."""
        probe_id = new_id()
        order = PullOrder(
            camera=probe_id,
            profile="main",
            url=request.url,
            username=request.username or "",
            password=request.password or "",
            transport=request.transport,
            record=False,
            allow=self._config.allow,
        )
        side = self.sides[self.worker_of(probe_id)]
        asked = asyncio.run_coroutine_threadsafe(side.probe(probe_id, {"order": order.to_json()}), self._loop)
        answer = asked.result()
        sent = cast("list[dict[str, Any]]", answer.get("tracks") or [])
        tracks = tuple(_probed(track) for track in sent)
        return ProbeResult(bool(answer["ok"]), answer["cause"], answer["message"], tracks, int(answer["elapsed_ms"]))


def _probed(track: dict[str, Any]) -> ProbedTrack:
    video = track["track"] == 1
    return ProbedTrack(
        kind="video" if video else "audio",
        codec=str(track["codec"]),
        mime=str(track["mime"]),
        width=int(track["width"]) if video else None,
        height=int(track["height"]) if video else None,
        fps=float(track["fps"]) if video else None,
    )


def _not_told(trouble: Trouble) -> None:
    """Until retention is wired."""


def _nobody(worker: str, lanes: Lanes) -> None:
    """Until recovery is wired."""


def _no_fill(worker: int, message: Mapping[str, Any]) -> None:
    """Until filling is wired."""


def _no_worker(worker: int) -> None:
    """Until filling is wired."""


def _nothing() -> None:
    """Until volumes are wired."""
