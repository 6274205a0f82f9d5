"""A scan keeps exactly what the seals prove: any cut, any zero-filled tail, any flipped bit."""

from __future__ import annotations

import hashlib
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.storage.segments import reader, segment
from vms.base.errors import VmsError
from vms.storage.scan import hash_file, read_closed, scan


def test_a_cut_at_every_byte_of_the_last_gop_keeps_all_gops_before_it() -> None:
    whole, gops, _ = segment(3)
    for size in range(gops[-1].offset, len(whole)):
        found = scan(reader(whole[:size]), size)
        assert list(found.gops) == gops[:-1]
        assert found.proved_size == gops[-1].offset
        assert not found.closed
    assert list(scan(reader(whole), len(whole)).gops) == gops


def test_a_cut_at_every_byte_of_the_closing_table_keeps_all_gops() -> None:
    data, gops, table = segment(3)
    for size in range(len(data), len(data) + len(table)):
        piece = (data + table)[:size]
        assert list(scan(reader(piece), size).gops) == gops
        assert not scan(reader(piece), size).closed
        assert read_closed(reader(piece), size) is None


def test_a_zero_filled_tail_is_never_accepted() -> None:
    data, gops, table = segment(4)
    for whole in (data, data + table):
        for cut in range(gops[1].offset, len(whole), 7):
            torn = whole[:cut] + b"\0" * (len(whole) - cut)
            found = scan(reader(torn), len(torn))
            assert all(g in gops for g in found.gops)
            assert all(g.end_offset <= cut for g in found.gops)
            assert not found.closed
            assert read_closed(reader(torn), len(torn)) is None


def test_a_closed_file_reads_the_same_from_its_table_as_from_its_bytes() -> None:
    data, _, table = segment(5)
    whole = data + table
    assert read_closed(reader(whole), len(whole)) == scan(reader(whole), len(whole))
    assert hash_file(reader(whole), len(whole)) == hashlib.sha256(whole).digest()


@given(st.integers(0, 10**6), st.integers(0, 7))
@settings(max_examples=150)
def test_a_flipped_bit_ends_what_is_proved(at: int, bit: int) -> None:
    data, gops, table = segment(4)
    whole = bytearray(data + table)
    at %= len(whole)
    whole[at] ^= 1 << bit
    try:
        found = scan(reader(bytes(whole)), len(whole))
    except VmsError:
        assert at < gops[0].offset
        return
    front = 8 <= at < 40  # brand and moov body stand under the file's hash only
    assert front or not found.closed
    assert all(gop.end_offset <= at or front for gop in found.gops)


def test_gops_that_are_exchanged_or_taken_out_break_the_chain() -> None:
    data, gops, table = segment(3)
    first, second, third = (data[g.offset : g.end_offset] for g in gops)
    front = data[: gops[0].offset]
    for parts, kept in (((second, first, third), 0), ((first, third), 1), ((first, first, second), 1)):
        forged = front + b"".join(parts) + table
        assert len(scan(reader(forged), len(forged)).gops) == kept


@given(st.binary(max_size=400), st.booleans())
@settings(max_examples=150)
def test_garbage_proves_nothing(noise: bytes, behind_a_head: bool) -> None:
    data = segment(0)[0] + noise if behind_a_head else noise
    assert read_closed(reader(data), len(data)) is None
    if behind_a_head:
        assert scan(reader(data), len(data)).gops == ()
    else:
        with pytest.raises(VmsError):
            scan(reader(data), len(data))


def test_boxes_that_lie_about_their_size_end_the_scan() -> None:
    data, gops, _ = segment(1)
    for lie in (0, 1, 7, 2**32 - 1):
        torn = data + struct.pack(">I4sQ", lie, b"mdat", 2**63) + b"\0" * 200
        assert list(scan(reader(torn), len(torn)).gops) == gops
