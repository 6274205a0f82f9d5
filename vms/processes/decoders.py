"""root's decode children: one for each client that connects, started when it asks and ended when it leaves. Standard library only.

A client connects to the socket `decoder`; root starts a child and answers with its socket and its pidfd (SCM_RIGHTS), so that the
client can end it at once. When the child ends, root says how (`i32`, as Popen's return code) and closes. Root itself never reads what
a child writes. Not here: back-off, time-outs and what is decoded (vms.decode.client).
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field

from vms.decode.spawn import COMMAND, spawn

MOST = 8
"""Children at one time; a client is one process of this node."""
ENDED = struct.Struct(">i")
NOT_STARTED = 127
Say = Callable[..., None]


@dataclass
class Decoders:
    """Joined to root's selector and tick."""

    listener: socket.socket
    selector: selectors.BaseSelector
    say: Say
    command: tuple[str, ...] = COMMAND
    running: dict[socket.socket, subprocess.Popen[bytes]] = field(default_factory=dict[socket.socket, "subprocess.Popen[bytes]"])

    def watch(self) -> None:
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ, self._accept)

    def tick(self) -> None:
        """Reaps; call it whenever a child may have ended."""
        for client, process in list(self.running.items()):
            if (code := process.poll()) is not None:
                self.say("decoder ended", pid=process.pid, code=code)
                self._answer(client, code)

    def stop(self) -> None:
        """They hold nothing that must be closed in order."""
        for process in self.running.values():
            process.kill()
        for client, process in list(self.running.items()):
            process.wait()
            self._answer(client, 0)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            client, _ = self.listener.accept()
            client.setblocking(False)
            self._start(client)

    def _start(self, client: socket.socket) -> None:
        try:
            if len(self.running) >= MOST:
                raise OSError(f"{MOST} decoders run already")
            process, end = spawn(self.command)
        except (OSError, subprocess.SubprocessError) as error:
            self.say("decoder cannot be started", error=str(error))
            with contextlib.suppress(OSError):
                client.send(ENDED.pack(NOT_STARTED))
            client.close()
            return
        self.running[client] = process
        self.selector.register(client, selectors.EVENT_READ, lambda: self._left(client))
        self.say("decoder started", pid=process.pid)
        self._hand_over(client, process, end)

    def _hand_over(self, client: socket.socket, process: subprocess.Popen[bytes], end: socket.socket) -> None:
        with end:
            try:
                handle = os.pidfd_open(process.pid)
            except OSError as error:
                self.say("decoder cannot be handed over", error=str(error))
                process.kill()
                return
            with contextlib.suppress(OSError):
                socket.send_fds(client, [b"!"], [end.fileno(), handle])
            os.close(handle)

    def _left(self, client: socket.socket) -> None:
        """The client closed, or spoke, which none of ours does: either way its child is over."""
        self.running[client].kill()
        self.selector.unregister(client)

    def _answer(self, client: socket.socket, code: int) -> None:
        del self.running[client]
        with contextlib.suppress(KeyError):
            self.selector.unregister(client)
        with contextlib.suppress(OSError):
            client.send(ENDED.pack(code))
        client.close()
