"""OpenLive and Snapshot: the worker that has the camera; a snapshot of a camera that is away is refused with its cause; both audited."""

from __future__ import annotations

import pytest

from tests.construction.desk import TestDesk
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.live.opening import register
from vms.owner.ask import Owner, may
from vms.owner.requests import Actor, LiveOpened, OpenLive, Request, Snapshot, SnapshotAt
from vms.owner.wire import request_from_json, request_to_json
from vms.processes.control.auditing import entry_of

OFFICER = Actor("a2", "officer", "person", "s2", frozenset({"live"}))


class Gate:
    """The owner with these handlers, on the register of a desk; keeps what is audited."""

    def __init__(self, database: Database) -> None:
        self.camera = TestDesk(database).camera().id
        self.offline: tuple[str, str] | None = None
        self.audited: list[str] = []
        self.owner = Owner(database, may, self._audit)
        register(self.owner, lambda camera: 2, lambda camera, profile: self.offline)

    def _audit(self, actor: Actor, request: Request, refused: VmsError | None) -> None:
        self.audited.append(entry_of(actor, request, refused, "node", 1).action)


def test_a_camera_that_may_be_there_is_looked_for_at_its_worker(database: Database) -> None:
    gate = Gate(database)
    for request in (OpenLive(gate.camera), Snapshot(gate.camera)):
        assert gate.owner.ask(OFFICER, request) == LiveOpened(gate.camera, "main", 2)
    assert gate.audited == ["OpenLive", "Snapshot"]


def test_of_a_camera_that_is_away_there_is_no_snapshot_and_its_cause_is_told(database: Database) -> None:
    gate = Gate(database)
    gate.offline = ("auth", "the camera refuses user or password")
    with pytest.raises(VmsError, match="refuses user") as away:
        gate.owner.ask(OFFICER, Snapshot(gate.camera))
    assert (away.value.kind, away.value.facts["cause"]) == (Kind.AUTH, "auth")
    gate.offline = ("camera_offline", "")
    with pytest.raises(VmsError) as unknown:
        gate.owner.ask(OFFICER, Snapshot(gate.camera))
    assert unknown.value.kind is Kind.UNAVAILABLE


def test_without_the_right_to_watch_there_is_no_such_camera(database: Database) -> None:
    gate = Gate(database)
    blind = Actor("a3", "clerk", "person", "s3", frozenset({"list", "playback"}))
    with pytest.raises(VmsError) as refused:
        gate.owner.ask(blind, Snapshot(gate.camera))
    assert refused.value.kind is Kind.NOT_FOUND
    assert gate.audited == ["Snapshot"]


@pytest.mark.parametrize("request_", [Snapshot("c1", "sub"), SnapshotAt("c1", "main", 5, 6, 1)])
def test_both_cross_the_link_as_themselves(request_: Snapshot | SnapshotAt) -> None:
    assert request_from_json(request_to_json(request_)) == request_
    assert entry_of(OFFICER, request_, None, "node", 1).action == type(request_).__name__
