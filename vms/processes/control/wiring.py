"""control built from its parts: every collaborator is made here and handed over; nothing below knows of it.

Not here: what parts do; the order of starting and stopping (__main__).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy.orm import Session

from vms.accounts import queries as accounts
from vms.accounts.facts import SessionClosed, SessionOpened
from vms.accounts.settings import SessionLimits
from vms.api.app import create_app
from vms.api.context import ApiContext, Check, DiskInfo, HttpSlice, NodeInfo, ProcessInfo, SignedIn, SystemInfo, VolumeInfo
from vms.audit.log import AuditLog, AuditSealer
from vms.audit.spool import Spool
from vms.base.clock import Clock
from vms.base.db import Database
from vms.base.errors import VmsError
from vms.base.feed import Feed
from vms.base.followers import Sealer
from vms.base.journal import announce, head, open_journal
from vms.base.partitions import ensure_partitions
from vms.base.secrets import Envelope
from vms.base.tasks import Task
from vms.base.timespan import SECOND_US
from vms.completeness import desk as completeness
from vms.completeness.keeper import Keeper
from vms.construction.desk import Desk
from vms.construction.handlers import register as register_construction
from vms.integrity.handlers import Proofs
from vms.integrity.handlers import register as register_integrity
from vms.integrity.signer import Signer
from vms.integrity.stamps import Stamper
from vms.live.opening import register as register_live
from vms.owner.ask import Owner, may
from vms.owner.integrity import ScrubNow
from vms.owner.requests import Actor, RescanVolume
from vms.processes.config import NodeConfig
from vms.processes.control.auditing import Auditing
from vms.processes.control.backups import Backups
from vms.processes.control.commits import Commits
from vms.processes.control.facts import JournalFacts
from vms.processes.control.filling import Filling
from vms.processes.control.node import Node
from vms.processes.control.recovery import Recovery
from vms.processes.control.retention import Retention
from vms.processes.control.volumes import NodeVolumes
from vms.processes.facts import NodeStarted
from vms.processes.supervised import Calling
from vms.record import reader
from vms.record.chain_rows import open_chain
from vms.record.clearing import Place, Policy
from vms.record.events import EventDesk, EventEnds
from vms.record.handlers import register_events, register_holds, register_kept
from vms.record.holds import Holds
from vms.record.kept import KeptDesk
from vms.record.planning import read_calendar, read_plans
from vms.record.reader import Away, CameraFacts, Cameras, States
from vms.record.retention import Limit
from vms.record.scrub import Scrub
from vms.registry.places import regions_of
from vms.registry.queries import camera_id, camera_standing
from vms.storage.volumes import Volume
from vms.storage.watch import Look
from vms.walls.handlers import register as register_walls

PARTITIONS_S = 6 * 3600.0


@dataclass
class Control:
    """What `main` starts, serves and stops."""

    owner: Owner
    node: Node
    commits: Commits
    app: FastAPI
    tasks: dict[str, Task]
    authenticate: Callable[[str], Actor]
    ended: Callable[[frozenset[str]], Collection[str]]
    on_revoke: list[Callable[[str], None]]
    volumes: NodeVolumes


def build(config: NodeConfig, database: Database, envelope: Envelope, clock: Clock) -> Control:
    """All parts, joined; nothing runs yet."""
    volumes: dict[str, Volume] = {}
    commits = Commits(database, clock)
    node = Node(config, database, envelope, commits, clock)
    recovery = Recovery(database, volumes, node.open_table, clock)
    node.on_orphans = recovery.orphans
    node_volumes = NodeVolumes(config, clock, commits.put, recovery, volumes)
    node.on_doubt = node_volumes.doubt
    filling = Filling(config, database, envelope, clock, node=node, recovery=recovery, commits=commits)
    spool = Spool(Path(config.data_dir) / "audit.spool")
    audit, audit_sealer = AuditLog(database, spool), AuditSealer(database, spool, clock)
    audit.on_record.append(audit_sealer.ring)
    owner = Owner(database, may, Auditing(audit, config.node_id, clock))
    desk = Desk(config.node_id, envelope, clock, config.allow, node.states, node.camera_changed, node.plans_changed, node.probe)
    register_construction(owner, desk)
    register_live(owner, node.worker_of, _offline(node))
    ends = EventEnds(database, clock)

    def events_changed(camera: str) -> None:
        node.camera_changed(camera)
        ends.ring()

    register_events(owner, EventDesk(envelope, clock, events_changed))
    owner.register(RescanVolume, recovery.rescan)
    roots = node_volumes.paths
    facts_of = cameras_of(config.time_zone, clock)
    reader.register(owner, open_table=node.open_table, cameras=facts_of, states=_away(node), clock=clock, roots=roots)
    scrub = Scrub(database, volumes, clock, config.scrub_bytes_per_s)
    owner.register(ScrubNow, scrub.ask_now)
    proofs = Proofs(camera_id, clock, stamping=bool(config.tsa_url), scrub_bytes_per_s=config.scrub_bytes_per_s)
    register_integrity(owner, proofs)
    place = Place(database, volumes, policy_of(config), regions_of)
    retention = Retention(place, config.node_id, clock)
    node.on_full = retention.on_trouble
    register_holds(owner, Holds(facts_of, volumes, clock, retention.ring))
    register_kept(owner, KeptDesk(place, facts_of, clock, retention.is_full, retention.ring))
    offset_us = config.utc_offset_minutes * 60 * SECOND_US
    keeper = Keeper(database, node.open_table, _away(node), clock, zone=config.time_zone, offset_us=offset_us)
    keys = Path(config.data_dir) / "keys"
    completeness.register(owner, completeness.Desk(config.node_id, config.name, config.level, keys, keeper, clock, offset_us))
    register_walls(owner, clock)
    feed = Feed(database, clock)
    sealer = Sealer(database, clock)
    sealer.on_sealed.append(feed.ring)
    people = People(database, envelope, clock)
    on_revoke: list[Callable[[str], None]] = []
    people.on_revoke = lambda session: [call(session) for call in on_revoke]
    status = Status(config, database, node, node_volumes, clock)
    context = ApiContext(
        owner=owner,
        authenticate=people.authenticate,
        sign_in=people.sign_in,
        sign_out=people.sign_out,
        system=status.system,
        nodes=status.nodes,
        checks=status.checks,
        facts=JournalFacts(feed, config.node_id),
        http=HttpSlice(secure=config.secure),
    )
    tasks: dict[str, Task] = {
        "journal": sealer,
        "recovery": recovery,
        "filling": filling,
        "retention": retention,
        "completeness": keeper,
        "volumes": node_volumes.set,
        "disks": Calling(node_volumes.watch_disks),
        "room": Calling(node_volumes.note_room),
        "orders": Calling(node.keep_orders),
        "renewal": Calling(node.renew_orders),
        "event-ends": ends,
        "partitions": Calling(lambda: _keep_partitions(database, config.node_id, clock)),
        "audit": audit_sealer,
        "start": Calling(lambda: _announce_start(config, database)),
        "roots": Signer(database, config.node_id, Path(config.data_dir) / "keys", clock),
        "scrub": scrub,
        **_stamping(config, database, clock),
        **({"backups": Backups(config, database, clock)} if config.backup_folder else {}),
        **{f"worker-{side.index}": side for side in node.sides},
    }
    return Control(owner, node, commits, create_app(context), tasks, people.authenticate, people.ended, on_revoke, node_volumes)


class People:
    """Sign-in, sign-out and whose credential this is; each in its own transaction."""

    def __init__(self, database: Database, envelope: Envelope, clock: Clock) -> None:
        self._database = database
        self._envelope = envelope
        self._clock = clock
        self._limits = SessionLimits()
        self._loop = asyncio.get_running_loop()
        self.on_revoke: Callable[[str], Any] = _nobody

    def authenticate(self, secret: str) -> Actor:
        with self._database.transaction() as session:
            found = accounts.authenticate(session, secret, self._clock.wall_us(), self._limits, envelope=self._envelope)
        return Actor(found.id, found.name, found.kind, found.session_hash, found.rights)

    def ended(self, sessions: frozenset[str]) -> Collection[str]:
        """Which of these sessions and tokens are over."""
        with self._database.transaction() as session:
            return accounts.ended(session, sessions, self._clock.wall_us(), self._limits)

    def sign_in(self, login_secret: str, address: str) -> SignedIn:
        now_us = self._clock.wall_us()
        with self._database.transaction() as session:
            opened = accounts.open_session(session, login_secret, now_us, self._limits, address)
            who = opened.principal
            announce(session, SessionOpened(who.id, who.session_hash[:12], address))
        actor = Actor(who.id, who.name, who.kind, who.session_hash, who.rights)
        return SignedIn(opened.secret, actor, (opened.expires_us - now_us) // SECOND_US)

    def sign_out(self, actor: Actor) -> None:
        with self._database.transaction() as session:
            if accounts.close_session(session, actor.session, self._clock.wall_us()):
                announce(session, SessionClosed(actor.id, actor.session[:12]))
        self._loop.call_soon_threadsafe(self.on_revoke, actor.session)


class Status:
    """What GET /system, /nodes and /readyz tell."""

    def __init__(self, config: NodeConfig, database: Database, node: Node, volumes: NodeVolumes, clock: Clock) -> None:
        self._config = config
        self._database = database
        self._node = node
        self._volumes = volumes
        self._clock = clock
        self._started_us = clock.wall_us()

    def system(self) -> SystemInfo:
        config = self._config
        online, recording = self._node.states.counts()
        with self._database.transaction() as session:
            epoch = head(session).epoch
        processes = [ProcessInfo("root", os.getppid(), self._started_us), ProcessInfo("control", os.getpid(), self._started_us)]
        workers = ((side.info, side.cameras) for side in self._node.sides)
        processes += [ProcessInfo("worker", info.pid, info.started_us, cameras) for info, cameras in workers if info is not None]
        edges = list(self._node.edges.values())
        for edge in edges:
            processes += [ProcessInfo("edge", edge.pid, edge.started_us), *(ProcessInfo(*one) for one in edge.beside)]
        return SystemInfo(
            node_id=config.node_id,
            level=config.level,
            name=config.name,
            epoch=epoch,
            version=config.version,
            time_us=self._clock.wall_us(),
            time_zone=config.time_zone,
            processes=tuple(processes),
            volumes=tuple(self._volume(look) for look in self._volumes.looks()),
            clock_synced=False,
            clock_offset_us=None,
            online=online,
            recording=recording,
            viewers=sum(edge.views for edge in edges),
            decoder=next((edge.decoder for edge in edges if edge.decoder is not None), None),
        )

    def nodes(self) -> list[NodeInfo]:
        config = self._config
        return [NodeInfo(config.node_id, config.level, config.name, None, "up", self._started_us, None, 0, config.version)]

    def checks(self) -> list[Check]:
        """Database, media processes, volumes."""
        found = [self._database_check()]
        away = [str(side.index) for side in self._node.sides if side.info is None]
        found.append(Check("workers", not away, f"away: {', '.join(away)}" if away else ""))
        for look in self._volumes.looks():
            detail = look.detail or f"{look.free_bytes // 1_000_000} MB free"
            found.append(Check(f"volume {look.known.id[:8]}", look.state == "ok", detail))
        return found

    def _database_check(self) -> Check:
        try:
            with self._database.transaction() as session:
                head(session)
        except VmsError as error:
            return Check("database", ok=False, detail=error.message)
        return Check("database", ok=True)

    def _volume(self, look: Look) -> VolumeInfo:
        known = look.known
        health, filling = self._volumes.disks.get(known.id), self._volumes.filling.get(known.id)
        return VolumeInfo(
            known.id,
            known.path,
            look.free_bytes,
            look.state,
            detail=look.detail,
            total_bytes=look.total_bytes,
            retired=known.retired,
            days_left=filling.days_left if filling else None,
            disk=DiskInfo(health.device, health.state, health.detail) if health else None,
        )


def policy_of(config: NodeConfig) -> Policy:
    """What the settings say of retention, as recording takes it."""
    said = config.retention
    volumes = {v.id: Limit(v.days, v.max_bytes) for v in config.volumes if (v.days, v.max_bytes) != (None, None)}
    return Policy(said.days, said.least_days, said.free_bytes, said.free_percent, volumes)


def cameras_of(zone: str, clock: Clock) -> Cameras:
    """The register as recording asks it."""

    def camera_facts(session: Session, key: str) -> CameraFacts:
        """A removed camera too: its recordings stay, so does their timeline."""
        camera = camera_standing(session, key)
        plan = read_plans(session, [camera.record])[camera.record]
        return CameraFacts(camera.id, camera.created_us, plan, read_calendar(session, zone, clock.wall_us()))

    return camera_facts


def _away(node: Node) -> States:
    def away(camera: str, profile: str) -> Away | None:
        interrupted = node.interrupted((camera, profile))
        if interrupted is not None:
            return Away(interrupted.end_us, interrupted.cause)
        live = node.states.get(camera)
        said = live.profiles.get(profile) if live else None
        if said is None or said.state == "online" or said.since_us is None:
            return None
        return Away(said.since_us, said.cause or ("stop" if said.state == "disabled" else "camera_offline"))

    return away


def _offline(node: Node) -> Callable[[str, str], tuple[str, str] | None]:
    def offline(camera: str, profile: str) -> tuple[str, str] | None:
        live = node.states.get(camera)
        said = live.profiles.get(profile) if live else None
        return (said.cause or "unreachable", said.message or "") if said is not None and said.state == "offline" else None

    return offline


def _stamping(config: NodeConfig, database: Database, clock: Clock) -> dict[str, Task]:
    """Nothing without an authority: its library is imported only then."""
    if not config.tsa_url:
        return {}
    from vms.integrity.tsa import Tsa  # noqa: PLC0415  (an HTTP client and a parser that most nodes do not need)

    authority = Tsa(config.tsa_url, Path(config.tsa_ca))
    return {"stamps": Stamper(database, config.node_id, authority, clock, config.stamp_minutes)}


def open_records(database: Database, node: str, clock: Clock) -> None:
    """Before the first record: a restored database begins a new epoch, and the chain learns whose it is. Blocking."""
    with database.transaction() as session:
        open_journal(session, now_us=clock.wall_us())
    make_partitions(database, node, clock)


def make_partitions(database: Database, node: str, clock: Clock) -> None:
    """Tables that grow by time have their next partitions before a row needs them. Blocking."""
    with database.transaction() as session:
        ensure_partitions(session, "segments", "start_us", clock.wall_us())
        open_chain(session, node, clock.wall_us())


async def _keep_partitions(database: Database, node: str, clock: Clock) -> None:
    while True:
        await clock.sleep(PARTITIONS_S)
        await asyncio.to_thread(make_partitions, database, node, clock)


async def _announce_start(config: NodeConfig, database: Database) -> None:
    def write() -> None:
        with database.transaction() as session:
            announce(session, NodeStarted(config.node_id, config.version, config.level))

    await asyncio.to_thread(write)


def _nobody(session: str) -> None:
    """Until edges are there."""
