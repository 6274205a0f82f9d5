"""Measured figures of the end-to-end tests: printed past pytest's capture, so that every run's log holds them."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence


def report(what: str, figure: str) -> None:
    out = sys.__stdout__
    if out is not None:
        out.write(f"\n  e2e: {what}: {figure}\n")
        out.flush()


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
