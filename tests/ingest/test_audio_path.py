"""Where sound lies beside the picture, by each kind of evidence."""

from __future__ import annotations

import pytest

from tests.media.packetise import rtp
from vms.ingest.audio_path import BELIEVED_WITHIN_US, AudioPath, Instant
from vms.media.depacket import make_depacketiser
from vms.media.rtp import NTP_TO_UNIX_US, SenderReport
from vms.media.types import Chunk, Codec
from vms.media.wallmap import WallMap

ARRIVED_US = 1_700_000_000_000_000


def ntp(us: int) -> int:
    return ((us + NTP_TO_UNIX_US) << 32) // 1_000_000 + 1


def started(*, rtptime: int | None = None, report: SenderReport | None = None) -> tuple[AudioPath, WallMap]:
    """Video began at RTP time 90,000 and place 3,600 of its time line."""
    source = make_depacketiser(Codec.PCMA, clock_rate=8000, channels=1, fmtp={})
    path = AudioPath(source, 8000, ordered=True, rtptime=rtptime)
    path.report = report
    video_report = None if report is None else SenderReport(1, ntp(5_000_000), 90_000, 0, 0)
    video_rtptime = None if rtptime is None else 90_000
    assert path.open_run(Instant(90_000, 3600, ARRIVED_US, video_report, video_rtptime))
    wall = WallMap(90_000)
    wall.observe(ARRIVED_US, 3600)
    return path, wall


def push(path: AudioPath, wall: WallMap, *timestamps: int, after_us: int = 0, live: bool = False, seq: int = 0) -> list[Chunk]:
    packets = [rtp(bytes(160), seq + at, timestamp, pt=8) for at, timestamp in enumerate(timestamps)]
    return path.place(path.push(packets), ARRIVED_US + after_us, wall, live=live)


def test_sender_reports_of_both_tracks_tell_the_place() -> None:
    path, wall = started(report=SenderReport(2, ntp(5_000_000), 1_000, 0, 0))
    (chunk,) = push(path, wall, 1_800, 1_960, after_us=700_000)
    assert abs(chunk.media - (320 + 800)) <= 1  # 40 ms place of the video + 100 ms later
    assert chunk.frames == 2
    assert abs(chunk.wall_us - ARRIVED_US - 100_000) < 1_000


def test_rtp_info_tells_the_place_without_reports() -> None:
    path, wall = started(rtptime=1_000)
    (chunk,) = push(path, wall, 1_800, after_us=700_000)
    assert chunk.media == 320 + 800


def test_arrival_tells_the_place_without_either() -> None:
    path, wall = started()
    (chunk,) = push(path, wall, 77, after_us=700_000)
    assert chunk.media == 320 + 5_600


@pytest.mark.parametrize("evidence", ["report", "rtptime"])
def test_nonsense_is_not_believed(evidence: str) -> None:
    far = 1_000 + 8_000 * (BELIEVED_WITHIN_US // 1_000_000 + 1)
    path, wall = started(report=SenderReport(2, ntp(5_000_000), 1_000, 0, 0)) if evidence == "report" else started(rtptime=1_000)
    (chunk,) = push(path, wall, far, after_us=100_000)
    assert chunk.media == 320 + 800


def test_sound_older_than_the_run_is_left_out() -> None:
    path, wall = started(rtptime=8_000)
    (chunk,) = push(path, wall, 7_360, 7_520, 7_680, 7_840, after_us=0)
    assert (chunk.media, chunk.frames) == (0, 2)


def test_live_sound_is_one_chunk_per_frame() -> None:
    path, wall = started(rtptime=1_000)
    assert [c.frames for c in push(path, wall, 1_000, 1_160, 1_320, live=True)] == [1, 1, 1]


def test_jump_of_the_audio_clock_lays_the_rest_anew_and_never_back() -> None:
    path, wall = started()
    first = push(path, wall, 1_000, 1_160)
    second = push(path, wall, 1_320, 900_000_000, 900_000_160, after_us=60_000, seq=2)
    assert first[-1].media < second[0].media
    assert sum(c.frames for c in second) == 3


def test_sound_before_any_run_goes_nowhere() -> None:
    source = make_depacketiser(Codec.PCMA, clock_rate=8000, channels=1, fmtp={})
    assert push(AudioPath(source, 8000, ordered=True, rtptime=None), WallMap(90_000), 0, 160) == []
