"""Cameras that were not written here: GStreamer's RTSP server, over both transports, with each codec."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from tests.counterparts import gstreamer
from tests.ingest.listener import Listener
from vms.base.clock import SystemClock
from vms.ingest.orders import PullOrder
from vms.ingest.roster import Roster
from vms.media.types import Codec
from vms.stream.stream import Begin, Gap, Stream

pytestmark = pytest.mark.scenario


def pull(peer: gstreamer.Peer, frames: int, **fields: Any) -> Listener:
    """Everything up to so many pictures."""
    heard = Listener()

    async def body() -> None:
        def on_stream(_order: PullOrder, stream: Stream) -> None:
            stream.attach(heard, 1)

        roster = Roster(SystemClock(), heard.on_state, on_stream)
        roster.apply([PullOrder("c1", "main", peer.url, allow=("127.0.0.1/32",), **fields)])
        try:
            await heard.video_frames(frames)
        finally:
            await roster.close()

    asyncio.run(body())
    return heard


def assert_whole(heard: Listener, *codecs: Codec) -> None:
    """One run, no hole, one second of video is one second."""
    (begin,) = heard.of(Begin)
    assert [init.info.codec for init in begin.inits] == list(codecs)
    assert heard.of(Gap) == []
    chunks = heard.chunks(1)
    assert chunks[0].key
    assert all(0 <= b.media - a.media - a.duration <= 4500 for a, b in pairwise(chunks))
    assert 3300 <= (chunks[-1].media - chunks[0].media) / (heard.frames(1) - chunks[-1].frames) <= 3900


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_video_over_each_transport(codec: Any, transport: Any) -> None:
    with gstreamer.serve(codec=codec, transport=transport) as peer:
        heard = pull(peer, 60, transport=transport)
    assert_whole(heard, Codec(codec))


@pytest.mark.parametrize("audio", ["pcma", "pcmu", "aac"])
def test_audio_keeps_step_with_video(audio: Any) -> None:
    with gstreamer.serve(audio=audio) as peer:
        heard = pull(peer, 75)
    assert_whole(heard, Codec.H264, Codec(audio))
    sound = heard.chunks(2)
    rate = heard.of(Begin)[0].inits[1].info.timescale
    video_end = max(c.media + c.duration for c in heard.chunks(1)) / 90_000
    sound_end = max(c.media + c.duration for c in sound) / rate
    assert abs(video_end - sound_end) < 0.5
    assert abs(sum(c.duration for c in sound) / rate - (sound_end - sound[0].media / rate)) < 0.1


def test_digest_opens_and_a_wrong_password_does_not() -> None:
    with gstreamer.serve(user="viewer", password="right") as peer:
        assert_whole(pull(peer, 25, username="viewer", password="right"), Codec.H264)
        heard = Listener()

        async def wrong() -> None:
            roster = Roster(SystemClock(), heard.on_state, lambda _order, _stream: None)
            roster.put(PullOrder("c1", "main", peer.url, "viewer", "wrong", allow=("127.0.0.1/32",)))
            try:
                await heard.state("offline", "auth")
            finally:
                await roster.close()

        asyncio.run(wrong())


def test_basic_opens() -> None:
    with gstreamer.serve(user="viewer", password="right", basic=True) as peer:
        assert_whole(pull(peer, 25, username="viewer", password="right"), Codec.H264)


def test_transport_auto_finds_udp_where_tcp_is_not_served() -> None:
    with gstreamer.serve(transport="udp") as peer:
        assert_whole(pull(peer, 25), Codec.H264)
