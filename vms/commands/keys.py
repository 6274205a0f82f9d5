"""`vms rotate-key`: another signing key for the node's roots, announced under the signature of the one before.

Works while the node runs: its signer takes the new key up with the next minute. Not here: key files and statements (integrity.keys).
"""

from __future__ import annotations

from pathlib import Path

from vms.base.clock import SystemClock
from vms.base.db import Database
from vms.base.journal import announce
from vms.base.node_key import NAME, load_key
from vms.integrity.facts import KeyChanged
from vms.integrity.keys import HandOver, hand_over, prepare_next, settle
from vms.integrity.statement import fingerprint, public_bytes


def rotate_key(url: str, folder: Path, node: str, lost: str = "") -> str:
    """The new key's fingerprint. `lost` says how the key in use was lost: the new one then signs itself, and `vms check` tells so for ever.

    Raises CONFIG when the key in use cannot be read, CONFLICT when it is not the one that was announced.
    """
    database = Database(url, pool_size=1, max_overflow=0)
    try:
        with database.transaction() as session:
            settle(session, folder)
        old = None if lost else load_key(folder / NAME)
        new = prepare_next(folder)
        told = fingerprint(public_bytes(new))
        with database.transaction() as session:
            hand_over(session, node, HandOver(old, new, lost or "rotation"), SystemClock().wall_us())
            announce(session, KeyChanged(node, told, "itself" if lost else "previous", lost))
        with database.transaction() as session:
            settle(session, folder)
        return told
    finally:
        database.engine.dispose()
