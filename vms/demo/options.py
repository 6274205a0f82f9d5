"""What `vms demo` takes and what it keeps between two starts on the same data."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """The contract's flags; `port` 0 is any free one."""

    data: Path
    port: int = 8000
    cameras: int = 16
    browser: bool = True
    ready_file: Path | None = None
    seed_minutes: float = 5
    levels: int = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """Camera ids by simulated number, the port that their URLs name, and the past that is still to be written."""

    sim_port: int
    cameras: dict[str, str]
    past_us: tuple[int, int] | None = None
    """From and to; None once it is on the timeline."""


def load_kept(path: Path) -> Kept | None:
    if not path.exists():
        return None
    raw = json.loads(path.read_text())
    past = raw.get("past_us")
    cameras = {str(number): str(camera) for number, camera in raw["cameras"].items()}
    return Kept(int(raw["sim_port"]), cameras, (int(past[0]), int(past[1])) if past else None)


def save_kept(path: Path, kept: Kept) -> None:
    write_private(path, json.dumps(asdict(kept)))


def write_private(path: Path, text: str) -> None:
    """0600 from the first byte, renamed into place whole."""
    part = path.with_name(f".{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)
