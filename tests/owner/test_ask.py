"""ask(): authorise, audit, run, commit; in that order and never otherwise."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import pytest

from vms.base.errors import Kind, VmsError
from vms.owner.ask import Owner, may
from vms.owner.requests import Actor, Calendar, OpenLive, Request


class Ledger:
    """A fake database and audit that write down the order of what happens."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    @contextmanager
    def transaction(self) -> Generator[str]:
        self.steps.append("begin")
        try:
            yield "session"
        except BaseException:
            self.steps.append("rollback")
            raise
        self.steps.append("commit")

    def audit(self, actor: Actor, request: Request, refused: VmsError | None) -> None:
        self.steps.append(f"audit {type(request).__name__} {'refused' if refused else 'intent'}")


def nothing(session: object, actor: Actor, request: Request) -> None:
    del session, actor, request


def make_owner() -> tuple[Owner, Ledger]:
    ledger = Ledger()
    return Owner(ledger, may, ledger.audit), ledger


OFFICER = Actor("a1", "Zhang", "person", rights=frozenset({"live"}))


def test_audited_act_leaves_its_intent_before_the_transaction() -> None:
    owner, ledger = make_owner()
    owner.register(OpenLive, lambda session, actor, request: (session, actor.id, request.camera))
    assert owner.ask(OFFICER, OpenLive("c1")) == ("session", "a1", "c1")
    assert ledger.steps == ["audit OpenLive intent", "begin", "commit"]


def test_refusal_on_a_camera_looks_like_no_camera_and_is_audited() -> None:
    owner, ledger = make_owner()
    owner.register(Calendar, nothing)
    with pytest.raises(VmsError) as refused:
        owner.ask(OFFICER, Calendar("c1"))
    assert refused.value.kind is Kind.NOT_FOUND
    assert ledger.steps == ["audit Calendar refused"]


def test_handler_failure_rolls_back() -> None:
    owner, ledger = make_owner()

    def fail(*_: object) -> None:
        raise VmsError(Kind.CONFLICT, "taken")

    owner.register(OpenLive, fail)
    with pytest.raises(VmsError):
        owner.ask(OFFICER, OpenLive("c1"))
    assert ledger.steps[-1] == "rollback"


def test_request_without_handler_is_unavailable() -> None:
    owner, _ = make_owner()
    with pytest.raises(VmsError) as refused:
        owner.ask(OFFICER, OpenLive("c1"))
    assert refused.value.kind is Kind.UNAVAILABLE


def test_second_handler_for_a_request_is_a_wiring_fault() -> None:
    owner, _ = make_owner()
    owner.register(OpenLive, nothing)
    with pytest.raises(ValueError, match="already"):
        owner.register(OpenLive, nothing)


def test_many_questions_are_authorised_one_by_one_in_one_transaction() -> None:
    owner, ledger = make_owner()
    owner.register(Calendar, nothing)
    owner.register_many(Calendar, lambda session, actor, requests: [None if r.camera == "gone" else r.camera for r in requests])
    watcher = Actor("a2", "Li", "person", rights=frozenset({"playback"}))
    assert owner.ask_each(watcher, Calendar, [Calendar("c1"), Calendar("gone"), Calendar("c2")]) == ["c1", None, "c2"]
    assert ledger.steps == ["begin", "commit"]
    assert owner.ask_each(OFFICER, Calendar, [Calendar("c1")]) == [None]
    assert ledger.steps[2:] == ["audit Calendar refused", "begin", "commit"]
