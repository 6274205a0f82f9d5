"""Basic (RFC 7617) and Digest MD5 / SHA-256 (RFC 7616, and its ancestor without qop) for both ends of an RTSP connection.

In: choosing and answering a challenge, issuing and judging one. Not here: who the user is (the shell's lookup).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import astuple, dataclass, field, fields
from typing import Literal, cast

NONCE_LIFE_US = 300_000_000
MAX_PARAMETERS = 32
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}
_PREFERENCE = ("SHA-256", "MD5")
PROOF_PREFIX = "digest "
REALM = "vms"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and a password; never printed."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One WWW-Authenticate that can be answered; `algorithm` is empty for Basic."""

    scheme: Literal["Basic", "Digest"]
    algorithm: str = ""
    given_algorithm: str = ""
    realm: str = ""
    nonce: str = ""
    opaque: str | None = None
    qop: bool = False
    stale: bool = False


def parse_parameters(text: str) -> dict[str, str]:
    """`name=token, name="quoted \\" string"` → lower-case names and raw values; what makes no sense is left out."""
    found: dict[str, str] = {}
    position = 0
    while position < len(text) and len(found) < MAX_PARAMETERS:
        equals = text.find("=", position)
        if equals < 0:
            break
        name = text[position:equals].strip(" ,\t").lower()
        position = equals + 1
        while position < len(text) and text[position] in " \t":
            position += 1
        value, position = _quoted(text, position + 1) if text[position : position + 1] == '"' else _token(text, position)
        found.setdefault(name, value)
    return found


def choose(headers: list[str]) -> Challenge | None:
    """The strongest challenge that can be answered: Digest SHA-256, Digest MD5, Basic."""
    challenges = [c for c in map(_challenge, headers[:8]) if c is not None]
    order = ["", *reversed(_PREFERENCE)]
    return max(challenges, key=lambda c: order.index(c.algorithm), default=None)


def answer(challenge: Challenge, credentials: Credentials, method: str, url: str, *, count: int, client_nonce: str) -> str:
    """The Authorization header; `count` is the nonce count (nc), `client_nonce` fresh per connection."""
    if challenge.scheme == "Basic":
        token = f"{credentials.username}:{credentials.password}".encode()
        return "Basic " + base64.b64encode(token).decode("ascii")
    user = _wire(credentials.username)
    secret = _hash(challenge.algorithm, f"{user}:{challenge.realm}:{_wire(credentials.password)}")
    nc = f"{count:08x}" if challenge.qop else ""
    middle = _middle(challenge.nonce, nc, client_nonce)
    response = _digest(challenge.algorithm, secret, middle, method, url)
    parts = [f'username="{_escape(user)}"', f'realm="{_escape(challenge.realm)}"', f'nonce="{_escape(challenge.nonce)}"', f'uri="{url}"']
    parts.append(f'response="{response}"')
    if challenge.given_algorithm:  # older cameras refuse a parameter that they did not send
        parts.append(f"algorithm={challenge.algorithm}")
    if challenge.qop:
        parts += ["qop=auth", f"nc={nc}", f'cnonce="{client_nonce}"']
    if challenge.opaque is not None:
        parts.append(f'opaque="{_escape(challenge.opaque)}"')
    return "Digest " + ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Proof:
    """A Digest answer whose nonce is good, for whoever holds the secrets; `proves` judges it (RFC 7616 §3.4)."""

    algorithm: str
    username: str
    realm: str
    nonce: str
    count: str
    client_nonce: str
    method: str
    uri: str
    response: str

    def to_text(self) -> str:
        return PROOF_PREFIX + json.dumps(astuple(self))


def proof_of(text: str) -> Proof | None:
    """What `Proof.to_text` wrote; None when it is something else."""
    try:
        told: object = json.loads(text.removeprefix(PROOF_PREFIX))
    except (ValueError, RecursionError):
        return None
    values = [value for value in cast("list[object]", told) if isinstance(value, str)] if isinstance(told, list) else []
    if len(values) != len(fields(Proof)) or values[0] not in _HASHES:
        return None
    return Proof(*values)


def secret_of(algorithm: str, username: str, realm: str, password: str) -> str:
    """What a server keeps to judge answers without the password: H(username:realm:password) (RFC 7616 §3.4.2)."""
    return _hash(algorithm, f"{_wire(username)}:{_wire(realm)}:{_wire(password)}")


def proves(proof: Proof, secret: str) -> bool:
    """Whether who answered knows the password of this secret (of the proof's algorithm)."""
    middle = _middle(proof.nonce, proof.count, proof.client_nonce)
    expected = _digest(proof.algorithm, secret, middle, proof.method, proof.uri)
    return hmac.compare_digest(expected.encode(), proof.response.lower().encode("latin-1", "replace"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the header proves `user`; `stale` says that only the nonce was too old. With `proof` somebody else must judge."""

    user: str | None
    stale: bool = False
    proof: Proof | None = None


def _token_hex() -> str:
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class Gate:
    """What a server asks of its clients. `password_of` answers None for an unknown user; without it proofs are judged elsewhere.

    `check_basic` turns Basic on, for passwords that are only known as hashes; off by default since it shows the password.
    """

    password_of: Callable[[str], str | None] | None
    realm: str = REALM
    algorithms: tuple[str, ...] = _PREFERENCE
    check_basic: Callable[[str, str], bool] | None = None
    new_nonce: Callable[[], str] = _token_hex


class Doorkeeper:
    """The gate at one connection: it has one nonce at a time and sees that nonce counts grow."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._nonce = ""
        self._born_us = 0
        self._count = 0

    def challenges(self, now_us: int, *, stale: bool = False) -> list[str]:
        """WWW-Authenticate values, strongest first; some clients take the last one that they know."""
        if not self._fresh(now_us):
            self._nonce, self._born_us, self._count = self._gate.new_nonce(), now_us, 0
        tail = ", stale=true" if stale else ""
        values = [
            f'Digest realm="{_escape(self._gate.realm)}", nonce="{self._nonce}", algorithm={algorithm}, qop="auth"{tail}'
            for algorithm in self._gate.algorithms
        ]
        if self._gate.check_basic is not None:
            values.append(f'Basic realm="{_escape(self._gate.realm)}"')
        return values

    def judge(self, header: str | None, method: str, url: str, now_us: int) -> Verdict:
        scheme, _, rest = (header or "").partition(" ")
        if scheme.lower() == "basic" and self._gate.check_basic is not None:
            return self._judge_basic(rest, self._gate.check_basic)
        if scheme.lower() == "digest":
            return self._judge_digest(parse_parameters(rest), method, url, now_us)
        return Verdict(None)

    def _judge_basic(self, rest: str, check: Callable[[str, str], bool]) -> Verdict:
        try:
            user, _, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return Verdict(None)
        return Verdict(user if check(user, password) else None)

    def _judge_digest(self, given: dict[str, str], method: str, url: str, now_us: int) -> Verdict:
        algorithm = given.get("algorithm", "MD5").upper()
        uri = given.get("uri", "")
        if algorithm not in self._gate.algorithms or not _same_resource(uri, url) or given.get("qop", "auth") != "auth":
            return Verdict(None)
        count = given.get("nc", "") if "qop" in given else ""
        username, nonce = given.get("username", ""), given.get("nonce", "")
        proof = Proof(algorithm, username, self._gate.realm, nonce, count, given.get("cnonce", ""), method, uri, given.get("response", ""))
        user = _unwire(username)
        if self._gate.password_of is not None:
            password = None if user is None else self._gate.password_of(user)
            proven = proves(proof, _hash(algorithm, f"{username}:{self._gate.realm}:{_wire(password or '')}"))
            if not proven or password is None:
                return Verdict(None)
        if nonce != self._nonce or not self._fresh(now_us) or not self._counts(count):
            return Verdict(None, stale=True)
        return Verdict(user, proof=proof if self._gate.password_of is None else None)

    def _counts(self, nc: str) -> bool:
        if not nc:
            return True
        try:
            count = int(nc, 16)
        except ValueError:
            return False
        grown, self._count = count > self._count, max(count, self._count)
        return grown

    def _fresh(self, now_us: int) -> bool:
        return bool(self._nonce) and now_us - self._born_us < NONCE_LIFE_US


def _challenge(header: str) -> Challenge | None:
    scheme, _, rest = header.strip().partition(" ")
    given = parse_parameters(rest)
    if scheme.lower() == "basic":
        return Challenge("Basic", realm=given.get("realm", ""))
    algorithm = given.get("algorithm", "").upper()
    offered = {part.strip().lower() for part in given.get("qop", "").split(",")} - {""}
    can_answer = (algorithm or "MD5") in _HASHES and (not offered or "auth" in offered)
    if scheme.lower() != "digest" or not given.get("nonce") or not can_answer:
        return None
    return Challenge(
        "Digest",
        algorithm or "MD5",
        algorithm,
        given.get("realm", ""),
        given["nonce"],
        given.get("opaque"),
        "auth" in offered,
        given.get("stale", "").lower() == "true",
    )


def _middle(nonce: str, nc: str, client_nonce: str) -> str:
    return f"{nonce}:{nc}:{client_nonce}:auth" if nc else nonce


def _digest(algorithm: str, secret: str, middle: str, method: str, url: str) -> str:
    act = _hash(algorithm, f"{method}:{url}")
    return _hash(algorithm, f"{secret}:{middle}:{act}")


def _hash(algorithm: str, text: str) -> str:
    return hashlib.new(_HASHES[algorithm], text.encode("latin-1"), usedforsecurity=False).hexdigest()


def _same_resource(uri: str, url: str) -> bool:
    """Clients sign the request's URL, its path, or the aggregate that a track's URL begins with."""
    path = "/" + url.split("://", 1)[-1].partition("/")[2]
    return bool(uri) and (url.startswith(uri.rstrip("/")) or path.startswith(uri))


def _quoted(text: str, position: int) -> tuple[str, int]:
    value: list[str] = []
    while position < len(text) and text[position] != '"':
        if text[position] == "\\" and position + 1 < len(text):
            position += 1
        value.append(text[position])
        position += 1
    return "".join(value), position + 1


def _token(text: str, position: int) -> tuple[str, int]:
    comma = text.find(",", position)
    stop = len(text) if comma < 0 else comma
    return text[position:stop].strip(), stop


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _wire(text: str) -> str:
    """UTF-8 bytes shown as ISO 8859-1 text, as header values are kept."""
    return text.encode().decode("latin-1")


def _unwire(text: str) -> str | None:
    try:
        return text.encode("latin-1").decode()
    except (UnicodeEncodeError, UnicodeDecodeError):
        return None
