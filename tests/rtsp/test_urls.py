from __future__ import annotations

import pytest

from vms.rtsp.urls import base_url, control_url, split_track, url_path


@pytest.mark.parametrize(
    ("url", "path", "track"),
    [
        ("rtsp://192.0.2.1:554/cam/1/main/trackID=2", "/cam/1/main", 2),
        ("rtsp://192.0.2.1/cam/1/main/", "/cam/1/main", 1),
        ("rtsp://192.0.2.1/a?x=y/streamid=0", "/a", 0),
        ("rtsp://192.0.2.1", "/", 1),
        ("*", "/", 1),
    ],
)
def test_setup_url_splits_into_path_and_track(url: str, path: str, track: int) -> None:
    assert split_track(url) == (path, track)
    assert url_path(url.replace("/trackID=2", "").replace("/streamid=0", "")) == path


@pytest.mark.parametrize(
    ("given", "base"),
    [
        (None, "rtsp://192.0.2.1/main"),
        ("rtsp://192.0.2.1/main/", "rtsp://192.0.2.1/main/"),
        ("rtsp://192.0.2.1/main/;", "rtsp://192.0.2.1/main/"),
        ("192.0.2.1/main/", "rtsp://192.0.2.1/main"),
        ("rtsp://192.0.2.1/ma in/", "rtsp://192.0.2.1/main"),
    ],
)
def test_base_is_the_content_base_when_it_makes_sense(given: str | None, base: str) -> None:
    assert base_url("rtsp://192.0.2.1/main", given) == base


@pytest.mark.parametrize(
    ("control", "url"),
    [
        ("", "rtsp://192.0.2.1/main"),
        ("*", "rtsp://192.0.2.1/main"),
        ("trackID=1", "rtsp://192.0.2.1/main/trackID=1"),
        ("?ctype=video", "rtsp://192.0.2.1/main/?ctype=video"),
        ("/other/1", "rtsp://192.0.2.1/other/1"),
        ("RTSP://192.0.2.1/x/trackID=1", "RTSP://192.0.2.1/x/trackID=1"),
    ],
)
def test_control_leads_to_a_url(control: str, url: str) -> None:
    assert control_url("rtsp://192.0.2.1/main", control) == url
