"""Starting one decode child: an emptied environment, its own session, one socket. Standard library only: root does it.

Not here: when (root, on a client's wish), what it then does to itself (child, walls).
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys

COMMAND = (sys.executable, "-I", "-m", "vms.decode.child")
NICE = 10
"""Pictures yield to recording and to running views."""


def spawn(command: tuple[str, ...] = COMMAND) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """The process and our end of its socket. Raises OSError, SubprocessError.

    Its standard error stays the node's log until its walls stand; then it closes that too. The new session, not a hook
    between fork and exec, keeps signals of the terminal away.
    """
    ours, theirs = socket.socketpair()
    try:
        process = subprocess.Popen(
            [*command, str(os.getpid()), str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        )
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    return process, ours
