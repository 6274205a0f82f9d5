"""The media routes, which the edge process serves on the same origin, described for the OpenAPI document.

Only the description: this application has no such routes. WebSockets (`live.mse`, `playback.mse`) cannot stand in
OpenAPI; docs/ref/api.md has them.
"""

from __future__ import annotations

from typing import Any

_CAMERA = {"name": "camera", "in": "path", "required": True, "schema": {"type": "string"}, "description": "id or code"}
_PROFILE = {
    "name": "profile",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "pattern": "^(main|sub)$", "default": "main"},
}
_TIME = "RFC 3339 with an offset, or integer microseconds UTC"
_PLAYLIST = "application/vnd.apple.mpegurl"


def _time(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": True, "schema": {"type": "string"}, "description": _TIME}


def _get(operation: str, summary: str, media_type: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    answer = {"description": summary, "content": {media_type: {"schema": {"type": "string", "format": "binary"}}}}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "tags": ["media"],
            "parameters": [_CAMERA, *parameters],
            "responses": {"200": answer},
        }
    }


def _clip(operation: str, summary: str, media_type: str) -> dict[str, Any]:
    path = _get(operation, summary, media_type, _time("from"), _time("to"), _PROFILE)
    whole = path["get"]["responses"]["200"]
    whole["headers"] = {
        name: {"schema": {"type": "string"}, "description": text}
        for name, text in (
            ("Clip-From", "first instant of the clip: the key frame at or before `from`"),
            ("Clip-To", "last instant of the clip"),
            ("Clip-Gaps", "JSON list of the holes inside it"),
            ("Clip-Damaged", "spans inside it whose bytes are not what was recorded, or `none`"),
            ("ETag", "of these bytes"),
        )
    }
    path["get"]["responses"]["206"] = {"description": "The asked range", "content": whole["content"]}
    return path


_SDP = {"application/sdp": {"schema": {"type": "string"}}}
_SESSION = {"name": "session", "in": "path", "required": True, "schema": {"type": "string"}, "description": "as Location named it"}


def _whep() -> dict[str, Any]:
    location = {"Location": {"schema": {"type": "string"}, "description": "the session: DELETE ends it, PATCH is 405"}}
    return {
        "post": {
            "operationId": "open_whep",
            "summary": "Live by WebRTC: an offer is answered (draft-ietf-wish-whep, no trickle)",
            "tags": ["media"],
            "parameters": [_CAMERA, _PROFILE],
            "requestBody": {"required": True, "content": _SDP},
            "responses": {
                "201": {"description": "The answer", "content": _SDP, "headers": location},
                "406": {"description": "`params.reason`: `no_h264`, `b_frames` or `codec`; watch by live.mse"},
                "503": {"description": "No more viewers just now, with Retry-After"},
            },
        }
    }


def _whep_session() -> dict[str, Any]:
    return {
        "delete": {
            "operationId": "close_whep",
            "summary": "End a WebRTC view; only for the credential that opened it",
            "tags": ["media"],
            "parameters": [_CAMERA, _SESSION],
            "responses": {"200": {"description": "It has ended"}},
        }
    }


_WIDTH = {
    "name": "width",
    "in": "query",
    "required": False,
    "schema": {"type": "integer", "minimum": 16, "maximum": 7680},
}

_AT = _time("at") | {"required": False, "description": f"a moment of the past ({_TIME}); without it the newest key frame"}


def _snapshot() -> dict[str, Any]:
    path = _get("get_snapshot", "The newest key frame, or that of a moment of the past, as a picture", "image/jpeg", _WIDTH, _AT, _PROFILE)
    path["get"]["responses"]["200"]["headers"] = {
        name: {"schema": {"type": "string"}, "description": text}
        for name, text in (
            ("Picture-Time", "when it was taken, with microseconds"),
            ("Last-Modified", "the same, to the second"),
            ("ETag", "of this picture at this width"),
        )
    }
    path["get"]["responses"]["503"] = {
        "description": "The decoder starts again, or has too much to do",
        "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}},
    }
    return path


MEDIA_PATHS: dict[str, dict[str, Any]] = {
    "/api/v1/cameras/{camera}/clip.mp4": _clip("get_clip_mp4", "A span as one MP4, frames copied", "video/mp4"),
    "/api/v1/cameras/{camera}/clip.mov": _clip("get_clip_mov", "A span with its original G.711 sound", "video/quicktime"),
    "/api/v1/cameras/{camera}/live.m3u8": _get("get_live_playlist", "Live as HLS, segments of at most 2 s", _PLAYLIST, _PROFILE),
    "/api/v1/cameras/{camera}/playback.m3u8": _get(
        "get_playback_playlist", "A recorded span as HLS", _PLAYLIST, _time("from"), _time("to"), _PROFILE
    ),
    "/api/v1/cameras/{camera}/snapshot.jpg": _snapshot(),
    "/api/v1/cameras/{camera}/whep": _whep(),
    "/api/v1/cameras/{camera}/whep/{session}": _whep_session(),
}
