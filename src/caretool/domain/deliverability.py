"""What can be promised (R11, DESIGN §6): the one request, the plan of what is open, the earliest time that would pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Load:
    """What is already promised of one kind: open promises counted by their window `(first day, due day)`; local dates
    of the kind's calendar. `kept_today` are those kept since the day began."""

    open: Mapping[tuple[date, date], int] = field(default_factory=dict)
    kept_today: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one request. `check` is None where it passes.

    `window` are the days of the new promises (None where empty); `fits` how many of the `count` would pass at the time
    asked; `earliest_due_at` the first due time that would pass for all of them (None: none within `latest`); `why` is
    one English sentence.
    """

    check: Literal["too-early", "too-late", "no-room"] | None
    fits: int
    earliest_due_at: datetime | None
    window: tuple[date, date] | None
    why: str
