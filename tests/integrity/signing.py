"""A process that signs minute roots and stops at a chosen point, to be killed there: `python -m tests.integrity.signing`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from sqlalchemy import event

from vms.base.clock import ManualClock
from vms.base.db import Database
from vms.integrity.signer import Signer

POINTS = {"closed": "UPDATE chain_state", "signed": "INSERT INTO minute_roots", "kept": ""}
"""Behind which statement it stops: the minutes are being closed, the roots are signed but not committed, or all is committed."""


def main(url: str, folder: str, now_us: str, point: str) -> None:
    database = Database(url, pool_size=2)
    signer = Signer(database, "node-1", Path(folder), ManualClock(int(now_us)))

    def stop(*_: object) -> None:
        sys.stdout.write("here\n")
        sys.stdout.flush()
        signal.pause()

    def behind(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(POINTS[point]):
            stop()

    if POINTS[point]:
        event.listen(database.engine, "after_cursor_execute", behind)
    signer.on_signed.append(stop)
    signer.step()


if __name__ == "__main__":
    main(*sys.argv[1:])
