"""A node that only writes: the same root and children without hashes, seals, sync and chain, to show what those cost.

`python -m bench.plain serve --config FILE` is `vms serve` but for what is taken out here. The product has no such switch, and what
such a node records is worth nothing: its seals prove nothing.
"""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from vms.processes import root
from vms.processes.config import load
from vms.storage.seals import SEAL_BYTES

_NOTHING = bytes(32)
_SEAL = bytes(SEAL_BYTES)


class NoHash:
    """A hash that looks at nothing."""

    def __init__(self, data: bytes = b"") -> None:
        del data

    def update(self, data: bytes) -> None:
        del data

    def digest(self) -> bytes:
        return _NOTHING


class NoHashes:
    """In the place of the module hashlib."""

    sha256 = NoHash


class NoBook:
    """A chain that keeps nothing."""

    def append(self, drafts: object) -> None:
        del drafts


def _answer(value: object) -> Callable[..., object]:
    def answer(*_: object, **__: object) -> object:
        return value

    return answer


def serve(config: str) -> None:
    _, path = import_module("vms.app").resolve(import_module("vms.settings").load(Path(config)))
    os.execv(sys.executable, [sys.executable, "-m", "bench.plain", "root", str(path)])  # noqa: S606


def run_root(config_path: str) -> int:
    config = load(Path(config_path))
    roles = root.roles_of(config)
    for role in roles:
        role.command = (sys.executable, "-m", "bench.plain", "child", role.command[-1])
    database = root.EmbeddedPostgres(Path(config.data_dir) / "postgres", Path(config.run_dir))
    root.take_node(config.run_dir)
    return root.Root(config_path, roles, database).run()


def child(module: str, arguments: list[str]) -> None:
    """The child's own module with those parts taken out."""
    sys.argv = [module, *arguments]
    if module.endswith("worker"):
        _plain_worker()
    elif module.endswith("control"):
        _replace(import_module("vms.record.chain_rows"), open_book=_answer(NoBook()))
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _plain_worker() -> None:
    _replace(
        import_module("vms.record.segment_writer"),
        hashlib=NoHashes,
        make_seal=_answer(_SEAL),
        make_table=_answer(b""),
        merkle_root=_answer(_NOTHING),
    )
    _replace(import_module("vms.storage.files").RealFiles, syncfs=_answer(None), fsync_dir=_answer(None))


def _replace(owner: Any, **parts: Any) -> None:
    for name, part in parts.items():
        if not hasattr(owner, name):
            raise SystemExit(f"{owner.__name__} has no {name} any more: {__name__} must be told what took its place")
        setattr(owner, name, part)


def main() -> int:
    match sys.argv[1:]:
        case ["serve", "--config", config]:
            serve(config)
        case ["root", config]:
            return run_root(config)
        case ["child", module, *arguments]:
            child(module, arguments)
        case other:
            raise SystemExit(f"serve, root or child, not {other}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
