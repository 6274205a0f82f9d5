"""Offers: what browsers write is understood, everything else is one clear problem."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webrtc.offers import CANDIDATE, CHROMIUM, FINGERPRINT, SESSION, VIDEO
from vms.base.errors import Kind, VmsError
from vms.webrtc.offer import MAX_CANDIDATES, MAX_MEDIA, MAX_OFFER_BYTES, parse_offer


def refused(text: str | bytes) -> VmsError:
    with pytest.raises(VmsError) as refusal:
        parse_offer(text if isinstance(text, bytes) else text.encode())
    return refusal.value


def test_a_browsers_offer_is_understood() -> None:
    offer = parse_offer(CHROMIUM.encode())
    assert [(media.kind, media.mid, media.direction, media.rtcp_mux) for media in offer.media] == [
        ("video", "0", "recvonly", True),
        ("audio", "1", "recvonly", True),
    ]
    assert (offer.username, offer.password) == ("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1")
    assert (offer.fingerprint, offer.setup, offer.bundle) == (("sha-256", FINGERPRINT), "actpass", ("0", "1"))
    names = {one.payload_type: (one.name, one.clock_rate, one.channels) for media in offer.media for one in media.formats}
    assert names[102] == ("h264", 90_000, 1)
    assert names[111] == ("opus", 48_000, 2)
    assert names[8] == ("pcma", 8000, 1)
    assert offer.media[0].formats[1].parameters["profile-level-id"] == "42001f"


def test_transport_attributes_may_stand_above_the_media() -> None:
    lines = [line for line in VIDEO.split("\r\n") if not line.startswith(("a=ice", "a=fingerprint", "a=setup"))]
    above = f"a=ice-ufrag:abcd\r\na=ice-pwd:{'p' * 22}\r\na=fingerprint:SHA-256 {FINGERPRINT.lower()}\r\na=setup:active\r\n"
    offer = parse_offer((SESSION + above + "\r\n".join(lines)).encode())
    assert (offer.username, offer.fingerprint[0], offer.setup) == ("abcd", "sha-256", "active")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "v=0"),
        ("{}", "v=0"),
        ("GET / HTTP/1.1\r\n\r\n", "v=0"),
        (b"v=0\r\n\xff\xfe", "UTF-8"),
        (SESSION, "no media"),
        (SESSION + "m=video 9\r\n", "four words"),
        (SESSION + VIDEO.replace("a=mid:0\r\n", ""), "mid"),
        (SESSION + VIDEO + VIDEO, "one mid"),
        (SESSION + VIDEO.replace("a=ice-pwd:", "a=ice-pwd:\t"[:-1] + "!"), "ice-pwd"),
        (SESSION + VIDEO.replace("a=fingerprint:sha-256", "a=fingerprint:md5"), "fingerprint"),
        (SESSION + VIDEO.replace("a=setup:actpass", "a=setup:holdconn"), "setup"),
        (SESSION + "nonsense\r\n" + VIDEO, "no SDP line"),
        (SESSION + VIDEO + CANDIDATE * MAX_CANDIDATES, "candidates"),
        (SESSION + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" * (MAX_MEDIA + 1), "media sections"),
        (SESSION + "m=video 9 UDP/TLS/RTP/SAVPF" + " 96" * 200 + "\r\n", "formats"),
        (SESSION + "a=x\r\n" * 3000 + VIDEO, "lines"),
    ],
)
def test_each_fault_is_one_clear_problem(text: str | bytes, says: str) -> None:
    refusal = refused(text)
    assert refusal.kind is Kind.BAD_REQUEST
    assert says in refusal.message


def test_an_offer_of_200_kb_is_too_large() -> None:
    assert refused(CHROMIUM + "a=x\r\n" * 40_000).kind is Kind.TOO_LARGE
    assert parse_offer((CHROMIUM + "a=x:" + "y" * (MAX_OFFER_BYTES - len(CHROMIUM) - 6) + "\r\n").encode()).media


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(tail: bytes) -> None:
    for body in (tail, b"v=0\r\n" + tail, (SESSION + VIDEO).encode() + tail):
        try:
            parse_offer(body)
        except VmsError as error:
            assert error.kind in (Kind.BAD_REQUEST, Kind.TOO_LARGE)


@given(st.data())
def test_an_offer_with_any_line_changed_is_read_or_refused(data: st.DataObject) -> None:
    lines = CHROMIUM.split("\r\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    lines[at] = data.draw(st.text(max_size=60))
    try:
        parse_offer("\r\n".join(lines).encode("utf-8", "replace"))
    except VmsError as error:
        assert error.kind is Kind.BAD_REQUEST
