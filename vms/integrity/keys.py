"""The public keys that the node has announced, and how one key follows another.

Not here: the key file (base.node_key), what is signed (statement), the command (commands.keys).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from vms.base.errors import Kind, VmsError
from vms.base.node_key import NAME, load_key, sync_folder, write_draft
from vms.integrity.models import NodeKey
from vms.integrity.statement import KeyStatement, public_bytes

NEXT = "node.key.next"


def used_keys(session: Session) -> list[NodeKey]:
    """All public keys that the node ever announced, oldest first."""
    return list(session.scalars(select(NodeKey).order_by(NodeKey.number)))


def announce_key(session: Session, node: str, key: Ed25519PrivateKey, now_us: int) -> None:
    """The first key announces itself. Raises CONFIG when the file holds another key than the one that was announced last."""
    known = session.scalars(select(NodeKey).order_by(NodeKey.number.desc()).limit(1)).first()
    public = public_bytes(key)
    if known is None:
        _add(session, KeyStatement(node, 1, public, b"", now_us, "first key"), key)
    elif known.key != public:
        message = "the key file holds another key than the node announced: restore it, or see `vms rotate-key --lost`; roots wait"
        raise VmsError(Kind.CONFIG, message, announced=known.key.hex(), found=public.hex())


@dataclass(frozen=True, slots=True)
class HandOver:
    """From one key to the next. `old` is None when it is lost; `reason` then says how."""

    old: Ed25519PrivateKey | None
    new: Ed25519PrivateKey
    reason: str


def prepare_next(folder: Path) -> Ed25519PrivateKey:
    """A new key beside the one in use, on the disk before anybody hears of it."""
    key = Ed25519PrivateKey.generate()
    write_draft(folder / NAME, key).replace(folder / NEXT)
    sync_folder(folder)
    return key


def hand_over(session: Session, node: str, told: HandOver, now_us: int) -> None:
    """Announce the new key, signed by the old one. Raises CONFLICT when `old` is not the key in use."""
    known = session.scalars(select(NodeKey).order_by(NodeKey.number.desc()).limit(1).with_for_update()).first()
    if known is None:
        raise VmsError(Kind.CONFLICT, "the node has not announced a key yet: start it once")
    if told.old is not None and public_bytes(told.old) != known.key:
        raise VmsError(Kind.CONFLICT, "the key file holds another key than the node announced: restore it first")
    statement = KeyStatement(node, known.number + 1, public_bytes(told.new), known.key, now_us, told.reason)
    _add(session, statement, told.old or told.new)


def settle(session: Session, folder: Path) -> None:
    """Finish a hand-over: the next key takes its place once it is announced, also after a crash in between."""
    after = folder / NEXT
    if not after.exists():
        return
    known = session.scalars(select(NodeKey).order_by(NodeKey.number.desc()).limit(1)).first()
    if known is not None and public_bytes(load_key(after)) == known.key:
        after.replace(folder / NAME)
        sync_folder(folder)


def _add(session: Session, told: KeyStatement, signer: Ed25519PrivateKey) -> None:
    statement = told.bytes()
    session.add(NodeKey(number=told.number, key=told.key, since_us=told.since_us, statement=statement, signature=signer.sign(statement)))
    session.flush()
