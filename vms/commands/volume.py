"""`vms volume add|list|retire|replace`: the node's list of volumes, changed on purpose. A running node follows within seconds.

Not here: what a node does with the list (storage.volume_set), settings (they name places for a node's first start only).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vms.app import resolved
from vms.base.clock import SystemClock
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.commands.database import node_database
from vms.processes.config import NodeConfig
from vms.record.lost import Lost, has_rows, tell_lost
from vms.settings import Settings
from vms.storage.files import RealFiles
from vms.storage.known import Known, KnownVolume, change_known, read_known
from vms.storage.taking import take_place
from vms.storage.watch import Looking

ACTOR = "cli"


@dataclass(frozen=True, slots=True)
class Replaced:
    """`new` is the id of the volume in its place; empty when it was replaced before."""

    new: str
    lost: Lost


def add(settings: Settings, path: Path) -> str:
    """The new volume's id. Raises CONFIG, CONFLICT when the place is in use by this node already."""
    config = resolved(settings)
    return _add(config, path, gone="")


def retire(settings: Settings, volume: str, *, retired: bool) -> None:
    """Raises NOT_FOUND."""
    config = resolved(settings)

    def change(known: Known) -> Known:
        _find(known, volume)
        return tuple(KnownVolume(v.id, v.path, v.generation, retired) if v.id == volume else v for v in known)

    change_known(config.data_dir, change)


def replace(settings: Settings, volume: str, path: Path | None) -> Replaced:
    """The old volume leaves the list, and what it held is told as lost. Raises NOT_FOUND, CONFIG when the old disk is still there.

    Of a volume that left the list already only what the index still holds of it is told: so a crash between the two is mended by
    asking again.
    """
    config = resolved(settings)
    old = next((v for v in read_known(config.data_dir) or () if v.id == volume), None)
    if old is not None:
        _refuse_well(config, old)
    with node_database(config, exclusive=False) as url:
        database = Database(url, pool_size=2, statement_timeout_ms=600_000)
        try:
            if old is None and not has_rows(database, volume):
                raise _unknown(volume)
            new = "" if old is None else _add(config, path or Path(old.path), gone=volume)
            return Replaced(new, tell_lost(database, volume, ACTOR, SystemClock().wall_us()))
        finally:
            database.dispose()


def _refuse_well(config: NodeConfig, old: KnownVolume) -> None:
    found = _looking(config).look(old, None)
    if found.volume is not None:
        found.volume.close()
        raise VmsError(Kind.CONFIG, "this volume is there and well: retire it, or take its disk out first", volume=old.id)


def look(settings: Settings) -> list[dict[str, Any]]:
    """What is at each place now; nothing is written or locked."""
    config = resolved(settings)
    looking = _looking(config)
    found: list[dict[str, Any]] = []
    for known in read_known(config.data_dir) or ():
        seen = looking.look(known, None)
        entry = {"id": known.id, "path": known.path, "retired": known.retired, "state": seen.state, "detail": seen.detail}
        found.append(entry | {"free_bytes": seen.free_bytes, "total_bytes": seen.total_bytes})
        if seen.volume is not None:
            seen.volume.close()
    return found


def as_lines(found: list[dict[str, Any]]) -> str:
    """For a terminal."""
    lines: list[str] = []
    for entry in found:
        mark = "ok" if entry["state"] == "ok" else "!!"
        state = "retired" if entry["retired"] else "in use"
        detail = entry["detail"] or f"{entry['free_bytes'] / 1e9:.1f} of {entry['total_bytes'] / 1e9:.1f} GB free"
        lines.append(f"[{mark}] {entry['id']}  {entry['path']}  {state}, {entry['state']}: {detail}")
    return "\n".join(lines) or "this node has no volume"


def _add(config: NodeConfig, path: Path, *, gone: str) -> str:
    place = str(path.absolute())
    made: list[KnownVolume] = []

    def change(known: Known) -> Known:
        left = tuple(v for v in known if v.id != gone)
        if any(v.path == place for v in left):
            raise VmsError(Kind.CONFLICT, "this place is a volume of the node already", path=place)
        made.append(take_place(place, config.node_id))
        return (*left, made[0])

    change_known(config.data_dir, change)
    return made[0].id


def _looking(config: NodeConfig) -> Looking:
    """Without a holder: a look beside the running node takes nothing."""
    return Looking(config.data_dir, config.node_id, "", RealFiles())


def _find(known: Known, volume: str) -> KnownVolume:
    for one in known:
        if one.id == volume:
            return one
    raise _unknown(volume)


def _unknown(volume: str) -> VmsError:
    return VmsError(Kind.NOT_FOUND, "this node has no such volume; `vms volume list` names them", volume=volume[:64])
