"""Routes of sessions: sign in by a one-time login token, sign out, who am I. The cookie never reaches a script."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from vms.api.access import Context, CurrentActor, check_not_cross_site, cookie_name
from vms.api.bodies import In, Out
from vms.owner.requests import Actor

router = APIRouter(tags=["sessions"])


class SessionIn(In):
    login_token: str = Field(min_length=1, max_length=512)


class Me(Out):
    id: str
    name: str
    kind: Literal["person", "token", "node"]
    rights: list[str]


@router.post("/sessions", status_code=201)
def create_session(body: SessionIn, request: Request, response: Response, context: Context) -> Me:
    """Open a session. The token serves once."""
    secure = context.http.secure
    check_not_cross_site(request, secure)
    opened = context.sign_in(body.login_token, request.client.host if request.client else "")
    response.set_cookie(
        cookie_name(secure),
        opened.secret,
        max_age=opened.max_age_s,
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )
    return _me(opened.actor)


@router.delete("/sessions/current", status_code=204)
def delete_session(response: Response, actor: CurrentActor, context: Context) -> None:
    context.sign_out(actor)
    secure = context.http.secure
    response.delete_cookie(cookie_name(secure), path="/", secure=secure, httponly=True, samesite="strict")


@router.get("/me")
def get_me(actor: CurrentActor) -> Me:
    return _me(actor)


def _me(actor: Actor) -> Me:
    return Me(id=actor.id, name=actor.name, kind=actor.kind, rights=sorted(actor.rights))
