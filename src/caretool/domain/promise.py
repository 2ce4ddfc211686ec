"""Something we said we would do, for one person, by a time (DESIGN §6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

PromiseState = Literal["logged", "running", "kept", "broken", "moved", "released", "void"]
Stage = Literal["due-next", "at-risk", "overdue"]
STAGES: tuple[Stage, ...] = ("due-next", "at-risk", "overdue")
"""How pressing a promise is, from calm to bad."""


@dataclass(frozen=True, slots=True)
class Promise:
    """A line of the ledger. Times are aware, in UTC. `review_at`: when it is looked at before it is due.

    `reply` is the id of the reply that said it (None: added by hand). `at_risk`: the review time has passed, or the
    plan of what is open makes it late; `overdue`: running and past its due time. `url`: where it was said or asked for,
    filled in for reports. `escalated_to`: who hears of it, too, because it is overdue for so long.
    """

    id: str
    kind: str
    person_id: str
    person_name: str
    text: str
    made_at: datetime
    due_at: datetime
    state: PromiseState
    owner: str
    reply: str | None = None
    review_at: datetime | None = None
    evidence: str | None = None
    because: str | None = None
    moved_to: str | None = None
    overdue: bool = False
    at_risk: bool = False
    url: str | None = None
    escalated_to: str | None = None


@dataclass(frozen=True, slots=True)
class Overdue:
    """What somebody has to look at: past its time, likely to be late, due within 24 h; each list by due time."""

    as_of: datetime
    overdue: tuple[Promise, ...]
    at_risk: tuple[Promise, ...]
    due_next: tuple[Promise, ...]

    @property
    def staged(self) -> tuple[tuple[Stage, tuple[Promise, ...]], ...]:
        """The three lists by stage, worst first."""
        return (("overdue", self.overdue), ("at-risk", self.at_risk), ("due-next", self.due_next))


@dataclass(frozen=True, slots=True)
class Today:
    """The same by owner, by name; owners of whom nothing is overdue, at risk or due next are left out."""

    as_of: datetime
    owners: Mapping[str, Overdue]
