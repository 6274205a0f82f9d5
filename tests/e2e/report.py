"""Measured figures of the end-to-end tests, which conftest.py prints at the end of the run."""

from __future__ import annotations

import math
from collections.abc import Sequence

FIGURES: list[str] = []


def report(what: str, figure: str) -> None:
    FIGURES.append(f"{what}: {figure}")


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
