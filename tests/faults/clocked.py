"""A node whose wall clock is wound by the test: the same root, the same children, started through this module.

Every process asks `vms.base.clock.SystemClock` for the wall time; here it adds what stands in the file `clock` beside the data
directory, which all of them have mapped, so that a step reaches them at the same instant. Monotonic time is the machine's, as it is
when an operator or NTP sets a clock. PostgreSQL keeps the machine's time: nothing of an index comes from its clock.
"""

from __future__ import annotations

import mmap
import os
import runpy
import struct
import sys
import time
from pathlib import Path

from tests.faults import entry
from vms.base.clock import SystemClock
from vms.processes.config import load

NAME = "clock"
_AHEAD = struct.Struct("<q")


class Wound:
    """The test's hand on the clock of a node in `folder`."""

    def __init__(self, folder: Path) -> None:
        path = folder / NAME
        if not path.exists():
            path.write_bytes(_AHEAD.pack(0))
        with path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), _AHEAD.size)

    @property
    def ahead_us(self) -> int:
        return int(_AHEAD.unpack_from(self._page)[0])

    def set_ahead(self, us: int) -> None:
        """By so much the node's clock is ahead of the machine's from now on."""
        _AHEAD.pack_into(self._page, 0, us)

    def wall_us(self) -> int:
        return time.time_ns() // 1000 + self.ahead_us


def child(module: str, arguments: list[str]) -> None:
    wound = Wound(Path(load(Path(arguments[0])).data_dir).parent)
    SystemClock.wall_us = lambda self: wound.wall_us()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def main() -> int:
    match sys.argv[1:]:
        case ["serve", "--config", config]:
            entry.serve(config, __spec__.name if __spec__ else "")
        case ["root", config]:
            return entry.run_root(config, __spec__.name if __spec__ else "")
        case ["child", module, *arguments]:
            child(module, arguments)
        case other:
            raise SystemExit(f"serve, root or child, not {other}")
    return os.EX_OK


if __name__ == "__main__":
    raise SystemExit(main())
