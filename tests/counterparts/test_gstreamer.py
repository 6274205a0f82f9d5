"""The peers themselves: what GStreamer serves, ffprobe reads, so a failing scenario is never the peer's."""

from __future__ import annotations

import subprocess

import pytest

from tests.counterparts import ff, gstreamer

pytestmark = pytest.mark.scenario


def codecs(url: str, transport: str) -> list[str]:
    return [stream["codec_name"] for stream in ff.probe(url, "-rtsp_transport", transport)["streams"]]


def test_h264_with_a_law_over_tcp() -> None:
    with gstreamer.serve(codec="h264", audio="pcma") as peer:
        assert codecs(peer.url, "tcp") == ["h264", "pcm_alaw"]


def test_h265_over_udp_with_digest() -> None:
    with gstreamer.serve(codec="h265", transport="udp", user="viewer", password="secret") as peer:
        assert codecs(peer.url.replace("//", "//viewer:secret@"), "udp") == ["hevc"]


def test_a_wrong_password_is_refused() -> None:
    with gstreamer.serve(user="viewer", password="secret") as peer:
        command = ["ffprobe", "-v", "error", "-rtsp_transport", "tcp", peer.url.replace("//", "//viewer:wrong@")]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert "401" in answer.stderr
