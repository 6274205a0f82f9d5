"""Which volume a camera is recorded on: the one with the highest weight for it (rendezvous hashing, Thaler and Ravishankar 1998).

Every process computes the same from ids alone. A volume that goes gives each of its cameras to another and moves nobody
else's; one that comes takes its share and no more. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def volume_for(camera: str, volumes: Iterable[str]) -> str | None:
    """The id among `volumes`, None when there are none."""
    return max(volumes, key=lambda volume: _weight(camera, volume), default=None)


def _weight(camera: str, volume: str) -> bytes:
    return hashlib.blake2b(f"{volume}/{camera}".encode(), digest_size=8).digest()
