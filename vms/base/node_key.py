"""The key a node signs with: Ed25519 (RFC 8032), one PEM file (0600) under the keys folder, made on first use.

Not here: what is signed, sealing of secrets (secrets).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from vms.base.errors import Kind, VmsError

NAME = "node.ed25519"


def node_signing_key(keys: Path) -> Ed25519PrivateKey:
    """The node's key. Raises CONFIG when others can read the file or it holds no such key."""
    path = keys / NAME
    if not path.exists():
        _create(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise VmsError(Kind.CONFIG, f"the signing key can be read by others: run chmod 600 {path}", path=str(path), mode=f"{mode:o}")
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except ValueError as error:
        raise VmsError(Kind.CONFIG, "the signing key is malformed: restore it from a backup", path=str(path)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise VmsError(Kind.CONFIG, "the signing key is no Ed25519 key", path=str(path))
    return key


def public_pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(key: Ed25519PublicKey) -> str:
    """SHA-256 of the key's DER form, as `openssl pkey -pubin -outform DER | sha256sum` prints it."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _create(path: Path) -> None:
    """Beside, synced, then linked: two starters at once get one key."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, pem)
        os.fsync(descriptor)
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        os.close(descriptor)
        draft.unlink()
