"""Control's view of its workers: orders for each, why recording paused, facts only of what changed."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.record.reports import T0_US, report
from tests.stream.links import FakeLink, on_a_loop, served, socket_path, until
from vms.base.clock import ManualClock
from vms.base.db import Database
from vms.base.secrets import load_envelope
from vms.ingest.orders import CameraState, PullOrder, Resume
from vms.processes.config import NodeConfig
from vms.processes.control.commits import Commits, Item
from vms.processes.control.node import Node
from vms.processes.control.workers import WorkerSide
from vms.record.reports import Growth, OpenSegment, SegmentReport, Trouble, open_message, tail_of, whole_of
from vms.record.wish import Wish
from vms.registry.roster import RosterItem
from vms.stream.frames import Decoder, LinkFrame, Message, encode_message
from vms.stream.link import Link

CAMERA = report(0, 60).camera
ORDER = PullOrder(CAMERA, "main", "rtsp://192.0.2.1/", resume=Resume(T0_US - 5, "power"))


class Queue(Commits):
    """Keeps what is to be committed."""

    def __init__(self) -> None:
        super().__init__(NoDatabase(), ManualClock())
        self.items: list[Item] = []

    def put(self, item: Item) -> None:
        self.items.append(item)

    @property
    def facts(self) -> int:
        return sum(item.work is not None for item in self.items)


class NoDatabase:
    @contextmanager
    def transaction(self) -> Generator[Any]:
        raise AssertionError("nothing here asks the database")
        yield


def node_of(tmp_path: Path, workers: int = 1) -> tuple[Node, Queue]:
    fields: dict[str, Any] = dict.fromkeys(NodeConfig.__slots__, "")
    fields |= {"run_dir": str(tmp_path), "workers": workers, "allow": (), "volumes": ()}
    queue = Queue()
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    return Node(NodeConfig(**fields), database, load_envelope(tmp_path / "key"), queue, ManualClock()), queue


def state(name: str, **fields: Any) -> CameraState:
    return CameraState(CAMERA, fields.pop("profile", "main"), name, **fields)  # pyright: ignore


@on_a_loop
async def test_every_camera_has_one_worker_and_all_workers_have_cameras(tmp_path: Path) -> None:
    node, _ = node_of(tmp_path, workers=3)
    cameras = [f"camera-{n}" for n in range(60)]
    assert {node.worker_of(camera) for camera in cameras} == {0, 1, 2}
    assert [node.worker_of(c) for c in cameras] == [node.worker_of(c) for c in cameras]


@on_a_loop
async def test_a_state_is_a_fact_only_when_it_changes(tmp_path: Path) -> None:
    node, queue = node_of(tmp_path)
    node.on_state(0, state("connecting"))
    node.on_state(0, state("online"))
    for fps in (25.0, 24.9):
        node.on_state(0, state("online", fps=fps))
    assert queue.facts == 2
    node.on_state(0, state("offline", cause="auth"))
    node.on_state(0, state("offline", cause="timeout"))
    assert queue.facts == 4
    node.on_state(0, state("connecting", profile="sub"))  # comes and goes with its viewers
    assert queue.facts == 4


@on_a_loop
async def test_a_workers_next_life_resumes_where_its_last_one_was_seen_and_knows_why(tmp_path: Path) -> None:
    node, queue = node_of(tmp_path)
    orphans: list[tuple[str, list[tuple[str, str]]]] = []
    node.on_orphans = lambda worker, lanes: orphans.append((worker, list(lanes)))
    side = node.sides[0]
    side.give([ORDER])
    node.on_hello(0, "life-1", 1, 1)
    assert side.orders == (ORDER,)
    node.on_open(0, [whole_of(report(0, 10))], [])
    node.on_state(0, state("online"))
    node.on_away(0)
    assert node.states.get(CAMERA) is None  # it counts as connecting
    node.on_away(0)
    assert side.orders[0].resume == Resume(report(0, 10).gops[-1].start_us, "worker_crash")  # the growing GOP has no seal
    assert node.interrupted(ORDER.key) == side.orders[0].resume  # the timeline says so meanwhile
    assert node.interrupted(("unknown", "main")) is None
    node.on_hello(0, "life-2", 2, 2)
    assert orphans == [("worker-0", [ORDER.key])]
    assert node.interrupted(ORDER.key) is None
    assert queue.facts == 2  # online; the worker lost and back


@on_a_loop
async def test_a_camera_that_was_away_before_its_worker_died_keeps_its_own_cause(tmp_path: Path) -> None:
    node, _ = node_of(tmp_path)
    node.sides[0].give([ORDER, replace(ORDER, profile="sub", record=False, resume=None)])
    node.on_hello(0, "life-1", 1, 1)
    node.on_state(0, state("offline", cause="auth"))
    node.on_away(0)
    assert [order.resume for order in node.sides[0].orders] == [Resume(T0_US - 5, "auth"), None]


@on_a_loop
async def test_behind_a_trouble_the_files_that_could_not_be_saved_are_read_once(tmp_path: Path) -> None:
    node, _ = node_of(tmp_path)
    read: list[list[tuple[str, str]]] = []
    doubts: list[bool] = []
    node.on_orphans = lambda worker, lanes: read.append(list(lanes))
    node.on_doubt = lambda: doubts.append(True)
    node.on_trouble(0, Trouble(CAMERA, "main", report(0, 10).end_us - 1, "io_error", "EIO"))
    assert doubts == [True]
    node.on_open(0, [whole_of(report(0, 10))], [])
    assert read == []
    for end_s in (20, 30):
        node.on_open(0, [whole_of(report(12, end_s))], [])
    assert read == [[ORDER.key]]


@on_a_loop
async def test_the_same_life_on_a_new_connection_is_no_crash(tmp_path: Path) -> None:
    node, queue = node_of(tmp_path)
    node.on_orphans = lambda worker, lanes: pytest.fail("nothing is orphaned")
    node.on_hello(0, "life-1", 1, 1)
    node.on_open(0, [whole_of(report(0, 10))], [])
    node.on_away(0)
    node.on_hello(0, "life-1", 1, 1)
    assert queue.facts == 0


class Heard:
    """A fake of what takes reports."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.acks: list[Any] = []

    def on_state(self, worker: int, state: CameraState) -> None:
        self.told.append(f"state {state.state}")

    def on_open(self, worker: int, segments: list[OpenSegment], grown: list[Growth]) -> None:
        self.told.append(f"open {len(segments)} {len(grown)}")

    def on_segment(self, worker: int, report: SegmentReport, acknowledge: Any) -> None:
        self.told.append("segment")
        self.acks.append(acknowledge)

    def on_trouble(self, worker: int, trouble: Trouble) -> None:
        self.told.append(f"trouble {trouble.cause}")

    def on_hello(self, worker: int, incarnation: str, pid: int, started_us: int) -> None:
        self.told.append(f"hello {incarnation}")

    def on_filled(self, worker: int, message: Mapping[str, Any]) -> None:
        self.told.append(f"filled {message['id']}")

    def on_away(self, worker: int) -> None:
        self.told.append("away")


class FakeWorker:
    """The other end of a side's link: says hello to control and keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Message] = []

    def on_frame(self, link: Link, frame: LinkFrame) -> None:
        message = frame.message()
        if message["op"] == "control":
            link.send_message(HELLO)
        else:
            self.told.append(message)

    def on_closed(self, link: Link, error: object) -> None: ...


@on_a_loop
async def test_a_change_is_told_alone_and_what_stays_is_not_spoken_of() -> None:
    worker = FakeWorker()
    other = replace(ORDER, camera="other", resume=None)
    sub = replace(other, profile="sub", record=False)
    with socket_path() as path:
        side = WorkerSide(0, path, ManualClock(), Heard())
        side.change(["other"], [other])  # before the register was read: the whole of it follows
        assert side.orders == ()
        side.give([ORDER, other, sub])
        async with served(worker, path):
            running = asyncio.create_task(side.run())
            await until(lambda: len(worker.told) == 1)
            renewed = replace(other, url="rtsp://192.0.2.9/")
            side.change(["other", "unknown"], [renewed])
            side.change(["other"], [renewed])
            side.change(["other"], [])
            await until(lambda: len(worker.told) == 4)
            running.cancel()
    assert [message["op"] for message in worker.told] == ["roster", "drop", "put", "drop"]
    assert (worker.told[1]["camera"], worker.told[1]["profile"]) == sub.key
    assert PullOrder.from_json(worker.told[2]["item"]) == renewed
    assert (worker.told[3]["camera"], worker.told[3]["profile"]) == renewed.key
    assert side.orders == (ORDER,)


def say(side: WorkerSide, message: Message) -> None:
    for frame in Decoder().feed(encode_message(message)):
        side.on_frame(FakeLink(), frame)


HELLO: Message = {"op": "hello", "incarnation": "a", "pid": 1, "started_us": 2}


@on_a_loop
async def test_reports_of_their_form_are_passed_on_and_others_harm_nothing() -> None:
    heard = Heard()
    side = WorkerSide(0, "/nowhere", ManualClock(), heard)
    say(side, HELLO)
    say(side, {"op": "state"} | state("online").to_json())
    say(side, {"op": "state", "camera": CAMERA})
    say(side, open_message([whole_of(report(0, 4))], [tail_of(report(0, 4), 0)]))
    say(side, {"op": "open", "items": [1], "grown": []})
    say(side, {"op": "open", "items": [], "grown": [["a/main/b", 1, 2, 3, 4]]})
    say(side, report(0, 4).message())
    say(side, report(0, 4).message() | {"path": "../../etc/passwd"})
    say(side, Trouble(CAMERA, "main", 1, "disk_full", "").message())
    say(side, {"op": "dance"})
    assert heard.told == ["hello a", "state online", "open 1 1", "segment", "trouble disk_full"]
    heard.acks[0]()  # without a connection nothing is acknowledged, and nothing fails
    assert side.info is not None
    side.on_closed(FakeLink(), None)
    assert (side.info, heard.told[-1]) == (None, "away")


@on_a_loop
async def test_an_order_carries_its_wish_and_knows_that_a_plan_paused_it(tmp_path: Path) -> None:
    node, _ = node_of(tmp_path)
    item = RosterItem(CAMERA, None, "gate", "main", "rtsp://192.0.2.1/", "auto", None, None, "plan", 1, T0_US)
    office = Wish(((0, "schedule"), (T0_US + 5, "never")), T0_US + 10**12)
    order = node.order_of(item, office, {(CAMERA, "main"): T0_US + 6})
    assert (order.record, order.on_demand, order.wish) == (True, False, office.message())
    assert order.resume == Resume(T0_US + 6, "schedule")
    assert node.order_of(item, office, {(CAMERA, "main"): T0_US + 4}).resume == Resume(T0_US + 4, "power")
    assert node.order_of(item, Wish(((0, "event"),)), {}).resume == Resume(T0_US, "schedule")
    always = node.order_of(item, Wish(), {})
    assert (always.wish, always.resume) == (None, Resume(T0_US, "camera_offline"))
    none = node.order_of(item, None, {})
    assert (none.record, none.on_demand, none.wish, none.resume) == (False, True, None, None)
