"""Acts on their way through `owner.ask` as audit entries. Not here: keeping and chaining them (audit)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from vms.audit.chain import Entry
from vms.audit.log import AuditLog
from vms.base.clock import Clock
from vms.base.errors import VmsError
from vms.base.ids import new_id
from vms.owner.requests import Actor, Request


class Auditing:
    """`owner.ask`'s audit port: an intent before the act, the refusal of a refused one."""

    def __init__(self, log: AuditLog, node_id: str, clock: Clock) -> None:
        self._log = log
        self._node_id = node_id
        self._clock = clock

    def __call__(self, actor: Actor, request: Request, refused: VmsError | None) -> None:
        self._log.record(entry_of(actor, request, refused, self._node_id, self._clock.wall_us()))


def entry_of(actor: Actor, request: Request, refused: VmsError | None, node_id: str, at_us: int) -> Entry:
    """Who asked for what. Of the request only its object and span: other fields may hold credentials."""
    told = {f.name: getattr(request, f.name) for f in fields(request)}
    named = ("camera", "region", "volume", "plan", "date", "hold", "cameras", "subject")
    subject = next((_subject(told[name]) for name in named if told.get(name)), "")
    return Entry(
        id=new_id(at_us),
        at_us=at_us,
        actor=actor.id,
        action=type(request).__name__,
        object=subject,
        result="refused" if refused else "intended",
        reason=str(refused.kind) if refused else "",
        node=node_id,
        session_hash=actor.session,
        from_us=told.get("from_us"),
        to_us=told.get("to_us"),
        case_no=told.get("case_no", ""),
    )


def _subject(value: str | Sequence[str]) -> str:
    """One object, or the first of many with their number."""
    if isinstance(value, str):
        return value
    first, *rest = value
    return f"{first} +{len(rest)}" if rest else first
