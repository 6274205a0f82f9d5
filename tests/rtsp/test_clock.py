"""Absolute times of a Range header, as RFC 2326 writes them and as cameras do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vms.base.errors import Kind, VmsError
from vms.base.timespan import MAX_US, Span
from vms.rtsp.clock import format_clock_range, parse_clock_range


def test_the_examples_of_rfc_2326_are_read() -> None:
    assert parse_clock_range("clock=19961108T142300Z-19961108T143520Z") == Span(847_462_980_000_000, 847_463_720_000_000)
    assert parse_clock_range("clock=19961108T143720.25Z-") == Span(847_463_840_250_000, MAX_US)


@given(st.integers(0, MAX_US - 1), st.integers(1, 10**12))
def test_what_is_written_is_read_back_to_the_microsecond(start_us: int, length_us: int) -> None:
    span = Span(start_us, min(start_us + length_us, MAX_US))
    assert parse_clock_range(format_clock_range(span)) == span


@pytest.mark.parametrize(
    "text",
    ["", "npt=0-", "clock=", "clock=-19961108T142300Z", "clock=19961308T142300Z-", "clock=19961108T142300Z-19961108T142300Z", "clock=٢-"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(VmsError) as refused:
        parse_clock_range(text)
    assert refused.value.kind is Kind.BAD_REQUEST
