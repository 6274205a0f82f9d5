"""Playlist text of past spans."""

from __future__ import annotations

from dataclasses import replace

from vms.media.hls import MediaPart, live_playlist, vod_playlist

START_US = 1_700_000_000_000_000
PART = MediaPart("a.m4s", "a.mp4", START_US, 4_000_000, "r1")


def test_a_playlist_names_map_and_wall_times() -> None:
    later = replace(PART, uri="b.m4s", start_us=START_US + 4_000_000, duration_us=3_960_000)
    assert vod_playlist([PART, later]) == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MAP:URI="a.mp4"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000000Z\n#EXTINF:4.000000,\na.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:24.000000Z\n#EXTINF:3.960000,\nb.m4s\n"
        "#EXT-X-ENDLIST\n"
    )


def test_a_new_run_and_a_hole_are_discontinuities() -> None:
    run = replace(PART, run="r2", start_us=START_US + 4_000_000)
    hole = replace(PART, start_us=START_US + 9_000_000)
    for later in (run, hole):
        assert vod_playlist([PART, later]).count("#EXT-X-DISCONTINUITY\n#EXT-X-MAP") == 1


def test_an_empty_span_is_an_empty_playlist() -> None:
    assert vod_playlist([]).endswith("#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-ENDLIST\n")


def test_a_target_duration_is_rounded_up() -> None:
    assert "#EXT-X-TARGETDURATION:5\n" in vod_playlist([replace(PART, duration_us=4_000_001)])


def test_a_live_window_tells_its_place_and_has_no_end() -> None:
    later = replace(PART, uri="b.m4s", init_uri="b.mp4", run="r2", start_us=START_US + 9_000_000, duration_us=1_960_000)
    assert live_playlist([PART, later], 17, 3, 2, independent=True) == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:17\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MAP:URI="a.mp4"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000000Z\n#EXTINF:4.000000,\na.m4s\n"
        '#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="b.mp4"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:29.000000Z\n#EXTINF:1.960000,\nb.m4s\n"
    )
    assert "INDEPENDENT" not in live_playlist([PART], 0, 0, 2, independent=False)
