"""Lengths of time as people write them: `90m`, `3h`, `2 days`, `4 working hours`, `2 working days` (DESIGN §6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Unit = Literal["minutes", "hours", "days", "working hours", "working days"]

_UNITS: dict[str, Unit] = {
    "m": "minutes", "min": "minutes", "minute": "minutes", "minutes": "minutes",
    "h": "hours", "hour": "hours", "hours": "hours",
    "d": "days", "day": "days", "days": "days",
    "working hour": "working hours", "working hours": "working hours",
    "working day": "working days", "working days": "working days",
}  # fmt: skip
_PATTERN = re.compile(r"\s*(\d{1,5})\s*((?:working\s+)?[a-z]+)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Duration:
    """`amount` (0–99999) of `unit`. Minutes and hours are elapsed time, days keep the wall-clock hour, working ones
    run on a calendar (see `caretool.domain.calendar.after`)."""

    amount: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read `90m`, `3h`, `2 days`, `4 working hours`, `2 working days`; ValueError says what would be understood."""
        match = _PATTERN.fullmatch(text)
        unit = _UNITS.get(" ".join(match[2].split())) if match else None
        if match is None or unit is None:
            raise ValueError(
                f"{text!r} is not a length of time: write 90m, 3h, 2 days, 4 working hours or 2 working days"
            )
        return cls(int(match[1]), unit)

    @property
    def working(self) -> bool:
        """Whether it needs a calendar."""
        return self.unit.startswith("working")

    @property
    def elapsed(self) -> timedelta:
        """As time that passes, a day having 24 hours; not for working ones, which run on a calendar."""
        return timedelta(**{self.unit: self.amount})

    def __str__(self) -> str:
        if self.unit in ("minutes", "hours"):
            return f"{self.amount}{self.unit[0]}"
        return f"{self.amount} {self.unit.removesuffix('s') if self.amount == 1 else self.unit}"
