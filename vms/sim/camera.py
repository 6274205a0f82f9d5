"""One stream of one simulated camera at an instant: its feeds, what is wrong with it, and its password."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from vms.rtsp.auth import Gate
from vms.sim.clip import Clip
from vms.sim.faults import Fault, Wrong, active
from vms.sim.feed import Feed, stagger_of

_PROFILES = ("main", "sub")
EDGE_US = 24 * 3_600_000_000
"""How far back a card reaches."""


@dataclass
class Stats:
    """What the simulation did, told at its end."""

    sessions: int = 0
    frames: int = 0
    dropped_frames: int = 0
    bytes: int = 0
    faults: dict[str, int] = field(default_factory=dict[str, int])

    def fault(self, kind: Wrong) -> None:
        self.faults[kind] = self.faults.get(kind, 0) + 1


class CameraStream:
    """`/cam/N/main` or `/cam/N/sub`. `spread` moves the clip through its loop by camera, for clips that show no wall time."""

    def __init__(
        self,
        camera: int,
        profile: str,
        clip: Clip,
        *,
        others: Mapping[str, Clip],
        faults: tuple[Fault, ...] = (),
        started_us: int = 0,
        spread: bool = False,
        seed: int = 1,
        user: str = "",
        password: str = "",
    ) -> None:
        self.camera, self.profile, self.faults, self.started_us, self.seed = camera, profile, faults, started_us, seed
        self._clip, self._others = clip, others
        self._user, self._password = user, password
        # 0.618…: successive cameras fall evenly over the loop, whatever their number
        self._turn = camera * 0.618_033_988_75 % 1 if spread else 0.0
        self._feeds: dict[str, tuple[Feed, ...]] = {}

    def wrong(self, kind: Wrong, now_us: int) -> Fault | None:
        return active(self.faults, kind, now_us - self.started_us) if self.faults else None

    def feeds(self, now_us: int) -> tuple[Feed, ...]:
        """By track; the very same objects as long as the clip stays."""
        fault = self.wrong(Wrong.CHANGE, now_us)
        clip = self._others[fault.clip] if fault and fault.clip else self._clip
        if clip.name not in self._feeds:
            self._feeds[clip.name] = tuple(self._feed(clip, i) for i in range(len(clip.loops)))
        return self._feeds[clip.name]

    def gate(self, now_us: int) -> Gate | None:
        """Who may look; None lets everybody in."""
        user, password = self._user, self._password
        if self.wrong(Wrong.SIGN_IN, now_us):
            user, password = user or "admin", f"{password}-since-changed"
        if not user:
            return None
        return Gate(password_of=lambda name: password if name == user else None, realm="camera")

    def keeps(self, wall_us: int, now_us: int) -> bool:
        """Whether the card has what was taken then: all of the past EDGE_US but for `edge_hole`."""
        return now_us - EDGE_US <= wall_us <= now_us and not self.wrong(Wrong.EDGE_HOLE, wall_us)

    def chance(self, *numbers: int) -> float:
        """From 0 to 100, the same for the same seed and numbers."""
        digest = hashlib.blake2b(repr((self.seed, self.camera, *numbers)).encode(), digest_size=4).digest()
        return int.from_bytes(digest, "big") * 100 / (1 << 32)

    def _feed(self, clip: Clip, place: int) -> Feed:
        loop = clip.loops[place]
        ahead = round(self._turn * loop.duration)
        return Feed(loop, self.camera, stagger_us=stagger_of(self.camera), ahead=ahead, stream=self.profile)


EDGE = "/edge"
"""Behind a stream's path: its recordings on the camera's own card."""


def stream_of(path: str) -> tuple[int, str] | None:
    """`/cam/3/sub`, and `/cam/3/sub/edge` → (3, "sub")."""
    parts = path.removesuffix(EDGE).strip("/").split("/")
    if len(parts) != 3 or parts[0] != "cam" or parts[2] not in _PROFILES:
        return None
    return (int(parts[1]), parts[2]) if parts[1].isascii() and parts[1].isdigit() and len(parts[1]) < 7 else None
