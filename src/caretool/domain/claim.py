"""A claim: somebody is at work on a group, so that nobody else answers it meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from caretool.domain.duration import Duration

_MINUTES = {"minutes": 1, "hours": 60, "days": 24 * 60}
_LONGEST = 24 * 60


@dataclass(frozen=True, slots=True)
class Claim:
    """Who is at work on a group, and until when. `key` tells one taking from the next; `by_hand`: it was asked for with
    `caretool claim`, so no reply lets go of it."""

    group: str
    agent: str
    claimed_at: datetime
    until: datetime
    key: str
    by_hand: bool = False


def claimable(length: Duration) -> bool:
    """Whether a group may be claimed for so long: from a minute to a day, on no calendar."""
    return length.unit in _MINUTES and 1 <= length.amount * _MINUTES[length.unit] <= _LONGEST
