"""Stamps of another implementation: verified, kept for openssl to verify, queued while the authority is away or lies."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.integrity.authority import Authority, expire, make_authority, run, serving
from vms.base.clock import ManualClock, SystemClock
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.base.journal_models import InboxRow
from vms.integrity import roots, stamps
from vms.integrity.models import Stamp
from vms.integrity.signer import Signer
from vms.integrity.stamps import Stamper
from vms.integrity.tsa import Tsa
from vms.record.chain import MINUTE_US

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(60)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("tsa") / "a")


@pytest.fixture
def authority(made: Authority) -> Generator[Authority]:
    made.mode, made.asked, made.last = "ok", 0, b""
    with serving(made) as served:
        yield served


def test_a_stamp_verifies_here_and_with_openssl(authority: Authority, tmp_path: Path) -> None:
    token = Tsa(authority.url, authority.ca).stamp(b"signature")
    assert abs(token.at_us - SystemClock().wall_us()) < 60_000_000
    (tmp_path / "data").write_bytes(b"signature")
    (tmp_path / "token.tsr").write_bytes(token.response)
    run("ts", "-verify", "-data", str(tmp_path / "data"), "-in", str(tmp_path / "token.tsr"), "-CAfile", str(authority.ca))


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("refuse", Kind.UNAVAILABLE), ("noise", Kind.PROTOCOL), ("huge", Kind.PROTOCOL), ("old", Kind.PROTOCOL), ("other", Kind.PROTOCOL)],
)
def test_an_answer_that_proves_nothing_is_refused(authority: Authority, mode: str, kind: Kind) -> None:
    tsa = Tsa(authority.url, authority.ca)
    tsa.stamp(b"signature")
    authority.mode = mode
    with pytest.raises(VmsError) as raised:
        tsa.stamp(b"signature")
    assert raised.value.kind is kind


def test_a_stamp_of_an_authority_that_nobody_trusts_is_refused(authority: Authority, tmp_path: Path) -> None:
    other = make_authority(tmp_path / "other")
    with pytest.raises(VmsError) as raised:
        Tsa(authority.url, other.ca).stamp(b"signature")
    assert raised.value.kind is Kind.PROTOCOL


@pytest.mark.parametrize("expired", ["tsa", "ca"])
def test_a_stamp_under_a_certificate_that_has_expired_is_refused(tmp_path: Path, expired: str) -> None:
    made = make_authority(tmp_path / "a")
    with serving(made) as authority:
        Tsa(authority.url, authority.ca).stamp(b"signature")
        expire(made, expired)
        with pytest.raises(VmsError) as raised:
            Tsa(authority.url, authority.ca).stamp(b"signature")
    assert raised.value.kind is Kind.PROTOCOL


@pytest.mark.parametrize(("mode", "kind"), [("cut", Kind.UNAVAILABLE), ("short", Kind.PROTOCOL)])
def test_half_an_answer_is_no_stamp(authority: Authority, mode: str, kind: Kind) -> None:
    authority.mode = mode
    with pytest.raises(VmsError) as raised:
        Tsa(authority.url, authority.ca).stamp(b"signature")
    assert raised.value.kind is kind


def test_a_flipped_bit_is_refused_or_openssl_takes_the_stamp_too(authority: Authority, tmp_path: Path) -> None:
    tsa = Tsa(authority.url, authority.ca)
    size = len(tsa.stamp(b"signature").response)
    authority.mode = "flip"
    (tmp_path / "data").write_bytes(b"signature")
    refused = 0
    for authority.at in range(0, size, size // 24):
        try:
            token = tsa.stamp(b"signature")
        except VmsError as error:
            assert error.kind is Kind.PROTOCOL, (authority.at, error)
            refused += 1
            continue
        (tmp_path / "token.tsr").write_bytes(token.response)  # what no signature covers may change and proves as much
        run("ts", "-verify", "-data", str(tmp_path / "data"), "-in", str(tmp_path / "token.tsr"), "-CAfile", str(authority.ca))
    assert refused >= 18


def test_an_authority_that_is_not_there_is_away(made: Authority) -> None:
    with pytest.raises(VmsError) as raised:
        Tsa("http://127.0.0.1:9/", made.ca).stamp(b"signature")
    assert raised.value.kind is Kind.UNAVAILABLE


def told(database: Database) -> list[tuple[str, int]]:
    with database.transaction() as session:
        rows = session.scalars(select(InboxRow).where(InboxRow.type == "stamping.state").order_by(InboxRow.id))
        return [(str(row.data["state"]), int(row.data["pending"])) for row in rows]


def test_roots_queue_while_the_authority_is_away_and_later_stamps_attach(database: Database, authority: Authority, tmp_path: Path) -> None:
    clock = ManualClock(SystemClock().wall_us() // MINUTE_US * MINUTE_US)
    signer = Signer(database, "node-1", tmp_path, clock)
    stamper = Stamper(database, "node-1", Tsa(authority.url, authority.ca), clock, 10)
    signer.step()
    assert stamper.step() == 1
    assert stamper.step() == 0
    authority.mode = "refuse"
    for _ in range(3):
        clock.step_mono(10 * MINUTE_US)
        signer.step()  # signing goes on
        assert stamper.step() == 0
    assert told(database) == [("away", 1)]
    authority.mode = "ok"
    assert stamper.step() == 3
    assert told(database) == [("away", 1), ("ok", 0)]
    with database.transaction() as session:
        rows = roots.roots_of(session, 0, 2**62, 100)
        kept = stamps.stamps_of(session, [row.minute for row in rows])
        assert [row.minute - rows[0].minute for row in rows if row.minute in kept] == [0, 10, 20, 30]
        assert all(stamp.token for stamp in kept.values())


def test_an_authority_that_dies_in_the_middle_of_a_round_loses_no_stamp_and_gives_none_twice(
    database: Database, authority: Authority, tmp_path: Path
) -> None:
    clock = ManualClock(SystemClock().wall_us() // MINUTE_US * MINUTE_US)
    signer = Signer(database, "node-1", tmp_path, clock)
    stamper = Stamper(database, "node-1", Tsa(authority.url, authority.ca), clock, 10)
    authority.mode = "refuse"
    for _ in range(3):
        signer.step()
        stamper.step()
        clock.step_mono(10 * MINUTE_US)
    authority.mode = "once"
    assert stamper.step() == 1, "the newest is stamped, then the authority dies"
    with database.transaction() as session:
        (before,) = [stamp for stamp in session.scalars(select(Stamp)) if stamp.token]
        assert (before.minute, stamps.count_pending(session)) == (session.scalar(select(func.max(Stamp.minute))), 2)
    authority.mode = "ok"
    assert stamper.step() == 2
    with database.transaction() as session:
        kept = list(session.scalars(select(Stamp)))
        assert len({stamp.serial for stamp in kept}) == len(kept) == 3
        assert next(stamp for stamp in kept if stamp.minute == before.minute).token == before.token
