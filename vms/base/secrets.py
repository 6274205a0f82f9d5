"""Secrets at rest: AES-256-GCM under a key file, each value bound to the place it is kept in.

The key file is made on first start with mode 0600: one line per key, `<key id> <key, base64>`; the last line seals, all
lines open, so a new key is added by appending a line. Not here: tokens and their hashes (tokens).
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vms.base.errors import Kind, VmsError

ENVELOPE_FILE = "envelope.key"
"""In the node's folder of keys."""
_VERSION = 1
_ID_BYTES = 4
_NONCE_BYTES = 12
_HEAD_BYTES = 1 + _ID_BYTES + _NONCE_BYTES
_KEY_BYTES = 32


class Envelope:
    """Seals and opens small values. A sealed value is `u8 version, 4 bytes key id, 12 bytes nonce, ciphertext`."""

    def __init__(self, keys: Mapping[bytes, bytes]) -> None:
        """`keys` from id to key, in the file's order."""
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._active = list(keys)[-1]

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt; `context` names the place (`camera|<id>|password`) and must be the same on opening."""
        head = bytes([_VERSION]) + self._active + os.urandom(_NONCE_BYTES)
        return head + self._ciphers[self._active].encrypt(head[-_NONCE_BYTES:], plain, _bind(head, context))

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt. Raises DAMAGED when the value was changed, moved to another place or sealed by an unknown key."""
        head, body = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        cipher = self._ciphers.get(head[1 : 1 + _ID_BYTES])
        if cipher is None or head[:1] != bytes([_VERSION]):
            raise VmsError(Kind.DAMAGED, "a stored secret was sealed by a key that this node does not hold", context=context)
        try:
            return cipher.decrypt(head[-_NONCE_BYTES:], body, _bind(head, context))
        except InvalidTag as error:
            raise VmsError(Kind.DAMAGED, "a stored secret was changed or moved", context=context) from error


def load_envelope(path: Path) -> Envelope:
    """Read the key file, making it first when there is none. Raises CONFIG when others can read it or it is malformed."""
    if not path.exists():
        _create_key_file(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise VmsError(Kind.CONFIG, f"the key file can be read by others: run chmod 600 {path}", path=str(path), mode=f"{mode:o}")
    return Envelope(_parse_keys(path))


def _bind(head: bytes, context: str) -> bytes:
    return head[: 1 + _ID_BYTES] + context.encode()


def _parse_keys(path: Path) -> dict[bytes, bytes]:
    keys: dict[bytes, bytes] = {}
    try:
        for line in path.read_text("ascii").splitlines():
            key_id, key = line.split()
            keys[bytes.fromhex(key_id)] = base64.b64decode(key, validate=True)
    except (ValueError, binascii.Error) as error:
        raise _malformed(path) from error
    if not keys or any(len(i) != _ID_BYTES or len(k) != _KEY_BYTES for i, k in keys.items()):
        raise _malformed(path)
    return keys


def _malformed(path: Path) -> VmsError:
    return VmsError(
        Kind.CONFIG, "the key file is malformed: restore it from its backup; without it stored passwords are lost", path=str(path)
    )


def _create_key_file(path: Path) -> None:
    """Write beside, sync, then link: two starters at once get one key, a crash leaves none or a whole one."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    line = f"{os.urandom(_ID_BYTES).hex()} {base64.b64encode(os.urandom(_KEY_BYTES)).decode()}\n"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
        if not path.exists():
            _link(draft, path)
    finally:
        os.close(descriptor)
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _link(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return  # another starter was first; its key counts
