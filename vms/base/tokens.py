"""Tokens: random secrets handed out once, of which only the SHA-256 is kept.

Apart from secrets.py so that whoever only compares does not import a cipher library.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets


def new_token(prefix: str = "") -> str:
    """256 random bits as text that is safe in URLs and headers; the prefix tells what it opens."""
    return prefix + secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """The SHA-256 in hex. A fast hash is right: the token itself has 256 bits, so there is nothing to guess."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def same_secret(left: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass"))
