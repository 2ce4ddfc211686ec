"""When the desk, the warehouse, the courier are open: named calendars and the time that runs on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from zoneinfo import ZoneInfo

Ranges = tuple[tuple[time, time], ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Open hours in `zone`, local wall-clock time. `week` has seven entries, Monday first, each its sorted ranges.

    `country`/`region` are the codes of the `holidays` library (IT, None); `closed` days are shut whatever the week says,
    `open` days have these hours instead of the week's (they win over holidays and `closed`).
    """

    name: str
    zone: ZoneInfo
    week: tuple[Ranges, Ranges, Ranges, Ranges, Ranges, Ranges, Ranges]
    country: str | None = None
    region: str | None = None
    closed: frozenset[date] = frozenset()
    open: Mapping[date, Ranges] = field(default_factory=dict)
