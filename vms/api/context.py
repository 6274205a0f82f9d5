"""What the HTTP edge needs from the rest of the node, handed over once by wiring.

Values and ports only: `create_app(context)` is the whole of the edge's dependencies, so tests hand it fakes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from prometheus_client import CollectorRegistry

from vms.owner.requests import Actor, Request


class Asks(Protocol):
    """`owner.Owner`; called from threads."""

    def ask(self, actor: Actor, request: Request) -> Any: ...
    def ask_each(self, actor: Actor, request_type: type[Request], requests: Sequence[Request]) -> list[Any]: ...


class SignedIn(NamedTuple):
    """A session just opened: its secret goes into the cookie and nowhere else."""

    secret: str
    actor: Actor
    max_age_s: int


class FactView(NamedTuple):
    """A fact of the journal under its public name."""

    id: str
    epoch: int
    seq: int
    type: str
    at_us: int
    node_id: str
    subject_kind: str
    subject_id: str
    data: Mapping[str, Any]


class Facts(Protocol):
    """A follower of the journal. `read` and `newest` run SQL and are called from threads; `wait` from the loop.

    `after` is the id of a fact; None is the beginning. Take `mark` before `read`: `wait(mark)` returns at once when
    something came since.
    """

    def read(self, after: str | None, types: Sequence[str], limit: int) -> Sequence[FactView]: ...
    def newest(self) -> str | None: ...
    def mark(self) -> int: ...
    async def wait(self, mark: int, seconds: float) -> None: ...


class Check(NamedTuple):
    """One line of /readyz."""

    name: str
    ok: bool
    detail: str = ""


class ProcessInfo(NamedTuple):
    role: str
    pid: int
    started_us: int
    cameras: int = 0


class DecoderInfo(NamedTuple):
    """The decode child of an edge: `state` is idle, starting, ready or waiting; `walls` "" or why one does not stand; `ends` by cause."""

    state: str
    library: str
    walls: dict[str, str]
    ends: dict[str, int]


class EdgeInfo(NamedTuple):
    """What an edge told of itself."""

    pid: int
    started_us: int
    views: int
    decoder: DecoderInfo | None = None
    beside: tuple[tuple[str, int, int], ...] = ()
    """Role, pid and start (µs) of the processes that it alone speaks with."""


class DiskInfo(NamedTuple):
    """What lies below a volume: `state` is `ok`, `worn`, `failing` or `unknown`; `detail` says what was read and from whom."""

    device: str
    state: str
    detail: str


class VolumeInfo(NamedTuple):
    """`days_left` at the rate at which the last hours were written; None while there is none, or files are removed as fast."""

    id: str
    path: str
    free_bytes: int
    state: str
    detail: str = ""
    total_bytes: int = 0
    retired: bool = False
    days_left: float | None = None
    disk: DiskInfo | None = None


@dataclass(frozen=True, slots=True)
class SystemInfo:
    """What GET /system tells."""

    node_id: str
    level: str
    name: str
    epoch: int
    version: str
    time_us: int
    time_zone: str
    processes: tuple[ProcessInfo, ...]
    volumes: tuple[VolumeInfo, ...]
    clock_synced: bool
    clock_offset_us: int | None
    online: int
    recording: int
    viewers: int
    decoder: DecoderInfo | None = None


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """A node of the tree as this one sees it; times are None while unknown."""

    id: str
    level: str
    name: str
    parent_id: str | None
    link: Literal["up", "down"]
    since_us: int | None
    last_sync_us: int | None
    lag_facts: int
    version: str | None


@dataclass(frozen=True, slots=True)
class HttpSlice:
    """`secure`: browsers reach the node by HTTPS, so cookies carry `Secure` and the `__Host-` prefix."""

    secure: bool
    max_body_bytes: int = 1024 * 1024
    recheck_s: float = 4.0
    """How often a running WebSocket asks again whether its session still stands."""


@dataclass(frozen=True, slots=True)
class ApiContext:
    """The edge's collaborators. `authenticate` takes a bearer token or a session's secret and raises UNAUTHENTICATED.

    `sign_in` takes the login token and the address it came from.
    """

    owner: Asks
    authenticate: Callable[[str], Actor]
    sign_in: Callable[[str, str], SignedIn]
    sign_out: Callable[[Actor], None]
    system: Callable[[], SystemInfo]
    nodes: Callable[[], Sequence[NodeInfo]]
    checks: Callable[[], Sequence[Check]]
    facts: Facts
    http: HttpSlice
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
