"""Tokens: unguessable, told apart by prefix, compared in constant time."""

from vms.base.tokens import hash_token, new_token, same_secret


def test_tokens_differ_and_carry_their_prefix() -> None:
    tokens = {new_token("t_") for _ in range(100)}
    assert len(tokens) == 100
    assert all(t.startswith("t_") and len(t) >= 45 for t in tokens)


def test_a_hash_is_sha256_in_hex_even_of_broken_text() -> None:
    assert hash_token("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert len(hash_token("\udcff")) == 64


def test_equal_secrets_are_the_same_and_others_are_not() -> None:
    assert same_secret("a" * 10, "a" * 10)
    assert not same_secret("a" * 10, "a" * 9 + "b")
    assert not same_secret("中", "文")
