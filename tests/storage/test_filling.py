"""Days left follow from what was written, whatever was freed meanwhile."""

from __future__ import annotations

from vms.storage.filling import WINDOW_US, Filling

MINUTE_US = 60_000_000
GB = 1_000_000_000


def test_days_are_free_room_over_the_rate_of_writing() -> None:
    filling = Filling()
    for minute in range(61):
        filling.note(minute * MINUTE_US, 1500 * GB - minute * GB)
    assert filling.days_left == round((1500 - 60) / 60 / 24, 2)


def test_a_short_look_and_an_idle_disk_tell_nothing() -> None:
    filling = Filling()
    assert filling.days_left is None
    for minute in range(4):
        filling.note(minute * MINUTE_US, 100 * GB - minute * GB)
    assert filling.days_left is None
    idle = Filling()
    for minute in range(60):
        idle.note(minute * MINUTE_US, 100 * GB)
    assert idle.days_left is None


def test_what_retention_frees_does_not_slow_the_rate() -> None:
    filling = Filling()
    free = 100 * GB
    for minute in range(200):
        free += -GB if minute % 10 else 9 * GB
        filling.note(minute * MINUTE_US, free)
    assert filling.days_left is not None
    assert 0.06 < filling.days_left < 0.09  # 100 GB at 0.9 GB a minute


def test_only_the_last_hours_count() -> None:
    filling = Filling()
    at_us, free = 0, 10_000 * GB
    for gb_a_minute in (50, 1):
        for _ in range(WINDOW_US // MINUTE_US + 2):
            at_us, free = at_us + MINUTE_US, free - gb_a_minute * GB
            filling.note(at_us, free)
    assert filling.days_left == round(free / GB / 60 / 24, 2)
