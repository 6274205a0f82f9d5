"""Integer-microsecond wall time: spans and their arithmetic, RFC 3339 in and out. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from vms.base.errors import Kind, VmsError

SECOND_US = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
MAX_US = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999Z


class Span(NamedTuple):
    """Half-open wall time [start_us, end_us)."""

    start_us: int
    end_us: int

    @property
    def duration_us(self) -> int:
        return self.end_us - self.start_us

    def overlap(self, other: Span) -> Span | None:
        start, end = max(self.start_us, other.start_us), min(self.end_us, other.end_us)
        return Span(start, end) if start < end else None


def merge(spans: Iterable[Span], tolerance_us: int = 0) -> list[Span]:
    """Sorted spans, joined where they touch, overlap or lie at most `tolerance_us` apart; empty ones vanish."""
    merged: list[Span] = []
    for span in sorted(s for s in spans if s.start_us < s.end_us):
        if merged and span.start_us <= merged[-1].end_us + tolerance_us:
            merged[-1] = Span(merged[-1].start_us, max(merged[-1].end_us, span.end_us))
        else:
            merged.append(span)
    return merged


def gaps(within: Span, spans: Iterable[Span], tolerance_us: int = 0) -> list[Span]:
    """What of `within` no span covers; holes of at most `tolerance_us` do not count."""
    holes: list[Span] = []
    cursor = within.start_us
    for span in merge((c for s in spans if (c := s.overlap(within))), tolerance_us):
        if span.start_us > cursor + tolerance_us:
            holes.append(Span(cursor, span.start_us))
        cursor = span.end_us
    if within.end_us > cursor + tolerance_us:
        holes.append(Span(cursor, within.end_us))
    return holes


def parse_time(text: str) -> int:
    """RFC 3339 with an offset, or integer microseconds → microseconds UTC. Raises BAD_REQUEST."""
    if text.lstrip("-").isascii() and text.lstrip("-").isdigit() and len(text) <= 18:
        value = int(text)
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise _bad_time(text) from error
        if moment.tzinfo is None:
            raise _bad_time(text)
        value = (moment - _EPOCH) // _MICROSECOND
    if not 0 <= value <= MAX_US:
        raise _bad_time(text)
    return value


def format_time(us: int) -> str:
    """Microseconds UTC → RFC 3339 with six decimals and `Z`."""
    return (_EPOCH + timedelta(microseconds=us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _bad_time(text: str) -> VmsError:
    return VmsError(Kind.BAD_REQUEST, "give a time as RFC 3339 with an offset, or as integer microseconds", given=text[:40])
