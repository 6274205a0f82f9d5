"""One stream as HLS segments: the chunks themselves, cut at key frames or two seconds, numbers that never go back."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media.streams import aac_track_frames, h264_track_frames, h265_track_frames
from vms.base.clock import ManualClock
from vms.base.timespan import SECOND_US
from vms.live.segmenter import KEPT, LISTED, MAX_90K, Segmenter
from vms.media.audio import g711_track
from vms.media.boxes import split_init
from vms.media.cmaf import make_init
from vms.media.types import AUDIO_TRACK, VIDEO_TRACK, Chunk, Codec
from vms.stream.stream import Begin, End, Gap, Stream

T0_US = 1_700_000_000_000_000
FRAME_90K = 3600
VIDEO = make_init(h264_track_frames()[0])
AAC = make_init(replace(aac_track_frames()[0], track=AUDIO_TRACK))


def picture(number: int, *, key: bool = False, late_us: int = 0) -> Chunk:
    wall_us = T0_US + number * 40_000 + late_us
    return Chunk(VIDEO_TRACK, number, key, wall_us, number * FRAME_90K, FRAME_90K, 1, b"v%d." % number)


def sound(number: int) -> Chunk:
    return Chunk(AUDIO_TRACK, number, False, T0_US, number * 1024, 1024, 1, b"a%d." % number)


def begun(*inits: object, run: str = "r1") -> tuple[Stream, Segmenter]:
    stream, segmenter = Stream(), Segmenter("main", ManualClock(T0_US))
    stream.attach(segmenter, 0)
    stream.start(Begin(run, (VIDEO, *inits), T0_US), 0)  # pyright: ignore[reportArgumentType]
    return stream, segmenter


def send(stream: Stream, frames: range, gop: int) -> None:
    for number in frames:
        stream.publish(picture(number, key=number % gop == 0), 0)


def listed(segmenter: Segmenter) -> list[tuple[int, float]]:
    """Number and seconds of each entry."""
    text = segmenter.playlist.decode()
    return [(int(number), float(seconds)) for seconds, number in re.findall(r"#EXTINF:([\d.]+),\n\S+segment=(\d+)", text)]


@pytest.mark.parametrize(("gop", "seconds"), [(50, 2.0), (25, 1.0), (12, 0.96), (52, 2.08)])
def test_segments_are_whole_gops_where_these_are_short(gop: int, seconds: float) -> None:
    stream, segmenter = begun()
    send(stream, range(401), gop)
    assert {length for _, length in listed(segmenter)} == {seconds}
    assert b"#EXT-X-INDEPENDENT-SEGMENTS\n" in segmenter.playlist
    assert b"#EXT-X-TARGETDURATION:2\n" in segmenter.playlist


def test_a_long_gop_is_cut_inside_and_nothing_claims_to_be_independent() -> None:
    stream, segmenter = begun()
    send(stream, range(501), 250)
    assert max(length for _, length in listed(segmenter)) <= 2.1
    assert b"INDEPENDENT" not in segmenter.playlist


def test_bytes_are_the_streams_own_with_aac_and_without_g711() -> None:
    stream, segmenter = begun(AAC)
    for number in range(51):
        stream.publish(picture(number, key=number % 50 == 0), 0)
        stream.publish(sound(number), 0)
    first = T0_US // SECOND_US
    assert segmenter.segment(first) == b"".join(b"v%d.a%d." % (number, number) for number in range(50))
    assert [init.info.codec for init in split_init(segmenter.init(first) or b"")] == [Codec.H264, Codec.AAC]

    stream, segmenter = begun(make_init(g711_track(Codec.PCMA, 8000, 1)))
    for number in range(51):
        stream.publish(picture(number, key=number % 50 == 0), 0)
        stream.publish(sound(number), 0)
    assert b"a0." not in (segmenter.segment(first) or b"a0.")
    assert [init.info.codec for init in split_init(segmenter.init(first) or b"")] == [Codec.H264]


def test_h265_is_named_hvc1_as_players_ask_for_it() -> None:
    stream, segmenter = Stream(), Segmenter("main", ManualClock(T0_US))
    stream.attach(segmenter, 0)
    stream.start(Begin("r", (make_init(h265_track_frames()[0]),), T0_US), 0)
    send(stream, range(51), 50)
    assert b"hvc1" in (segmenter.init(T0_US // SECOND_US) or b"")


def test_a_newcomer_gets_what_the_stream_has_cached() -> None:
    stream, segmenter = Stream(), Segmenter("main", ManualClock(T0_US))
    stream.start(Begin("r1", (VIDEO,), T0_US), 0)
    send(stream, range(40), 50)
    stream.attach(segmenter, 0)
    send(stream, range(40, 51), 50)
    assert [length for _, length in listed(segmenter)] == [2.0]


def test_a_new_run_and_a_loss_are_discontinuities_with_their_own_wall_time() -> None:
    stream, segmenter = begun()
    send(stream, range(60), 50)
    stream.lose("network", 0)
    stream.publish(picture(100), 0)  # not a key frame: nothing can begin here
    send(stream, range(150, 160), 50)
    stream.end("camera_offline", 0)
    stream.start(Begin("r2", (VIDEO,), T0_US), 0)
    for number in range(51):
        stream.publish(picture(number, key=number % 50 == 0, late_us=20 * SECOND_US), 0)
    text = segmenter.playlist.decode()
    assert [length for _, length in listed(segmenter)] == [2.0, 0.4, 0.4, 2.0]
    assert re.findall(r"MAP|DISCONTINUITY$|segment=", text, re.M) == ["MAP", *["segment="] * 2, *["DISCONTINUITY", "MAP", "segment="] * 2]
    assert len(set(re.findall(r"map=(\d+)", text))) == 2
    assert re.findall(r"DATE-TIME:(\S+)", text)[-2:] == ["2023-11-14T22:13:26.000000Z", "2023-11-14T22:13:40.000000Z"]


def test_what_left_the_window_stays_a_while_and_then_goes() -> None:
    stream, segmenter = begun()
    send(stream, range(50 * 30 + 1), 50)
    first, last = listed(segmenter)[0][0], listed(segmenter)[-1][0]
    assert last - first == LISTED - 1
    assert [segmenter.segment(last - back) is not None for back in (KEPT - 1, KEPT)] == [True, False]
    assert segmenter.segment(last + 1) is None
    assert segmenter.init(0) is None


def test_a_segmenter_that_begins_later_begins_with_higher_numbers() -> None:
    stream, before = begun()
    send(stream, range(50 * 10 + 1), 50)
    after = Segmenter("main", ManualClock(T0_US + 20 * SECOND_US))
    stream.attach(after, 0)
    send(stream, range(501, 602), 50)
    assert listed(after)[0][0] > listed(before)[-1][0]


def test_memory_is_bounded_whatever_a_camera_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vms.live.segmenter.MAX_KEPT_BYTES", 400)
    stream, segmenter = begun()
    send(stream, range(301), 50)
    shown = [number for number, _ in listed(segmenter)]
    assert 1 <= len(shown) < LISTED
    assert all(segmenter.segment(number) is not None for number in shown)


EVENTS = st.lists(
    st.one_of(st.integers(1, 120).map(lambda gop: ("gop", gop)), st.just(("gap", 0)), st.just(("end", 0)), st.just(("run", 0))), max_size=40
)


@given(EVENTS)
def test_whatever_happens_players_can_follow(events: list[tuple[str, int]]) -> None:
    """Numbers rise by one, no entry is over 2.1 s, discontinuities are counted once, all listed can be fetched."""
    stream, segmenter = begun()
    at, seen_breaks, seen = 0, dict[int, int](), 0
    for word, gop in events:
        if word == "gop":
            for number in range(at, at + gop):
                stream.publish(picture(number, key=number == at), 0)
            at += gop
        elif word == "run":
            stream.start(Begin("r", (VIDEO,), T0_US), 0)
        else:
            stream._hand_out(Gap("network") if word == "gap" else End("offline"), 0)  # pyright: ignore[reportPrivateUsage]
            at += 50
        if not segmenter.playlist:
            continue
        entries = listed(segmenter)
        assert entries
        assert all(late[0] - early[0] == 1 for early, late in pairwise(entries))
        assert all(0 < length <= MAX_90K / 90_000 for _, length in entries)
        assert all(segmenter.segment(number) for number, _ in entries)
        assert all(segmenter.init(int(number)) for number in re.findall(rb"map=(\d+)", segmenter.playlist))
        lines = segmenter.playlist.decode().splitlines()
        counted = int(next(line for line in lines if line.startswith("#EXT-X-DISCONTINUITY-SEQUENCE:")).split(":")[1])
        number = int(next(line for line in lines if line.startswith("#EXT-X-MEDIA-SEQUENCE:")).split(":")[1])
        assert number == entries[0][0] >= seen
        seen = number
        for line in lines:
            counted += line == "#EXT-X-DISCONTINUITY"
            if "media.m4s" in line:
                assert seen_breaks.setdefault(number, counted) == counted
                number += 1
