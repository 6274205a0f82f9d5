"""A stream as RTP: payloads are made once, and come back as the frames that went in."""

from __future__ import annotations

from collections.abc import Sequence

from tests.media.streams import g711_track_frames, h264_slices_track_frames, h264_track_frames, h265_track_frames
from vms.base.errors import Kind, VmsError
from vms.live.rtpstream import PAYLOAD_BYTES, RtpFrame, RtpStream
from vms.media.audio import opus_track
from vms.media.cmaf import Chunker, make_init, split_gops
from vms.media.depacket import make_depacketiser
from vms.media.types import Chunk, Codec, Frame, TrackInfo
from vms.stream.stream import Begin, End, Gap

WALL_US = 1_700_000_000_000_000


class Viewer:
    def __init__(self) -> None:
        self.frames: list[RtpFrame] = []
        self.lost_count = 0
        self.ended: list[VmsError] = []

    def take(self, frame: RtpFrame, now_us: int) -> None:
        self.frames.append(frame)

    def lost(self) -> None:
        self.lost_count += 1

    def over(self, error: VmsError) -> None:
        self.ended.append(error)


def chunks(info: TrackInfo, frames: Sequence[Frame]) -> list[Chunk]:
    chunker = Chunker(info)
    return [chunker.chunk(gop[at : at + 3], WALL_US) for gop in split_gops(frames) for at in range(0, len(gop), 3)]


def begun(*infos: TrackInfo) -> tuple[RtpStream, Viewer]:
    stream, viewer = RtpStream(), Viewer()
    stream.readers.add(viewer)
    stream.put(Begin("run-1", tuple(make_init(info) for info in infos), WALL_US), 0)
    return stream, viewer


def test_frames_come_back_bit_for_bit_with_their_wall_time_and_sets_in_band() -> None:
    info, frames = h264_slices_track_frames()
    stream, viewer = begun(info)
    for chunk in chunks(info, frames):
        stream.put(chunk, 0)
    assert [frame.key for frame in viewer.frames] == [frame.key for frame in frames]
    assert [frame.time for frame in viewer.frames] == [WALL_US * 9 // 100 + frame.pts for frame in frames]
    assert max(len(payload) for frame in viewer.frames for payload in frame.payloads) <= PAYLOAD_BYTES
    source = make_depacketiser(Codec.H264, clock_rate=90_000, fmtp={})
    packets, seq = list[bytes](), 0
    for frame in viewer.frames:
        for payload in frame.payloads:
            last = payload is frame.payloads[-1]
            packets.append(
                bytes((0x80, 96 | last << 7)) + seq.to_bytes(2, "big") + (frame.time & 0xFFFFFFFF).to_bytes(4, "big") + b"ssrc" + payload
            )
            seq += 1
    units = source.push(packets) + source.flush()
    assert [unit.data for unit in units] == [frame.data for frame in frames]
    assert source.info is not None
    assert source.info.sample_entry == info.sample_entry


def test_each_key_frame_begins_with_its_parameter_sets_once_whatever_its_slices() -> None:
    info, frames = h264_slices_track_frames()
    stream, viewer = begun(info)
    for chunk in chunks(info, frames):
        stream.put(chunk, 0)
    keys = [frame for frame in viewer.frames if frame.key]
    assert keys
    assert all([payload[0] & 0x1F for payload in frame.payloads].count(24) == 1 for frame in keys)
    assert all(frame.payloads[0][0] & 0x1F == 24 for frame in keys)


def test_payloads_are_made_once_for_all_viewers_and_kept_for_newcomers() -> None:
    info, frames = h264_slices_track_frames()
    stream, first = begun(info)
    second = Viewer()
    stream.readers.add(second)
    for chunk in chunks(info, frames):
        stream.put(chunk, 0)
    assert all(one is other for one, other in zip(first.frames, second.frames, strict=True))
    assert stream.gop[0].key
    assert stream.gop == first.frames[-len(stream.gop) :]


def test_a_hole_or_an_end_forgets_the_gop_and_only_a_hole_makes_viewers_wait() -> None:
    info, frames = h264_slices_track_frames()
    stream, viewer = begun(info)
    first = chunks(info, frames)[0]
    for item in (first, Gap("loss"), first, End("offline")):
        stream.put(item, 0)
        assert bool(stream.gop) is isinstance(item, Chunk)
    assert (viewer.lost_count, viewer.ended) == (1, [])


def test_g711_goes_as_it_came_and_opus_too() -> None:
    video, _ = h264_slices_track_frames()
    info, frames = g711_track_frames()
    stream, viewer = begun(video, info)
    stream.put(Chunker(info).chunk(frames[:5], WALL_US), 0)
    assert [frame.payloads[0] for frame in viewer.frames] == [frame.data for frame in frames[:5]]
    assert [frame.time for frame in viewer.frames] == [WALL_US * 8 // 1000 + 160 * n for n in range(5)]
    assert {frame.codec for frame in viewer.frames} == {Codec.PCMA}
    opus = opus_track(2)
    stream, viewer = begun(video, opus)
    stream.put(Chunker(opus).chunk([Frame(960, 960, 960, True, [b"\xfcopus"], 5)], WALL_US), 0)
    assert viewer.frames == [RtpFrame(Codec.OPUS, False, WALL_US * 48 // 1000 + 960, (b"\xfcopus",))]


def test_a_stream_that_turns_out_to_have_b_frames_ends_its_viewers() -> None:
    """A camera whose parameter sets do not tell: the frames do."""
    info, frames = h264_track_frames()
    stream, viewer = begun(h264_slices_track_frames()[0])
    for chunk in chunks(info, frames):
        stream.put(chunk, 0)
    assert [(error.kind, error.facts["reason"]) for error in viewer.ended] == [(Kind.NOT_ACCEPTABLE, "b_frames")]
    assert stream.gop == []


def test_a_new_run_in_another_codec_ends_them_and_a_good_one_clears_the_refusal() -> None:
    info, _ = h264_slices_track_frames()
    stream, viewer = begun(info)
    stream.put(Begin("run-2", (make_init(h265_track_frames()[0]),), WALL_US), 0)
    assert [error.facts["reason"] for error in viewer.ended] == ["codec"]
    assert stream.refusal is viewer.ended[0]
    stream.put(Begin("run-3", (make_init(info),), WALL_US), 0)
    assert stream.refusal is None


def test_a_chunk_that_is_none_ends_the_viewers_with_a_problem() -> None:
    info, frames = h264_slices_track_frames()
    stream, viewer = begun(info)
    stream.put(chunks(info, frames)[0]._replace(data=b"\0\0\0\x10moofnonsense"), 0)
    assert [error.kind for error in viewer.ended] == [Kind.PROTOCOL]
