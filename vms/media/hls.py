"""HLS playlists of recorded spans and of a live stream's window (RFC 8216).

In: the text. Not here: which spans (record), what the window holds (live), URLs with rights (api).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from vms.base.timespan import SECOND_US, format_time

HOLE_US: Final = SECOND_US // 2  # less is the trembling of clocks, not a hole


@dataclass(frozen=True, slots=True)
class MediaPart:
    """One playlist segment: whole GOPs of one run, served at `uri`; `init_uri` serves their Init."""

    uri: str
    init_uri: str
    start_us: int
    duration_us: int
    run: str


def vod_playlist(parts: Sequence[MediaPart]) -> str:
    """A playlist of a past span; a change of run or a hole is a discontinuity, each with its wall time."""
    longest_us = max((part.duration_us for part in parts), default=0)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(-(-longest_us // SECOND_US), 1)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    for before, part in pairwise([None, *parts]):
        if part is not None:
            lines += _part(before, part)
    lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def live_playlist(parts: Sequence[MediaPart], number: int, breaks_before: int, target_s: int, *, independent: bool) -> str:
    """The window of a stream that goes on: `number` of its first part, and how many discontinuities lie before that.

    `target_s` never changes while a player stays (RFC 8216 §6.2.1); `independent` says that every part opens with a key frame.
    """
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{target_s}",
        f"#EXT-X-MEDIA-SEQUENCE:{number}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{breaks_before}",
        *(["#EXT-X-INDEPENDENT-SEGMENTS"] if independent else []),
    ]
    for before, part in pairwise([None, *parts]):
        if part is not None:
            lines += _part(before, part)
    return "\n".join(lines) + "\n"


def breaks(before: MediaPart | None, part: MediaPart) -> bool:
    """Whether a player must start anew at `part`: another run, or a hole."""
    return before is not None and (before.run != part.run or part.start_us - before.start_us - before.duration_us > HOLE_US)


def _part(before: MediaPart | None, part: MediaPart) -> list[str]:
    broken = breaks(before, part)
    lines = ["#EXT-X-DISCONTINUITY"] if broken else []
    if before is None or broken:
        lines.append(f'#EXT-X-MAP:URI="{_quoted(part.init_uri)}"')
    lines += [
        f"#EXT-X-PROGRAM-DATE-TIME:{format_time(part.start_us)}",
        f"#EXTINF:{part.duration_us / SECOND_US:.6f},",
        part.uri,
    ]
    return lines


def _quoted(uri: str) -> str:
    """A quoted-string holds no quote and no line break (RFC 8216 clause 4.2)."""
    return uri.replace('"', "%22").replace("\r", "").replace("\n", "")
