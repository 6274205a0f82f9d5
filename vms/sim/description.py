"""The SDP (RFC 4566) a simulated camera describes itself with."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from vms.media.types import Codec
from vms.sim.clip import Loop
from vms.sim.feed import PAYLOAD_TYPES

_HEAD = ("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=camera", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*", "a=range:npt=now-")


def describe(loops: Sequence[Loop]) -> str:
    """One media line per track, its control URL `trackID=N`."""
    return "".join(line + "\r\n" for line in (*_HEAD, *(line for loop in loops for line in _media(loop))))


def unknown_codec() -> str:
    """A video track of a codec that the platform does not carry."""
    lines = (*_HEAD, "m=video 0 RTP/AVP 98", "a=rtpmap:98 VP8/90000", "a=control:trackID=1")
    return "".join(line + "\r\n" for line in lines)


def _media(loop: Loop) -> list[str]:
    kind = PAYLOAD_TYPES[loop.codec]
    name, fmtp = _FORMATS[loop.codec](loop)
    lines = [f"m={'video' if loop.width else 'audio'} 0 RTP/AVP {kind}", f"a=rtpmap:{kind} {name}"]
    lines += [f"a=fmtp:{kind} {fmtp}"] if fmtp else []
    lines += [f"a=framerate:{loop.fps:g}", f"a=x-dimensions:{loop.width},{loop.height}"] if loop.width else []
    return [*lines, f"a=control:trackID={loop.track}"]


def _h264(loop: Loop) -> tuple[str, str]:
    sets = [nal for nal in loop.config if nal[0] & 0x1F in (7, 8)]
    profile = next((nal[1:4].hex() for nal in sets if nal[0] & 0x1F == 7), "640028")
    return "H264/90000", f"packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={','.join(map(_b64, sets))}"


def _h265(loop: Loop) -> tuple[str, str]:
    names = {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}
    return "H265/90000", ";".join(f"{names[nal[0] >> 1 & 0x3F]}={_b64(nal)}" for nal in loop.config)


def _aac(loop: Loop) -> tuple[str, str]:
    name = f"MPEG4-GENERIC/{loop.timescale}" + (f"/{loop.channels}" if loop.channels > 1 else "")
    config = loop.config[0].hex() if loop.config else ""
    return name, f"streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config={config}"


def _g711(loop: Loop) -> tuple[str, str]:
    return f"{loop.codec.upper()}/{loop.timescale}", ""


def _b64(nal: bytes) -> str:
    return base64.b64encode(nal).decode("ascii")


_FORMATS = {Codec.H264: _h264, Codec.H265: _h265, Codec.AAC: _aac, Codec.PCMA: _g711, Codec.PCMU: _g711}
