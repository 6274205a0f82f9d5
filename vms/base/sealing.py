"""Whole files sealed for a person: AES-256-GCM under a passphrase (scrypt) or for an X25519 recipient.

A sealed file is one line of JSON, which tells how the key is made, then 12 bytes nonce and the ciphertext; the line is
authenticated with it. Not here: small values of the database, sealed by the node for itself (secrets).
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from vms.base.errors import Kind, VmsError

NONCE_BYTES = 12
SCRYPT_N = 2**17  # 128 MiB and some tenths of a second (RFC 7914 §2)
MAX_SCRYPT_N = 2**20
MAX_LINE_BYTES = 1024
MIN_PASSPHRASE = 12
PASSPHRASE, RECIPIENT = "scrypt", "x25519-hkdf-sha256"


@dataclass(frozen=True, slots=True)
class Passphrase:
    """Opens and seals."""

    text: bytes


def read_passphrase(path: Path) -> Passphrase:
    """The first line of a file. Raises CONFIG when it is short."""
    first = path.read_bytes().splitlines()[:1]
    if not first or len(first[0]) < MIN_PASSPHRASE:
        raise VmsError(Kind.CONFIG, f"the passphrase must have at least {MIN_PASSPHRASE} characters", path=str(path))
    return Passphrase(first[0])


def read_recipient(path: Path) -> X25519PublicKey:
    """`openssl pkey -pubout` of an X25519 key. Raises CONFIG."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except ValueError as error:
        raise VmsError(Kind.CONFIG, f"{path} holds no public key (PEM)", path=str(path)) from error
    if not isinstance(key, X25519PublicKey):
        raise VmsError(Kind.CONFIG, f"{path} is no X25519 key: make one by openssl genpkey -algorithm X25519", path=str(path))
    return key


def read_identity(path: Path) -> X25519PrivateKey:
    """`openssl genpkey -algorithm X25519`. Raises CONFIG."""
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise VmsError(Kind.CONFIG, f"{path} holds no private key (PEM) without a passphrase", path=str(path)) from error
    if not isinstance(key, X25519PrivateKey):
        raise VmsError(Kind.CONFIG, f"{path} is no X25519 key", path=str(path))
    return key


def seal(plain: bytes, secret: Passphrase | X25519PublicKey) -> bytes:
    """Only who has the passphrase, or the recipient's private key, can open it."""
    head: dict[str, Any]
    if isinstance(secret, Passphrase):
        salt = os.urandom(16)
        head = {"v": 1, "kdf": PASSPHRASE, "n": SCRYPT_N, "salt": salt.hex()}
        key = _stretched(secret, salt, SCRYPT_N)
    else:
        ephemeral = X25519PrivateKey.generate()
        own, theirs = ephemeral.public_key().public_bytes_raw(), secret.public_bytes_raw()
        head = {"v": 1, "kdf": RECIPIENT, "ephemeral": own.hex(), "recipient": hashlib.sha256(theirs).hexdigest()}
        key = _agreed(ephemeral.exchange(secret), own, theirs)
    line = json.dumps(head, sort_keys=True).encode() + b"\n"
    nonce = os.urandom(NONCE_BYTES)
    return line + nonce + AESGCM(key).encrypt(nonce, plain, line)


def unseal(sealed: bytes, secret: Passphrase | X25519PrivateKey) -> bytes:
    """Raises DAMAGED when the secret is another one or a byte was changed."""
    line, newline, rest = sealed[:MAX_LINE_BYTES].partition(b"\n")
    line, rest = line + newline, sealed[len(line) + 1 :]
    try:
        key = _key_of(_head(line), secret)
        return AESGCM(key).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], line)
    except (InvalidTag, ValueError, KeyError, TypeError) as error:
        raise VmsError(Kind.DAMAGED, "this cannot be opened: another passphrase or key, or the file was changed") from error


def _head(line: bytes) -> dict[str, Any]:
    head = json.loads(line)
    if not isinstance(head, dict):
        raise TypeError("no object")
    return cast(dict[str, Any], head)


def _key_of(head: dict[str, Any], secret: Passphrase | X25519PrivateKey) -> bytes:
    if isinstance(secret, Passphrase):
        n = int(head["n"])
        if head["kdf"] != PASSPHRASE or not 2 <= n <= MAX_SCRYPT_N:
            raise ValueError("sealed for a key, not by a passphrase")
        return _stretched(secret, bytes.fromhex(head["salt"]), n)
    if head["kdf"] != RECIPIENT:
        raise ValueError("sealed by a passphrase, not for a key")
    own = bytes.fromhex(head["ephemeral"])
    return _agreed(secret.exchange(X25519PublicKey.from_public_bytes(own)), own, secret.public_key().public_bytes_raw())


def _stretched(secret: Passphrase, salt: bytes, n: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=n, r=8, p=1).derive(secret.text)


def _agreed(shared: bytes, ephemeral: bytes, recipient: bytes) -> bytes:
    """Both public keys enter, so that a key made for one recipient opens nothing of another (RFC 7748 §6.1)."""
    return HKDF(SHA256(), 32, ephemeral + recipient, b"vms sealed file v1").derive(shared)
