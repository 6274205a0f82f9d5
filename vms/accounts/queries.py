"""Rows of accounts: officers, one-time login links, sessions, API tokens. Session first; the caller commits.

Whatever is wrong with a credential, the answer is the same UNAUTHENTICATED: it tells nobody which part was right.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from vms.accounts import media
from vms.accounts.models import ApiToken, LoginLink, Officer, SignIn
from vms.accounts.settings import SessionLimits
from vms.base.errors import Kind, VmsError
from vms.base.ids import new_id
from vms.base.secrets import Envelope
from vms.base.timespan import SECOND_US
from vms.base.tokens import hash_token, new_token
from vms.rtsp.auth import PROOF_PREFIX, proof_of

SESSION_PREFIX = "s_"
TOKEN_PREFIX = "t_"  # noqa: S105 it says what a token opens
LINK_PREFIX = "l_"
_SEEN_STEP_US = 60 * SECOND_US  # a session's last use is written at most once a minute


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a credential stands for. `session_hash` names what revocation ends: the session, or the token."""

    id: str
    name: str
    kind: Literal["person", "token"]
    session_hash: str
    rights: frozenset[str]


@dataclass(frozen=True, slots=True)
class Opened:
    """A session just opened. `secret` goes to the browser and is kept nowhere."""

    secret: str
    principal: Principal
    expires_us: int


def add_officer(session: Session, login: str, name: str, rights: Collection[str], now_us: int) -> str:
    """The new officer's id. Raises CONFLICT (at the flush) when the login is taken."""
    officer = Officer(id=new_id(now_us), login=login, name=name, rights=sorted(rights), created_us=now_us, disabled_us=None)
    session.add(officer)
    session.flush()
    return officer.id


def find_officer(session: Session, login: str) -> str | None:
    """The officer's id."""
    return session.execute(select(Officer.id).where(Officer.login == login)).scalar_one_or_none()


def disable_officer(session: Session, officer_id: str, now_us: int) -> list[str]:
    """No way in any more; returns the hashes of the sessions that ended, for revocation."""
    session.execute(update(Officer).where(Officer.id == officer_id).values(disabled_us=now_us))
    open_ones = SignIn.officer_id == officer_id, SignIn.closed_us.is_(None)
    return list(session.execute(update(SignIn).where(*open_ones).values(closed_us=now_us).returning(SignIn.hash)).scalars())


def create_login_link(session: Session, officer_id: str, now_us: int, limits: SessionLimits) -> str:
    """The secret of a link that signs this officer in once."""
    secret = new_token(LINK_PREFIX)
    expires_us = now_us + limits.login_link_s * SECOND_US
    session.add(LoginLink(hash=hash_token(secret), officer_id=officer_id, created_us=now_us, expires_us=expires_us, used_us=None))
    return secret


def open_session(session: Session, login_secret: str, now_us: int, limits: SessionLimits, address: str = "") -> Opened:
    """Use a login link up and open a session. Of two that use one link at once, one gets in. Raises UNAUTHENTICATED."""
    usable = LoginLink.hash == hash_token(login_secret), LoginLink.used_us.is_(None), LoginLink.expires_us > now_us
    used = session.execute(update(LoginLink).where(*usable).values(used_us=now_us).returning(LoginLink.officer_id)).scalar_one_or_none()
    officer = session.get(Officer, used) if used else None
    if officer is None or officer.disabled_us is not None:
        raise VmsError(Kind.UNAUTHENTICATED, "this login link was used, is over, or never was: ask for a new one")
    secret = new_token(SESSION_PREFIX)
    expires_us = now_us + limits.absolute_s * SECOND_US
    row = SignIn(
        hash=hash_token(secret),
        officer_id=officer.id,
        address=address,
        created_us=now_us,
        seen_us=now_us,
        expires_us=expires_us,
        closed_us=None,
    )
    session.add(row)
    return Opened(secret, _person(officer, row.hash), expires_us)


def close_session(session: Session, session_hash: str, now_us: int) -> bool:
    """Sign out; whether the session was open."""
    open_one = SignIn.hash == session_hash, SignIn.closed_us.is_(None)
    closed = session.execute(update(SignIn).where(*open_one).values(closed_us=now_us).returning(SignIn.hash))
    return closed.scalar_one_or_none() is not None


def create_token(
    session: Session, name: str, rights: Collection[str], now_us: int, expires_us: int | None = None, *, envelope: Envelope | None = None
) -> str:
    """The secret of a new API token; only its hash is kept, and with `envelope` what the RTSP restream judges it by."""
    secret, token_id = new_token(TOKEN_PREFIX), new_id(now_us)
    session.add(
        ApiToken(
            id=token_id,
            hash=hash_token(secret),
            name=name,
            rights=sorted(rights),
            created_us=now_us,
            expires_us=expires_us,
            revoked_us=None,
            media=None if envelope is None else media.seal(envelope, token_id, secret),
        )
    )
    return secret


def revoke_token(session: Session, token_id: str, now_us: int) -> str | None:
    """The hash of the token that ended, for revocation; None when it was over already."""
    valid = ApiToken.id == token_id, ApiToken.revoked_us.is_(None)
    return session.execute(update(ApiToken).where(*valid).values(revoked_us=now_us).returning(ApiToken.hash)).scalar_one_or_none()


def authenticate(session: Session, credential: str, now_us: int, limits: SessionLimits, *, envelope: Envelope | None = None) -> Principal:
    """Whose session or token this is, or with `envelope` whose Digest proof. Raises UNAUTHENTICATED."""
    if credential.startswith(PROOF_PREFIX):
        found = None if envelope is None else _by_proof(session, credential, now_us, envelope)
    elif credential.startswith(TOKEN_PREFIX):
        found = _by_token(session, hash_token(credential), now_us)
    else:
        found = _by_session(session, hash_token(credential), now_us, limits)
    if found is None:
        raise VmsError(Kind.UNAUTHENTICATED, "the session or token is over, or never was: sign in")
    return found


def ended(session: Session, hashes: Collection[str], now_us: int, limits: SessionLimits) -> set[str]:
    """Which of these sessions and tokens open nothing any more, however they ended."""
    wanted = list(hashes)
    idle_since_us = now_us - limits.idle_s * SECOND_US
    signed_in = (
        select(SignIn.hash)
        .join(Officer, Officer.id == SignIn.officer_id)
        .where(
            SignIn.hash.in_(wanted),
            SignIn.closed_us.is_(None),
            Officer.disabled_us.is_(None),
            SignIn.expires_us > now_us,
            SignIn.seen_us > idle_since_us,
        )
    )
    tokens = select(ApiToken.hash).where(ApiToken.hash.in_(wanted), *_valid(now_us))
    return set(wanted) - set(session.scalars(signed_in)) - set(session.scalars(tokens))


def _by_token(session: Session, hashed: str, now_us: int) -> Principal | None:
    token = session.execute(select(ApiToken).where(ApiToken.hash == hashed, *_valid(now_us))).scalar_one_or_none()
    return None if token is None else _program(token)


def _by_proof(session: Session, text: str, now_us: int, envelope: Envelope) -> Principal | None:
    """A Digest names no token: each valid one is tried (about 20 µs)."""
    proof = proof_of(text)
    tokens = session.scalars(select(ApiToken).where(ApiToken.media.is_not(None), *_valid(now_us))) if proof is not None else ()
    for token in tokens:
        if proof is not None and token.media is not None and media.is_proof_of(proof, envelope, token.id, token.media):
            return _program(token)
    return None


def _valid(now_us: int) -> tuple[ColumnElement[bool], ...]:
    return ApiToken.revoked_us.is_(None), or_(ApiToken.expires_us.is_(None), ApiToken.expires_us > now_us)


def _program(token: ApiToken) -> Principal:
    return Principal(token.id, token.name, "token", token.hash, frozenset(token.rights))


def _by_session(session: Session, hashed: str, now_us: int, limits: SessionLimits) -> Principal | None:
    query = select(SignIn, Officer).join(Officer, Officer.id == SignIn.officer_id).where(SignIn.hash == hashed)
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    sign_in, officer = row
    idle_end_us = sign_in.seen_us + limits.idle_s * SECOND_US
    if sign_in.closed_us is not None or officer.disabled_us is not None or now_us >= min(sign_in.expires_us, idle_end_us):
        return None
    if now_us - sign_in.seen_us >= _SEEN_STEP_US:
        sign_in.seen_us = now_us
    return _person(officer, hashed)


def _person(officer: Officer, session_hash: str) -> Principal:
    return Principal(officer.id, officer.name, "person", session_hash, frozenset(officer.rights))
