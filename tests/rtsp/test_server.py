"""The server's end, spoken to in plain text."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vms.base.errors import Kind, VmsError
from vms.rtsp.auth import NONCE_LIFE_US, Credentials, Gate, answer, choose, proof_of, proves, secret_of
from vms.rtsp.server import (
    MAX_BAD_SIGN_INS,
    MAX_TRACKS,
    MAX_WAITING_REQUESTS,
    Described,
    Paused,
    Played,
    RtpInfo,
    ServerConfig,
    ServerConnection,
    SetupAsked,
    State,
    TornDown,
)
from vms.rtsp.wire import Packets, interleave

URL = "rtsp://192.0.2.1/cam/1/main"
TCP_OFFER = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
SDP = "v=0\r\ns=x\r\nm=video 0 RTP/AVP 96\r\na=control:trackID=1\r\n"


def server(gate: Gate | None = None, *, tcp: bool = True, udp: bool = True, timeout_s: int = 60) -> ServerConnection:
    return ServerConnection(ServerConfig(lambda: "1234abcd", gate, timeout_s, tcp, udp))


def ask(method: str, url: str = URL, *headers: str, cseq: int = 1) -> bytes:
    return "\r\n".join([f"{method} {url} RTSP/1.0", f"CSeq: {cseq}", *headers, "", ""]).encode()


def playing() -> ServerConnection:
    end = server()
    end.receive(ask("SETUP", URL + "/trackID=1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"), 0)
    end.accept_setup()
    end.receive(ask("PLAY", URL, "Session: 1234abcd"), 0)
    end.play([])
    end.take_output()
    return end


def test_options_is_answered_with_the_methods() -> None:
    end = server()
    assert end.receive(ask("OPTIONS", "*"), 0) == []
    assert end.take_output() == (
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: vms\r\n"
        b"Public: OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN\r\n\r\n"
    )


def test_describe_carries_the_sdp_and_its_base() -> None:
    end = server()
    assert end.receive(ask("DESCRIBE"), 0) == [Described("/cam/1/main", URL, "")]
    end.describe(SDP)
    answer = end.take_output().decode()
    assert f"Content-Base: {URL}/\r\n" in answer
    assert f"Content-Length: {len(SDP)}\r\n\r\n{SDP}" in answer


def test_setup_and_play_over_tcp_lead_to_playing_with_rtp_info() -> None:
    end = server()
    (asked,) = end.receive(ask("SETUP", URL + "/trackID=2", "Transport: RTP/AVP/TCP;unicast;interleaved=4-5"), 0)
    assert isinstance(asked, SetupAsked)
    assert (asked.path, asked.track, asked.transport.channels) == ("/cam/1/main", 2, (4, 5))
    end.accept_setup(ssrc=0xBEEF)
    assert b"Session: 1234abcd;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=4-5;ssrc=0000BEEF\r\n" in end.take_output()
    assert end.state is State.READY
    assert end.receive(ask("PLAY", URL, "Session: 1234abcd", "Range: npt=0-", cseq=2), 0) == [Played("/cam/1/main", "npt=0-", (2,), cseq=2)]
    end.play([RtpInfo(2, 65537, 7)])
    assert f"RTP-Info: url={URL}/trackID=2;seq=1;rtptime=7\r\n".encode() in end.take_output()
    assert end.state is State.PLAYING


def test_second_track_gets_free_channels_when_the_asked_ones_are_taken() -> None:
    end = server()
    for track in (1, 2):
        end.receive(ask("SETUP", f"{URL}/trackID={track}", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"), 0)
        end.accept_setup()
    assert {t: x.channels for t, x in end.transports.items()} == {1: (0, 1), 2: (2, 3)}


def test_setup_over_udp_names_both_port_pairs() -> None:
    end = server()
    end.receive(ask("SETUP", URL, "Transport: RTP/AVP;unicast;client_port=6000-6001"), 0)
    end.accept_setup(server_ports=(7000, 7001))
    assert b"Transport: RTP/AVP;unicast;client_port=6000-6001;server_port=7000-7001\r\n" in end.take_output()


@pytest.mark.parametrize(
    ("tcp", "udp", "transport"),
    [
        (False, True, "RTP/AVP/TCP;unicast;interleaved=0-1"),
        (True, False, "RTP/AVP;unicast;client_port=6000-6001"),
        (True, True, "RTP/AVP;multicast;client_port=6000-6001"),
        (True, True, "RAW/RAW/UDP"),
    ],
)
def test_transport_that_is_not_offered_is_461(tcp: bool, udp: bool, transport: str) -> None:
    end = server(tcp=tcp, udp=udp)
    assert end.receive(ask("SETUP", URL, f"Transport: {transport}"), 0) == []
    assert end.take_output().startswith(b"RTSP/1.0 461 ")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (ask("PLAY"), b"454"),
        (ask("FLY"), b"501"),
        (b"OPTIONS * RTSP/1.0\r\n\r\n", b"400"),
        (ask("TEARDOWN", URL, "Session: other"), b"454"),
    ],
)
def test_request_out_of_place_is_refused_by_status(request_bytes: bytes, status: bytes) -> None:
    end = server()
    assert end.receive(request_bytes, 0) == []
    assert end.take_output().split()[1] == status


def test_setup_while_playing_is_455() -> None:
    end = playing()
    end.receive(ask("SETUP", URL + "/trackID=2", "Transport: RTP/AVP/TCP"), 0)
    assert end.take_output().startswith(b"RTSP/1.0 455 ")


def test_more_tracks_than_the_bound_are_455() -> None:
    end = server()
    for track in range(MAX_TRACKS + 1):
        if end.receive(ask("SETUP", f"{URL}/trackID={track}", "Transport: RTP/AVP/TCP"), 0):
            end.accept_setup()
    assert end.take_output().count(b" 455 ") == 1
    assert len(end.transports) == MAX_TRACKS


def test_pause_and_teardown_are_answered_and_told() -> None:
    end = playing()
    assert end.receive(ask("PAUSE", URL, "Session: 1234abcd"), 0) == [Paused()]
    assert end.receive(ask("TEARDOWN", URL, "Session: 1234abcd"), 0) == [TornDown("teardown")]
    assert end.take_output().count(b" 200 OK") == 2
    assert end.next_timer_us() is None


def test_session_ends_when_nothing_is_heard_for_its_timeout() -> None:
    end = server(timeout_s=10)
    end.receive(ask("SETUP", URL, "Transport: RTP/AVP/TCP"), 0)
    end.accept_setup()
    assert end.next_timer_us() == 10_000_000
    end.receive(ask("GET_PARAMETER", URL, "Session: 1234abcd"), 4_000_000)
    assert end.handle_timer(10_000_000) == []
    end.receive(interleave(1, [b"rtcp"]), 6_000_000)
    assert end.handle_timer(16_000_000) == [TornDown("timeout")]
    assert end.state is State.CLOSED


def test_pipelined_requests_are_answered_in_order() -> None:
    end = server()
    events = end.receive(ask("DESCRIBE", cseq=1) + ask("OPTIONS", cseq=2) + ask("DESCRIBE", cseq=3), 0)
    assert len(events) == 1
    (second,) = end.describe(SDP)
    assert isinstance(second, Described)
    end.refuse(404)
    assert [line for line in end.take_output().split(b"\r\n") if line.startswith(b"CSeq")] == [b"CSeq: 1", b"CSeq: 2", b"CSeq: 3"]


def test_too_many_pipelined_requests_are_a_protocol_error() -> None:
    end = server()
    with pytest.raises(VmsError) as error:
        end.receive(ask("DESCRIBE") * (MAX_WAITING_REQUESTS + 1), 0)
    assert error.value.kind is Kind.PROTOCOL
    assert end.take_output().startswith(b"RTSP/1.0 400 ")


def test_packets_from_the_client_are_handed_on() -> None:
    assert playing().receive(interleave(1, [b"a", b"b"]), 0) == [Packets(1, [b"a", b"b"])]


# --- sign-in ---

SECRET = "s3cret"
GATE = Gate({"officer": SECRET}.get, new_nonce=lambda: "n0")


def digest(method: str, *, password: str = SECRET, nc: int = 1, algorithm: str = "md5", nonce: str = "n0") -> str:
    def h(text: str) -> str:
        return hashlib.new(algorithm, text.encode()).hexdigest()

    name = {"md5": "MD5", "sha256": "SHA-256"}[algorithm]
    response = h(f"{h(f'officer:vms:{password}')}:{nonce}:{nc:08x}:c:auth:{h(f'{method}:{URL}')}")
    return (
        f'Authorization: Digest username="officer", realm="vms", nonce="{nonce}", uri="{URL}", '
        f'response="{response}", algorithm={name}, qop=auth, nc={nc:08x}, cnonce="c"'
    )


def test_describe_without_credentials_is_challenged_strongest_first() -> None:
    end = server(GATE)
    assert end.receive(ask("DESCRIBE"), 0) == []
    lines = [line for line in end.take_output().decode().split("\r\n") if line.startswith("WWW-")]
    assert ["SHA-256" in line for line in lines] == [True, False]
    assert not any("Basic" in line for line in lines)


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_digest_signs_in(algorithm: str) -> None:
    end = server(GATE)
    end.receive(ask("DESCRIBE"), 0)
    assert end.receive(ask("DESCRIBE", URL, digest("DESCRIBE", algorithm=algorithm)), 0) == [Described("/cam/1/main", URL, "officer")]


def test_wrong_password_is_challenged_again_and_the_connection_ends_after_the_bound() -> None:
    end = server(GATE)
    end.receive(ask("DESCRIBE"), 0)
    events = []
    for nc in range(1, MAX_BAD_SIGN_INS):
        events = end.receive(ask("DESCRIBE", URL, digest("DESCRIBE", password="wrong", nc=nc)), 0)
    assert events == [TornDown("sign_in")]
    assert end.take_output().count(b" 401 ") == MAX_BAD_SIGN_INS


def test_replayed_nonce_count_is_stale() -> None:
    end = server(GATE)
    end.receive(ask("DESCRIBE"), 0)
    end.receive(ask("DESCRIBE", URL, digest("DESCRIBE")), 0)
    end.describe(SDP)
    end.take_output()
    assert end.receive(ask("DESCRIBE", URL, digest("DESCRIBE")), 0) == []
    assert b"stale=true" in end.take_output()


def test_old_nonce_is_stale() -> None:
    end = server(GATE)
    end.receive(ask("DESCRIBE"), 0)
    end.take_output()
    assert end.receive(ask("DESCRIBE", URL, digest("DESCRIBE")), NONCE_LIFE_US) == []
    assert b"stale=true" in end.take_output()


def test_basic_works_only_when_it_is_turned_on() -> None:
    header = "Authorization: Basic b2ZmaWNlcjpzM2NyZXQ="
    assert server(GATE).receive(ask("DESCRIBE", URL, header), 0) == []
    gate = Gate(lambda _user: None, check_basic=lambda user, password: (user, password) == ("officer", "s3cret"))
    assert server(gate).receive(ask("DESCRIBE", URL, header), 0) == [Described("/cam/1/main", URL, "officer")]


# --- hostile bytes ---

_PIECES = st.sampled_from(
    [
        ask("DESCRIBE"),
        ask("SETUP", URL + "/trackID=1", "Transport: RTP/AVP/TCP;interleaved=0-1"),
        ask("PLAY", URL, "Session: 1234abcd"),
        ask("TEARDOWN", URL, "Session: 1234abcd"),
        b"$\x00\x00\x04abcd",
        b"Content-Length: 9\r\n",
        b"\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_PIECES | st.binary(max_size=40), max_size=12), st.integers(1, 50))
def test_any_bytes_give_events_or_one_typed_error(pieces: list[bytes], step: int) -> None:
    end = server(GATE)
    data = b"".join(pieces)
    try:
        for at in range(0, len(data), step):
            for event in end.receive(data[at : at + step], at):
                if isinstance(event, Described):
                    end.describe(SDP)
                elif isinstance(event, SetupAsked):
                    end.accept_setup()
                elif isinstance(event, Played):
                    end.play([RtpInfo(1, 0, 0)])
    except VmsError as error:
        assert error.kind is Kind.PROTOCOL
        assert "offset" in error.facts


def signed(end: ServerConnection, method: str, url: str, password: str) -> str:
    """The Authorization header to the 401 that `end` gives."""
    end.receive(ask(method, url), 0)
    challenge = choose([line.partition(": ")[2] for line in end.take_output().decode().split("\r\n") if line.startswith("WWW-")])
    assert challenge is not None
    return "Authorization: " + answer(challenge, Credentials("token", password), method, url, count=1, client_nonce="c0ffee")


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_a_proof_is_handed_on_to_who_knows_the_secret(algorithm: str) -> None:
    end = server(Gate(None, algorithms=(algorithm,)))
    (event,) = end.receive(ask("DESCRIBE", URL, signed(end, "DESCRIBE", URL, "t_right")), 0)
    assert isinstance(event, Described)
    assert event.proof is not None and event.user == "token"
    assert proof_of(event.proof.to_text()) == event.proof
    assert proves(event.proof, secret_of(algorithm, "token", "vms", "t_right"))
    assert not proves(event.proof, secret_of(algorithm, "token", "vms", "t_wrong"))
    end.challenge()
    assert b"401 Unauthorized" in end.take_output()


def test_who_was_admitted_is_not_asked_again() -> None:
    end = server(Gate(None))
    (event,) = end.receive(ask("SETUP", URL + "/trackID=1", signed(end, "SETUP", URL + "/trackID=1", "t"), TCP_OFFER), 0)
    assert isinstance(event, SetupAsked) and event.proof is not None
    end.admit()
    end.accept_setup()
    assert [type(e) for e in end.receive(ask("PLAY", URL, "Session: 1234abcd"), 0)] == [Played]


def test_nothing_but_what_names_a_stream_can_be_signed_in_for() -> None:
    end = server(Gate(None))
    end.receive(ask("GET_PARAMETER", URL, signed(end, "GET_PARAMETER", URL, "t")), 0)
    assert b"455 " in end.take_output()


def test_who_proves_nothing_again_and_again_is_sent_away() -> None:
    end = server(Gate(None))
    header = signed(end, "DESCRIBE", URL, "t")
    for count in range(2, MAX_BAD_SIGN_INS + 1):
        assert [type(e) for e in end.receive(ask("DESCRIBE", URL, header.replace("nc=00000001", f"nc={count:08x}")), 0)] == [Described]
        said = [type(e) for e in end.challenge()]
        assert said == ([TornDown] if count == MAX_BAD_SIGN_INS else [])
    assert end.state is State.CLOSED


@given(st.text())
def test_what_is_no_proof_is_none(text: str) -> None:
    assert proof_of(text) is None
