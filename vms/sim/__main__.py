"""`python -m vms.sim --count N --port P …`: the cameras without the rest of the command line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import uvloop

from vms.base.errors import VmsError
from vms.base.log import configure
from vms.sim.command import SimOptions, serve_cameras


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m vms.sim", description="Simulated cameras: rtsp://127.0.0.1:PORT/cam/{1..N}/{main|sub}")
    parser.add_argument("--count", type=int, default=16)
    parser.add_argument("--port", type=int, default=8554)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--script", type=Path)
    parser.add_argument("--ready-file", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--demo", action="store_true", help="one camera that drops out, one with another password")
    configure("console")
    try:
        uvloop.run(serve_cameras(SimOptions(**vars(parser.parse_args()))))
    except VmsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
