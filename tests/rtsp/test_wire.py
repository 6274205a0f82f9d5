"""The byte stream of a connection, split anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vms.base.errors import Kind, VmsError
from vms.rtsp.messages import MAX_BODY_BYTES, MAX_HEAD_BYTES, MAX_HEADERS, MAX_LINE_BYTES, Headers, Request, Response
from vms.rtsp.wire import MAX_MESSAGES_PER_FEED, Packets, WireEvent, WireParser, interleave

OK = Response(200, "OK", Headers([("CSeq", "1")]))


def feed(data: bytes, step: int = 0) -> list[WireEvent]:
    parser = WireParser()
    if not step:
        return parser.feed(data)
    return [event for at in range(0, len(data), step) for event in parser.feed(data[at : at + step])]


def offset_of_error(data: bytes, step: int = 0) -> int | str | float | bool | None:
    with pytest.raises(VmsError) as error:
        feed(data, step)
    assert error.value.kind is Kind.PROTOCOL
    return error.value.facts["offset"]


def test_frames_of_one_feed_come_as_one_list_per_channel() -> None:
    data = interleave(0, [b"a", b"bb"]) + interleave(2, [b"x"]) + interleave(0, [b""])
    assert feed(data) == [Packets(0, [b"a", b"bb", b""]), Packets(2, [b"x"])]


def test_packets_behind_a_message_stay_behind_it() -> None:
    data = interleave(0, [b"a"]) + OK.to_bytes() + interleave(0, [b"b"])
    assert feed(data) == [Packets(0, [b"a"]), OK, Packets(0, [b"b"])]


def test_stream_split_at_every_byte_gives_the_same() -> None:
    request = Request("DESCRIBE", "rtsp://192.0.2.1/x", Headers([("CSeq", "2"), ("Content-Length", "4")]), b"body")
    data = (
        OK.to_bytes()
        + interleave(3, [b"pa\r\n\r\ncket"])
        + b"\r\n"
        + (b"DESCRIBE rtsp://192.0.2.1/x RTSP/1.0\r\nCSeq: 2\r\nContent-Length: 4\r\n\r\nbody")
    )
    whole = [OK, Packets(3, [b"pa\r\n\r\ncket"]), request]
    assert feed(data) == whole
    assert feed(data, 1) == whole
    for cut in range(len(data)):
        parser = WireParser()
        assert parser.feed(data[:cut]) + parser.feed(data[cut:]) == whole


def test_bare_line_feeds_and_space_before_the_colon_are_tolerated() -> None:
    assert feed(b"RTSP/1.0 200 OK\nCSeq : 1\n\n") == [OK]


def test_status_line_without_a_reason_is_tolerated() -> None:
    assert feed(b"RTSP/1.0 404\r\n\r\n") == [Response(404, "", Headers())]


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"\x00", 0),
        (b"\r\n\x80", 2),
        (b"RTSP/1.0 200 OK\r\nA: 1\r\n folded\r\n\r\n", 23),
        (b"RTSP/1.0 200 OK\r\nno colon\r\n\r\n", 17),
        (b"RTSP/1.0 200 OK\r\n: x\r\n\r\n", 17),
        (b"RTSP/1.0 200 OK\r\nA: \x00\r\n\r\n", 17),
        (b"RTSP/1.0 2000 OK\r\n\r\n", 0),
        (b"RTSP/2.0 200 OK\r\n\r\n", 0),
        (b"GET / HTTP/1.1\r\n\r\n", 0),
        (b"OPTIONS *\r\n\r\n", 0),
        (b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", 0),
        (b"RTSP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 0),
    ],
)
def test_malformed_input_is_a_protocol_error_with_its_offset(data: bytes, offset: int) -> None:
    assert offset_of_error(data) == offset


def test_offset_counts_from_the_start_of_the_connection() -> None:
    assert offset_of_error(OK.to_bytes() + interleave(0, [b"abc"]) + b"\xff", 5) == len(OK.to_bytes()) + 7


def test_headers_up_to_the_bound_pass_and_one_more_fails() -> None:
    lines = b"A: 1\r\n" * MAX_HEADERS
    assert len(feed(b"RTSP/1.0 200 OK\r\n" + lines + b"\r\n")) == 1
    assert offset_of_error(b"RTSP/1.0 200 OK\r\n" + lines + b"A: 1\r\n\r\n") == 0


def test_line_over_the_bound_fails_even_when_it_never_ends() -> None:
    start = b"RTSP/1.0 200 OK\r\nA: "
    assert len(feed(start + b"x" * (MAX_LINE_BYTES - 4) + b"\r\n\r\n")) == 1
    assert offset_of_error(start + b"x" * MAX_LINE_BYTES, 1000) == 17


def test_endless_head_fails_at_the_bound() -> None:
    assert offset_of_error(b"RTSP/1.0 200 OK\r\n" + b"A: 1\r\n" * MAX_HEAD_BYTES, 1000) == 0


def test_body_over_the_bound_fails_before_it_arrives() -> None:
    head = b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n"
    assert len(feed(head % MAX_BODY_BYTES + b"x" * MAX_BODY_BYTES)) == 1
    assert offset_of_error(head % (MAX_BODY_BYTES + 1)) == 0


def test_flood_of_messages_fails_at_the_bound() -> None:
    assert len(feed(OK.to_bytes() * MAX_MESSAGES_PER_FEED)) == MAX_MESSAGES_PER_FEED
    assert offset_of_error(OK.to_bytes() * (MAX_MESSAGES_PER_FEED + 1)) == MAX_MESSAGES_PER_FEED * len(OK.to_bytes())


def test_outgoing_line_cannot_be_split_by_its_values() -> None:
    with pytest.raises(ValueError, match="control character"):
        Request("PLAY", "rtsp://192.0.2.1/x\r\nA: b").to_bytes()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.binary(max_size=60) | st.sampled_from([OK.to_bytes(), b"$\x01\x00\x02ab", b"\r\n", b"A: b\r\n"]), max_size=12),
    st.integers(1, 64),
)
def test_any_bytes_in_any_pieces_give_events_or_a_typed_error(pieces: list[bytes], step: int) -> None:
    data = b"".join(pieces)
    outcomes: list[object] = []
    for size in (step, 10_000):
        try:
            events = feed(data, size)
            outcomes.append([p for e in events for p in (e.packets if isinstance(e, Packets) else [e])])
        except VmsError as error:
            assert error.kind is Kind.PROTOCOL
            outcomes.append(error.facts["offset"])
    assert outcomes[0] == outcomes[1] or not isinstance(outcomes[0], type(outcomes[1]))
