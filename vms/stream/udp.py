"""A pair of UDP ports for RTP and RTCP: an even port and the next one (RFC 3550 §11)."""

from __future__ import annotations

import socket

from vms.base.errors import Kind, VmsError

BUFFER_BYTES = 2 * 1024 * 1024
TRIES = 64


def bind_pair(family: int, local_ip: str) -> tuple[socket.socket, socket.socket]:
    """Non-blocking sockets for RTP and RTCP on this address. Raises OVERLOAD when no pair is free."""
    for _ in range(TRIES):
        rtp = _bind(family, local_ip, 0)
        if rtp is None:
            break
        port = port_of(rtp)
        rtcp = _bind(family, local_ip, port + 1) if port % 2 == 0 else None
        if rtcp is not None:
            return rtp, rtcp
        rtp.close()
    raise VmsError(Kind.OVERLOAD, "no free pair of UDP ports on this node")


def port_of(sock: socket.socket) -> int:
    return int(sock.getsockname()[1])


def _bind(family: int, local_ip: str, port: int) -> socket.socket | None:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        for buffer in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            sock.setsockopt(socket.SOL_SOCKET, buffer, BUFFER_BYTES)
        sock.bind((local_ip, port))
    except OSError:
        sock.close()
        return None
    return sock
