"""RTSP URLs: path and track of a request, and where a track's control URL leads from the SDP's base.

Not here: which addresses may be dialled (ingest).
"""

from __future__ import annotations

import re

_TRACK = re.compile(r"/(?:trackID|track|streamid)=(\d{1,3})/?$", re.IGNORECASE)


def url_path(url: str) -> str:
    """`rtsp://host:port/cam/1/main/?x` → `/cam/1/main`; a bare path is taken as it is."""
    rest = url.split("://", 1)[1] if "://" in url else url
    path = rest[rest.find("/") :] if "/" in rest else "/"
    return path.partition("?")[0].rstrip("/") or "/"


def split_track(url: str) -> tuple[str, int]:
    """A SETUP URL → path of the aggregate and track number, 1 when none is named."""
    match = _TRACK.search(url)
    if match is None:
        return url_path(url), 1
    return url_path(url[: match.start()]), int(match[1])


def base_url(request_url: str, content_base: str | None) -> str:
    """What control URLs are relative to (RFC 2326 §C.1.1); a base without a scheme is a camera's slip and is passed over."""
    base = (content_base or "").strip().rstrip(";").strip()
    if base.lower().startswith(("rtsp://", "rtsps://")) and " " not in base and base.isascii():
        return base
    return request_url


def control_url(base: str, control: str) -> str:
    """`*` or nothing is the base itself; a relative control is appended, as every camera expects."""
    if control in ("", "*"):
        return base
    if control.lower().startswith(("rtsp://", "rtsps://")):
        return control
    if control.startswith("/"):
        scheme, _, rest = base.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}{control}"
    return base + control if base.endswith("/") else f"{base}/{control}"
