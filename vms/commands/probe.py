"""`vms probe URL`: open a camera once from this machine, outside any node, and tell what it sends or why it does not."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from vms.base.clock import SystemClock
from vms.ingest.orders import PullOrder
from vms.processes.worker.probing import Probing
from vms.registry.urls import parse_camera_url
from vms.stream.frames import Message

EVERYWHERE = ("0.0.0.0/0", "::/0")  # an operator at a shell may dial what the shell may
ADVICE = {
    "unreachable": "check address, cabling and firewall",
    "refused": "nothing listens on this port; is RTSP switched on in the camera?",
    "timeout": "the address does not answer; check network and firewall",
    "auth": "user or password is wrong; mind the camera's lock-out",
    "not_found": "the path is wrong; look it up in the camera's manual",
    "no_video": "the path carries no video; choose another",
    "unsupported_codec": "set the camera to H.264 or H.265, audio to G.711 or AAC",
    "protocol": "this does not speak RTSP as it should; check port and firmware",
    "stalled": "connected, but no picture comes; check the camera's encoder",
}


def probe_url(text: str) -> dict[str, Any]:
    """`{"ok","cause","message","tracks","elapsed_ms"}`. Raises BAD_REQUEST for a URL that is none."""
    url = parse_camera_url(text)
    order = PullOrder("probe", "main", url.url, url.username or "", url.password or "", record=False, allow=EVERYWHERE)
    return asyncio.run(_probe(order))


async def _probe(order: PullOrder) -> dict[str, Any]:
    answered: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    probing = Probing(SystemClock(), answered.set_result)
    probing.start({"id": "probe", "order": order.to_json()})
    answer = await answered
    return {key: answer[key] for key in ("ok", "cause", "message", "tracks", "elapsed_ms")}


def tell(result: dict[str, Any]) -> str:
    """For a terminal: a line per track, or the cause with one advice."""
    if not result["ok"]:
        return f"[!!] {result['cause']}: {result['message']}\n     {ADVICE.get(str(result['cause']), 'try again')}"
    lines = [f"[ok] first picture after {result['elapsed_ms']} ms"]
    for track in cast("list[dict[str, Any]]", result["tracks"]):
        size = f" {track['width']}x{track['height']} {track['fps']:g} fps" if track["width"] else f" {track['timescale']} Hz"
        lines.append(f"     track {track['track']}: {track['codec']}{size}  {track['mime']}")
    return "\n".join(lines)
