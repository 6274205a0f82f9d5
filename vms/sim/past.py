"""A camera without network: the access units it would have sent, for writing a past through the recorder's own writer."""

from __future__ import annotations

from collections.abc import Iterator

from vms.media.depacket import make_depacketiser
from vms.media.types import AccessUnit, Codec, TrackInfo
from vms.rtsp.sdp import choose_tracks, parse_sdp
from vms.sim.clip import Clip
from vms.sim.description import describe
from vms.sim.feed import Feed, stagger_of


class ClipFrames:
    """The same pictures, marks and times that the camera of this number sends by RTSP."""

    def __init__(self, clip: Clip, camera: int, stream: str = "main") -> None:
        self.clip = clip
        self.feeds = tuple(Feed(loop, camera, stagger_us=stagger_of(camera), stream=stream) for loop in clip.loops)

    def infos(self) -> tuple[TrackInfo, ...]:
        """What a puller would learn from the description, video first."""
        infos: list[TrackInfo] = []
        for media in choose_tracks(parse_sdp(describe(self.clip.loops).encode())):
            source = make_depacketiser(Codec(media.codec), clock_rate=media.clock_rate, channels=media.channels, fmtp=media.fmtp)
            if source.info is not None:
                infos.append(source.info)
        return tuple(infos)

    def units(self, from_wall_us: int, to_wall_us: int) -> Iterator[tuple[int, AccessUnit, int]]:
        """(track, unit, wall µs of its presentation) in the order of arrival, from the first key frame at or after `from_wall_us`."""
        nexts = [_first(feed, from_wall_us) for feed in self.feeds]
        while True:
            place = min(range(len(nexts)), key=lambda i: self.feeds[i].due_us(nexts[i]))
            feed, index = self.feeds[place], nexts[place]
            if feed.due_us(index) >= to_wall_us:
                return
            yield feed.loop.track, feed.access_unit(index), feed.wall_us(index)
            nexts[place] += 1


def _first(feed: Feed, from_wall_us: int) -> int:
    index = feed.latest(from_wall_us)
    while feed.wall_us(index) < from_wall_us or not feed.is_key(index):
        index += 1
    return index
