"""The node's signing key: a file that only the node's user reads, and the list of public keys that it used.

Ed25519 in PKCS#8 PEM, `keys/node.key` (0600). Not here: what is signed (statement), the command (commands.keys).
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from vms.base.errors import Kind, VmsError
from vms.integrity.models import NodeKey
from vms.integrity.statement import KeyStatement, public_bytes

NAME = "node.key"
NEXT = "node.key.next"


def ensure_key(folder: Path) -> Path:
    """The key file, made when there is none: two starters at once get one key, a crash leaves none or a whole one."""
    path = folder / NAME
    if not path.exists():
        draft = _draft(path, Ed25519PrivateKey.generate())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass  # another starter was first; its key counts
        finally:
            draft.unlink()
        _sync(folder)
    return path


def load_key(path: Path) -> Ed25519PrivateKey:
    """Raises CONFIG when it is not there, can be read by others or is none."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        data = path.read_bytes()
    except OSError as error:
        raise VmsError(Kind.CONFIG, f"the signing key cannot be read: {error.strerror}; roots wait for it", path=str(path)) from error
    if mode & 0o077:
        raise VmsError(Kind.CONFIG, f"the signing key can be read by others: run chmod 600 {path}", path=str(path), mode=f"{mode:o}")
    try:
        key = serialization.load_pem_private_key(data, None)
    except (ValueError, TypeError) as error:
        raise VmsError(Kind.CONFIG, "the signing key is malformed: restore it from its backup", path=str(path)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise VmsError(Kind.CONFIG, "the signing key is no Ed25519 key", path=str(path))
    return key


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
    _draft(folder / NAME, key).replace(folder / NEXT)
    _sync(folder)
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
        _sync(folder)


def _add(session: Session, told: KeyStatement, signer: Ed25519PrivateKey) -> None:
    statement = told.bytes()
    session.add(NodeKey(number=told.number, key=told.key, since_us=told.since_us, statement=statement, signature=signer.sign(statement)))
    session.flush()


def _draft(path: Path, key: Ed25519PrivateKey) -> Path:
    """Owner-only before the first byte, on the disk when this returns."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    data = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return draft


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
