"""The file of the key that a node signs with: Ed25519 (RFC 8032) in PKCS#8 PEM, `keys/node.key` (0600).

Not here: what is signed, which keys were announced (integrity), sealing of secrets (secrets).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vms.base.errors import Kind, VmsError

NAME = "node.key"


def node_signing_key(folder: Path) -> Ed25519PrivateKey:
    """The key, made on first use. Raises CONFIG as `load_key` does."""
    return load_key(ensure_key(folder))


def ensure_key(folder: Path) -> Path:
    """The key file, made when there is none: two starters at once get one key, a crash leaves none or a whole one."""
    path = folder / NAME
    if not path.exists():
        draft = write_draft(path, Ed25519PrivateKey.generate())
        try:
            with contextlib.suppress(FileExistsError):  # another starter was first; its key counts
                path.hardlink_to(draft)
        finally:
            draft.unlink()
        sync_folder(folder)
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


def public_pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def fingerprint(key: Ed25519PublicKey) -> str:
    """SHA-256 of the key's DER form, as `openssl pkey -pubin -outform DER | sha256sum` prints it."""
    return hashlib.sha256(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def write_draft(path: Path, key: Ed25519PrivateKey) -> Path:
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


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
