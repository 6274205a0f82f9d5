"""Clips and playlists over HTTP: ranges, tags, headers; nothing without asking for exactly that span."""

from __future__ import annotations

import re

import pytest

from tests.api.front.front import API, Edge
from vms.base.errors import Kind, VmsError
from vms.base.timespan import format_time
from vms.owner.requests import Clip, Extent


def span(*extents: Extent) -> dict[str, str]:
    return {"from": str(extents[0].start_us), "to": str(extents[-1].end_us)}


def test_any_range_is_a_piece_of_the_whole(day: tuple[Extent, ...]) -> None:
    edge = Edge(day[:2])
    client = edge.client()
    whole = client.get(API + "/clip.mp4", params=span(*day[:2]))
    assert whole.status_code == 200
    assert (whole.headers["clip-from"], whole.headers["clip-to"]) == (format_time(day[0].start_us), format_time(day[1].end_us))
    assert whole.headers["clip-gaps"] == "none"
    part = client.get(API + "/clip.mp4", params=span(*day[:2]), headers={"Range": "bytes=1000-50000"})
    assert (part.status_code, part.headers["content-range"]) == (206, f"bytes 1000-50000/{len(whole.content)}")
    assert part.content == whole.content[1000:50001]
    assert all(isinstance(asked, Clip) for asked in edge.asking.asked)


def test_an_unchanged_clip_is_not_sent_again_and_a_changed_one_whole(day: tuple[Extent, ...]) -> None:
    client = Edge(day).client()
    tag = client.head(API + "/clip.mp4", params=span(day[0])).headers["etag"]
    assert client.get(API + "/clip.mp4", params=span(day[0]), headers={"If-None-Match": tag}).status_code == 304
    changed = {"Range": "bytes=999999999-", "If-Range": '"other"'}
    assert client.get(API + "/clip.mp4", params=span(day[0]), headers=changed).status_code == 200
    assert client.get(API + "/clip.mp4", params=span(day[0]), headers=changed | {"If-Range": tag}).status_code == 416


def test_a_span_longer_than_a_page_is_put_together(day: tuple[Extent, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Edge(day).client().get(API + "/clip.mp4", params=span(*day))
    monkeypatch.setattr("vms.api.front.downloads.PAGE_EXTENTS", 1)
    edge = Edge(day)
    paged = edge.client().get(API + "/clip.mp4", params=span(*day))
    assert paged.content == whole.content
    assert len(edge.asking.asked) == len(day)


def test_every_entry_of_the_playlist_can_be_fetched(day: tuple[Extent, ...]) -> None:
    client = Edge(day).client()
    text = client.get(API + "/playback.m3u8", params=span(*day)).text
    inits = re.findall(r'URI="([^"]+)"', text)
    media = [line for line in text.splitlines() if line.startswith("playback/media")]
    assert all(client.get(f"{API}/{uri}").content[4:8] == b"ftyp" for uri in inits)
    sizes = [len(client.get(f"{API}/{uri}").content) for uri in media]
    assert sum(sizes) == sum(gop[1] for extent in day for gop in extent.gops)


@pytest.mark.parametrize("path", ["/clip.mp4", "/clip.mov", "/playback.m3u8", "/playback/init.mp4", "/playback/media.m4s"])
def test_nothing_leaves_without_a_yes(day: tuple[Extent, ...], path: str) -> None:
    edge = Edge(day)
    refused = edge.client(signed_in=False).get(API + path, params=span(day[0]))
    assert (refused.status_code, edge.asking.asked) == (401, [])
    edge.asking.refusal = VmsError(Kind.NOT_FOUND, "no such camera")
    refused = edge.client().get(API + path, params=span(day[0]))
    assert (refused.status_code, refused.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"from": "1"},
        {"from": "9", "to": "9"},
        {"from": "x", "to": "y"},
        {"from": "0", "to": str(25 * 3_600_000_000)},
        {"from": "1", "to": "2", "profile": "x"},
    ],
)
@pytest.mark.parametrize("path", ["/clip.mp4", "/playback.m3u8"])
def test_a_span_that_is_none_or_too_long_is_refused_before_anybody_is_asked(query: dict[str, str], path: str) -> None:
    edge = Edge()
    assert edge.client().get(API + path, params=query).status_code == 400
    assert edge.asking.asked == []


def test_nothing_recorded_is_a_problem_of_its_own(day: tuple[Extent, ...]) -> None:
    answer = Edge(day).client().get(API + "/clip.mp4", params={"from": "1", "to": "2"})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_recording")
