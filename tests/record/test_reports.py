"""What a worker says of its segments survives the link, and nothing else does."""

from __future__ import annotations

import json

import pytest

from tests.record.reports import report
from vms.base.errors import Kind, VmsError
from vms.record.reports import OpenSegment, parse_open, parse_segment, whole_of

COMMON = {
    *("camera", "profile", "run", "seq", "volume", "path", "start_us", "end_us"),
    *("bytes", "init_size", "gops", "origin", "kind", "gap"),
}


def test_a_closed_segment_comes_back_as_it_was_told() -> None:
    told = report(0, 10)
    assert parse_segment(json.loads(json.dumps(told.message()))) == told
    assert told.message().keys() == COMMON | {"op", "sha256", "gops_root", "end_reason", "suspect", "lead_us", "camera_offset_us"}


def test_a_closed_segment_as_an_open_one_says_the_same_of_what_both_tell() -> None:
    told = report(0, 10)
    growing = whole_of(told)
    assert type(growing) is OpenSegment
    assert growing.message() == {name: value for name, value in told.message().items() if name in COMMON}
    assert parse_open(json.loads(json.dumps(growing.message()))) == growing


@pytest.mark.parametrize("name", sorted(COMMON - {"gap", "gops"}))
def test_a_wrong_field_is_refused_by_its_name_in_both(name: str) -> None:
    told = report(0, 10)
    for message, parse in ((told.message(), parse_segment), (whole_of(told).message(), parse_open)):
        with pytest.raises(VmsError) as caught:
            parse(message | {name: None})
        assert (caught.value.kind, caught.value.facts["field"]) == (Kind.BAD_REQUEST, name)
