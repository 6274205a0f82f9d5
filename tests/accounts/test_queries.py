"""A way in serves whom it was made for, once or until it ends, and nobody learns why it did not."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from vms.accounts.queries import (
    Opened,
    add_officer,
    authenticate,
    close_session,
    create_login_link,
    create_token,
    disable_officer,
    ended,
    find_officer,
    open_session,
    revoke_token,
)
from vms.accounts.settings import SessionLimits
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.base.secrets import load_envelope
from vms.rtsp.auth import Proof, secret_of

NOW = 1_700_000_000_000_000
SECOND = 1_000_000
LIMITS = SessionLimits(idle_s=600, absolute_s=3_600, login_link_s=60)


@pytest.fixture
def officer(database: Database) -> str:
    with database.transaction() as session:
        return add_officer(session, "li.na", "Li Na", {"live", "playback"}, NOW)


def link(database: Database, officer: str) -> str:
    with database.transaction() as session:
        return create_login_link(session, officer, NOW, LIMITS)


def enter(database: Database, secret: str, now_us: int = NOW) -> Opened:
    with database.transaction() as session:
        return open_session(session, secret, now_us, LIMITS, "192.0.2.9")


def who(database: Database, credential: str, now_us: int) -> str:
    """The name behind a credential, or the kind of the refusal."""
    try:
        with database.transaction() as session:
            return authenticate(session, credential, now_us, LIMITS).name
    except VmsError as refusal:
        return refusal.kind


def test_a_login_link_opens_a_session_of_its_officer(database: Database, officer: str) -> None:
    opened = enter(database, link(database, officer))
    assert opened.expires_us == NOW + 3_600 * SECOND
    with database.transaction() as session:
        principal = authenticate(session, opened.secret, NOW, LIMITS)
        assert find_officer(session, "li.na") == officer
    assert principal == opened.principal
    assert (principal.id, principal.kind, principal.rights) == (officer, "person", frozenset({"live", "playback"}))


def test_a_login_link_serves_once_even_when_used_twice_at_the_same_time(database: Database, officer: str) -> None:
    secret = link(database, officer)

    def attempt(_: int) -> bool:
        try:
            enter(database, secret)
        except VmsError as refusal:
            assert refusal.kind is Kind.UNAUTHENTICATED
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, range(6))) == 1


@pytest.mark.parametrize("secret", ["", "l_guess", "\udcff", "s_" + "x" * 500])
def test_a_guess_is_refused(database: Database, officer: str, secret: str) -> None:
    with pytest.raises(VmsError) as caught:
        enter(database, secret)
    assert caught.value.kind is Kind.UNAUTHENTICATED
    assert who(database, secret, NOW) == Kind.UNAUTHENTICATED


def test_a_login_link_ends_after_its_time(database: Database, officer: str) -> None:
    with pytest.raises(VmsError):
        enter(database, link(database, officer), NOW + 60 * SECOND)


def test_a_session_ends_when_idle_and_lives_on_with_use_until_its_absolute_end(database: Database, officer: str) -> None:
    idle = enter(database, link(database, officer)).secret
    assert who(database, idle, NOW + 599 * SECOND) == "Li Na"
    assert who(database, idle, NOW + (599 + 600) * SECOND) == Kind.UNAUTHENTICATED
    used = enter(database, link(database, officer)).secret
    for minutes in range(5, 60, 5):
        assert who(database, used, NOW + minutes * 60 * SECOND) == "Li Na"
    assert who(database, used, NOW + 3_600 * SECOND) == Kind.UNAUTHENTICATED


def test_signing_out_ends_the_session_at_once(database: Database, officer: str) -> None:
    opened = enter(database, link(database, officer))
    with database.transaction() as session:
        assert close_session(session, opened.principal.session_hash, NOW)
        assert not close_session(session, opened.principal.session_hash, NOW)
    assert who(database, opened.secret, NOW) == Kind.UNAUTHENTICATED


def test_disabling_an_officer_ends_all_their_ways_in(database: Database, officer: str) -> None:
    opened, other = enter(database, link(database, officer)), link(database, officer)
    with database.transaction() as session:
        assert disable_officer(session, officer, NOW) == [opened.principal.session_hash]
    assert who(database, opened.secret, NOW) == Kind.UNAUTHENTICATED
    with pytest.raises(VmsError):
        enter(database, other)


def test_a_token_has_rights_of_its_own_until_it_ends_or_is_revoked(database: Database) -> None:
    with database.transaction() as session:
        secret = create_token(session, "bench", {"system"}, NOW, NOW + 10 * SECOND)
        lasting = create_token(session, "wall", {"live"}, NOW)
    with database.transaction() as session:
        principal = authenticate(session, secret, NOW, LIMITS)
        wall = authenticate(session, lasting, NOW, LIMITS)
    assert (principal.name, principal.kind, principal.rights) == ("bench", "token", frozenset({"system"}))
    assert who(database, secret, NOW + 10 * SECOND) == Kind.UNAUTHENTICATED
    assert who(database, lasting, NOW + 10**15) == "wall"
    with database.transaction() as session:
        assert revoke_token(session, wall.id, NOW) == wall.session_hash
        assert revoke_token(session, wall.id, NOW) is None
    assert who(database, lasting, NOW) == Kind.UNAUTHENTICATED


def test_no_secret_is_kept(database: Database, officer: str) -> None:
    secret = link(database, officer)
    opened = enter(database, secret)
    with database.transaction() as session:
        token = create_token(session, "bench", {"system"}, NOW)
    with database.transaction() as session:
        for table in ("login_links", "sessions", "api_tokens"):
            kept = str(session.execute(text(f"SELECT {table}::text FROM {table}")).scalars().all())  # noqa: S608
            assert not any(s in kept or s[2:] in kept for s in (secret, opened.secret, token))


def test_a_login_is_taken_once(database: Database, officer: str) -> None:
    with pytest.raises(VmsError) as caught, database.transaction() as session:
        add_officer(session, "li.na", "Another", set(), NOW)
    assert caught.value.kind is Kind.CONFLICT


def test_what_opens_nothing_any_more_is_ended_however_it_ended(database: Database, officer: str) -> None:
    kept, closed = (enter(database, link(database, officer)).principal.session_hash for _ in range(2))
    with database.transaction() as session:
        token = authenticate(session, create_token(session, "api", {"live"}, NOW, NOW + 700 * SECOND), NOW, LIMITS)
        close_session(session, closed, NOW)
    asked = {kept, closed, token.session_hash, "never was"}

    def over(now_us: int) -> set[str]:
        with database.transaction() as session:
            return ended(session, asked, now_us, LIMITS)

    assert over(NOW) == {closed, "never was"}
    assert over(NOW + LIMITS.idle_s * SECOND) == {kept, closed, "never was"}
    assert over(NOW + 700 * SECOND) == asked
    with database.transaction() as session:
        disable_officer(session, officer, NOW)
    assert kept in over(NOW)


def test_a_token_signs_in_to_the_restream_by_digest(database: Database, tmp_path: Path) -> None:
    envelope = load_envelope(tmp_path / "key")
    with database.transaction() as session:
        create_token(session, "another", {"live"}, NOW, envelope=envelope)
        secret = create_token(session, "decoder", {"live"}, NOW, NOW + 10 * SECOND, envelope=envelope)
        create_token(session, "no restream", {"live"}, NOW)

    def who_proves(password: str, now_us: int = NOW, algorithm: str = "SHA-256", username: str = "token") -> str:
        proof = Proof(algorithm, username, "vms", "n0nce", "00000001", "c", "DESCRIBE", "rtsp://192.0.2.1/a/main", "")
        middle = f"{proof.nonce}:{proof.count}:{proof.client_nonce}:auth"
        name = {"SHA-256": "sha256", "MD5": "md5"}[algorithm]
        act = hashlib.new(name, f"{proof.method}:{proof.uri}".encode()).hexdigest()
        response = hashlib.new(name, f"{secret_of(algorithm, username, 'vms', password)}:{middle}:{act}".encode()).hexdigest()
        try:
            with database.transaction() as session:
                return authenticate(session, replace(proof, response=response).to_text(), now_us, LIMITS, envelope=envelope).name
        except VmsError as error:
            return error.kind

    assert who_proves(secret) == who_proves(secret, algorithm="MD5") == "decoder"
    assert who_proves("t_wrong") == who_proves(secret, username="admin") == who_proves(secret, NOW + 10 * SECOND) == Kind.UNAUTHENTICATED


@pytest.mark.parametrize("credential", ["digest ", "digest []", 'digest {"a":1}', "digest [1,2,3,4,5,6,7,8,9]"])
def test_a_proof_that_is_none_opens_nothing(database: Database, credential: str) -> None:
    assert who(database, credential, NOW) == Kind.UNAUTHENTICATED
