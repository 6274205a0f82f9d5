"""The chain, the roots and the keys as they stand in the database, verified: every break is named. Read only.

Not here: files (record.check), verification without this program (docs/ref/chain.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from vms.audit import queries as audit
from vms.base.db import Database
from vms.integrity import keys, roots
from vms.integrity.models import MinuteRoot, NodeKey
from vms.integrity.statement import FIRST, Root, holds, read_key, read_root, statement_hash
from vms.record import chain_rows
from vms.storage.seals import merkle_root

PAGE = 1_000


class Wrong(NamedTuple):
    """One break: what it is about, and what does not hold."""

    item: str
    what: str


def verify_roots(database: Database) -> Iterator[Wrong]:
    """Keys in their order, then every minute's statement, signature, tree and audit head; the first break comes first."""
    with database.transaction() as session:
        known = keys.used_keys(session)
    yield from _wrong_keys(known)
    signers, before = {key.key for key in known}, None
    while True:
        with database.transaction() as session:
            first = before.minute + 1 if before else 0
            page = list(roots.roots_of(session, first, 2**62, PAGE))
            if not page:
                return
            leaves = chain_rows.leaves(session, page[0].minute, page[-1].minute)
            heads = _audit_hashes(session, page)
        for row in page:
            yield from (Wrong(f"root of minute {row.minute}", what) for what in _wrong_root(row, before, signers))
            yield from (Wrong(f"root of minute {row.minute}", what) for what in _wrong_tree(row, leaves.get(row.minute, []), heads))
            before = row


def _wrong_keys(known: Sequence[NodeKey]) -> Iterator[Wrong]:
    before = b""
    for number, row in enumerate(known, start=1):
        told = read_key(row.statement)
        name = f"key {row.number}"
        if told is None or (told.number, told.key, told.prev_key) != (number, row.key, before):
            yield Wrong(name, "its statement tells of another key")
        elif not holds(before or row.key, row.signature, row.statement):
            lost = holds(row.key, row.signature, row.statement)
            yield Wrong(name, f"not signed by the key before: {told.reason}" if lost else "its signature does not hold")
        before = row.key


def _wrong_root(row: MinuteRoot, before: MinuteRoot | None, signers: set[bytes]) -> Iterator[str]:
    told = read_root(row.statement)
    if told is None or not _says(told, row):
        yield "its statement was changed"
        return
    if row.key not in signers:
        yield "signed by a key that the node never announced"
    if not holds(row.key, row.signature, row.statement):
        yield "its signature does not hold"
    if before is not None and row.minute != before.minute + 1:
        yield f"roots of minutes {before.minute + 1} to {row.minute - 1} are missing"
    elif told.prev_root != (before.hash if before else FIRST):
        yield "it does not name the statement before it"


def _wrong_tree(row: MinuteRoot, records: Sequence[bytes], audit_hashes: dict[int, bytes]) -> Iterator[str]:
    if len(records) != row.tree_size:
        yield f"its tree has {row.tree_size} records, {len(records)} are there"
    elif merkle_root(records) != row.root:
        yield "a record of its minute was changed"
    told = read_root(row.statement)
    if told is not None and told.audit_seq and audit_hashes.get(told.audit_seq) != told.audit_hash:
        yield f"the audit's seal {told.audit_seq} was changed or is missing"


def _says(told: Root, row: MinuteRoot) -> bool:
    same = (told.minute, told.tree_size, told.root, told.key, told.late) == (row.minute, row.tree_size, row.root, row.key, row.late)
    return same and statement_hash(row.statement) == row.hash


def _audit_hashes(session: Session, page: Sequence[MinuteRoot]) -> dict[int, bytes]:
    told = [root.audit_seq for row in page if (root := read_root(row.statement)) is not None]
    return audit.hashes_of(session, sorted(set(told)))
