"""The registration desk: what the handlers of registration need, handed over once by wiring.

Not here: the handlers (cameras, regions, probe).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vms.base.clock import Clock
from vms.base.secrets import Envelope
from vms.construction.states import CameraStates
from vms.owner.registration import ProbeCamera, ProbeResult


@dataclass(frozen=True, slots=True)
class Desk:
    """`allow` is the CIDR allow-list; `on_change` runs with a camera's id after the commit of each change of it, in its thread;
    `on_plans` after that of a plan or a holiday, which may concern every camera.

    `probe` asks the media plane and may take seconds; it gets a request whose URL and credentials were checked.
    """

    node_id: str
    envelope: Envelope
    clock: Clock
    allow: tuple[str, ...]
    states: CameraStates
    on_change: Callable[[str], None]
    on_plans: Callable[[], None]
    probe: Callable[[ProbeCamera], ProbeResult]
