"""A node behind the HTTP edge, as fakes: an owner with answers laid out, sessions in a dict, facts in a list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from fastapi.testclient import TestClient

from vms.api.app import create_app
from vms.api.context import ApiContext, Check, DecoderInfo, FactView, HttpSlice, NodeInfo, ProcessInfo, SignedIn, SystemInfo, VolumeInfo
from vms.base.errors import Kind, VmsError
from vms.owner.registration import CameraView, ProfileView
from vms.owner.requests import Actor, Request

TOKEN = "vms_token"
SESSION = "vms_session_secret"
LOGIN = "vms_login_once"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
CAMERA_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
NOON_US = 1_777_636_800_000_000  # 2026-05-01T12:00:00Z

OFFICER = Actor("a1", "officer", "person", "s1", frozenset({"list", "configure"}))
INTEGRATION = Actor("t1", "integration", "token", "", frozenset({"list"}))


class FakeOwner:
    """Answers by request type; an exception among the answers is raised. Keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Actor, Request]] = []
        self.answers: dict[type[Request], Any] = {}

    def ask(self, actor: Actor, request: Request) -> Any:
        self.asked.append((actor, request))
        if type(request) not in self.answers:
            raise VmsError(Kind.UNAVAILABLE, f"this node does not answer {type(request).__name__}")
        answer = self.answers[type(request)]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def ask_each(self, actor: Actor, request_type: type[Request], requests: Sequence[Request]) -> list[Any]:
        del request_type
        answers: list[Any] = []
        for request in requests:
            try:
                answers.append(self.ask(actor, request))
            except VmsError as error:
                if error.kind is not Kind.NOT_FOUND:
                    raise
                answers.append(None)
        return answers

    @property
    def last(self) -> Any:
        return self.asked[-1][1]


class FakeFacts:
    """A journal in a list. `while_waiting` stands for another process: it runs when somebody begins to wait."""

    def __init__(self) -> None:
        self.rows: list[FactView] = []
        self.while_waiting: Callable[[], object] | None = None
        self.waits: list[float] = []

    def add(self, kind: str = "camera.created") -> FactView:
        seq = len(self.rows) + 1
        fact = FactView(f"n1.1.{seq}", 1, seq, kind, NOON_US + seq, "n1", "camera", CAMERA_ID, {"name": "gate"})
        self.rows.append(fact)
        return fact

    def read(self, after: str | None, types: Sequence[str], limit: int) -> Sequence[FactView]:
        behind = 0 if after is None else int(after.rpartition(".")[2])
        return [fact for fact in self.rows[behind:] if not types or fact.type in types][:limit]

    def newest(self) -> str | None:
        return self.rows[-1].id if self.rows else None

    def mark(self) -> int:
        return len(self.rows)

    async def wait(self, mark: int, seconds: float) -> None:
        self.waits.append(seconds)
        if self.while_waiting is not None:
            self.while_waiting()
        if len(self.rows) == mark:
            await asyncio.sleep(min(seconds, 0.01))


class FakeNode:
    """Everything the edge needs, and a client in front of it."""

    def __init__(self, *, secure: bool = False, recheck_s: float = 30.0) -> None:
        self.owner = FakeOwner()
        self.facts = FakeFacts()
        self.actors = {TOKEN: INTEGRATION, SESSION: OFFICER}
        self.logins = {LOGIN}
        self.address = ""
        self.checks = [Check("database", True)]
        self.context = ApiContext(
            owner=self.owner,
            authenticate=self.authenticate,
            sign_in=self.sign_in,
            sign_out=self.sign_out,
            system=make_system,
            nodes=lambda: [NodeInfo("n1", "station", "Elm Street", None, "up", None, None, 0, "0.1.0")],
            checks=lambda: self.checks,
            facts=self.facts,
            http=HttpSlice(secure=secure, recheck_s=recheck_s),
        )
        self.app = create_app(self.context)
        scheme = "https" if secure else "http"
        self.client = TestClient(self.app, base_url=f"{scheme}://node.example.org", raise_server_exceptions=False)

    def authenticate(self, secret: str) -> Actor:
        if secret not in self.actors:
            raise VmsError(Kind.UNAUTHENTICATED, "this token or session is not known, or it has ended")
        return self.actors[secret]

    def sign_in(self, login_token: str, address: str) -> SignedIn:
        self.address = address
        if login_token not in self.logins:
            raise VmsError(Kind.UNAUTHENTICATED, "this login link was used or has expired")
        self.logins.remove(login_token)
        return SignedIn(SESSION, OFFICER, 3600)

    def sign_out(self, actor: Actor) -> None:
        self.actors = {secret: known for secret, known in self.actors.items() if known != actor}


def make_camera(**changes: Any) -> CameraView:
    fields: dict[str, Any] = {
        "id": CAMERA_ID,
        "code": None,
        "name": "North gate",
        "region_id": None,
        "node_id": "n1",
        "record": "always",
        "enabled": True,
        "username": "admin",
        "has_password": True,
        "revision": 3,
        "created_us": NOON_US,
        "changed_us": NOON_US + 1,
        "state": "connecting",
        "cause": None,
        "message": None,
        "since_us": None,
        "recording": False,
        "last_frame_us": NOON_US + 500_000,
        "profiles": (ProfileView("main", "rtsp://192.0.2.7/1", "auto", codec="h264", width=1920, height=1080),),
    }
    return CameraView(**{**fields, **changes})


def make_system() -> SystemInfo:
    return SystemInfo(
        node_id="n1",
        level="station",
        name="Elm Street",
        epoch=1,
        version="0.1.0",
        time_us=NOON_US,
        time_zone="America/New_York",
        processes=(ProcessInfo("worker", 42, NOON_US, 16),),
        volumes=(VolumeInfo("v1", "/srv/v1", 1 << 40, "ok"),),
        clock_synced=True,
        clock_offset_us=-120,
        online=15,
        recording=14,
        viewers=2,
        decoder=DecoderInfo("ready", "libavcodec 62.28.102", {"files": "", "calls": "no seccomp"}, {"crash": 1}),
    )
