"""Paths lead to the root that RFC 6962 defines, written here once more by its recursion."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from vms.integrity.merkle import inclusion_path, root_of_path
from vms.storage.seals import merkle_root


def by_the_rfc(records: list[bytes]) -> bytes:
    if len(records) == 1:
        return hashlib.sha256(b"\0" + records[0]).digest()
    split = 1 << (len(records) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + by_the_rfc(records[:split]) + by_the_rfc(records[split:])).digest()


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70), st.data())
def test_every_path_leads_to_the_root(records: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(records) - 1))
    path = inclusion_path(records, index)
    assert root_of_path(records[index], path) == merkle_root(records) == by_the_rfc(records)
    assert root_of_path(records[index] + b"x", path) != merkle_root(records)
    assert len(path) <= (len(records) - 1).bit_length()


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert merkle_root([]) == hashlib.sha256(b"").digest()
