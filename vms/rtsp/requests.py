"""A client's requests on one connection: numbered, signed when a challenge is known, kept until they are answered.

Not here: which request comes next and what an answer means (client), how a challenge is answered (auth).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vms.base.errors import Kind, VmsError
from vms.rtsp.auth import Challenge, Credentials, answer, choose
from vms.rtsp.messages import Headers, Request, Response

MAX_SIGN_INS = 4


@dataclass(slots=True)
class Pending:
    """A request that waits for its answer; it is kept without number and signature."""

    request: Request
    deadline_us: int
    signed: bool = False
    sign_ins: int = 0


class Requests:
    """`output` takes the bytes of each request."""

    def __init__(self, credentials: Credentials | None, new_client_nonce: Callable[[], str], output: Callable[[bytes], None]) -> None:
        self._credentials = credentials
        self._new_client_nonce = new_client_nonce
        self._output = output
        self._cseq = 0
        self._pending: dict[int, Pending] = {}
        self._challenge: Challenge | None = None
        self._nonce_count = 0
        self._proven = False  # credentials were accepted on this connection

    def send(self, request: Request, deadline_us: int) -> None:
        self._transmit(Pending(request, deadline_us))

    def deadlines_us(self) -> list[int]:
        return [pending.deadline_us for pending in self._pending.values()]

    def forget(self) -> None:
        """Whatever is answered later is nobody's answer."""
        self._pending.clear()

    def take(self, response: Response) -> Pending | None:
        """The request that this answers; None when it was forgotten."""
        pending = self._take(response)
        if pending is not None and pending.signed and response.status == 200:
            self._proven = True
        return pending

    def sign_again(self, pending: Pending, response: Response, deadline_us: int) -> None:
        """One try with the password; another only when it is known to be right and the nonce was spent. Raises AUTH."""
        challenge = choose(response.headers.get_all("WWW-Authenticate"))
        if self._credentials is None:
            raise _refused("the camera asks for a user and a password")
        if challenge is None:
            raise _refused("the camera asks for a way to sign in that is not known here")
        again = not pending.signed or self._proven or challenge.stale
        if not again or pending.sign_ins >= MAX_SIGN_INS:
            raise _refused("the camera refuses the user or the password")
        self._challenge = challenge
        self._nonce_count = 0
        self._transmit(Pending(pending.request, deadline_us, sign_ins=pending.sign_ins + 1))

    def _transmit(self, pending: Pending) -> None:
        """Number, sign if a challenge is known, and send."""
        self._cseq += 1
        request = pending.request
        fields = [("CSeq", str(self._cseq)), *request.headers.items]
        if self._challenge is not None and self._credentials is not None:
            pending.signed = True
            self._nonce_count += 1
            nonce = self._new_client_nonce()
            signed = answer(self._challenge, self._credentials, request.method, request.url, count=self._nonce_count, client_nonce=nonce)
            fields.append(("Authorization", signed))
        self._pending[self._cseq] = pending
        self._output(Request(request.method, request.url, Headers(fields)).to_bytes())

    def _take(self, response: Response) -> Pending | None:
        text = (response.headers.get("CSeq") or "").strip()
        if not text and len(self._pending) == 1:
            return self._pending.pop(next(iter(self._pending)))
        return self._pending.pop(int(text), None) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _refused(message: str) -> VmsError:
    return VmsError(Kind.AUTH, message, status=401)
