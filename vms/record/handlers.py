"""Which handler answers which request of this package's desks. Reading binds itself (reader): its desk is built with it."""

from __future__ import annotations

from vms.owner import holds as of_holds
from vms.owner import storage as of_storage
from vms.owner.ask import Owner
from vms.owner.plans import ListEvents, ListRunningEvents, StartEvent, StopEvents
from vms.record.events import EventDesk
from vms.record.holds import Holds
from vms.record.kept import KeptDesk


def register_holds(owner: Owner, desk: Holds) -> None:
    owner.register(of_holds.Hold, desk.request)
    owner.register(of_holds.ApproveHold, desk.approve)
    owner.register(of_holds.RejectHold, desk.reject)
    owner.register(of_holds.ExtendHold, desk.extend)
    owner.register(of_holds.ApproveExtension, desk.approve_extension)
    owner.register(of_holds.RequestRelease, desk.request_release)
    owner.register(of_holds.Release, desk.release)
    owner.register(of_holds.RefuseRelease, desk.refuse_release)
    owner.register(of_holds.GetHold, desk.get)
    owner.register(of_holds.ListHolds, desk.page)


def register_kept(owner: Owner, desk: KeptDesk) -> None:
    owner.register(of_storage.ListVolumes, desk.volumes)
    owner.register(of_storage.ListKept, desk.kept)
    owner.register(of_storage.ListKeptRegions, desk.regions)
    owner.register(of_storage.ListDeletions, desk.deletions)
    owner.register(of_storage.ListRules, desk.rules)
    owner.register(of_storage.SetRule, desk.set_rule)


def register_events(owner: Owner, desk: EventDesk) -> None:
    owner.register(StartEvent, desk.start)
    owner.register(StopEvents, desk.stop)
    owner.register(ListEvents, desk.list)
    owner.register(ListRunningEvents, desk.list_running)
