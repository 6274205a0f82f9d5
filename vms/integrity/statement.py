"""What the node signs: the root of each minute, and each of its own keys. Pure; layout in docs/ref/chain.md.

Signatures are raw Ed25519 (RFC 8032) over the canonical bytes, so that `openssl pkeyutl -verify -rawin` checks them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vms.record.chain import canonical, parse

FIRST = bytes(32)
VERSION = 1


@dataclass(frozen=True, slots=True)
class Root:
    """A minute's statement. `prev_root` is the SHA-256 of the statement before it; the audit's last seal is named by number and hash.

    `late`: signed in a later minute than the next one, because the node or its key was away.
    """

    node: str
    epoch: int
    minute: int
    tree_size: int
    root: bytes
    prev_root: bytes
    audit_seq: int
    audit_hash: bytes
    key: bytes
    signed_us: int
    late: bool

    def bytes(self) -> bytes:
        return canonical(
            {
                "type": "minute-root",
                "v": VERSION,
                "tier_id": self.node,
                "epoch": self.epoch,
                "minute": self.minute,
                "tree_size": self.tree_size,
                "root": self.root.hex(),
                "prev_root": self.prev_root.hex(),
                "audit_head": {"seq": self.audit_seq, "hash": self.audit_hash.hex()},
                "key": self.key.hex(),
                "signed_at": self.signed_us,
                "late": self.late,
            }
        )


@dataclass(frozen=True, slots=True)
class KeyStatement:
    """A key of the node. The one before signs it; where that one is lost, the new one does, and `reason` says why."""

    node: str
    number: int
    key: bytes
    prev_key: bytes
    since_us: int
    reason: str

    def bytes(self) -> bytes:
        return canonical(
            {
                "type": "node-key",
                "v": VERSION,
                "tier_id": self.node,
                "number": self.number,
                "key": self.key.hex(),
                "prev_key": self.prev_key.hex(),
                "since": self.since_us,
                "reason": self.reason,
            }
        )


def read_root(statement: bytes) -> Root | None:
    """A stored statement's content; None when it is not one, to the byte."""
    told = parse(statement) or {}
    if told.get("type") != "minute-root" or not isinstance(told.get("audit_head"), dict):
        return None
    head = cast("dict[str, object]", told["audit_head"])
    try:
        root = Root(
            node=_text(told["tier_id"]),
            epoch=_number(told["epoch"]),
            minute=_number(told["minute"]),
            tree_size=_number(told["tree_size"]),
            root=bytes.fromhex(_text(told["root"])),
            prev_root=bytes.fromhex(_text(told["prev_root"])),
            audit_seq=_number(head["seq"]),
            audit_hash=bytes.fromhex(_text(head["hash"])),
            key=bytes.fromhex(_text(told["key"])),
            signed_us=_number(told["signed_at"]),
            late=told["late"] is True,
        )
    except (KeyError, ValueError):
        return None
    return root if root.bytes() == statement else None


def read_key(statement: bytes) -> KeyStatement | None:
    told = parse(statement) or {}
    if told.get("type") != "node-key":
        return None
    try:
        key = KeyStatement(
            node=_text(told["tier_id"]),
            number=_number(told["number"]),
            key=bytes.fromhex(_text(told["key"])),
            prev_key=bytes.fromhex(_text(told["prev_key"])),
            since_us=_number(told["since"]),
            reason=_text(told["reason"]),
        )
    except (KeyError, ValueError):
        return None
    return key if key.bytes() == statement else None


def statement_hash(statement: bytes) -> bytes:
    return hashlib.sha256(statement).digest()


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes that others know the key by."""
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def public_pem(key: bytes) -> str:
    """SubjectPublicKeyInfo (RFC 8410), as openssl reads it."""
    loaded = Ed25519PublicKey.from_public_bytes(key)
    return loaded.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def fingerprint(key: bytes) -> str:
    """SHA-256 of the key's DER (`openssl pkey -pubin -outform DER | sha256sum`): to be published and compared."""
    loaded = Ed25519PublicKey.from_public_bytes(key)
    return hashlib.sha256(loaded.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def holds(key: bytes, signature: bytes, statement: bytes) -> bool:
    """Whether `key` signed the statement."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, statement)
    except (InvalidSignature, ValueError):
        return False
    return True


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError


def _number(value: object) -> int:
    if type(value) is int:
        return value
    raise ValueError
