"""Handler of the probe: check the URL as a registration would, then ask the media plane to open it once."""

from __future__ import annotations

import dataclasses

from sqlalchemy.orm import Session

from vms.construction.desk import Desk
from vms.owner.registration import ProbeCamera, ProbeResult
from vms.owner.requests import Actor
from vms.registry import rules
from vms.registry.urls import check_allowed, parse_camera_url


def probe_camera(desk: Desk, _session: Session, _actor: Actor, request: ProbeCamera) -> ProbeResult:
    """May take seconds, so it touches no table: an unused session holds no connection."""
    url = parse_camera_url(request.url)
    check_allowed(desk.allow, url.host, "url")
    rules.check_credential("username", request.username)
    rules.check_credential("password", request.password)
    given = request.username is not None
    return desk.probe(
        dataclasses.replace(
            request,
            url=url.url,
            username=request.username if given else url.username,
            password=request.password if given else url.password,
        )
    )
