"""Examples of the standards and both ends against each other."""

from __future__ import annotations

from vms.rtsp.auth import MAX_PARAMETERS, Challenge, Credentials, Doorkeeper, Gate, answer, choose, parse_parameters

RFC7616_MUFASA = Credentials("Mufasa", "Circle of Life")
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def rfc7616(algorithm: str) -> str:
    challenge = Challenge("Digest", algorithm, algorithm, "http-auth@example.org", NONCE, qop=True)
    header = answer(challenge, RFC7616_MUFASA, "GET", "/dir/index.html", count=1, client_nonce=CNONCE)
    return parse_parameters(header.removeprefix("Digest "))["response"]


def test_examples_of_rfc_7616_section_3_9_1() -> None:
    assert rfc7616("MD5") == "8ca523f5e9506fed4657c9700eebdbec"
    assert rfc7616("SHA-256") == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"


def test_basic_is_the_example_of_rfc_7617() -> None:
    header = answer(Challenge("Basic"), Credentials("Aladdin", "open sesame"), "GET", "/", count=1, client_nonce="")
    assert header == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


def test_strongest_known_challenge_is_chosen() -> None:
    offers = [
        'Basic realm="r"',
        'Digest realm="r", nonce="n"',
        'Digest realm="r", nonce="n", algorithm=SHA-256',
        'Digest nonce="n", algorithm=X',
    ]
    chosen = choose(offers)
    assert chosen is not None
    assert chosen.algorithm == "SHA-256"
    assert choose(offers[3:]) is None
    assert choose(['Digest realm="r", nonce="n", qop="auth-int"']) is None
    assert choose([]) is None


def test_challenge_without_algorithm_or_qop_is_answered_the_old_way() -> None:
    challenge = choose(['Digest realm="r", nonce="n", opaque="o"'])
    assert challenge is not None
    given = parse_parameters(
        answer(challenge, Credentials("u", "p"), "PLAY", "rtsp://192.0.2.1/", count=1, client_nonce="c").removeprefix("Digest ")
    )
    assert set(given) == {"username", "realm", "nonce", "uri", "response", "opaque"}


def test_parameters_survive_quotes_commas_and_nonsense() -> None:
    assert parse_parameters('a="x, \\"y\\"", B = z ,c=,d="open') == {"a": 'x, "y"', "b": "z", "c": "", "d": "open"}
    assert parse_parameters(",,,") == {}
    assert len(parse_parameters(",".join(f"k{i}=1" for i in range(MAX_PARAMETERS + 5)))) == MAX_PARAMETERS


def test_answer_for_another_resource_or_method_proves_nothing() -> None:
    door = Doorkeeper(Gate({"u": "p"}.get))
    challenge = choose(door.challenges(0))
    assert challenge is not None
    header = answer(challenge, Credentials("u", "p"), "PLAY", "rtsp://192.0.2.1/a", count=1, client_nonce="c")
    assert door.judge(header, "TEARDOWN", "rtsp://192.0.2.1/a", 0).user is None
    assert door.judge(header, "PLAY", "rtsp://192.0.2.1/b", 0).user is None
    assert door.judge(header, "PLAY", "rtsp://192.0.2.1/a/trackID=1", 0).user == "u"


def test_header_of_another_kind_proves_nothing() -> None:
    door = Doorkeeper(Gate({"u": "p"}.get, check_basic=lambda _u, _p: True))
    for header in (None, "", "Bearer x", "Basic ###", "Basic /w==", "Digest", 'Digest username="\xff", uri="/", nc=zz, qop=auth'):
        assert door.judge(header, "PLAY", "rtsp://192.0.2.1/", 0).user is None
