"""RTP of a live stream: what a receiver puts together again is what was published, numbered and timed without a break."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tests.media.streams import aac_track_frames, h264_slices_track_frames, h264_track_frames, h265_track_frames
from vms.live.description import describe
from vms.live.rtp import KEPT_CHUNKS, KEPT_GOPS, PAYLOAD_TYPES, Packets, RtpStream, RtpTrack
from vms.media.cmaf import Chunker, make_init, split_gops
from vms.media.depacket import make_depacketiser
from vms.media.rtp import parse_rtcp, parse_rtp
from vms.media.types import AUDIO_TRACK, VIDEO_TRACK, Chunk, Codec, Frame, TrackInfo
from vms.rtsp.sdp import parse_sdp
from vms.stream.stream import Begin, Stream

Track = Callable[[], tuple[TrackInfo, list[Frame]]]
START_US = 1_700_000_000_000_000


def chunks(info: TrackInfo, frames: Sequence[Frame], start_us: int = START_US, at_once: int = 3) -> list[Chunk]:
    """As a worker cuts them: a few frames each, never across a GOP."""
    chunker, cut = Chunker(info), list[Chunk]()
    for gop in split_gops(frames) if info.is_video else [frames]:
        for first in range(0, len(gop), at_once):
            part = gop[first : first + at_once]
            cut.append(chunker.chunk(part, start_us + part[0].pts * 1_000_000 // info.timescale))
    return cut


def begin(*infos: TrackInfo, run: str = "run-1") -> Begin:
    return Begin(run, tuple(make_init(info) for info in infos), START_US)


class Pulled:
    """A stream with somebody who pulls it, and what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.stream = Stream()
        self.rtp = RtpStream(lambda: self.told.append("begun"), lambda: self.told.append("changed"))
        self.stream.attach(self.rtp, 0)

    def publish(self, published: Sequence[Chunk]) -> list[Packets]:
        found: list[Packets] = []
        for chunk in published:
            self.stream.publish(chunk, 0)
            packets = self.rtp.packets(chunk)
            assert packets is not None
            found.append(packets)
        return found


@pytest.mark.parametrize("track", [h264_track_frames, h264_slices_track_frames, h265_track_frames])
def test_a_receiver_gets_every_picture_with_its_time(track: Track) -> None:
    info, frames = track()
    pulled = Pulled()
    pulled.stream.start(begin(info), 0)
    packets = [packet for sent in pulled.publish(chunks(info, frames)) for packet in sent.packets]
    assert max(map(len, packets)) <= 1400
    numbers = [header.seq for packet in packets if (header := parse_rtp(packet))]
    assert [(number - numbers[0]) & 0xFFFF for number in numbers] == list(range(len(packets)))
    receiver = make_depacketiser(info.codec, clock_rate=90_000, fmtp={})
    units = receiver.push(packets) + receiver.flush()
    assert [unit.data for unit in units] == [frame.data for frame in frames]
    assert [unit.rtp_time - units[0].rtp_time for unit in units] == [frame.pts - frames[0].pts for frame in frames]
    assert receiver.info is not None
    assert receiver.info.sample_entry == info.sample_entry


def test_a_receiver_gets_every_sound_with_its_time() -> None:
    info, frames = aac_track_frames()
    track = RtpTrack(info)
    packets = [packet for chunk in chunks(info, frames) for packet in track.packetise(chunk).packets]
    receiver = make_depacketiser(Codec.AAC, clock_rate=info.timescale, fmtp=parse_sdp(describe([info]).encode()).media[0].fmtp)
    units = receiver.push(packets) + receiver.flush()
    assert [unit.data for unit in units] == [frame.data for frame in frames]
    assert [unit.rtp_time - units[0].rtp_time for unit in units] == [frame.pts - frames[0].pts for frame in frames]


def test_all_who_pull_are_given_the_same_bytes() -> None:
    info, frames = h264_track_frames()
    pulled = Pulled()
    pulled.stream.start(begin(info), 0)
    sent = pulled.publish(chunks(info, frames))[0]
    assert sent.framed(0) is sent.framed(0)
    assert sent.framed(2) == b"".join(b"$\2" + len(packet).to_bytes(2, "big") + packet for packet in sent.packets)


def test_a_newcomer_is_told_what_comes_first() -> None:
    info, frames = h264_track_frames()
    pulled = Pulled()
    assert pulled.rtp.first(pulled.stream) == {}
    pulled.stream.start(begin(info), 0)
    pulled.publish(chunks(info, frames))
    assert pulled.rtp.first(pulled.stream) == {VIDEO_TRACK: pulled.rtp.packets(pulled.stream.gop[0])}


def test_a_new_run_goes_on_in_number_and_wall_time() -> None:
    info, frames = h264_track_frames()
    pulled = Pulled()
    pulled.stream.start(begin(info), 0)
    before = pulled.publish(chunks(info, frames))
    pulled.stream.end("camera_offline", 0)
    pulled.stream.start(begin(info, run="run-2"), 0)
    after = pulled.publish(chunks(info, frames, START_US + 60_000_000))
    assert after[0].first_seq == (before[-1].first_seq + len(before[-1].packets)) & 0xFFFF
    assert (after[0].rtp_time - before[0].rtp_time) & 0xFFFFFFFF == 60 * 90_000
    assert pulled.told == ["begun"]


def test_who_pulls_must_describe_again_when_the_tracks_change() -> None:
    info, frames = h264_track_frames()
    pulled = Pulled()
    pulled.stream.start(begin(info), 0)
    pulled.publish(chunks(info, frames))
    pulled.stream.start(begin(h265_track_frames()[0], run="run-2"), 0)
    assert pulled.told == ["begun", "begun", "changed"]
    assert pulled.rtp.packets(chunks(info, frames)[0]) is None


def test_packets_of_gops_long_over_are_forgotten() -> None:
    info, frames = h264_track_frames()
    pulled, every = Pulled(), list[list[Chunk]]()
    pulled.stream.start(begin(info), 0)
    for turn in range(KEPT_GOPS * 4):
        every.append(chunks(info, frames, START_US + turn * 10_000_000))
        pulled.publish(every[-1])
    assert pulled.rtp.packets(every[0][0]) is None
    assert pulled.rtp.packets(every[-1][0]) is not None


def test_a_sound_without_pictures_does_not_grow_for_ever() -> None:
    info, frames = aac_track_frames()
    pulled = Pulled()
    pulled.stream.start(begin(info), 0)
    for turn in range(1 + KEPT_CHUNKS // len(frames)):
        pulled.publish(chunks(info, frames, START_US + turn * 10_000_000, at_once=1))
    assert sum(pulled.rtp.packets(c) is not None for c in chunks(info, frames, START_US, at_once=1)) == 0


def test_a_report_says_where_the_clock_stands_in_rtp_time() -> None:
    info, frames = h264_track_frames()
    track = RtpTrack(info)
    sent = [track.packetise(chunk) for chunk in chunks(info, frames)]
    (report,), gone = parse_rtcp(track.report(START_US + 5_000_000))
    assert gone == []
    assert abs(report.wall_us - START_US - 5_000_000) <= 1
    first_us = chunks(info, frames)[0].wall_us
    assert (report.rtp - sent[0].rtp_time) & 0xFFFFFFFF == (START_US + 5_000_000 - first_us) * 9 // 100
    assert report.packets == sum(len(packets.packets) for packets in sent)
    assert report.ssrc == track.ssrc


@pytest.mark.parametrize("track", [h264_track_frames, h265_track_frames, aac_track_frames])
def test_the_description_says_what_a_decoder_needs(track: Track) -> None:
    info, _ = track()
    (media,) = parse_sdp(describe([info]).encode()).media
    told = make_depacketiser(info.codec, clock_rate=media.clock_rate, channels=media.channels, fmtp=media.fmtp).info
    assert media.payload_type == PAYLOAD_TYPES[info.codec]
    assert info.track in (VIDEO_TRACK, AUDIO_TRACK)
    assert told is None or told.sample_entry == info.sample_entry
    assert info.codec is not Codec.AAC or told is not None
