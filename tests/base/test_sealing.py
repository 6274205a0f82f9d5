"""Sealed files: opened by the secret they were sealed with, by no other, and not after a byte was changed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vms.base import sealing
from vms.base.errors import Kind, VmsError
from vms.base.sealing import Passphrase, read_identity, read_passphrase, read_recipient, seal, unseal

PLAIN = b"the keys of a node" * 100
WORDS = Passphrase(b"correct horse battery")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "SCRYPT_N", 2**4)


def refused(sealed: bytes, secret: Passphrase | X25519PrivateKey) -> Kind:
    with pytest.raises(VmsError) as error:
        unseal(sealed, secret)
    return error.value.kind


def test_a_passphrase_opens_what_it_sealed_and_another_does_not() -> None:
    sealed = seal(PLAIN, WORDS)
    assert PLAIN[:18] not in sealed
    assert unseal(sealed, WORDS) == PLAIN
    assert refused(sealed, Passphrase(b"another long passphrase")) is Kind.DAMAGED
    assert seal(PLAIN, WORDS) != sealed


def test_keys_made_by_openssl_seal_and_open(tmp_path: Path) -> None:
    private, public = tmp_path / "backup.key", tmp_path / "backup.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", "X25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    sealed = seal(PLAIN, read_recipient(public))
    assert unseal(sealed, read_identity(private)) == PLAIN
    assert refused(sealed, X25519PrivateKey.generate()) is Kind.DAMAGED
    assert refused(sealed, WORDS) is Kind.DAMAGED
    with pytest.raises(VmsError, match="no public key"):
        read_recipient(private)
    with pytest.raises(VmsError, match="no private key"):
        read_identity(public)


@pytest.mark.parametrize("at", [0, 5, 40, -1])
def test_a_changed_byte_is_found_wherever_it_is(at: int) -> None:
    sealed = bytearray(seal(PLAIN, WORDS))
    sealed[at] ^= 1
    assert refused(bytes(sealed), WORDS) is Kind.DAMAGED


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b"x" * 2000, b'{"kdf":"scrypt","n":1073741824,"salt":"00"}', b'{"kdf":"scrypt","n":3,"salt":"00"}']
)
def test_a_foreign_head_is_refused_and_costs_no_memory(line: bytes) -> None:
    assert refused(line + b"\n" + bytes(64), WORDS) is Kind.DAMAGED


def test_the_head_names_no_secret() -> None:
    line = json.loads(seal(PLAIN, WORDS).partition(b"\n")[0])
    assert set(line) == {"v", "kdf", "n", "salt"}


def test_a_short_passphrase_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "words"
    path.write_text("short\nsecond line")
    with pytest.raises(VmsError, match="at least 12"):
        read_passphrase(path)
    path.write_text("correct horse battery\nsecond line")
    assert read_passphrase(path) == WORDS
