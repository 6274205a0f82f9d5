"""Routes of the node itself: alive, ready, metrics, system, the tree of nodes, and the page behind a problem's type."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from vms.api.access import Context, CurrentActor
from vms.api.bodies import Out, TimeOut, time_out
from vms.api.context import DecoderInfo, NodeInfo, SystemInfo, VolumeInfo
from vms.api.rules import INTERNAL, INTERNAL_RULE, RULES
from vms.base.errors import Kind, VmsError
from vms.base.timespan import format_time

root = APIRouter(tags=["node"])
router = APIRouter(tags=["node"])
PAGES = {**{str(kind): rule for kind, rule in RULES.items()}, INTERNAL: INTERNAL_RULE}


class Health(Out):
    ok: bool


class ReadyCheck(Out):
    name: str
    ok: bool
    detail: str


class Readiness(Out):
    ready: bool
    checks: list[ReadyCheck]


class NodeRef(Out):
    id: str
    level: str
    name: str


class Process(Out):
    role: str
    pid: int
    started_at: TimeOut
    cameras: int


class Disk(Out):
    device: str
    state: str
    detail: str


class Volume(Out):
    id: str
    path: str
    free_bytes: int
    state: str
    detail: str
    total_bytes: int
    retired: bool
    days_left: float | None
    disk: Disk | None


class Wall(Out):
    """One wall round the decode child; `detail` says why it does not stand."""

    name: str
    stands: bool
    detail: str


class DecoderState(Out):
    """`state` is idle (nobody has wanted a picture yet), starting, ready or waiting; `ends` counts its ends by cause."""

    state: str
    library: str
    walls: list[Wall]
    ends: dict[str, int]


class ClockState(Out):
    synced: bool
    offset_us: int | None


class Counts(Out):
    online: int
    recording: int
    viewers: int


class System(Out):
    node: NodeRef
    epoch: int
    version: str
    time: TimeOut
    time_zone: str
    processes: list[Process]
    volumes: list[Volume]
    clock: ClockState
    counts: Counts
    decoder: DecoderState | None


class Node(Out):
    id: str
    level: str
    name: str
    parent_id: str | None
    link: str
    since: TimeOut | None
    last_sync_at: TimeOut | None
    lag_facts: int
    version: str | None


class NodeList(Out):
    items: list[Node]
    next: str | None


@root.get("/healthz")
async def get_health() -> Health:
    """The process answers."""
    return Health(ok=True)


@root.get("/readyz", responses={503: {"model": Readiness}})
def get_readiness(response: Response, context: Context) -> Readiness:
    checks = [ReadyCheck(name=c.name, ok=c.ok, detail=c.detail) for c in context.checks()]
    ready = all(check.ok for check in checks)
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, checks=checks)


@root.get("/metrics", response_class=Response)
def get_metrics(_actor: CurrentActor, context: Context) -> Response:
    return Response(generate_latest(context.metrics), media_type=CONTENT_TYPE_LATEST)


@root.get("/problems/{code}", response_class=HTMLResponse)
async def get_problem(code: str) -> HTMLResponse:
    """What a problem's `type` leads to."""
    rule = PAGES.get(code)
    if rule is None:
        raise VmsError(Kind.NOT_FOUND, "there is no such problem")
    page = f"<!doctype html><title>{code}</title><h1>{escape(rule.title)}</h1><p>code {code}, status {rule.status}</p>"
    return HTMLResponse(page)


@router.get("/system")
def get_system(_actor: CurrentActor, context: Context) -> System:
    return _system_out(context.system())


@router.get("/nodes")
def list_nodes(_actor: CurrentActor, context: Context) -> NodeList:
    return NodeList(items=[_node_out(node) for node in context.nodes()], next=None)


def _system_out(info: SystemInfo) -> System:
    return System(
        node=NodeRef(id=info.node_id, level=info.level, name=info.name),
        epoch=info.epoch,
        version=info.version,
        time=format_time(info.time_us),
        time_zone=info.time_zone,
        processes=[Process(role=p.role, pid=p.pid, started_at=format_time(p.started_us), cameras=p.cameras) for p in info.processes],
        volumes=[_volume_out(volume) for volume in info.volumes],
        clock=ClockState(synced=info.clock_synced, offset_us=info.clock_offset_us),
        counts=Counts(online=info.online, recording=info.recording, viewers=info.viewers),
        decoder=_decoder_out(info.decoder) if info.decoder else None,
    )


def _decoder_out(info: DecoderInfo) -> DecoderState:
    walls = [Wall(name=name, stands=not why, detail=why) for name, why in info.walls.items()]
    return DecoderState(state=info.state, library=info.library, walls=walls, ends=info.ends)


def _volume_out(info: VolumeInfo) -> Volume:
    return Volume(
        id=info.id,
        path=info.path,
        free_bytes=info.free_bytes,
        state=info.state,
        detail=info.detail,
        total_bytes=info.total_bytes,
        retired=info.retired,
        days_left=info.days_left,
        disk=Disk(**info.disk._asdict()) if info.disk else None,
    )


def _node_out(node: NodeInfo) -> Node:
    return Node(
        id=node.id,
        level=node.level,
        name=node.name,
        parent_id=node.parent_id,
        link=node.link,
        since=time_out(node.since_us),
        last_sync_at=time_out(node.last_sync_us),
        lag_facts=node.lag_facts,
        version=node.version,
    )
