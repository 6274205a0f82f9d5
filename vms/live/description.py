"""The SDP (RFC 4566) of a live stream; control URLs are `trackID=N` below the stream's own URL."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from vms.live.rtp import PAYLOAD_TYPES
from vms.media.entryinfo import decoder_sets
from vms.media.types import Codec, TrackInfo

_HEAD = ("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=live", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*", "a=range:npt=now-")
_H265_SETS = {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}  # RFC 7798 §7.1


def describe(infos: Iterable[TrackInfo]) -> str:
    """One media line per track."""
    return "".join(line + "\r\n" for line in (*_HEAD, *(line for info in infos for line in _media(info))))


def _media(info: TrackInfo) -> list[str]:
    kind = PAYLOAD_TYPES[info.codec]
    name, fmtp = _format(info)
    lines = [f"m={'video' if info.is_video else 'audio'} 0 RTP/AVP {kind}", f"a=rtpmap:{kind} {name}"]
    lines += [f"a=fmtp:{kind} {fmtp}"] if fmtp else []
    lines += [f"a=framerate:{info.fps:g}"] if info.is_video and info.fps else []
    return [*lines, f"a=control:trackID={info.track}"]


def _format(info: TrackInfo) -> tuple[str, str]:
    """rtpmap and fmtp of RFC 6184 §8.1, RFC 7798 §7.1, RFC 3640 §4.1, RFC 7587 §7, RFC 3551."""
    sets = decoder_sets(info)
    channels = f"/{info.channels}" if info.channels > 1 else ""
    match info.codec:
        case Codec.H264:
            level = next((nal[1:4].hex() for nal in sets if nal[0] & 0x1F == 7), "640028")
            return "H264/90000", f"packetization-mode=1;profile-level-id={level};sprop-parameter-sets={','.join(map(_b64, sets))}"
        case Codec.H265:
            named = ((_H265_SETS.get(nal[0] >> 1 & 0x3F), nal) for nal in sets)
            return "H265/90000", ";".join(f"{name}={_b64(nal)}" for name, nal in named if name)
        case Codec.AAC:
            fmtp = f"streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config={sets[0].hex()}"
            return f"MPEG4-GENERIC/{info.timescale}{channels}", fmtp
        case Codec.OPUS:
            return "opus/48000/2", ""
        case _:
            return f"{info.codec.upper()}/{info.timescale}{channels}", ""


def _b64(nal: bytes) -> str:
    return base64.b64encode(nal).decode("ascii")
