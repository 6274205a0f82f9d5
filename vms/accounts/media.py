"""Signing in to the RTSP restream: user `token`, password an API token, by Digest.

Digest wants its secret on the server: H(user:realm:password), kept sealed. The token is 256 random bits, so the secret
tells nothing of it, and it opens no other door.
"""

from __future__ import annotations

import json
from typing import Any

from vms.base.secrets import Envelope
from vms.rtsp.auth import REALM, Proof, proves, secret_of

USER = "token"
ALGORITHMS = ("SHA-256", "MD5")


def seal(envelope: Envelope, token_id: str, secret: str) -> bytes:
    """What judges proofs of this token."""
    kept = {algorithm: secret_of(algorithm, USER, REALM, secret) for algorithm in ALGORITHMS}
    return envelope.seal(json.dumps(kept).encode(), _context(token_id))


def is_proof_of(proof: Proof, envelope: Envelope, token_id: str, sealed: bytes) -> bool:
    """Whether it was made with this token. Raises DAMAGED when what is kept cannot be opened."""
    kept: dict[str, Any] = json.loads(envelope.open(sealed, _context(token_id)))
    secret = kept.get(proof.algorithm)
    return proof.username == USER and proof.realm == REALM and isinstance(secret, str) and proves(proof, secret)


def _context(token_id: str) -> str:
    return f"api_token|{token_id}|media"
