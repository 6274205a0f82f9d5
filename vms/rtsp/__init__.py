"""RTSP/1.0 (RFC 2326) for both ends, SDP and HTTP-style authentication. Pure: bytes and `now_us` in; bytes, timers and events out."""
