"""The Merkle tree of RFC 6962 §2.1 over whole records: inclusion paths, and the root that a path leads to. Pure.

Leaf `SHA-256(0x00 ‖ record)`, node `SHA-256(0x01 ‖ left ‖ right)`, split at the largest power of two below n. The root over leaves
is `storage.seals.merkle_root`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple


class Step(NamedTuple):
    """The neighbour on the way up, and on which side it stands."""

    side: Literal["L", "R"]
    hash: bytes


def leaf_hash(record: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + record).digest()


def inclusion_path(records: Sequence[bytes], index: int) -> list[Step]:
    """From the leaf to the root. An odd last node is carried up, never doubled, so it has no step on that level."""
    row = [leaf_hash(record) for record in records]
    path: list[Step] = []
    while len(row) > 1:
        neighbour = index ^ 1
        if neighbour < len(row):
            path.append(Step("L" if neighbour < index else "R", row[neighbour]))
        pairs = [_node(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        row, index = pairs + row[len(row) & ~1 :], index // 2
    return path


def root_of_path(record: bytes, path: Iterable[Step]) -> bytes:
    value = leaf_hash(record)
    for step in path:
        value = _node(step.hash, value) if step.side == "L" else _node(value, step.hash)
    return value


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
