"""Recording by plan, from the stream to the written GOPs: exact to the GOP, nothing lost or doubled, memory bounded."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.record.chunks import FRAME_US, T0_US, begin, chunks, fake_init
from tests.record.reports import CAMERA, VOLUME
from vms.media.types import Chunk
from vms.record.plan import Step, Word
from vms.record.prerecord import MARGIN_US, PlannedRecorder
from vms.record.recorder import Recorder
from vms.record.reports import GapBefore
from vms.record.segment_writer import CloseFile, Place, SegmentWriter
from vms.record.wish import EventSpan, Wish
from vms.stream.stream import Stream

GOP_US = 10 * FRAME_US
ON_EVENT: tuple[Step, ...] = ((0, "event"),)


def at(frame: float) -> int:
    return T0_US + int(frame * FRAME_US)


class Bench:
    """A stream, a planned recorder on it, and the pure writer behind: frame numbers that reach the files, segments that close."""

    def __init__(self, wish: Wish, **more: int) -> None:
        self.stream = Stream()
        self.recorder = Recorder(CAMERA, "main")
        self.changes = 0
        self.planned = PlannedRecorder(self.recorder, wish, self._changed, **more)
        self.writer = SegmentWriter(Place("n", CAMERA, "main", VOLUME), 10**12, GapBefore(at(-1000), "power"), fake_init)
        self.written: list[int] = []
        self.closed: list[CloseFile] = []
        self.stream.attach(self.planned, 0, cached=False)

    def _changed(self) -> None:
        self.changes += 1

    def start(self, run: str = "11111111-1111-4111-8111-111111111111") -> None:
        self.stream.start(begin(run), 0)

    def frames(self, first: int, last: int) -> None:
        """Chunks of one frame each; a key frame at every tenth number."""
        for number in range(first, last):
            chunk = next(chunks(1, per_chunk=1, start_us=at(number), first=number))
            self.stream.publish(chunk._replace(key=number % 10 == 0), 0)
            self.drain()

    def drain(self) -> None:
        items = self.recorder.take()
        for item in items:
            for action in self.writer.feed([item]):
                if isinstance(action, CloseFile):
                    self.closed.append(action)
            if isinstance(item, Chunk):
                self.recorder.written_bytes += len(item.data)
                self.written.append(int.from_bytes(item.data[8:16], "big"))

    def finish(self) -> None:
        self.stream.detach(self.planned)
        self.planned.stop("operator_stop")
        self.drain()

    def spans(self) -> list[tuple[str, float, float]]:
        reports = [action.report for action in self.closed]
        return [(r.kind, (r.start_us - T0_US) / FRAME_US, (r.end_us - T0_US) / FRAME_US) for r in reports]


def test_always_records_everything() -> None:
    bench = Bench(Wish())
    bench.start()
    bench.frames(0, 40)
    bench.finish()
    assert bench.written == list(range(40))
    assert bench.spans() == [("continuous", 0, 40)]
    assert bench.planned.kept_bytes == 0


def test_a_schedule_flips_at_the_first_key_frame_with_nobody_s_help() -> None:
    bench = Bench(Wish(((0, "never"), (at(15), "schedule"), (at(42), "never"), (at(70), "schedule"))))
    bench.start()
    bench.frames(0, 90)
    bench.finish()
    assert bench.written == [*range(20, 50), *range(70, 90)]
    assert bench.spans() == [("schedule", 20, 50), ("schedule", 70, 90)]
    reports = [action.report for action in bench.closed]
    assert [(r.end_reason, r.gap) for r in reports] == [
        ("stop", GapBefore(at(-1000), "power")),
        ("stop", GapBefore(at(50), "schedule")),
    ]
    assert bench.planned.kept_bytes == 0  # nothing is kept for a schedule


def test_a_change_of_kind_closes_the_segment_without_a_hole() -> None:
    bench = Bench(Wish(((0, "continuous"), (at(15), "schedule"))))
    bench.start()
    bench.frames(0, 40)
    bench.finish()
    assert bench.spans() == [("continuous", 0, 20), ("schedule", 20, 40)]
    assert [action.report.gap for action in bench.closed][1] is None
    assert bench.written == list(range(40))


def test_an_event_begins_before_it_and_ends_after_it() -> None:
    wish = Wish(ON_EVENT, pre_us=3 * GOP_US, post_us=GOP_US)
    bench = Bench(wish)
    bench.start()
    bench.frames(0, 105)
    assert bench.written == []
    event = EventSpan(at(104), at(120))
    bench.planned.follow(Wish(ON_EVENT, events=(event,), pre_us=3 * GOP_US, post_us=GOP_US), at(105), 0)
    bench.frames(105, 110)
    bench.frames(110, 200)
    bench.finish()
    assert bench.written == list(range(70, 130))  # the GOP that holds 104 - 30, to the key frame behind 120 + 10
    assert bench.spans() == [("event", 70, 130)]
    assert bench.changes == 2


def test_a_second_event_goes_on_where_the_ring_began_again() -> None:
    wish = Wish(ON_EVENT, pre_us=100 * GOP_US)
    bench = Bench(wish)
    bench.start()
    bench.frames(0, 20)
    first = EventSpan(at(19), at(25))
    bench.planned.follow(Wish(ON_EVENT, events=(first,), pre_us=100 * GOP_US), at(20), 0)
    bench.frames(20, 60)
    bench.planned.follow(Wish(ON_EVENT, events=(first, EventSpan(at(59), at(80))), pre_us=100 * GOP_US), at(60), 0)
    bench.frames(60, 90)
    bench.finish()
    assert bench.written == list(range(90 if bench.spans()[-1][2] == 90 else 80))
    assert all(a[2] == b[1] for a, b in zip(bench.spans(), bench.spans()[1:], strict=False))


def test_a_forced_event_records_whatever_the_plan_says() -> None:
    bench = Bench(Wish(((0, "never"),), events=(EventSpan(at(12), at(25), True),)))
    bench.start()
    bench.frames(0, 60)
    bench.finish()
    assert bench.spans() == [("event", 20, 30)]


def test_memory_is_bounded_by_time_and_by_bytes() -> None:
    size = len(next(chunks(1, per_chunk=1)).data)
    bench = Bench(Wish(ON_EVENT, pre_us=2 * GOP_US))
    bench.start()
    bench.frames(0, 1000)
    assert bench.planned.kept_bytes <= (2 * GOP_US + MARGIN_US + 2 * GOP_US) // FRAME_US * size
    small = Bench(Wish(ON_EVENT, pre_us=50 * GOP_US), max_ring_bytes=25 * size)
    small.start()
    small.frames(0, 300)
    assert 10 * size <= small.planned.kept_bytes <= 25 * size
    endless = Bench(Wish(ON_EVENT), max_ring_bytes=5 * size)  # less than a GOP
    endless.start()
    endless.frames(0, 10)
    assert endless.planned.kept_bytes == 0


def test_a_loss_and_a_new_run_inside_the_ring_are_told_in_their_places() -> None:
    bench = Bench(Wish(ON_EVENT, pre_us=100 * GOP_US))
    bench.start()
    bench.frames(0, 20)
    bench.stream.lose("network", 0)
    bench.frames(30, 40)
    bench.stream.end("timeout", 0)
    bench.start("22222222-2222-4222-8222-222222222222")
    bench.frames(50, 60)
    bench.planned.follow(Wish(ON_EVENT, events=(EventSpan(at(59), at(90)),), pre_us=100 * GOP_US), at(60), 0)
    bench.frames(60, 70)
    bench.finish()
    assert bench.spans() == [("event", 0, 20), ("event", 30, 40), ("event", 50, 70)]
    gaps = [action.report.gap for action in bench.closed]
    assert gaps[1:] == [GapBefore(at(20), "network"), GapBefore(at(40), "camera_offline")]


def test_a_camera_that_comes_back_outside_its_schedule_is_recorded_with_its_new_configuration() -> None:
    bench = Bench(Wish(((0, "schedule"), (at(15), "never"), (at(45), "schedule"))))
    bench.start()
    bench.frames(0, 30)
    bench.stream.end("timeout", 0)
    bench.start("22222222-2222-4222-8222-222222222222")
    bench.frames(30, 70)
    bench.finish()
    assert bench.spans() == [("schedule", 0, 20), ("schedule", 50, 70)]
    assert [action.report.run[:1] for action in bench.closed] == ["1", "2"]
    assert bench.closed[1].report.gap == GapBefore(at(20), "schedule")


def test_a_plan_may_change_while_it_records() -> None:
    bench = Bench(Wish())
    bench.start()
    bench.frames(0, 25)
    bench.planned.follow(Wish(((0, "event"),)), at(25), 0)
    bench.frames(25, 60)
    bench.planned.follow(Wish(), at(60), 0)
    bench.frames(60, 80)
    bench.finish()
    assert bench.spans() == [("continuous", 0, 30), ("continuous", 50, 80)]


@settings(max_examples=60, deadline=None)
@given(
    marks=st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["never", "schedule", "event"])), max_size=4, unique_by=lambda m: m[0]),
    event=st.tuples(st.integers(0, 280), st.integers(1, 60)),
    pre_gops=st.integers(0, 6),
    losses=st.sets(st.integers(1, 29), max_size=2),
)
def test_no_frame_is_doubled_and_what_was_wanted_is_recorded(
    marks: Sequence[tuple[int, Word]], event: tuple[int, int], pre_gops: int, losses: set[int]
) -> None:
    steps: tuple[Step, ...] = ((0, "event"), *sorted((at(mark * 10 + 3), word) for mark, word in marks))
    plain = Wish(steps, pre_us=pre_gops * GOP_US)
    span = EventSpan(at(event[0]), at(event[0] + event[1]))
    told = Wish(plain.steps, events=(span,), pre_us=plain.pre_us)
    bench = Bench(plain)
    bench.start()
    for gop in range(30):
        if gop in losses:
            bench.stream.lose("network", 0)
        for frame in range(gop * 10, gop * 10 + 10):
            if frame == event[0] + 2:
                bench.planned.follow(told, at(frame), 0)
            bench.frames(frame, frame + 1)
    bench.finish()
    assert bench.written == sorted(set(bench.written))
    for gop in range(30):
        if told.kind_at(at(gop * 10)) in ("schedule",):
            assert set(range(gop * 10, gop * 10 + 10)) <= set(bench.written)
    during = {f for f in range(event[0], min(300, event[0] + event[1])) if told.word_at(at(f)) == "event"}
    whole = {f for f in during if all(told.word_at(at(g)) == "event" for g in range(event[0] - event[0] % 10, f + 1))}
    if event[0] + 2 < 300 and plain.word_at(at(event[0] - event[0] % 10 - 10)) == "event":
        assert whole <= set(bench.written)
