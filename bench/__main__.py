"""`python -m bench ingest|live|whep|playback|index|all [--cameras N] [--seconds S] [--runs R] [--json FILE]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import index, ingest, live, past, whep
from bench.children import BenchError
from bench.report import Report, save, show

BENCHES: dict[str, Callable[[dict[str, Any]], Report]] = {
    "ingest": lambda given: ingest.bench(_settings(ingest.Settings, given)),
    "live": lambda given: live.bench(_settings(live.Settings, given)),
    "whep": lambda given: whep.bench(_settings(whep.Settings, given)),
    "playback": lambda given: past.bench(_settings(past.Settings, given)),
    "index": lambda given: index.bench(_settings(index.Settings, given)),
}


def _settings(kind: type[Any], given: dict[str, Any]) -> Any:
    """Only what was given and what this benchmark knows; the rest are its defaults."""
    known = {field.name for field in fields(kind)}
    return kind(**{name: value for name, value in given.items() if name in known and value is not None})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("bench", choices=[*BENCHES, "all"])
    parser.add_argument("--cameras", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--viewers", type=int, help="live and whep only")
    parser.add_argument("--points", type=int, help="live only: registered cameras in the list that is paged")
    parser.add_argument("--segments", type=int, help="index only: rows that the database is filled with")
    parser.add_argument("--runs", type=int, help="runs of each contender; the median counts")
    parser.add_argument("--only", help="ingest only: contenders, such as vms,floor")
    parser.add_argument("--folder", type=Path, help="where recordings go; a disk, not memory")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    given = vars(arguments) | {"contenders": tuple(arguments.only.split(",")) if arguments.only else None}
    console, reports = Console(), list[Report]()
    for name in BENCHES if arguments.bench == "all" else [arguments.bench]:
        try:
            reports.append(BENCHES[name](given))
        except BenchError as error:
            print(f"bench {name}: {error}", file=sys.stderr)
            return 1
        show(reports[-1], console)
    if arguments.json:
        save(reports, arguments.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
