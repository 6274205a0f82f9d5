"""Playlist text of past spans."""

from __future__ import annotations

from dataclasses import replace

from vms.media.hls import MediaPart, vod_playlist

START_US = 1_700_000_000_000_000
PART = MediaPart("a.mp4", 900, 900, 50_000, START_US, 4_000_000, "r1")


def test_a_playlist_names_map_ranges_and_wall_times() -> None:
    later = replace(PART, offset=50_900, start_us=START_US + 4_000_000, duration_us=3_960_000)
    assert vod_playlist([PART, later]) == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MAP:URI="a.mp4",BYTERANGE="900@0"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000000Z\n#EXTINF:4.000000,\n#EXT-X-BYTERANGE:50000@900\na.mp4\n"
        "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:24.000000Z\n#EXTINF:3.960000,\n#EXT-X-BYTERANGE:50000@50900\na.mp4\n"
        "#EXT-X-ENDLIST\n"
    )


def test_the_next_file_of_a_run_brings_its_map_and_no_discontinuity() -> None:
    text = vod_playlist([PART, replace(PART, uri="b.mp4", start_us=START_US + 4_000_000)])
    assert text.count("#EXT-X-MAP") == 2
    assert "DISCONTINUITY" not in text


def test_a_new_run_and_a_hole_are_discontinuities() -> None:
    run = replace(PART, run="r2", start_us=START_US + 4_000_000)
    hole = replace(PART, start_us=START_US + 9_000_000)
    for later in (run, hole):
        assert vod_playlist([PART, later]).count("#EXT-X-DISCONTINUITY\n#EXT-X-MAP") == 1


def test_an_empty_span_is_an_empty_playlist() -> None:
    assert vod_playlist([]).endswith("#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-ENDLIST\n")


def test_a_target_duration_is_rounded_up() -> None:
    assert "#EXT-X-TARGETDURATION:5\n" in vod_playlist([replace(PART, duration_us=4_000_001)])
