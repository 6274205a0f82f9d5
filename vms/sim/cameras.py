"""Which simulated cameras there are: the clips of fixtures/streams, and the demo's invented places.

Not here: how a camera answers (connection.py), when it fails (faults.py; the demo's failures are listed here).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import vms
from vms.base.errors import Kind, VmsError
from vms.media.types import VIDEO_TIMESCALE
from vms.sim.clip import Clip, load_clip
from vms.sim.faults import Fault, Wrong

_IN_WHEEL = Path(__file__).parent / "streams"
CLIPS_DIR = _IN_WHEEL if _IN_WHEEL.is_dir() else Path(vms.__file__).parent.parent / "fixtures" / "streams"
DEMO_COUNT = 16
DROPPING_CAMERA = 15
LOCKED_CAMERA = 16
"""Asks for a password that the demo does not know."""

_MAIN = (
    *("crossing", "alley", "gate", "river", "alaw", "aac", "h265", "bframes"),
    *("slices", "longgop", "alley", "river", "gate", "crossing", "gate", "alley"),
)
_SUB_OF = {"bframes": "crossing", "longgop": "gate", "slices": "alley", "h265": "river", "alaw": "crossing", "aac": "gate"}
_OUT_OF_BAND = "longgop"
_PLACES = (
    ("青松路与望湖街路口", "Pine Road crossing"),
    ("柳巷东口", "Willow Lane east"),
    ("新苑小区南门", "New Garden south gate"),
    ("映月河大桥", "Moon River bridge"),
    ("青松路公交站", "Pine Road bus stop"),
    ("物资仓库大门", "Depot gate"),
    ("映月河码头", "Moon River pier"),
    ("学府路口", "College Road crossing"),
    ("老街牌坊", "Old Street arch"),
    ("停车场出口", "Car park exit"),
    ("柳巷西口", "Willow Lane west"),
    ("滨河步道", "Riverside walk"),
    ("体育馆北门", "Stadium north gate"),
    ("望湖街医院路口", "Lake Street hospital"),
    ("工业园西门", "Industry park west gate"),
    ("集市巷口", "Market Lane"),
)


@dataclass(frozen=True, slots=True)
class SimCamera:
    """One simulated camera as the demo registers it; the paths follow `rtsp://host:port`."""

    number: int
    name: str
    code: str
    name_en: str
    main_path: str
    sub_path: str
    clip: str
    sub_clip: str
    username: str = ""
    password: str = ""
    """What the demo registers: the wrong one where `locked`."""
    locked: bool = False


def demo_cameras(count: int = DEMO_COUNT, *, username: str = "", password: str = "") -> list[SimCamera]:
    """The demo's cameras 1 to `count`; behind the sixteenth the places repeat with a number, and nothing is wrong with them."""
    return [_demo_camera(number, username, password) for number in range(1, count + 1)]


def demo_faults(count: int = DEMO_COUNT) -> tuple[Fault, ...]:
    """One camera drops out for 10 s of every 90 s, one has another password than the demo thinks."""
    faults = (Fault(Wrong.DROP_OUT, (DROPPING_CAMERA,), every_s=90, for_s=10), Fault(Wrong.SIGN_IN, (LOCKED_CAMERA,)))
    return tuple(fault for fault in faults if fault.cameras[0] <= count)


def _demo_camera(number: int, username: str, password: str) -> SimCamera:
    turn, place = divmod(number - 1, len(_PLACES))
    name, name_en = _PLACES[place]
    if turn:
        name, name_en = f"{name} {turn + 1}", f"{name_en} {turn + 1}"
    clip, locked = _MAIN[place], number == LOCKED_CAMERA
    return SimCamera(
        number=number,
        name=name,
        code=f"SIM{number:04}",
        name_en=name_en,
        main_path=f"/cam/{number}/main",
        sub_path=f"/cam/{number}/sub",
        clip=clip,
        sub_clip=f"{_SUB_OF.get(clip, clip)}-sub",
        username=username or ("admin" if locked else ""),
        password="out-of-date" if locked else password,
        locked=locked,
    )


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
