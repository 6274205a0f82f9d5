"""Recorded extents as an HLS playlist (RFC 8216): each entry is a whole-GOP stretch of one segment file.

URLs are relative to the playlist and carry the exact span, so that each request is judged for what it serves. Pure.
Not here: the playlist's text (media.hls).
"""

from __future__ import annotations

from vms.base.timespan import SECOND_US
from vms.media.hls import MediaPart, vod_playlist
from vms.owner.requests import Extent, SpanOpened
from vms.playback.player import whole_gops

TARGET_US = 6 * SECOND_US
Gop = tuple[int, int, int, int]


def playlist_text(opened: SpanOpened, profile: str) -> str:
    """VOD playlist of `opened`; a growing GOP at the end is left for the next playlist."""
    return vod_playlist([_part(extent, span, profile) for extent in opened.extents for span in _stretches(whole_gops(extent))])


def _part(extent: Extent, span: tuple[int, int], profile: str) -> MediaPart:
    start_us, end_us = span
    query = f"profile={profile}&from={start_us}&to={end_us}"
    return MediaPart(f"playback/media.m4s?{query}", f"playback/init.mp4?{query}", start_us, end_us - start_us, extent.run)


def _stretches(gops: tuple[Gop, ...]) -> list[tuple[int, int]]:
    """Neighbouring GOPs joined up to about six seconds."""
    stretches: list[tuple[int, int]] = []
    for _, _, start_us, duration_us in gops:
        end_us = start_us + duration_us
        if stretches and end_us - stretches[-1][0] <= TARGET_US:
            stretches[-1] = (stretches[-1][0], end_us)
        else:
            stretches.append((start_us, end_us))
    return stretches
