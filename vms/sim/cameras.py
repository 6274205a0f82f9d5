"""Which simulated cameras there are: the demo's invented places, and which clip each plays.

Not here: the clips themselves (clips.py), how a camera answers (connection.py), when it fails (faults.py; the demo's
failures are listed here).
"""

from __future__ import annotations

from dataclasses import dataclass

from vms.sim.faults import Fault, Wrong

DEMO_COUNT = 16
DROPPING_CAMERA = 15
LOCKED_CAMERA = 16
"""Asks for a password that the demo does not know."""

_MAIN = (
    *("crossing", "alley", "gate", "river", "alaw", "aac", "h265", "bframes"),
    *("slices", "longgop", "alley", "river", "gate", "crossing", "gate", "alley"),
)
_SUB_OF = {"bframes": "crossing", "longgop": "gate", "slices": "alley", "h265": "river", "alaw": "crossing", "aac": "gate"}
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
