"""The one way to act on an object: authorise, audit, run the registered handler, commit.

HTTP, the edge, the tier link and the command line only build requests. Called from threads (it runs SQL), never
from a loop that carries media. Not here: what an officer may do (rights), what a request does (its feature).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from vms.base.errors import Kind, VmsError
from vms.owner.requests import Action, Actor, CameraRequest, Request

Handler = Callable[[Any, Actor, Any], Any]
"""`(session, actor, request) -> value`; the session is committed by `ask`, never by the handler."""


ManyHandler = Callable[[Any, Actor, Sequence[Any]], list[Any]]
"""The same for several requests of one type at once; None where there is no such object."""


class Authorise(Protocol):
    """Raises FORBIDDEN or NOT_FOUND when `actor` may not do `action` on `request`'s object."""

    def __call__(self, actor: Actor, request: Request) -> None: ...


class Audit(Protocol):
    """Leaves the intent of an audited act durable before it happens, and the refusal of a refused one."""

    def __call__(self, actor: Actor, request: Request, refused: VmsError | None) -> None: ...


class Transactions(Protocol):
    def transaction(self) -> AbstractContextManager[Any]: ...


def may(actor: Actor, request: Request) -> None:
    """The decision before roles exist: the action must be among the actor's rights.

    Without it an object looks like no object (404), anything else is refused (403).
    """
    needed: Action = request.action
    if needed in actor.rights:
        return
    if isinstance(request, CameraRequest):
        raise VmsError(Kind.NOT_FOUND, "no such camera", camera=request.camera)
    raise VmsError(Kind.FORBIDDEN, f"this needs the right '{needed}'", right=needed)


class Owner:
    """The local node: the first and simplest owner."""

    def __init__(self, database: Transactions, authorise: Authorise, audit: Audit) -> None:
        self._database = database
        self._authorise = authorise
        self._audit = audit
        self._handlers: dict[type[Request], Handler] = {}
        self._many: dict[type[Request], ManyHandler] = {}

    def register(self, request_type: type[Request], handler: Handler) -> None:
        """One handler per request type; a second one is a wiring fault."""
        if request_type in self._handlers:
            raise ValueError(f"{request_type.__name__} has a handler already")
        self._handlers[request_type] = handler

    def ask(self, actor: Actor, request: Request) -> Any:
        """Run `request` for `actor`. Raises VmsError; a refusal is audited like the act itself."""
        handler = self._allowed(actor, request)
        with self._database.transaction() as session:
            return handler(session, actor, request)

    def register_many(self, request_type: type[Request], handler: ManyHandler) -> None:
        """What answers `ask_each` of a type whose questions are cheaper together."""
        self._many[request_type] = handler

    def ask_each(self, actor: Actor, request_type: type[Request], requests: Sequence[Request]) -> list[Any]:
        """Many questions of one type in one transaction, each authorised by itself: None where there is no such object for `actor`."""
        seen = [request for request in requests if self._may_see(actor, request)]
        with self._database.transaction() as session:
            answers = iter(self._many[request_type](session, actor, seen))
        told = {id(request) for request in seen}
        return [next(answers) if id(request) in told else None for request in requests]

    def _may_see(self, actor: Actor, request: Request) -> bool:
        try:
            self._allowed(actor, request)
        except VmsError as refusal:
            if refusal.kind is not Kind.NOT_FOUND:
                raise
            return False
        return True

    def _allowed(self, actor: Actor, request: Request) -> Handler:
        """The handler, once the request may run and its intent is kept."""
        handler = self._handlers.get(type(request))
        if handler is None:
            raise VmsError(Kind.UNAVAILABLE, f"this node does not answer {type(request).__name__}")
        try:
            self._authorise(actor, request)
        except VmsError as refusal:
            self._audit(actor, request, refusal)
            raise
        if request.audited:
            self._audit(actor, request, None)
        return handler
