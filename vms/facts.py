"""Every fact of the program by its type: what docs/ref/facts.md documents. A package with facts has its line here."""

from __future__ import annotations

from itertools import chain

from vms.accounts import facts as accounts
from vms.construction import facts as construction
from vms.events import Event
from vms.integrity import facts as integrity
from vms.processes import facts as processes
from vms.record import facts as record
from vms.storage import facts as storage
from vms.walls import facts as walls

PACKAGES = (accounts, construction, integrity, processes, record, storage, walls)

FACTS: dict[str, type[Event]] = {fact.type: fact for fact in chain.from_iterable(package.FACTS for package in PACKAGES)}
