"""An HLS playlist (RFC 8216) over recorded GOPs: each entry is a whole-GOP stretch of one segment file.

URLs are relative to the playlist and carry the exact span, so that each request is judged for what it serves.
Gaps and runs are discontinuities with their own PROGRAM-DATE-TIME. Pure.
"""

from __future__ import annotations

from vms.base.timespan import SECOND_US, format_time
from vms.owner.requests import Extent, SpanOpened

TARGET_US = 6 * SECOND_US
Gop = tuple[int, int, int, int]


def playlist_text(opened: SpanOpened, profile: str) -> str:
    """VOD playlist of `opened`; a growing GOP at the end is left for the next playlist."""
    entries: list[str] = []
    longest_us = 1
    previous: Extent | None = None
    for extent in opened.extents:
        stretches = _stretches(extent.gops[:-1] if extent.growing else extent.gops)
        if not stretches:
            continue
        if previous is None or previous.run != extent.run or previous.end_us != extent.start_us:
            if previous is not None:
                entries.append("#EXT-X-DISCONTINUITY")
            entries.append(f'#EXT-X-MAP:URI="playback/init.mp4?{_query(stretches[0], profile)}"')
            entries.append(f"#EXT-X-PROGRAM-DATE-TIME:{format_time(stretches[0][0])}")
        for start_us, end_us in stretches:
            longest_us = max(longest_us, end_us - start_us)
            entries.append(f"#EXTINF:{(end_us - start_us) / SECOND_US:.6f},")
            entries.append(f"playback/media.m4s?{_query((start_us, end_us), profile)}")
        previous = extent
    seconds = -(-longest_us // SECOND_US)
    head = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{seconds}", "#EXT-X-PLAYLIST-TYPE:VOD"]
    return "\n".join([*head, "#EXT-X-INDEPENDENT-SEGMENTS", *entries, "#EXT-X-ENDLIST", ""])


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


def _query(span: tuple[int, int], profile: str) -> str:
    return f"profile={profile}&from={span[0]}&to={span[1]}"
