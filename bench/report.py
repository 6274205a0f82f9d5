"""Runs → medians → JSON and table. The JSON shape is the contract's (docs/ref/performance.md)."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

MAX_BUSY_PERCENT = 85.0


@dataclass(frozen=True)
class Run:
    """One measured run of one contender. A figure that was not measured is absent, never zero."""

    name: str
    busy_percent: float
    figures: Mapping[str, float]


@dataclass
class Report:
    """All runs of one benchmark, in the order they were made."""

    bench: str
    settings: Mapping[str, float | str]
    runs: list[Run] = field(default_factory=list[Run])

    @property
    def busy(self) -> float:
        """The busiest run decides: a starved contender measures the scheduler, not itself."""
        return max((run.busy_percent for run in self.runs), default=0.0)

    @property
    def has_verdict(self) -> bool:
        return bool(self.runs) and self.busy <= MAX_BUSY_PERCENT

    def rows(self) -> list[dict[str, float | str]]:
        return [{"name": name, **self.medians(name)} for name in dict.fromkeys(run.name for run in self.runs)]

    def medians(self, name: str) -> dict[str, float]:
        runs = [run.figures for run in self.runs if run.name == name]
        keys = dict.fromkeys(key for figures in runs for key in figures)
        return {key: round(median(figures[key] for figures in runs if key in figures), 3) for key in keys}

    def ratios(self, figure: str, of: str = "vms") -> dict[str, float]:
        """`of`'s figure over every other contender's."""
        own = self.medians(of).get(figure)
        others = {str(row["name"]): self.medians(str(row["name"])).get(figure) for row in self.rows() if row["name"] != of}
        return {name: round(own / other, 3) for name, other in others.items() if own is not None and other}

    def as_json(self) -> dict[str, object]:
        return {
            "bench": self.bench,
            "machine": machine(),
            "busy": round(self.busy, 1),
            "verdict": self.has_verdict,
            "settings": dict(self.settings),
            "runs": [{"name": run.name, "busy": round(run.busy_percent, 1), **run.figures} for run in self.runs],
            "rows": self.rows(),
            "ratios": self.ratios("us_per_frame"),
        }


def machine() -> dict[str, str | int]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return {"cpu": model, "cores": os.cpu_count() or 1, "kernel": platform.release(), "python": platform.python_version()}


def show(report: Report, console: Console) -> None:
    rows = report.rows()
    table = Table(title=f"{report.bench}: median of {max((_count(report, str(r['name'])) for r in rows), default=0)} runs")
    table.add_column("")
    for row in rows:
        table.add_column(str(row["name"]), justify="right")
    for figure in dict.fromkeys(key for row in rows for key in row if key != "name"):
        table.add_row(figure, *(_text(row.get(figure)) for row in rows))
    console.print(table)
    for name, ratio in report.ratios("us_per_frame").items():
        console.print(f"vms / {name}: {ratio:.2f} (CPU per frame)")
    console.print(f"machine busy: {report.busy:.0f} %" + ("" if report.has_verdict else f": over {MAX_BUSY_PERCENT:.0f} %, so no verdict"))


def save(reports: Sequence[Report], path: Path) -> None:
    """One benchmark is one object; several are a list of them."""
    content = [report.as_json() for report in reports]
    path.write_text(json.dumps(content[0] if len(content) == 1 else content, indent=2) + "\n")


def _count(report: Report, name: str) -> int:
    return sum(run.name == name for run in report.runs)


def _text(value: float | str | None) -> str:
    return "" if value is None else f"{value:,.1f}" if isinstance(value, float) and abs(value) < 1e4 else f"{value:,}"
