"""What a disk may hold after a power cut: one legal state out of a log of file operations.

The rules (the weakest that POSIX and Linux file systems keep): what was synced stays. A name is there only if its directory was
synced after it was made, else either way; renames and removals happen whole or not at all. Each unsynced write is kept, lost, cut at
a sector's edge, kept in some sectors only, or has grown the file with zeros; writes need not reach the disk in order. `syncfs` covers
everything before it.
Not here: making a log (files), what must hold of a state (states).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tests.faults.files import SECTOR_BYTES, Op
from vms.storage.volumes import folder_of

KEEP, LOSE, CUT, SPOTTED, ZERO = "keep", "lose", "cut", "spotted", "zero"
FATES = (KEEP, LOSE, CUT, SPOTTED, ZERO)


@dataclass(frozen=True, slots=True)
class _Change:
    """An unsynced write, or a truncation when `cut_to` is set."""

    offset: int
    data: bytes = b""
    cut_to: int | None = None


@dataclass(slots=True, eq=False)
class _File:
    durable: bytearray = field(default_factory=bytearray)
    waiting: list[_Change] = field(default_factory=list[_Change])

    def settle(self) -> None:
        for change in self.waiting:
            _apply(self.durable, change, KEEP, None)
        self.waiting.clear()


@dataclass(frozen=True, slots=True)
class _Naming:
    """A directory's change: `path` names `file` from now on (None: no file, or a folder when `folder`)."""

    path: str
    file: _File | None
    folder: bool = False
    old: str = ""
    """The name that goes with it, when it is a rename."""


@dataclass(slots=True)
class Disk:
    """`synced` names are certain; `waiting` ones are not. `live` is what the running system sees."""

    synced: dict[str, _File | None] = field(default_factory=dict[str, _File | None])
    waiting: list[_Naming] = field(default_factory=list[_Naming])
    live: dict[str, _File] = field(default_factory=dict[str, _File])

    def do(self, op: Op) -> None:
        """One finished operation. Entries that are no file operations change nothing."""
        match op.name:
            case "make_dir":
                self.waiting.append(_Naming(op.path, None, folder=True))
            case "create":
                self.live[op.path] = file = _File()
                self.waiting.append(_Naming(op.path, file))
            case "write":
                self.live[op.path].waiting.append(_Change(op.offset, op.data))
            case "truncate":
                self.live[op.path].waiting.append(_Change(0, cut_to=op.size))
            case "fsync":
                self.live[op.path].settle()
            case "fsync_dir":
                self._settle_names(op.path)
            case "syncfs":
                self._settle_names(None)
                for file in self._files():
                    file.settle()
            case "rename":
                self.live[op.to] = file = self.live.pop(op.path)
                self.waiting.append(_Naming(op.to, file, old=op.path))
            case "unlink":
                del self.live[op.path]
                self.waiting.append(_Naming(op.path, None))
            case _:
                pass

    def cut(self, chance: random.Random, fates: Sequence[str] = FATES) -> dict[str, bytes | None]:
        """Power fails: path → bytes, None for a folder. `chance` decides what was not certain."""
        names = dict(self.synced)
        torn: set[str] = set()
        for naming in self.waiting:
            if naming.path in torn or naming.old in torn or not _keeps(chance):
                torn |= {naming.path, naming.old} - {""}  # what follows on the same name cannot have happened either
            else:
                _name(names, naming)
        there = {path for path, file in names.items() if file is None}
        state: dict[str, bytes | None] = {}
        contents: dict[int, bytes] = {}
        for path, file in sorted(names.items()):
            parent = folder_of(path)
            if parent and parent not in there:
                there.discard(path)
            elif file is None:
                state[path] = None
            else:
                state[path] = contents.setdefault(id(file), _content(file, chance, fates))
        return state

    def _settle_names(self, folder: str | None) -> None:
        rest: list[_Naming] = []
        for naming in self.waiting:
            if folder is None or folder_of(naming.path) == folder:
                _name(self.synced, naming)
            else:
                rest.append(naming)
        self.waiting = rest

    def _files(self) -> Iterable[_File]:
        named = [file for file in self.synced.values() if file is not None]
        return {id(file): file for file in (*named, *self.live.values())}.values()


def disk_after(log: Iterable[Op]) -> Disk:
    disk = Disk()
    for op in log:
        disk.do(op)
    return disk


def disk_of(state: dict[str, bytes | None]) -> Disk:
    """The disk that a system finds when it starts: all of it is certain."""
    files = {path: _File(bytearray(data)) for path, data in state.items() if data is not None}
    return Disk(synced={path: files.get(path) for path in state}, live=dict(files))


def replay(log: Sequence[Op], upto: int, chance: random.Random, fates: Sequence[str] = FATES) -> dict[str, bytes | None]:
    """One state that the disk may have when power fails after `upto` operations of the log; the next one may be under way."""
    return disk_after(log[:upto]).cut(chance, fates)


def put_down(state: dict[str, bytes | None], folder: Path) -> None:
    """The state as real files below `folder`."""
    for path, data in state.items():
        target = folder / path
        if data is None:
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.write_bytes(data)


def _keeps(chance: random.Random) -> bool:
    return chance.random() < 0.6


def _name(names: dict[str, _File | None], naming: _Naming) -> None:
    if naming.old:
        names.pop(naming.old, None)
    if naming.file is not None or naming.folder:
        names[naming.path] = naming.file
    else:
        names.pop(naming.path, None)


def _content(file: _File, chance: random.Random, fates: Sequence[str]) -> bytes:
    content = bytearray(file.durable)
    for change in file.waiting:
        _apply(content, change, chance.choice(fates), chance)
    return bytes(content)


def _apply(content: bytearray, change: _Change, fate: str, chance: random.Random | None) -> None:
    if change.cut_to is not None:
        if fate == KEEP:
            del content[change.cut_to :]
        return
    if fate == LOSE:
        return
    data = change.data
    if chance is not None and fate == CUT:
        data = data[: chance.choice(_edges(change))]
    elif chance is not None and fate == SPOTTED:
        data = _spotted(change, chance)
    elif fate == ZERO:
        data = bytes(len(data))
    if change.offset > len(content):
        content.extend(bytes(change.offset - len(content)))
    content[change.offset : change.offset + len(data)] = data


def _edges(change: _Change) -> list[int]:
    """Sector borders inside the write, as lengths of what is kept of it."""
    first = SECTOR_BYTES - change.offset % SECTOR_BYTES
    return [0, *range(first, len(change.data), SECTOR_BYTES)]


def _spotted(change: _Change, chance: random.Random) -> bytes:
    edges = [*_edges(change), len(change.data)]
    return b"".join(change.data[a:b] if _keeps(chance) else bytes(b - a) for a, b in pairwise(edges))
