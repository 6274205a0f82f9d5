"""The demo's two children: the node's root and the simulated cameras. They die with the demo, however it dies."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from vms.base.errors import Kind, VmsError
from vms.processes.root import parent_death_signal

T = TypeVar("T")
STOP_S = 30.0


@dataclass
class DemoChild:
    """One child with its log file."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raises UNAVAILABLE with the child's last words when it has ended."""
        code = self.process.poll()
        if code is not None:
            words = self.log.read_text(errors="replace").strip().splitlines()[-1:] or ["no word"]
            raise VmsError(Kind.UNAVAILABLE, f"{self.name} ended with code {code}: {words[0][:300]} (log: {self.log})")

    def stop(self) -> int:
        """Orderly, then by force; its exit code."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def start(name: str, arguments: list[str], log: Path, *, death: int, nice: int = 0) -> DemoChild:
    """`python -m ARGUMENTS…`, its output in `log`; `death` is the signal it gets when the demo dies."""

    def prepare() -> None:
        parent_death_signal(death)
        if nice:
            os.nice(nice)

    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            preexec_fn=prepare,  # noqa: PLW1509  (the demo has one thread)
            start_new_session=True,  # Ctrl-C is for the demo, which stops its children in order
        )
    finally:
        os.close(descriptor)
    return DemoChild(name, process, log)


def wait_for(what: str, look: Callable[[], T | None], children: list[DemoChild], timeout_s: float) -> T:
    """Poll `look` until it gives something. Raises TIMEOUT naming `what`, or a child's end."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = look()
        if found is not None:
            return found
        for child in children:
            child.check()
        if time.monotonic() > deadline:
            raise VmsError(
                Kind.TIMEOUT, f"{what} did not come within {timeout_s:.0f} s" + "".join(f"; see {child.log}" for child in children[:1])
            )
        time.sleep(0.05)
