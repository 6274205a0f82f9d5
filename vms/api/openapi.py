"""The committed OpenAPI document, docs/ref/openapi.json, from which the console's client is generated.

`python -m vms.api.openapi --write` writes it, `--check` (and a test) fails when it drifted from the routes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from vms.api.app import bare_app
from vms.api.document import text

COMMITTED = Path(__file__).parents[2] / "docs" / "ref" / "openapi.json"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m vms.api.openapi", description="The committed OpenAPI document.")
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--write", action="store_true", help="write docs/ref/openapi.json")
    choice.add_argument("--check", action="store_true", help="exit 1 when docs/ref/openapi.json drifted")
    options = parser.parse_args(arguments)
    now = text(bare_app())
    if options.write:
        COMMITTED.parent.mkdir(parents=True, exist_ok=True)
        COMMITTED.write_text(now, "utf-8")
        return 0
    if COMMITTED.is_file() and COMMITTED.read_text("utf-8") == now:
        return 0
    sys.stderr.write("docs/ref/openapi.json drifted: run python -m vms.api.openapi --write\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
