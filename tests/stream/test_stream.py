"""Streams and readers: start at once, lose only oneself."""

from __future__ import annotations

from vms.media.types import Chunk
from vms.stream.stream import Begin, End, Gap, Item, Reader, Stream

SECOND_US = 1_000_000


def chunk(seq: int, *, key: bool = False, size: int = 100, track: int = 1) -> Chunk:
    return Chunk(track, seq, key, seq * 40_000, seq * 3600, 3600, 1, bytes(size))


def drain(reader: Reader) -> list[Item]:
    items: list[Item] = []
    while (item := reader.take()) is not None:
        items.append(item)
    return items


def started() -> Stream:
    stream = Stream()
    stream.start(Begin("run-1", (), 0), 0)
    return stream


def test_newcomer_gets_begin_and_the_cached_gop_then_live() -> None:
    stream = started()
    for seq in range(5):
        stream.publish(chunk(seq, key=seq in (0, 3)), 0)
    reader = Reader(lambda: None)
    stream.attach(reader, 0)
    stream.publish(chunk(5), 0)
    got = drain(reader)
    assert isinstance(got[0], Begin)
    assert [c.seq for c in got if isinstance(c, Chunk)] == [3, 4, 5]


def test_slow_reader_loses_only_itself_and_continues_at_a_key_frame() -> None:
    stream = started()
    quick, slow = Reader(lambda: None), Reader(lambda: None)
    stream.attach(quick, 0)
    stream.attach(slow, 0)
    seen: list[int] = []
    for seq in range(120):
        stream.publish(chunk(seq, key=seq % 50 == 0), seq * 40_000)
        seen += [c.seq for c in drain(quick) if isinstance(c, Chunk)]
    assert seen == list(range(120))
    late = drain(slow)
    assert any(isinstance(i, Gap) and i.cause == "slow_viewer" for i in late)
    chunks = [c for c in late if isinstance(c, Chunk)]
    after_gap = chunks[0]
    assert after_gap.key
    assert [c.seq for c in chunks] == list(range(after_gap.seq, 120))
    assert slow.dropped_frames == 120 - len(chunks)


def test_queue_of_a_stopped_reader_stays_within_its_bytes() -> None:
    stream = started()
    reader = Reader(lambda: None, max_bytes=1000)
    stream.attach(reader, 0)
    for seq in range(1000):
        stream.publish(chunk(seq, key=seq % 10 == 0), 0)
    held = sum(len(c.data) for c in drain(reader) if isinstance(c, Chunk))
    assert held <= 1100


def test_loss_and_end_reach_the_reader_in_order_and_empty_the_cache() -> None:
    stream = started()
    reader = Reader(lambda: None)
    stream.attach(reader, 0)
    stream.publish(chunk(0, key=True), 0)
    stream.lose("network", 0)
    stream.publish(chunk(1, key=True), 0)
    stream.end("camera_offline", 0)
    kinds = [type(i) for i in drain(reader)]
    assert kinds == [Begin, Chunk, Gap, Chunk, End]
    assert stream.gop == []
    assert stream.begin is None


def test_endless_gop_is_not_cached_for_ever() -> None:
    stream = started()
    stream.publish(chunk(0, key=True, size=9_000_000), 0)
    stream.publish(chunk(1, size=9_000_000), 0)
    assert stream.gop == []
    stream.publish(chunk(2, key=True), 0)
    assert [c.seq for c in stream.gop] == [2]
