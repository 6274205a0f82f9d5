"""A simulated camera whose packets go straight into a media path: no sockets, no waiting, and each picture says when it was taken."""

from __future__ import annotations

from itertools import count

from vms.ingest.media_path import Arrival, MediaPath
from vms.media.types import Chunk
from vms.record.reports import GapBefore, SegmentReport
from vms.record.segment_writer import CloseFile, Place, SegmentWriter
from vms.rtsp.client import Track
from vms.rtsp.sdp import choose_tracks, parse_sdp
from vms.rtsp.transport import Transport
from vms.sim.camera import CameraStream, Stats
from vms.sim.clips import load_clips
from vms.sim.description import describe
from vms.sim.faults import Fault
from vms.sim.feed import Feed
from vms.sim.marks import Mark, find_marks
from vms.sim.session import TrackSender
from vms.stream.stream import Begin, End, Gap, Item, Stream

START_US = 29_800_000 * 60_000_000 + 10_000_000
SECOND_US = 1_000_000
STEP_US = 20_000
CLIPS = load_clips(["crossing", "crossing-sub", "h265"])


class Outlet:
    """Keeps what is sent until it is fetched."""

    paced = False

    def __init__(self) -> None:
        self.packets: list[bytes] = []

    def full(self) -> bool:
        return False

    def send(self, feed: Feed, index: int) -> int:
        return self.send_packets(feed.packets(index))

    def send_packets(self, packets: list[bytes]) -> int:
        self.packets += packets
        return sum(map(len, packets))

    def send_raw(self, data: bytes) -> None:
        raise AssertionError(f"{len(data)} bytes between the packets: use a socket")

    def send_report(self, report: bytes) -> None: ...
    def close(self) -> None: ...


class Filmed:
    """`film` lets so many seconds of the camera's life pass. `ordered` is TCP, else UDP."""

    def __init__(self, *faults: Fault, ordered: bool = True, seed: int = 1, clip: str = "crossing") -> None:
        camera = CameraStream(1, "main", CLIPS[clip], others=CLIPS, faults=faults, started_us=START_US, seed=seed)
        self.outlet, self.stats = Outlet(), Stats()
        self.stream, self.items = Stream(), list[Item]()
        self.stream.attach(self, 1)
        (feed, *_) = camera.feeds(START_US)
        media = choose_tracks(parse_sdp(describe([feed.loop]).encode()))[0]
        runs = count(1)
        track = Track(media, "", Transport("tcp", (0, 1)))
        self.path = MediaPath((track,), self.stream, lambda _us: f"00000000-0000-4000-8000-{next(runs):012}", ordered=ordered)
        self.path.live = True
        self.given_up = False
        self.sender = TrackSender(camera, feed, self.outlet, stats=self.stats, start_us=START_US, give_up=self._give_up)
        self.now_us = START_US

    def put(self, item: Item, now_us: int) -> None:
        self.items.append(item)

    def film(self, seconds: float) -> None:
        end_us = self.now_us + round(seconds * SECOND_US)
        while self.now_us < end_us:
            self.now_us += STEP_US
            self.sender.fire(self.now_us)
            now = Arrival(self.now_us, self.now_us - START_US + 1)
            packets, self.outlet.packets = self.outlet.packets, []
            if packets:
                self.path.video(packets, now)
            self.path.release(now)

    def of(self, kind: type[Begin] | type[Gap]) -> list[Item]:
        return [item for item in self.items if isinstance(item, kind)]

    def causes(self) -> list[str]:
        return [item.cause for item in self.items if isinstance(item, Gap)]

    def chunks(self) -> list[Chunk]:
        return [item for item in self.items if isinstance(item, Chunk)]

    def pictures(self) -> list[tuple[Mark, Chunk]]:
        """Each whole picture with the chunk that it lies in alone."""
        return [(mark, chunk) for chunk in self.chunks() for mark in find_marks(chunk.data)]

    def errors_us(self, since_s: float) -> list[int]:
        """By how much the chunks' wall times are off, of pictures taken from then on."""
        return [chunk.wall_us - mark.wall_us for mark, chunk in self.pictures() if mark.wall_us >= START_US + since_s * SECOND_US]

    def reports(self) -> list[SegmentReport]:
        """What a recorder would tell of it, in segments of 10 s."""
        writer = SegmentWriter(Place("node-1", "camera-1", "main", "volume-1"), 10 * SECOND_US, GapBefore(START_US - SECOND_US, "power"))
        return [action.report for action in writer.feed([*self.items, End("stop")]) if isinstance(action, CloseFile)]

    def _give_up(self) -> None:
        self.given_up = True
        self.sender.close()
