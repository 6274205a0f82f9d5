"""What a completeness document is about: the head of statement and tables. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class About:
    """What a statement is about, and who made it. `waiting`: camera-days of it whose figures are not made yet."""

    node_id: str
    node_name: str
    level: str
    made_us: int
    made_by: str
    from_day: str
    to_day: str
    offset_us: int
    region_id: str | None
    region_name: str | None
    waiting: int
