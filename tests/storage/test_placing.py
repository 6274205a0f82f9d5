"""Cameras on volumes: the same everywhere, spread evenly, and moved only when they must."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from vms.storage.placing import volume_for

CAMERAS = [f"camera-{n}" for n in range(1000)]


def test_without_a_volume_there_is_no_place() -> None:
    assert volume_for("camera-1", []) is None


def test_cameras_are_spread_evenly() -> None:
    volumes = [f"volume-{n}" for n in range(4)]
    shares = Counter(volume_for(camera, volumes) for camera in CAMERAS)
    assert all(200 < shares[volume] < 300 for volume in volumes), shares


@given(st.sets(st.text(min_size=1, max_size=8), min_size=1, max_size=6), st.text(min_size=1, max_size=8))
def test_only_cameras_of_the_volume_that_comes_or_goes_are_moved(volumes: set[str], one: str) -> None:
    without, with_it = volumes - {one}, volumes | {one}
    for camera in CAMERAS[:50]:
        before, after = volume_for(camera, without), volume_for(camera, with_it)
        assert after in (before, one)
        assert volume_for(camera, sorted(with_it, reverse=True)) == after
