"""What simulated cameras do wrong, and when: the faults script (docs/ref/sim.md). Decisions only; camera.py and session.py act."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

from vms.base.errors import Kind, VmsError


class Wrong(StrEnum):
    """Kinds of faults, by what the other side sees."""

    DROP_OUT = "drop_out"
    REFUSE = "refuse"
    SIGN_IN = "wrong_password"
    LOSS = "loss"
    GARBLE = "garble"
    DOUBLE = "double"
    REORDER = "reorder"
    FLOOD = "flood"
    GARBAGE = "garbage"
    ENDLESS_HEADER = "endless_header"
    OVERSIZED_SDP = "oversized_sdp"
    NO_VIDEO = "no_video"
    UNSUPPORTED_CODEC = "unsupported_codec"
    STALL = "stall"
    TIME_JUMP = "time_jump"
    NO_KEY_FRAME = "no_key_frame"
    CHANGE = "change"
    EDGE_HOLE = "edge_hole"
    EDGE_GARBAGE = "edge_garbage"
    EDGE_REFUSE = "edge_refuse"
    EDGE_ENDLESS = "edge_endless"


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the script. It is on for `for_s` of every `every_s`, first after `after_s`; for good when `every_s` is 0."""

    kind: Wrong
    cameras: tuple[int, ...] = ()
    """Empty: all of them."""
    profile: str = ""
    """Empty: main and sub."""
    after_s: float = -1
    """Before the first time; -1 means `every_s`."""
    every_s: float = 0
    for_s: float = 5
    percent: float = 1
    """LOSS, GARBLE, DOUBLE, REORDER: of the packets."""
    bytes: int = 2000
    """GARBAGE, OVERSIZED_SDP: how many. FLOOD: for each unit."""
    by_s: float = 3600
    """TIME_JUMP: how far; may be negative."""
    rate: float = 1
    """TIME_JUMP: how fast RTP time runs from then on; 0 is frozen."""
    clip: str = ""
    """CHANGE: name of the other clip."""
    status: int = 551
    """EDGE_REFUSE: what PLAY of a recording is answered with."""

    def on(self, since_start_us: int) -> bool:
        passed_s = self.passed_s(since_start_us)
        return passed_s >= 0 and (self.every_s <= 0 or passed_s < self.for_s)

    def passed_s(self, since_start_us: int) -> float:
        """Since it began this time; negative before the first time."""
        first_s = self.every_s if self.after_s < 0 else self.after_s
        passed_s = since_start_us / 1_000_000 - first_s
        return passed_s % self.every_s if passed_s >= 0 and self.every_s > 0 else passed_s


@dataclass(frozen=True, slots=True)
class Script:
    """All faults of a simulation; `seed` makes its chances repeat."""

    faults: tuple[Fault, ...] = ()
    seed: int = 1

    def of(self, camera: int, profile: str) -> tuple[Fault, ...]:
        return tuple(f for f in self.faults if (not f.cameras or camera in f.cameras) and f.profile in ("", profile))

    def clips(self) -> set[str]:
        return {fault.clip for fault in self.faults if fault.clip}


def active(faults: Sequence[Fault], kind: Wrong, since_start_us: int) -> Fault | None:
    return next((fault for fault in faults if fault.kind is kind and fault.on(since_start_us)), None)


def read_script(path: Path) -> Script:
    try:
        return parse_script(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise VmsError(Kind.CONFIG, f"The faults script {path} cannot be read: {error.strerror}", path=str(path)) from error


def parse_script(text: str) -> Script:
    """TOML; an unknown key or kind is an error that names it."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise VmsError(Kind.CONFIG, f"The faults script is no TOML: {error}") from error
    entries = tables.pop("fault", [])
    seed = tables.pop("seed", 1)
    if tables or not isinstance(seed, int) or not isinstance(entries, list):
        raise VmsError(Kind.CONFIG, f"The faults script has `seed` and [[fault]] tables, not {', '.join(tables) or 'this'}.")
    return Script(tuple(_fault(entry) for entry in cast(list[object], entries)), seed)


_TYPES: Mapping[str, type | tuple[type, ...]] = {"profile": str, "clip": str, "bytes": int, "status": int}


def _fault(entry: object) -> Fault:
    if not isinstance(entry, dict):
        raise VmsError(Kind.CONFIG, "Each [[fault]] is a table.")
    given = dict(cast(dict[str, object], entry))
    try:
        kind = Wrong(str(given.pop("kind", "")))
    except ValueError as error:
        raise VmsError(Kind.CONFIG, f"A fault's kind is one of {', '.join(Wrong)}: {error}") from error
    cameras = given.pop("cameras", [])
    known = {field.name for field in fields(Fault)}
    for key, value in given.items():
        if key not in known or not isinstance(value, _TYPES.get(key, (int, float))):
            raise VmsError(Kind.CONFIG, f"A fault of kind {kind} has no `{key}`, or not with {value!r}.", key=key)
    if not isinstance(cameras, list) or not all(isinstance(number, int) for number in cast(list[object], cameras)):
        raise VmsError(Kind.CONFIG, "A fault's `cameras` is a list of numbers.")
    options = cast(dict[str, Any], given)  # their types are checked above
    return Fault(kind, tuple(cast(list[int], cameras)), **options)
