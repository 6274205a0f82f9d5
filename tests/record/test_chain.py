"""The chain's formulas against the standard library alone; every way to tamper with a chain is found, at the first bad record."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.record.reports import CAMERA, T0_US, report
from vms.base.errors import VmsError
from vms.owner.requests import GapSpan
from vms.record import tellings
from vms.record.chain import EMPTY, FIRST, MINUTE_US, Context, Draft, Head, Link, Stream, canonical, link, new_epoch, parse, place, verify

STREAM = Stream(CAMERA, "main")
CONTEXT = Context("node-1", 1, T0_US, T0_US // MINUTE_US)
GOLDEN = (
    b'{"bytes":35160,"camera_id":"aaaaaaaa-0000-4000-8000-000000000001","committed_at":1700000000000000,"end_reason":"rollover","epoch":1,'
    b'"gop_count":30,"gops_root":"0202020202020202020202020202020202020202020202020202020202020202","init_bytes":600,"minute":28333333,'
    b'"origin":"live","prev":"0000000000000000000000000000000000000000000000000000000000000000",'
    b'"run_id":"bbbbbbbb-0000-4000-8000-000000000001","run_seq":0,"segment_id":"dddddddd-0000-4000-8000-000000000001","seq":1,'
    b'"sha256":"0101010101010101010101010101010101010101010101010101010101010101","stream":"main","suspect":false,'
    b'"t_wall_end":1700000060000000,"t_wall_start":1700000000000000,"tier_id":"node-1","type":"segment","v":1}'
)
TEXT = st.text(st.characters(exclude_categories=("Cs",)))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner),
)


def chain(count: int) -> list[Link]:
    head, links = EMPTY, list[Link]()
    for number in range(count):
        draft = tellings.gap(STREAM, GapSpan(number, number + 1, "network", "细节\n\u2028"))
        record, head = place(head, CONTEXT, draft)
        links.append(Link(record.seq, record.bytes, record.value))
    return links


def test_a_segments_record_has_these_bytes_and_this_value() -> None:
    record, head = place(EMPTY, CONTEXT, tellings.segment(report(0, 60), "dddddddd-0000-4000-8000-000000000001"))
    assert record.bytes == GOLDEN
    assert record.value == hashlib.sha256(b"\x02" + bytes(32) + hashlib.sha256(GOLDEN).digest()).digest()
    assert head == Head(1, 1, record.value)


@given(st.dictionaries(st.text(st.characters(max_codepoint=127)), VALUES))
def test_canonical_bytes_come_back_as_they_were(value: dict[str, object]) -> None:
    data = canonical(value)
    assert json.loads(data) == value
    assert parse(data) == value
    assert canonical(json.loads(data)) == data


def test_keys_are_sorted_and_control_characters_are_written_as_rfc_8785_writes_them() -> None:
    written = canonical({"b": [True, None, -1], "a": '\b\t\n\f\r\x1f"\\/\x7f€', "B": {}})
    assert written == b'{"B":{},"a":"\\b\\t\\n\\f\\r\\u001f\\"\\\\/\x7f\xe2\x82\xac","b":[true,null,-1]}'


@pytest.mark.parametrize("value", [1.0, 2**53, -(2**53), b"x", {1: 2}, {"ä": 1}, "\ud800", {"a": [float("nan")]}])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(VmsError):
        canonical({"value": value})


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b'{"a":1.5}', b"[" * 100_000, b'{"a":1e400}'])
def test_a_foreign_record_is_no_record(data: bytes) -> None:
    assert parse(data) is None


def test_a_whole_chain_holds_and_goes_on_from_any_place() -> None:
    links = chain(20)
    assert verify(links) is None
    assert verify(links[7:], Head(1, 7, links[6].value)) is None


@given(st.integers(0, 19), st.data())
def test_a_changed_byte_is_found_at_its_record(index: int, data: st.DataObject) -> None:
    links = chain(20)
    old = links[index]
    at, bit = data.draw(st.integers(0, len(old.bytes) - 1)), data.draw(st.integers(0, 7))
    changed = bytearray(old.bytes)
    changed[at] ^= 1 << bit
    links[index] = old._replace(bytes=bytes(changed))
    found = verify(links)
    assert found is not None
    assert found.seq == index + 1


@given(st.integers(0, 18))
def test_a_removed_record_is_found_at_the_next(index: int) -> None:
    links = chain(20)
    del links[index]
    found = verify(links)
    assert found is not None
    assert (found.seq, found.what) == (index + 2, f"records {index + 1} to {index + 1} are missing")


@given(st.integers(0, 19), st.integers(0, 19))
def test_two_swapped_records_are_found_at_the_first(one: int, other: int) -> None:
    links = chain(20)
    first, second = links[one], links[other]
    links[one], links[other] = Link(first.seq, second.bytes, second.value), Link(second.seq, first.bytes, first.value)
    found = verify(links)
    assert (found is None) == (one == other)
    assert found is None or found.seq == min(one, other) + 1


def test_a_chain_recomputed_behind_a_change_is_found_by_what_its_records_say() -> None:
    """Somebody removes record 5 and gives all later ones new numbers and values, but leaves their text alone."""
    links = chain(20)
    value = links[3].value
    forged = links[:4]
    for item in links[5:]:
        value = link(value, item.bytes)
        forged.append(Link(len(forged) + 1, item.bytes, value))
    found = verify(forged)
    assert found is not None
    assert (found.seq, found.what) == (5, "the record tells another place than it stands at")


def test_a_restored_database_names_the_last_value_it_knows() -> None:
    _, head = place(EMPTY, CONTEXT, tellings.gap(STREAM, GapSpan(1, 2, "network")))
    later = Context("node-1", 2, T0_US + 1, CONTEXT.minute)
    record, _ = place(head, later, new_epoch(STREAM, head, later))
    told = parse(record.bytes)
    assert told is not None
    assert (told["type"], told["epoch"], told["last_epoch"], told["last_seq"], told["last_value"]) == ("epoch", 2, 1, 1, head.value.hex())
    assert told["prev"] == head.value.hex()


def test_a_draft_cannot_choose_its_own_place() -> None:
    record, _ = place(EMPTY, CONTEXT, Draft(STREAM, "gap", 0, 1, {"seq": 7, "prev": "00", "type": "segment"}))
    told = parse(record.bytes)
    assert told is not None
    assert (told["seq"], told["prev"], told["type"]) == (1, FIRST.hex(), "gap")
