"""A time-stamping authority over HTTP (RFC 3161 §3.4): ask with nonce and certificate, believe nothing that does not verify.

Not here: what is stamped and when (stamps).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import httpx2
from cryptography import x509
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, VerificationError, VerifierBuilder, decode_timestamp_response

from vms.base.errors import Kind, VmsError
from vms.integrity.stamps import Token

TIMEOUT_S = 20.0
MAX_ANSWER_BYTES = 256 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Tsa:
    """One authority, trusted through the root certificates (PEM) of a file, which is read anew for each stamp."""

    def __init__(self, url: str, roots: Path, timeout_s: float = TIMEOUT_S) -> None:
        self._url = url
        self._roots = roots
        self._timeout_s = timeout_s

    def stamp(self, data: bytes) -> Token:
        """A token over SHA-256 of `data`. Blocking.

        Raises UNAVAILABLE when the authority is away, PROTOCOL when its answer does not hold, CONFIG when the roots cannot be read.
        """
        roots = load_roots(self._roots)
        asking = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256)
        asked = asking.nonce(nonce=True).cert_request(cert_request=True).build()
        answer = self._post(asked.as_bytes())
        verifier = VerifierBuilder.from_request(asked)
        for root in roots:
            verifier = verifier.add_root_certificate(root)
        try:
            told = decode_timestamp_response(answer)
            verifier.build().verify_message(told, data)
        except (VerificationError, ValueError) as error:
            raise VmsError(Kind.PROTOCOL, "the time stamp does not verify", error=str(error)[:200]) from error
        return Token(answer, _us(told.tst_info.gen_time), str(told.tst_info.serial_number))

    def _post(self, query: bytes) -> bytes:
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        try:
            with (
                httpx2.Client(timeout=self._timeout_s, trust_env=False) as client,
                client.stream("POST", self._url, content=query, headers=headers) as answer,
            ):
                if answer.status_code != 200:
                    raise VmsError(Kind.UNAVAILABLE, "the time-stamping authority refuses", status=answer.status_code)
                body = bytearray()
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > MAX_ANSWER_BYTES:
                        raise VmsError(Kind.PROTOCOL, "the time-stamping authority's answer is too long")
                return bytes(body)
        except httpx2.HTTPError as error:
            raise VmsError(Kind.UNAVAILABLE, "the time-stamping authority is away", error=str(error)[:200]) from error


def load_roots(path: Path) -> list[x509.Certificate]:
    """The trusted certificates (PEM) of a file. Raises CONFIG."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        message = "integrity.tsa_ca cannot be read: give the authority's root certificates as PEM"
        raise VmsError(Kind.CONFIG, message, path=str(path)) from error


def _us(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // datetime.resolution
