"""What people suggest, and which faults they report, collected for whoever makes the product (R20)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

SuggestionKind = Literal["suggestion", "fault"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The same thing said by one or many: `comment` said it first, `text` in these words (personal data masked).

    `comments` are all that say it, `people` who wrote them (ids), `answered` and `thanked` how many of them had an
    answer, and a reward for it. `url` is where the first stands.
    """

    comment: str
    kind: SuggestionKind
    topic: str | None
    text: str
    comments: tuple[str, ...]
    people: tuple[str, ...]
    accounts: tuple[str, ...]
    first_at: datetime
    last_at: datetime
    answered: int
    thanked: int
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """The report: what the most people say on top. `since` None: from the beginning."""

    since: datetime | None
    as_of: datetime
    suggestions: tuple[Suggestion, ...]

    @property
    def people(self) -> int:
        """How many people said something."""
        return len({person for one in self.suggestions for person in one.people})


def ranked(suggestions: Sequence[Suggestion]) -> tuple[Suggestion, ...]:
    """What the most people say first; of those the latest."""
    return tuple(sorted(suggestions, key=lambda one: (-len(one.people), -one.last_at.timestamp(), one.comment)))
