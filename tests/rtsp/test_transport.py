from __future__ import annotations

import pytest

from vms.rtsp.transport import DEFAULT_SESSION_S, MAX_SESSION_S, MIN_SESSION_S, Transport, parse_session, parse_transports


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=0-1", [Transport("tcp", channels=(0, 1))]),
        ("RTP/AVP;unicast;client_port=5000", [Transport("udp", client_ports=(5000, 5001))]),
        ("RTP/AVP/UDP;unicast;client_port=5000-5001,RTP/AVP/TCP", [Transport("udp", client_ports=(5000, 5001)), Transport("tcp")]),
        ("RTP/AVP/TCP;interleaved=2-3;ssrc=  4d2", [Transport("tcp", channels=(2, 3), ssrc=0x4D2)]),
        ("RTP/AVP/TCP;interleaved=300-301;ssrc=zz", [Transport("tcp")]),
        ("RTP/AVP;multicast;port=1-2", []),
        ("", []),
    ],
)
def test_transport_header_is_read(header: str, expected: list[Transport]) -> None:
    assert parse_transports(header) == expected


def test_transport_writes_what_it_reads() -> None:
    for transport in (Transport("tcp", (0, 1), ssrc=7), Transport("udp", None, (5000, 5001), (6000, 6001))):
        assert parse_transports(transport.to_header()) == [transport]


@pytest.mark.parametrize(
    ("header", "session"),
    [
        ("abc", ("abc", DEFAULT_SESSION_S)),
        ("abc;timeout=30", ("abc", 30)),
        ("abc ; timeout = 30 ", ("abc", 30)),
        ("abc;timeout=", ("abc", DEFAULT_SESSION_S)),
        ("abc;timeout=0", ("abc", MIN_SESSION_S)),
        ("abc;timeout=99999", ("abc", MAX_SESSION_S)),
    ],
)
def test_session_header_is_read(header: str, session: tuple[str, int]) -> None:
    assert parse_session(header) == session
