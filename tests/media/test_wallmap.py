"""The wall map stays smooth and near the truth however arrivals are batched."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from vms.media.wallmap import WallMap

START_US = 1_700_000_000_000_000


def walls(delays_us: list[int], *, drift: float = 0.0, batch: int = 5) -> list[tuple[int, int]]:
    """(mapped, true) wall time per frame at 25 fps; one arrival per batch, late by its delay."""
    wall, out = WallMap(90_000), list[tuple[int, int]]()
    for n, delay in enumerate(delays_us):
        places = range(n * batch, (n + 1) * batch)
        true = [START_US + int(place * 40_000 * (1 + drift)) for place in places]
        wall.observe(true[-1] + delay, places[-1] * 3600)
        out += [(wall.wall_us(place * 3600), at) for place, at in zip(places, true, strict=True)]
    return out


def test_batched_arrivals_are_smoothed() -> None:
    mapped = walls([(n * 37_000) % 200_000 for n in range(600)])
    steps = [late[0] - early[0] for early, late in pairwise(mapped)][300:]
    assert all(abs(step - 40_000) <= 21 for step in steps)
    assert all(abs(at - true) <= 5_000 for at, true in mapped[300:])


def test_a_drifting_camera_clock_is_followed() -> None:
    mapped = walls([0, 90_000, 180_000, 50_000] * 700, drift=100e-6)
    assert all(abs(at - true) <= 12_000 for at, true in mapped[500:])


def test_a_burst_at_the_start_is_worked_off() -> None:
    mapped = walls([max(0, 2_000_000 - n * 200_000) for n in range(400)])
    assert abs(mapped[-1][0] - mapped[-1][1]) < 50_000


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 5_000_000), min_size=2, max_size=60), st.integers(1, 60))
def test_wall_time_always_rises(delays_us: list[int], batch: int) -> None:
    mapped = walls(delays_us, batch=batch)
    assert all(early[0] < late[0] for early, late in pairwise(mapped))
