"""A registration desk on a real database: the real owner and handlers, a fake camera probe, a wound clock."""

from __future__ import annotations

from typing import Any

from vms.base.clock import ManualClock
from vms.base.db import Database
from vms.base.errors import VmsError
from vms.base.secrets import Envelope
from vms.construction.desk import Desk
from vms.construction.handlers import register
from vms.construction.states import ProfileState, StateTable
from vms.owner.ask import Owner, may
from vms.owner.registration import CameraView, CreateCamera, ProbeCamera, ProbeResult, ProfileSpec, RegionView
from vms.owner.requests import Actor, Request

ALLOW = ("192.0.2.0/24", "2001:db8::/32")
URL = "rtsp://192.0.2.7/stream1"
INTEGRATOR = Actor("a1", "integrator", "person", "s1", frozenset({"list", "configure"}))


def no_audit(actor: Actor, request: Request, refused: VmsError | None) -> None:
    """Nothing under test here reads the audit."""
    del actor, request, refused


class TestDesk:
    """Asks go through the real path: authorise, one transaction, handler, commit."""

    __test__ = False

    def __init__(self, database: Database) -> None:
        self.database = database
        self.states = StateTable()
        self.envelope = Envelope({b"key1": b"\7" * 32})
        self.clock = ManualClock()
        self.changes: list[str] = []
        self.plan_changes = 0
        self.probed: list[ProbeCamera] = []
        self._owner = Owner(database, may, no_audit)
        desk = Desk(
            node_id="n1",
            envelope=self.envelope,
            clock=self.clock,
            allow=ALLOW,
            states=self.states,
            on_change=self._changed,
            on_plans=self._plans_changed,
            probe=self._probe,
        )
        register(self._owner, desk)

    def ask(self, request: Request, actor: Actor = INTEGRATOR) -> Any:
        return self._owner.ask(actor, request)

    def camera(self, name: str = "North gate", url: str = URL, **fields: Any) -> CameraView:
        return self.ask(CreateCamera(name=name, profiles=(ProfileSpec("main", url),), **fields))

    def says(self, camera: str, state: Any, **fields: Any) -> None:
        """A worker's report on the main profile."""
        self.states.report(camera, "main", ProfileState(state=state, **fields))

    def region(self, request: Request) -> RegionView:
        return self.ask(request)

    def _changed(self, camera: str) -> None:
        self.changes.append(camera)

    def _plans_changed(self) -> None:
        self.plan_changes += 1

    def _probe(self, request: ProbeCamera) -> ProbeResult:
        self.probed.append(request)
        return ProbeResult(False, "auth", "the camera refuses user or password")
