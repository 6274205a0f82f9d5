"""The client's end: joined to the server's end, then against cameras written down as text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rtsp.pair import SDP, URL, Pair
from vms.base.errors import Kind, VmsError
from vms.rtsp.auth import Credentials, Gate
from vms.rtsp.client import (
    MAX_SESSION_ID,
    RESPONSE_TIMEOUT_US,
    ClientConfig,
    ClientConnection,
    Ended,
    Paused,
    Playing,
    Redirected,
    SetUp,
    State,
)
from vms.rtsp.requests import MAX_SIGN_INS
from vms.rtsp.server import Paused as ServerPaused
from vms.rtsp.server import ServerConfig, TornDown
from vms.rtsp.wire import Packets, interleave

GATE = Gate({"admin": "密码"}.get)
SERVER = ServerConfig(lambda: "77")


# --- two ends joined ---


@pytest.mark.parametrize("step", [0, 1, 7])
def test_client_and_server_reach_playing(step: int) -> None:
    pair = Pair(ClientConfig(URL), SERVER, step=step)
    pair.start()
    set_up, playing = pair.client_events
    assert isinstance(set_up, SetUp)
    assert isinstance(playing, Playing)
    assert [(t.media.codec, t.transport.channels, t.seq, t.rtptime) for t in playing.tracks] == [
        ("h264", (0, 1), 100, 9000),
        ("pcma", (2, 3), 200, 18000),
    ]


@pytest.mark.parametrize("algorithms", [("MD5",), ("SHA-256",), ("SHA-256", "MD5")])
def test_digest_signs_in_with_a_password_that_is_not_ascii(algorithms: tuple[str, ...]) -> None:
    gate = Gate({"admin": "密码"}.get, algorithms=algorithms)
    pair = Pair(ClientConfig(URL, Credentials("admin", "密码")), ServerConfig(lambda: "77", gate), step=1)
    pair.start()
    assert pair.client.state is State.PLAYING


def test_basic_signs_in() -> None:
    gate = Gate(lambda _user: None, algorithms=(), check_basic=lambda user, password: (user, password) == ("admin", "密码"))
    pair = Pair(ClientConfig(URL, Credentials("admin", "密码")), ServerConfig(lambda: "77", gate))
    pair.start()
    assert pair.client.state is State.PLAYING


@pytest.mark.parametrize("credentials", [None, Credentials("admin", "wrong"), Credentials("nobody", "密码")])
def test_wrong_credentials_end_in_auth(credentials: Credentials | None) -> None:
    pair = Pair(ClientConfig(URL, credentials), ServerConfig(lambda: "77", GATE))
    with pytest.raises(VmsError) as error:
        pair.start()
    assert error.value.kind is Kind.AUTH


def test_wrong_password_is_tried_once_only() -> None:
    gate_asked: list[str] = []

    def password_of(user: str) -> str:
        gate_asked.append(user)
        return "right"

    pair = Pair(ClientConfig(URL, Credentials("admin", "wrong")), ServerConfig(lambda: "77", Gate(password_of)))
    with pytest.raises(VmsError):
        pair.start()
    assert gate_asked == ["admin"]


def test_a_password_that_was_changed_during_the_session_ends_it_as_auth() -> None:
    """C8: cameras that ask again with a keep-alive; the password is shown once to the new question."""
    passwords = {"admin": "old"}
    pair = Pair(ClientConfig(URL, Credentials("admin", "old")), ServerConfig(lambda: "77", Gate(passwords.get)))
    pair.start()
    passwords["admin"] = "new"
    with pytest.raises(VmsError) as error:
        for _ in range(10):
            pair.now_us += 30_000_000
            pair.client.handle_timer(pair.now_us)
            pair.run()
    assert error.value.kind is Kind.AUTH


def test_spent_nonce_is_replaced_without_a_fuss() -> None:
    pair = Pair(ClientConfig(URL, Credentials("admin", "密码")), ServerConfig(lambda: "77", GATE, session_timeout_s=1200))
    pair.start()
    pair.now_us = 600_000_000
    pair.client.handle_timer(pair.now_us)
    pair.run()
    assert pair.client.state is State.PLAYING
    assert pair.server.next_timer_us() == 1_800_000_000


def test_udp_ports_are_agreed() -> None:
    pair = Pair(ClientConfig(URL, protocol="udp", udp_ports=((5000, 5001), (5002, 5003))), SERVER)
    pair.start()
    assert [(t.transport.client_ports, t.transport.server_ports) for t in pair.client.tracks] == [
        ((5000, 5001), (7000, 7001)),
        ((5002, 5003), (7000, 7001)),
    ]


def test_transport_that_the_camera_lacks_is_refused_with_461() -> None:
    pair = Pair(ClientConfig(URL), ServerConfig(lambda: "77", tcp=False))
    with pytest.raises(VmsError) as error:
        pair.start()
    assert (error.value.kind, error.value.facts["status"]) == (Kind.REFUSED, 461)


def test_unknown_path_is_not_found() -> None:
    with pytest.raises(VmsError) as error:
        Pair(ClientConfig(URL + "x"), SERVER).start()
    assert error.value.kind is Kind.NOT_FOUND


def test_keep_alive_goes_out_at_half_the_timeout() -> None:
    pair = Pair(ClientConfig(URL), ServerConfig(lambda: "77", session_timeout_s=20))
    pair.start()
    for expected in (10_000_000, 20_000_000, 30_000_000):
        assert pair.client.next_timer_us() == expected
        pair.now_us = expected
        pair.client.handle_timer(expected)
        pair.run()
        assert pair.server.next_timer_us() == expected + 20_000_000


def test_media_flows_then_pauses_goes_on_and_is_torn_down() -> None:
    pair = Pair(ClientConfig(URL), SERVER)
    pair.start()
    assert pair.client.receive(interleave(0, [b"rtp"]), 0) == [Packets(0, [b"rtp"])]
    pair.client.pause(0)
    pair.run()
    pair.client.play(0)
    pair.run()
    pair.client.teardown(0)
    pair.run()
    assert [e for e in pair.client_events if isinstance(e, Paused | Ended)] == [Paused(), Ended()]
    assert [e for e in pair.server_events if isinstance(e, ServerPaused | TornDown)] == [ServerPaused(), TornDown("teardown")]


# --- cameras written down ---


class Camera:
    """A client that is answered line by line; each answer gets the CSeq of the last request."""

    def __init__(self, **config: object) -> None:
        self.client = ClientConnection(ClientConfig(URL, Credentials("admin", "x"), allow_redirects=bool(config.get("allow_redirects"))))
        self.client.start(0)

    def asked(self) -> list[str]:
        return self.client.take_output().decode().split("\r\n")

    def answers(self, status: str, *headers: str, body: str = ""):
        cseq = next(line for line in reversed(self.asked()) if line.startswith("CSeq"))
        lines = [f"RTSP/1.0 {status}", cseq, *headers, *([f"Content-Length: {len(body)}"] if body else []), "", body]
        return self.client.receive("\r\n".join(lines).encode(), 0)


VIDEO = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=1\r\n"


def test_camera_without_options_session_timeout_and_transport_answer_still_plays() -> None:
    camera = Camera()
    camera.answers("501 Not Implemented")
    camera.answers("200 OK", "Content-Base: 192.0.2.1/cam/1/main/;", body=VIDEO)
    assert camera.client.state is State.SETUP
    (set_up,) = camera.answers("200 OK", "Session: 5")
    (playing,) = camera.answers("200 OK")
    assert isinstance(set_up, SetUp)
    assert isinstance(playing, Playing)
    assert playing.tracks[0].url == URL + "/trackID=1"
    assert playing.tracks[0].transport.channels == (0, 1)
    assert camera.client.next_timer_us() == 30_000_000


def test_keep_alive_is_options_when_get_parameter_is_unknown_or_refused() -> None:
    camera = Camera()
    camera.answers("200 OK", "Public: OPTIONS, DESCRIBE, GET_PARAMETER")
    camera.answers("200 OK", body=VIDEO)
    camera.answers("200 OK", "Session: 5;timeout=10")
    camera.answers("200 OK")
    camera.client.handle_timer(5_000_000)
    camera.answers("405 Method Not Allowed")
    camera.client.handle_timer(10_000_000)
    assert camera.asked()[0].startswith("OPTIONS ")


def test_audio_that_cannot_be_set_up_is_left_out() -> None:
    camera = Camera()
    camera.answers("200 OK")
    camera.answers("200 OK", body=SDP)
    camera.answers("200 OK", "Session: 5", "Transport: RTP/AVP/TCP;interleaved=0-1")
    (set_up,) = camera.answers("500 Internal Server Error")
    assert isinstance(set_up, SetUp)
    assert [t.media.codec for t in set_up.tracks] == ["h264"]


def test_redirect_is_refused_unless_allowed() -> None:
    camera = Camera()
    camera.answers("200 OK")
    with pytest.raises(VmsError) as error:
        camera.answers("302 Found", "Location: rtsp://198.51.100.1/x")
    assert error.value.kind is Kind.NOT_ALLOWED
    camera = Camera(allow_redirects=True)
    camera.answers("200 OK")
    assert camera.answers("302 Found", "Location: rtsp://198.51.100.1/x") == [Redirected("rtsp://198.51.100.1/x")]


@pytest.mark.parametrize(
    ("status", "kind"),
    [("404 No", Kind.NOT_FOUND), ("403 No", Kind.AUTH), ("503 No", Kind.REFUSED), ("599 No", Kind.REFUSED)],
)
def test_status_of_describe_becomes_a_cause(status: str, kind: Kind) -> None:
    camera = Camera()
    camera.answers("200 OK")
    with pytest.raises(VmsError) as error:
        camera.answers(status)
    assert error.value.kind is kind


def test_camera_that_calls_every_nonce_stale_is_given_up() -> None:
    camera = Camera()
    for _ in range(MAX_SIGN_INS):
        camera.answers("401 No", 'WWW-Authenticate: Digest realm="r", nonce="n", stale=true')
    with pytest.raises(VmsError) as error:
        camera.answers("401 No", 'WWW-Authenticate: Digest realm="r", nonce="n", stale=true')
    assert error.value.kind is Kind.AUTH


def test_two_tracks_on_one_channel_are_a_protocol_error() -> None:
    camera = Camera()
    camera.answers("200 OK")
    camera.answers("200 OK", body=SDP)
    camera.answers("200 OK", "Session: 5", "Transport: RTP/AVP/TCP;interleaved=0-1")
    with pytest.raises(VmsError) as error:
        camera.answers("200 OK", "Session: 5", "Transport: RTP/AVP/TCP;interleaved=1-2")
    assert error.value.kind is Kind.PROTOCOL


def test_session_id_over_the_bound_is_a_protocol_error() -> None:
    camera = Camera()
    camera.answers("200 OK")
    camera.answers("200 OK", body=VIDEO)
    with pytest.raises(VmsError) as error:
        camera.answers("200 OK", "Session: " + "5" * (MAX_SESSION_ID + 1))
    assert error.value.kind is Kind.PROTOCOL


def test_silent_camera_is_a_timeout() -> None:
    camera = Camera()
    assert camera.client.next_timer_us() == RESPONSE_TIMEOUT_US
    with pytest.raises(VmsError) as error:
        camera.client.handle_timer(RESPONSE_TIMEOUT_US)
    assert error.value.kind is Kind.TIMEOUT


def test_forgotten_session_ends_the_attempt() -> None:
    camera = Camera()
    camera.answers("200 OK")
    camera.answers("200 OK", body=VIDEO)
    camera.answers("200 OK", "Session: 5")
    camera.answers("200 OK")
    camera.client.handle_timer(30_000_000)
    with pytest.raises(VmsError) as error:
        camera.answers("454 Session Not Found")
    assert error.value.kind is Kind.TIMEOUT


def test_request_from_the_camera_is_answered() -> None:
    camera = Camera()
    camera.asked()
    camera.client.receive(b"OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\nANNOUNCE * RTSP/1.0\r\nCSeq: 10\r\n\r\n", 0)
    assert [line for line in camera.asked() if line] == ["RTSP/1.0 200 OK", "CSeq: 9", "RTSP/1.0 501 Not Implemented", "CSeq: 10"]


def test_answer_nobody_asked_for_is_passed_over() -> None:
    camera = Camera()
    assert camera.client.receive(b"RTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\nRTSP/1.0 404 No\r\nCSeq: x\r\n\r\n", 0) == []
    assert camera.client.state is State.OPTIONS


def test_credentials_are_never_printed() -> None:
    assert "secret" not in repr(ClientConfig(URL, Credentials("admin", "secret")))


_HEADERS = st.sampled_from(
    [
        "Session: 5;timeout=x",
        "Transport: RTP/AVP/TCP;interleaved=4",
        "Transport: ;;;=",
        "Content-Base: rtsp://",
        'WWW-Authenticate: Digest realm="r", nonce="n',
        "WWW-Authenticate: Basic",
        "RTP-Info: url=;seq=99999999;rtptime=x,,=",
        "Public: ,",
        "Location: x",
    ]
)
_STATUS = st.sampled_from(["200 OK", "401 No", "302 X", "404 N", "100 C"])
_ANSWER = st.tuples(_STATUS, st.lists(_HEADERS, max_size=3), st.sampled_from(["", SDP, VIDEO, "v=0"]))


@settings(max_examples=200, deadline=None)
@given(st.lists(_ANSWER, max_size=8), st.binary(max_size=40))
def test_any_camera_leads_to_events_or_a_typed_error(answers: list[tuple[str, list[str], str]], tail: bytes) -> None:
    camera = Camera()
    try:
        for number, (status, headers, body) in enumerate(answers, 1):
            lines = [f"RTSP/1.0 {status}", f"CSeq: {number}", *headers, f"Content-Length: {len(body)}", "", body]
            camera.client.receive("\r\n".join(lines).encode(), number)
        camera.client.receive(tail, 100)
        timer = camera.client.next_timer_us()
        camera.client.handle_timer(timer or 0)
    except VmsError as error:
        assert error.kind in (Kind.PROTOCOL, Kind.AUTH, Kind.NOT_ALLOWED, Kind.NOT_FOUND, Kind.REFUSED, Kind.NO_VIDEO, Kind.TIMEOUT)
