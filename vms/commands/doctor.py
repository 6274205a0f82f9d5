"""`vms doctor`: the machine as a node needs it. Each finding says what is wrong and what to do; nothing is changed."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vms.base.errors import VmsError
from vms.base.postgres_binaries import find_binaries
from vms.decode.protocol import ANSWER, Hello, read_body, read_head
from vms.decode.spawn import spawn
from vms.settings import Settings
from vms.storage.disks import disk_of
from vms.storage.known import read_known

ENOUGH_FILES = 4096
DECODER_S = 15.0
ENOUGH_FREE_BYTES = 10_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    name: str
    ok: bool
    detail: str


def examine(settings: Settings) -> list[Finding]:
    """All findings, in the order an operator would mend them."""
    looks: list[Callable[[Settings], Finding]] = [_data, _space, _files, _port, _database, _kernel, _clock, _decoder]
    return [*(look(settings) for look in looks), *_disks(settings)]


def _data(settings: Settings) -> Finding:
    folder = settings.data_dir.absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    ok = os.access(existing, os.W_OK | os.X_OK)
    return Finding("data directory", ok, str(folder) if ok else f"{existing} cannot be written by this user")


def _space(settings: Settings) -> Finding:
    places = [volume.path for volume in settings.volumes] or [settings.data_dir]
    free: list[int] = []
    for place in places:
        existing = next(path for path in (place.absolute(), *place.absolute().parents) if path.exists())
        free.append(shutil.disk_usage(existing).free)
    least = min(free)
    return Finding("free space", least > ENOUGH_FREE_BYTES, f"{least / 1e9:.1f} GB on the fullest volume; recordings want more than 10")


def _disks(settings: Settings) -> list[Finding]:
    """What can be read of the disks below the volumes; that nothing can be read is no fault of the disk."""
    known = read_known(str(settings.data_dir.absolute()))
    places = [volume.path for volume in known or ()] or [str(volume.path) for volume in settings.volumes]
    found: list[Finding] = []
    for place in places:
        try:
            health = disk_of(place)
        except OSError as error:
            found.append(Finding(f"disk of {place}", ok=False, detail=error.strerror or ""))
        else:
            found.append(
                Finding(f"disk of {place}", health.state in ("ok", "unknown"), f"{health.device}: {health.state}, {health.detail}")
            )
    return found


def _files(settings: Settings) -> Finding:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    advice = "" if soft >= ENOUGH_FILES else f"; raise it to {ENOUGH_FILES} (LimitNOFILE= in the unit)"
    return Finding("open files", soft >= ENOUGH_FILES, f"limit {soft}{advice}")


def _port(settings: Settings) -> Finding:
    host, port = settings.http.host, settings.http.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return Finding("port", ok=False, detail=f"{host}:{port}: {error.strerror}; is a node running already?")
    return Finding("port", ok=True, detail=f"{host}:{port} is free")


def _database(settings: Settings) -> Finding:
    if settings.database.url:
        return Finding("database", ok=True, detail="an external server is configured")
    try:
        return Finding("database", ok=True, detail=f"server programs in {find_binaries(settings.database.binaries, None)}")
    except VmsError as error:
        return Finding("database", ok=False, detail=error.message)


def _kernel(settings: Settings) -> Finding:
    if os.geteuid() != 0:
        return Finding("user", ok=True, detail=f"uid {os.geteuid()}")
    namespaces = Path("/proc/sys/user/max_user_namespaces")
    ok = namespaces.exists() and int(namespaces.read_text()) > 0
    detail = "root; PostgreSQL runs in a user namespace" if ok else "root without user namespaces: run the node as an ordinary user"
    return Finding("user", ok, detail)


def _clock(settings: Settings) -> Finding:
    synced = Path("/run/systemd/timesync/synchronized").exists() or Path("/run/chrony/chronyd.pid").exists()
    return Finding("clock", synced, "synchronised" if synced else "no time service seen; recordings carry this clock")


def _decoder(settings: Settings) -> Finding:
    """Starts one as a node would and hears which of its walls stand."""
    name = "decoder walls"
    try:
        process, end = spawn()
    except OSError as error:
        return Finding(name, ok=False, detail=f"the decoder cannot be started: {error.strerror}")
    try:
        with end:
            end.settimeout(DECODER_S)
            head = read_head(end.recv(ANSWER.size, socket.MSG_WAITALL), 0)
            hello = read_body(head, end.recv(head.size, socket.MSG_WAITALL))
    except (OSError, VmsError, struct.error) as error:
        return Finding(name, ok=False, detail=f"the decoder does not start: {error}")
    finally:
        process.kill()
        process.wait()
    missing = {wall: why for wall, why in hello.walls.items() if why} if isinstance(hello, Hello) else {}
    if not missing:
        return Finding(name, ok=True, detail="network, files, limits and calls stand")
    told = "; ".join(f"{wall}: {why}" for wall, why in missing.items())
    refused = "calls" in missing and not settings.decode.without_filter
    return Finding(name, ok=False, detail=f"{told}; snapshots {'are refused (decode.without_filter)' if refused else 'work'}")
