"""The clips that simulated cameras play: the files of fixtures/streams by the name in their manifest.

Not here: reading a file (clip.py), which camera plays what (cameras.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, cast

import vms
from vms.base.errors import Kind, VmsError
from vms.media.types import VIDEO_TIMESCALE
from vms.sim.clip import Clip, load_clip

_IN_WHEEL = Path(__file__).parent / "streams"
CLIPS_DIR = _IN_WHEEL if _IN_WHEEL.is_dir() else Path(vms.__file__).parent.parent / "fixtures" / "streams"
_OUT_OF_BAND = "longgop"
"""Its parameter sets stand in the SDP alone."""


def load_clips(names: Iterable[str], folder: Path = CLIPS_DIR) -> dict[str, Clip]:
    """The named clips of the folder's manifest."""
    return {name: _load(folder, name) for name in sorted(set(names))}


def clip_number(name: str, folder: Path = CLIPS_DIR) -> int:
    """The number in a clip's block code."""
    return int(_entry(folder, name)["number"])


def clip_names(folder: Path = CLIPS_DIR) -> list[str]:
    return list(_manifest(folder))


@cache
def _load(folder: Path, name: str) -> Clip:
    entry = _entry(folder, name)
    phase_90k = int(entry["first_frame"]) * VIDEO_TIMESCALE // int(entry["fps"])
    audio_loop_s = int(entry["audio_loop_s"] or 0)
    return load_clip(folder / entry["file"], name=name, phase_90k=phase_90k, audio_loop_s=audio_loop_s, in_band=name != _OUT_OF_BAND)


def _entry(folder: Path, name: str) -> dict[str, Any]:
    known = _manifest(folder)
    if name not in known:
        raise VmsError(Kind.CONFIG, f"There is no clip {name!r} in {folder}; there are {', '.join(known)}.", clip=name)
    return known[name]


@cache
def _manifest(folder: Path) -> dict[str, dict[str, Any]]:
    try:
        clips = cast(list[dict[str, Any]], json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["clips"])
    except (OSError, ValueError, KeyError) as error:
        raise VmsError(Kind.CONFIG, f"The clips' manifest in {folder} cannot be read: {error}", path=str(folder)) from error
    return {str(entry["name"]): entry for entry in clips}
