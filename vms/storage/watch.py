"""Whether a node's volumes are there and are what they should be: looked at again and again, as long as the process lives.

A volume that is wrong, away, read-only or silent is refused and closed, so that it can be unmounted and changed; one that
is right again is opened. Looks run in one thread per volume, because a look at a hung disk may never return.
Not here: what a refusal means for recordings (worker.volumes) and for people (control.volumes).
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from vms.base.errors import Kind, VmsError
from vms.storage.files import Files
from vms.storage.known import KnownVolume, change_known
from vms.storage.volumes import Volume, identity_of, open_volume, renew

PROBE = b"\0" * 4096
FULL_BYTES = 64 * 1024 * 1024
"""Less than this is no room for a tick of many cameras."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found. `volume` is open when `state` is `ok` or `full`; `detail` says why it is not."""

    known: KnownVolume
    volume: Volume | None
    state: str
    detail: str = ""
    free_bytes: int = 0
    total_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Looking:
    """Who looks. `owner` counts the generations: one process of the node, control."""

    data_dir: str
    node: str
    holder: str
    files: Files
    owner: bool = False

    def look(self, known: KnownVolume, opened: Volume | None, *, doubted: bool = False) -> Look:
        """Blocks as long as the disk does. An `opened` volume that is refused is left to the caller to close.

        `doubted`: its disk has failed, so it is good again only when it takes and keeps a few bytes.
        """
        volume = opened
        try:
            if volume is None:
                volume = self._open(known)
            elif (moved := self._moved(known, volume)) is not None:
                return Look(known, None, "failed", moved)
            no_room = _probe(volume) if doubted else ""
            room = os.fstatvfs(volume.root_fd)
        except VmsError as error:
            _close_new(volume, opened)
            return Look(known, None, "failed", _told(error))
        except OSError as error:
            _close_new(volume, opened)
            return Look(known, None, "failed", os.strerror(error.errno or 0))
        free_bytes, total_bytes = room.f_bavail * room.f_frsize, room.f_blocks * room.f_frsize
        full = bool(no_room) or free_bytes < _full_bytes(total_bytes)
        return Look(known, volume, "full" if full else "ok", no_room, free_bytes, total_bytes)

    def _open(self, known: KnownVolume) -> Volume:
        volume = open_volume(
            known.path,
            self.node,
            self.files,
            expect=known.id,
            generation=known.generation,
            holder="" if known.retired else self.holder,
        )
        if self.owner and not known.retired:
            try:
                self._count(known, renew(volume, known.generation))
            except OSError:
                volume.close()
                raise
        return volume

    def _count(self, known: KnownVolume, generation: int) -> None:
        change_known(
            self.data_dir,
            lambda volumes: tuple(KnownVolume(v.id, v.path, generation, v.retired) if v.id == known.id else v for v in volumes),
        )

    def _moved(self, known: KnownVolume, volume: Volume) -> str | None:
        """Why the opened volume is no longer the one to use; None when it is."""
        there, held = Path(known.path).stat(), os.fstat(volume.root_fd)
        if (there.st_dev, there.st_ino) != (held.st_dev, held.st_ino):
            return "the volume is no longer mounted at its path"
        if identity_of(volume) != volume.id:
            return "the volume has lost its identity file"
        if os.fstatvfs(volume.root_fd).f_flag & os.ST_RDONLY and not known.retired:
            return "the volume has become read-only"
        return None


class Looker:
    """The thread that looks at one volume; `ask` while it is idle, `idle` tells. Dies with the process."""

    def __init__(self, looking: Looking, answer: Callable[[Look], None]) -> None:
        self.asked_us: int | None = None
        self._looking = looking
        self._answer = answer
        self._questions: SimpleQueue[tuple[KnownVolume, Volume | None, bool] | None] = SimpleQueue()
        threading.Thread(target=self._run, name="volume-look", daemon=True).start()

    def ask(self, known: KnownVolume, opened: Volume | None, now_us: int, *, doubted: bool) -> None:
        self.asked_us = now_us
        self._questions.put((known, opened, doubted))

    def end(self) -> None:
        self._questions.put(None)

    def _run(self) -> None:
        while (question := self._questions.get()) is not None:
            known, opened, doubted = question
            self._answer(self._looking.look(known, opened, doubted=doubted))


def _probe(volume: Volume) -> str:
    """A few bytes reach the disk; else why there is no room for them (bytes, inodes, quota). Raises OSError when it fails."""
    name = f".probe-{os.getpid()}"
    files, root = volume.files, volume.root_fd
    try:
        fd = files.create(root, name)
        try:
            files.write(fd, [PROBE])
            files.fsync(fd)
        finally:
            files.close(fd)
            files.unlink(root, name)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return os.strerror(error.errno)
    return ""


def _full_bytes(total_bytes: int) -> int:
    return min(FULL_BYTES, total_bytes // 50)


def _close_new(volume: Volume | None, opened: Volume | None) -> None:
    if volume is not None and volume is not opened:
        volume.close()


def _told(error: VmsError) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in error.facts.items() if name != "path" and value)
    word = error.message if error.kind is not Kind.IO_ERROR else error.message.removeprefix("the volume cannot be opened: ")
    return f"{word} ({facts})" if facts else word
