"""The chain of the audit: each row's hash covers the row and the hash before it, so a change anywhere shows. Pure.

`hash = SHA-256(0x03 ‖ prev ‖ SHA-256(JCS(row)))`, where the first `prev` is 32 zero bytes and JCS is RFC 8785.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

FIRST_PREV = bytes(32)
_TAG = b"\x03"  # leaves of other chains have other tags, so that none passes for another


@dataclass(frozen=True, slots=True)
class Entry:
    """One act: who, for whom, from where, what, on which object and span, and what came of it.

    `result` is `intended` (written before the act), `refused`, `done` or `failed`. `id` is a UUID.
    """

    id: str
    at_us: int
    actor: str
    action: str
    object: str = ""
    result: str = "intended"
    reason: str = ""
    on_behalf_of: str | None = None
    node: str = ""
    address: str = ""
    session_hash: str = ""
    from_us: int | None = None
    to_us: int | None = None
    case_no: str = ""


def canonical(seq: int, entry: Entry) -> bytes:
    """The row in JCS. Its values are text, null and integers below 2^53, for which sorted compact JSON is JCS."""
    row = {**asdict(entry), "seq": seq}
    return json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def link(prev: bytes, seq: int, entry: Entry) -> bytes:
    """The hash of the row that stands behind `prev`."""
    return hashlib.sha256(_TAG + prev + hashlib.sha256(canonical(seq, entry)).digest()).digest()


def clean(text: str) -> str:
    """Text as the database can hold it: no zero character, no broken surrogate."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
