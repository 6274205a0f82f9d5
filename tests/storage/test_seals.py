"""Seals, tables and heads survive the way through bytes, and nothing else is taken for one."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vms.base.errors import VmsError
from vms.storage.seals import Gop, Head, make_head, make_seal, make_table, merkle_root, parse_head, parse_seal, parse_table

HEAD = Head("node-1", "camera-1", "main", "run-1", 3, "volume-1", 1_700_000_000_000_000, "live", "ab" * 32)
GOP = Gop(1000, 900, 1_700_000_000_000_000, 2_000_000, 180_000, hashlib.sha256(b"gop").digest())


def test_a_head_reads_back_as_written() -> None:
    assert parse_head(make_head(HEAD)) == HEAD
    assert parse_head(make_head(replace(HEAD, camera="东门 1"))).camera == "东门 1"


def test_a_head_from_before_there_were_kinds_is_read_and_one_with_a_kind_says_so() -> None:
    assert b"kind" not in make_head(HEAD)
    assert parse_head(make_head(HEAD)).kind == "continuous"
    event = make_head(replace(HEAD, kind="event"))
    assert parse_head(event).kind == "event"
    with pytest.raises(VmsError):
        parse_head(event.replace(b'"event"', b'"other"'))
    spelt_out = make_head(replace(HEAD, kind="schedule")).replace(b'"schedule"', b'"continuous"')
    with pytest.raises(VmsError):
        parse_head(len(spelt_out).to_bytes(4, "big") + spelt_out[4:])  # not canonical: it would have two spellings


def test_a_seal_reads_back_as_written_and_is_132_bytes() -> None:
    box = make_seal(7, GOP, b"\x11" * 32)
    assert len(box) == 132
    seal = parse_seal(box, GOP.offset + GOP.size)
    assert (seal.sequence, seal.gop, seal.previous) == (7, GOP, b"\x11" * 32)


def test_a_table_reads_back_as_written() -> None:
    gops = [GOP, GOP._replace(offset=GOP.end_offset, start_us=GOP.end_us)]
    table = parse_table(make_table(gops, "crash", b"\x22" * 32))
    assert table.gops == tuple(gops)
    assert (table.end_reason, table.last_seal) == ("crash", b"\x22" * 32)
    assert table.root == merkle_root([g.sha256 for g in gops])


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_garbage_is_one_typed_error(data: bytes) -> None:
    for read in (parse_head, parse_table, _seal):
        with pytest.raises(VmsError):
            read(data)


@given(st.integers(0, 8 * 127), st.sampled_from(["head", "seal", "table"]))
@settings(max_examples=150)
def test_a_flipped_bit_never_reads_back_as_the_same_value(bit: int, which: str) -> None:
    makers = {"head": make_head(HEAD), "seal": make_seal(7, GOP, b"\x11" * 32), "table": make_table([GOP], "stop", b"\x22" * 32)}
    box = bytearray(makers[which])
    box[bit // 8 % len(box)] ^= 1 << bit % 8
    try:
        value: object = {"head": parse_head, "seal": _seal, "table": parse_table}[which](bytes(box))
    except VmsError:
        return
    assert which == "head", "seal and table carry their own check"
    assert value != HEAD


def _seal(box: bytes) -> object:
    return parse_seal(box, GOP.offset + GOP.size)


def test_the_merkle_root_is_that_of_rfc_6962() -> None:
    def leaf(data: bytes) -> bytes:
        return hashlib.sha256(b"\0" + data).digest()

    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\1" + left + right).digest()

    a, b, c, d, e = (bytes([i]) * 32 for i in range(5))
    assert merkle_root([]) == hashlib.sha256().digest()
    assert merkle_root([a]) == leaf(a)
    assert merkle_root([a, b, c]) == node(node(leaf(a), leaf(b)), leaf(c))
    four = node(node(leaf(a), leaf(b)), node(leaf(c), leaf(d)))
    assert merkle_root([a, b, c, d, e]) == node(four, leaf(e))
