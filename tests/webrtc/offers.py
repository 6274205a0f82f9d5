"""Offers as Chromium 140 writes them, shortened to what is looked at."""

from __future__ import annotations

FINGERPRINT = ":".join(["AB"] * 32)
SESSION = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=msid-semantic: WMS\r\n"
TRANSPORT = (
    "c=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
    f"a=ice-options:trickle\r\na=fingerprint:sha-256 {FINGERPRINT}\r\na=setup:actpass\r\n"
)
CANDIDATE = "a=candidate:1 1 udp 2122260223 6ae2f1f6-21d2-4a5c-9d3b-6f3b2c1d0e9f.local 50000 typ host generation 0\r\n"
H264 = (
    "a=rtpmap:{0} H264/90000\r\na=rtcp-fb:{0} nack\r\na=rtcp-fb:{0} nack pli\r\n"
    "a=fmtp:{0} level-asymmetry-allowed=1;packetization-mode={1};profile-level-id={2}\r\n"
)
VIDEO = (
    "m=video 9 UDP/TLS/RTP/SAVPF 96 102 103 104 106\r\n"
    + TRANSPORT
    + CANDIDATE
    + "a=mid:0\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n"
    + H264.format(102, 1, "42001f")
    + "a=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\n"
    + H264.format(104, 0, "64001f")
    + H264.format(106, 1, "64001f")
)
AUDIO = (
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8 13\r\n"
    + TRANSPORT
    + "a=mid:1\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n"
    "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\n"
)
CHROMIUM = SESSION + VIDEO + AUDIO
