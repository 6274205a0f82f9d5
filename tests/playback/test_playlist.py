"""A playlist names every whole GOP once, in order, with a discontinuity at each hole."""

from __future__ import annotations

import re

from tests.playback.recorded import T0_US, opened
from vms.base.timespan import format_time
from vms.owner.requests import Extent
from vms.playback.playlist import playlist_text


def test_entries_follow_each_other_and_add_up_to_what_is_recorded(day: tuple[Extent, ...]) -> None:
    text = playlist_text(opened(day), "main")
    lengths_us = [round(float(value) * 1e6) for value in re.findall(r"#EXTINF:([\d.]+),", text)]
    spans = [(int(a), int(b)) for a, b in re.findall(r"media\.m4s\?profile=main&from=(\d+)&to=(\d+)", text)]
    assert lengths_us == [b - a for a, b in spans]
    assert sum(lengths_us) == sum(gop[3] for extent in day for gop in extent.gops)
    assert spans == sorted(spans)
    assert all(length <= int(re.findall(r"TARGETDURATION:(\d+)", text)[0]) * 1_000_000 for length in lengths_us)
    assert text.count("#EXT-X-DISCONTINUITY\n") == 1
    assert text.count("#EXT-X-MAP:") == 2
    times = re.findall(r"PROGRAM-DATE-TIME:(.*)", text)
    assert {format_time(day[0].start_us), format_time(T0_US + 3_600_000_000 + day[0].start_us - T0_US)} <= set(times)
    assert set(times) <= {format_time(start) for start, _ in spans}
    assert text.endswith("#EXT-X-ENDLIST\n")


def test_a_gop_that_grows_is_left_for_the_next_playlist(day: tuple[Extent, ...]) -> None:
    growing = day[0]._replace(growing=True)
    text = playlist_text(opened((growing,)), "sub")
    last = re.findall(r"to=(\d+)", text)[-1]
    assert int(last) == day[0].gops[-1][2]
