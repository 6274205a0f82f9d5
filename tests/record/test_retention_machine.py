"""Holds, retention, crashes, a full disk and open readers in any order, on real files and a real PostgreSQL (S12)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.conftest import Server
from tests.record.kept import DAY_US, LI, WANG, Store
from tests.record.reports import SECOND_US, T0_US
from vms.base.db import Database
from vms.base.errors import Kind, VmsError
from vms.base.ids import new_id
from vms.base.timespan import Span, gaps, merge
from vms.owner import holds as requests
from vms.owner.ask import Owner, may
from vms.owner.holds import HoldView
from vms.record import queries, stored
from vms.record.clearing import Policy
from vms.record.garbage import bury
from vms.record.handlers import register_holds
from vms.record.holds import pass_time
from vms.record.reports import SegmentReport
from vms.record.retention import Lane, Step

pytestmark = pytest.mark.enable_socket
PEOPLE = (WANG, LI)
ACTS = ("approve", "reject", "request_release", "release", "refuse_release")


@pytest.fixture(scope="module")
def shared(postgres_server: Server, migrated_template: str) -> Generator[Database]:
    """One database for all examples; each has cameras and a volume of its own."""
    name = postgres_server.create(migrated_template)
    opened = Database(postgres_server.url(name), pool_size=4)
    yield opened
    opened.dispose()
    postgres_server.drop(name)


def machine(database: Database) -> type[RuleBasedStateMachine]:
    class Keeping(RuleBasedStateMachine):
        """The model: which segments exist, and which the protecting holds cover."""

        def __init__(self) -> None:
            super().__init__()
            self.folder = tempfile.TemporaryDirectory(prefix="vms-")
            self.store = Store(database, Path(self.folder.name), policy=Policy(days=1, free_bytes=2000, free_percent=50))
            self.owner = Owner(database, may, lambda actor, request, refused: None)
            register_holds(self.owner, self.store.holds)
            self.cameras = (new_id(), new_id())
            self.alive: dict[str, SegmentReport] = {}
            self.holds: dict[str, HoldView] = {}
            self.readers: list[tuple[int, int]] = []
            self.at_s = 0

        def teardown(self) -> None:
            for fd, size in self.readers:
                assert len(os.read(fd, size + 1)) == size  # whoever had begun to read finishes
                os.close(fd)
            self.store.volume.close()
            self.folder.cleanup()

        @rule(camera=st.integers(0, 1), count=st.integers(1, 4))
        def record(self, camera: int, count: int) -> None:
            for _ in range(count):
                told = self.store.record(self.at_s, self.at_s + 60, camera=self.cameras[camera])
                self.alive[told.path] = told
                self.at_s += 60
            self.store.clock.step_wall(max(0, T0_US + self.at_s * SECOND_US - self.store.clock.wall_us()))

        @rule(camera=st.integers(0, 1), start=st.integers(0, 30), minutes=st.integers(1, 10), who=st.integers(0, 1))
        def hold(self, camera: int, start: int, minutes: int, who: int) -> None:
            span = (T0_US + start * 60 * SECOND_US + 1, T0_US + (start + minutes) * 60 * SECOND_US - 1)
            expires_us = self.store.clock.wall_us() + 5 * DAY_US
            view = self.owner.ask(PEOPLE[who], requests.Hold((self.cameras[camera],), *span, "c", "d", "r", expires_us))
            self.holds[view.id] = view

        @precondition(lambda self: self.holds)
        @rule(which=st.integers(0, 9), who=st.integers(0, 1), act=st.sampled_from(ACTS))
        def decide(self, which: int, who: int, act: str) -> None:
            view = list(self.holds.values())[which % len(self.holds)]
            request = {
                "approve": requests.ApproveHold(view.id),
                "reject": requests.RejectHold(view.id, "n"),
                "request_release": requests.RequestRelease(view.id, "d", "r"),
                "release": requests.Release(view.id),
                "refuse_release": requests.RefuseRelease(view.id, "n"),
            }[act]
            first = view.requested.id if act in ("approve", "reject") else view.release.id if view.release else ""
            try:
                after: HoldView = self.owner.ask(PEOPLE[who], request)
            except VmsError as refusal:
                assert refusal.kind in (Kind.CONFLICT, Kind.FORBIDDEN)
                return
            if after.state in ("released", "held", "rejected") and act != "request_release":
                assert PEOPLE[who].id != first, "one person did both"
            if after.state == "released":
                assert PEOPLE[who].id != (view.release.id if view.release and view.release.id else view.requested.id)

        @rule(hours=st.sampled_from((1, 25, 80)))
        def wait(self, hours: int) -> None:
            self.store.clock.step_wall(hours * 3600 * SECOND_US)
            with database.transaction() as session:
                pass_time(session, self.store.clock.wall_us())

        @rule(ages=st.booleans(), full=st.booleans())
        def retention(self, ages: bool, full: bool) -> None:
            used = sum(size for _, size in self.store.files.walk(self.store.volume.root_fd))
            self.store.files.capacity = used + (100 if full else 10**6)
            held = self.protected()
            self.store.clear(ages=ages)
            self.assert_kept(held)
            low = self.store.files.free_bytes(self.store.volume.root_fd) < self.store.policy.floor_bytes(self.store.files.capacity)
            assert not low or set(self.store.paths()) <= held, "it stopped short of the floor"
            self.forget_deleted()

        @rule(camera=st.integers(0, 1))
        def crash_after_the_rows_went(self, camera: int) -> None:
            now_us = self.store.clock.wall_us()
            with database.transaction() as session:
                lanes = (Lane(self.cameras[camera], "main", self.store.volume.id),)
                rows = stored.oldest(session, Step("days", "", lanes), None, 2, now_us)
                bury(session, rows, "floor", "node:1", now_us)

        @precondition(lambda self: self.alive)
        @rule(which=st.integers(0, 99))
        def read(self, which: int) -> None:
            path = list(self.alive)[which % len(self.alive)]
            try:
                fd = os.open(Path(self.store.volume.path, path), os.O_RDONLY)
            except FileNotFoundError:
                assert path not in self.store.paths()
                return
            self.readers.append((fd, self.alive[path].size))

        @invariant()
        def what_is_held_is_there(self) -> None:
            self.holds = {id_: self.owner.ask(WANG, requests.GetHold(id_)) for id_ in self.holds}
            self.assert_kept(self.protected())

        @invariant()
        def rows_have_files_and_sums_agree(self) -> None:
            rows, files = set(self.store.paths()), self.store.files_left()
            assert rows <= files
            assert files <= rows | set(self.store.paths(garbage=True))
            mine = sum(size for lane, size in self.store.sums().items() if lane.volume == self.store.volume.id)
            assert mine == sum(self.alive[path].size for path in rows)

        @invariant()
        def recorded_and_gaps_are_the_whole(self) -> None:
            for camera in self.cameras:
                mine = [told for told in self.alive.values() if told.camera == camera]
                if not mine:
                    continue
                whole = Span(min(t.start_us for t in mine), max(t.end_us for t in mine))
                with database.transaction() as session:
                    spans = [Span(s.start_us, s.end_us) for s in queries.spans(session, camera, "main", whole)]
                    holes = [Span(g.start_us, g.end_us) for g in queries.gap_rows(session, camera, "main", whole)]
                assert gaps(whole, [*spans, *holes]) == []
                assert sum(s.duration_us for s in merge(spans)) + sum(h.duration_us for h in holes) >= whole.duration_us
                assert not any(span.overlap(hole) for span in spans for hole in holes)

        def protected(self) -> set[str]:
            """Segments that a hold covers and that existed when it came."""
            now_us = self.store.clock.wall_us()
            found: set[str] = set()
            for view in self.holds.values():
                if view.protects_until_us is not None and view.protects_until_us <= now_us:
                    continue
                found |= {
                    path
                    for path, told in self.alive.items()
                    if told.camera in view.cameras and told.start_us < view.to_us and told.end_us > view.from_us
                }
            return found

        def assert_kept(self, held: set[str]) -> None:
            rows = set(self.store.paths())
            assert held <= rows, f"held, and gone: {held - rows}"

        def forget_deleted(self) -> None:
            left = set(self.store.paths()) | set(self.store.paths(garbage=True))
            self.alive = {path: told for path, told in self.alive.items() if path in left}

    return Keeping


def test_no_order_of_acts_loses_a_held_segment(shared: Database) -> None:
    few = settings(
        max_examples=12,
        stateful_step_count=20,
        deadline=None,
        database=None,
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much),
    )
    run_state_machine_as_test(machine(shared), settings=few)
