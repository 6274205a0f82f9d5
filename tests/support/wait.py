"""Waiting for something outside this process: polls with a deadline, so that a slow machine is slow and a dead one is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
POLL_S = 0.05


def wait_until(what: str, look: Callable[[], T | None], seconds: float, poll_s: float = POLL_S) -> T:
    """What `look` gives as soon as it is neither None nor False; fails naming `what` when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None and found is not False:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:g} s")
        time.sleep(poll_s)


def pass_time(seconds: float) -> None:
    """Let the node work: a span of real time is what the scenario is about."""
    time.sleep(seconds)
