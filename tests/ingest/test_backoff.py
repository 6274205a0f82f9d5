from __future__ import annotations

from random import Random

from vms.base.errors import Kind
from vms.ingest.backoff import AUTH_S, CRASH_S, CRASHES, FIRST_S, GOOD_AFTER_S, JITTER, LONGEST_AWAY_S, LONGEST_S, Backoff


def test_pauses_double_up_to_the_longest_within_the_jitter() -> None:
    backoff = Backoff(Random(1))
    pauses = [backoff.after(Kind.PROTOCOL, 0) for _ in range(8)]
    for pause, plain in zip(pauses, [FIRST_S, 1, 2, 4, 8, LONGEST_S, LONGEST_S, LONGEST_S], strict=True):
        assert plain * (1 - JITTER) <= pause <= plain * (1 + JITTER)


def test_a_camera_that_is_away_is_back_within_three_seconds() -> None:
    backoff = Backoff(Random(1))
    pauses = [backoff.after(Kind.UNREACHABLE, 0) for _ in range(100)]
    assert pauses[0] <= FIRST_S * (1 + JITTER)
    assert max(pauses) <= LONGEST_AWAY_S * (1 + JITTER) < 3


def test_a_good_life_starts_the_pauses_anew() -> None:
    backoff = Backoff(Random(1))
    for _ in range(5):
        backoff.after(Kind.STALLED, GOOD_AFTER_S - 1)
    assert backoff.after(Kind.STALLED, GOOD_AFTER_S) <= FIRST_S * (1 + JITTER)


def test_a_refused_password_waits_a_minute() -> None:
    assert Backoff(Random(1)).after(Kind.AUTH, 0) == AUTH_S


def test_poison_is_isolated_after_three_crashes_in_a_minute() -> None:
    backoff = Backoff(Random(1))
    assert [backoff.after_crash(at) >= CRASH_S for at in range(CRASHES)] == [False, False, True]
    assert backoff.after_crash(CRASH_S * 3) < CRASH_S
