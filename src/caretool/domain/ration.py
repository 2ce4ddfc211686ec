"""Replies that run out: how many an account may still post until its platform counts anew, and who gets them (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from caretool.domain.moment import stamp

if TYPE_CHECKING:
    from caretool.domain.draft import Reply


@dataclass(frozen=True, slots=True)
class Ration:
    """`left` replies of an account until a moment (None: it does not say), `outbox` that are ready to leave, and
    `waiting` comments that nobody has answered yet."""

    account: str
    left: int
    until: datetime | None = None
    outbox: int = 0
    waiting: int = 0

    @property
    def scarce(self) -> bool:
        """Whether there are less than two for each who waits: time to think of answering many together."""
        return self.left < 2 * (self.outbox + self.waiting)

    def says(self, zone: ZoneInfo) -> str:
        """How many are left, and for whom."""
        return f"{self.account}: {self.how_many(zone)}; {self.outbox} in the outbox, {self.waiting} waiting."

    def how_many(self, zone: ZoneInfo) -> str:
        """`37 more replies until Tue 24 Nov 09:00`."""
        until = f" until {stamp(self.until, zone)}" if self.until is not None else ""
        return f"{self.left or 'no'} more {'reply' if self.left == 1 else 'replies'}{until}"


def too_few(left: int | None, people: int) -> bool:
    """Whether not each of these people can have a reply of their own."""
    return left is not None and people > left


def most_urgent_first(replies: Sequence[Reply], due: Mapping[str, datetime | None]) -> list[Reply]:
    """In the order in which they leave where not all can: by when what they answer is due, by its comment's id; what is
    due no answer last."""

    def urgency(reply: Reply) -> tuple[bool, float]:
        times = [at for comment in reply.comments if (at := due.get(comment)) is not None]
        return not times, min(times).timestamp() if times else 0.0

    return sorted(replies, key=urgency)
