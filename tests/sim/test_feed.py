"""Feeds: in step with the wall clock, without a seam at the loop's end, and readable by the platform's own depacketiser."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vms.media.depacket import make_depacketiser
from vms.media.rtp import parse_rtcp
from vms.media.types import AUDIO_TRACK, VIDEO_TRACK, AccessUnit
from vms.rtsp.sdp import parse_sdp
from vms.rtsp.wire import Packets, WireParser
from vms.sim.clips import load_clips
from vms.sim.description import describe
from vms.sim.feed import Feed, stagger_of
from vms.sim.marks import find_marks, tally
from vms.sim.past import ClipFrames

MINUTE_US = 60_000_000
NOW_US = 29_800_000 * MINUTE_US + 59_300_000  # 0.7 s before a whole minute
MAINS = ("crossing", "bframes", "longgop", "slices", "h265", "alaw", "aac")


@pytest.mark.parametrize("name", MAINS)
def test_packets_come_back_as_the_marked_access_units(name: str) -> None:
    clip = load_clips([name])[name]
    for loop, media in zip(clip.loops, parse_sdp(describe(clip.loops).encode()).media, strict=True):
        feed = Feed(loop, 7)
        source = make_depacketiser(loop.codec, clock_rate=media.clock_rate, channels=media.channels, fmtp=media.fmtp)
        start = feed.key_before(feed.latest(NOW_US))
        units: list[AccessUnit] = []
        for index in range(start, start + 60):
            units += source.push(feed.packets(index))
        sent = [feed.access_unit(start + i) for i in range(len(units))]
        assert len(units) >= 59
        assert source.lost_packets == source.bad_packets == source.dropped_units == 0
        assert [(unit.key, unit.data) for unit in units] == [(unit.key, unit.data) for unit in sent]
        assert {(unit.rtp_time - mine.rtp_time) & 0xFFFFFFFF for unit, mine in zip(units, sent, strict=True)} == {feed.base}


def test_interleaved_bytes_hold_the_same_packets() -> None:
    feed = Feed(load_clips(["slices"])["slices"].video, 3)
    start = feed.latest(NOW_US)
    for index in range(start, start + 120):
        (event,) = WireParser().feed(feed.framed(index, 4))
        assert isinstance(event, Packets)
        assert (event.channel, event.packets) == (4, feed.packets(index))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(MAINS), st.integers(0, 3 * MINUTE_US), st.integers(1, 500))
def test_the_latest_unit_is_due_and_the_next_is_not(name: str, after_us: int, camera: int) -> None:
    now = NOW_US + after_us
    for loop in load_clips([name])[name].loops:
        feed = Feed(loop, camera, stagger_us=stagger_of(camera))
        index = feed.latest(now)
        assert feed.due_us(index) <= now < feed.due_us(index + 1)
        assert feed.sequence(index + 1) == (feed.sequence(index) + len(feed.packets(index))) & 0xFFFF


@pytest.mark.parametrize("name", MAINS)
def test_counter_and_wall_time_follow_the_minute_over_its_end(name: str) -> None:
    clip = load_clips([name])[name]
    data = b"".join(
        unit.data for track, unit, _ in ClipFrames(clip, 5).units(NOW_US - 12_000_000, NOW_US + 22_000_000) if track == VIDEO_TRACK
    )
    marks = find_marks(data)
    assert tally(marks)[1:] == (0, 0)
    for mark in marks:
        assert (mark.wall_us - stagger_of(5)) * 25 == mark.counter * 1_000_000


def test_seeded_units_stay_in_their_time_and_begin_with_a_key_frame() -> None:
    units = list(ClipFrames(load_clips(["aac"])["aac"], 1).units(NOW_US, NOW_US + 10_000_000))
    assert units[0][1].key or units[0][0] == AUDIO_TRACK
    videos = [unit for unit in units if unit[0] == VIDEO_TRACK]
    assert videos[0][1].key
    assert all(NOW_US <= wall < NOW_US + 10_000_000 for _, _, wall in units)
    assert len(videos) > 7.9 * 25
    assert sum(track == AUDIO_TRACK for track, _, _ in units) in (156, 157)


def test_a_seeder_knows_the_tracks_without_a_camera() -> None:
    infos = {name: ClipFrames(clip, 1).infos() for name, clip in load_clips(["h265", "aac", "alaw"]).items()}
    assert [info.codec for info in infos["aac"]] == ["h264", "aac"]
    assert [info.codec for info in infos["alaw"]] == ["h264", "pcma"]
    assert (infos["h265"][0].codec, infos["h265"][0].width) == ("h265", 1280)


def test_sender_reports_tell_the_wall_time_of_each_picture() -> None:
    feed = Feed(load_clips(["alley"])["alley"].video, 9, stagger_us=stagger_of(9))
    index = feed.latest(NOW_US)
    (report,), _ = parse_rtcp(feed.sender_report(NOW_US, 10, 1000))
    behind_us = ((report.rtp - feed.rtp_time(index)) & 0xFFFFFFFF) * 1_000_000 // 90_000
    assert abs(report.wall_us - behind_us - feed.wall_us(index)) <= 20
