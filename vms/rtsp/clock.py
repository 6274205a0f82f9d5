"""Absolute time in a Range header (RFC 2326 §3.7): `clock=19961108T143720.25Z-`. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from vms.base.errors import Kind, VmsError
from vms.base.timespan import MAX_US, Span

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = r"(\d{8}T\d{6})(?:\.(\d{1,9}))?Z"
_RANGE = re.compile(rf"clock={_TIME}-(?:{_TIME})?", re.ASCII)


def format_clock_range(span: Span) -> str:
    """Microseconds UTC, both ends."""
    return f"clock={_time(span.start_us)}-{_time(span.end_us)}"


def parse_clock_range(text: str) -> Span:
    """An open end is MAX_US. Raises BAD_REQUEST for anything else than one range of clock times."""
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise _bad(text)
    start, start_part, end, end_part = match.groups()
    try:
        span = Span(_us(start, start_part), MAX_US if end is None else _us(end, end_part))
    except ValueError as error:
        raise _bad(text) from error
    if span.start_us >= span.end_us:
        raise _bad(text)
    return span


def _time(us: int) -> str:
    return (_EPOCH + timedelta(microseconds=us)).strftime("%Y%m%dT%H%M%S.%fZ")


def _us(text: str, fraction: str | None) -> int:
    moment = datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1) + int((fraction or "0")[:6].ljust(6, "0"))


def _bad(text: str) -> VmsError:
    return VmsError(Kind.BAD_REQUEST, "no range of clock times", given=text[:80])
