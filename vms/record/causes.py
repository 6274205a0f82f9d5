"""Why recording stopped: what a camera's state or a stream's end means as a gap cause and as an end reason. Pure."""

from __future__ import annotations

DELETED = "deleted"
"""It was recorded once; tombstones tell by which rule it went."""
VOLUME_LOST = "volume_lost"
"""It was recorded once, on a volume that was lost with everything on it; as a rule of a tombstone the same."""
GONE = frozenset({DELETED, VOLUME_LOST})
"""Gaps where something was recorded once. Tombstones tell of them, in the chain too, so no gap record does."""
GAP_CAUSES = frozenset(
    {
        "camera_offline",
        "auth",
        "network",
        "disk_full",
        "io_error",
        "worker_crash",
        "overload_drop",
        "schedule",
        "operator_stop",
        "clock_step",
        "power",
        "not_registered",
        DELETED,
        VOLUME_LOST,
        "unknown",
    }
)
_FROM_CAMERA = {
    "unreachable": "camera_offline",
    "refused": "camera_offline",
    "timeout": "camera_offline",
    "not_found": "camera_offline",
    "no_video": "camera_offline",
    "unsupported_codec": "camera_offline",
    "not_allowed": "operator_stop",
    "stalled": "network",
    "protocol": "network",
    "loss": "network",
    "overload": "overload_drop",
    "stop": "operator_stop",
    "disabled": "operator_stop",
}
_WILLED = frozenset({"operator_stop", "schedule"})


def gap_cause(word: str | None) -> str:
    """A camera's cause, a stream's end or a gap cause → gap cause."""
    if word in GAP_CAUSES:
        return word
    return _FROM_CAMERA.get(word or "", "unknown")


def end_reason(word: str) -> str:
    """Why a stream's End closes a segment: somebody wanted it, or the camera went away."""
    return "stop" if is_willed(word) else "offline"


def is_willed(word: str) -> bool:
    """Whether recording stopped because somebody, or a plan, wanted it so."""
    return gap_cause(word) in _WILLED
