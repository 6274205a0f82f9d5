"""The chain's formula, pinned so that a stranger can compute it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from vms.audit.chain import FIRST_PREV, Entry, canonical, clean, link

ENTRY = Entry(id="0190", at_us=1_700_000_000_000_000, actor="李娜", action="live", object="camera/1", from_us=None)


def test_the_canonical_row_is_sorted_compact_json() -> None:
    assert (
        canonical(1, ENTRY)
        == (
            '{"action":"live","actor":"李娜","address":"","at_us":1700000000000000,"case_no":"","from_us":null,"id":"0190","node":"",'
            '"object":"camera/1","on_behalf_of":null,"reason":"","result":"intended","seq":1,"session_hash":"","to_us":null}'
        ).encode()
    )


def test_the_hash_is_the_documented_formula() -> None:
    expected = hashlib.sha256(b"\x03" + bytes(32) + hashlib.sha256(canonical(1, ENTRY)).digest()).digest()
    assert link(FIRST_PREV, 1, ENTRY) == expected


def test_every_field_the_number_and_the_hash_before_count() -> None:
    hashes = {link(FIRST_PREV, 1, ENTRY), link(bytes([1]) * 32, 1, ENTRY), link(FIRST_PREV, 2, ENTRY)}
    hashes |= {link(FIRST_PREV, 1, replace(ENTRY, **{name: "x"})) for name in ("id", "actor", "action", "object", "result", "reason")}
    hashes |= {link(FIRST_PREV, 1, replace(ENTRY, from_us=0)), link(FIRST_PREV, 1, replace(ENTRY, on_behalf_of=""))}
    assert len(hashes) == 11


@given(st.text(st.characters(), max_size=30))
@settings(max_examples=100, deadline=None)
def test_cleaned_text_can_be_stored_and_hashed(text: str) -> None:
    kept = clean(text)
    assert "\0" not in kept
    assert json.loads(canonical(1, replace(ENTRY, actor=kept)))["actor"] == kept
