"""What an account on one of Meta's platforms has learned of itself: who we are there, what the token may do, until
when."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from caretool.platforms.graph import Token
from caretool.platforms.graph_wire import moment


@dataclass(frozen=True, slots=True)
class Facts:
    """Our `id`, `handle` and `name` there, and when the token ends (RFC 3339); None: nobody knows, or it does not."""

    id: str | None = None
    handle: str | None = None
    name: str | None = None
    ends: str | None = None

    @classmethod
    def parse(cls, text: str | None) -> Facts:
        """What was kept; nothing where it is another platform's."""
        try:
            kept = cls(**json.loads(text or "{}"))
        except (ValueError, TypeError):
            return cls()
        return kept if all(one is None or isinstance(one, str) for one in asdict(kept).values()) else cls()

    def __str__(self) -> str:
        return json.dumps({key: value for key, value in asdict(self).items() if value is not None})


class Learned:
    """The facts as they are known now, from what was `kept` on; `scopes` are the token's, as far as they are told."""

    def __init__(self, kept: str | None) -> None:
        self.facts = Facts.parse(kept)
        self.scopes: tuple[str, ...] = ()
        self._kept = kept

    def who(self, *, id: str | None = None, handle: str | None = None, name: str | None = None) -> None:
        """Who we are there."""
        self.facts = replace(self.facts, id=id, handle=handle, name=name)

    def token(self, told: Token | None, now: datetime) -> None:
        """What the platform says of the token that it has just taken. Where it says nothing (None), what it said before
        stands; but an end that is over was another token's."""
        if told is not None:
            self.scopes = told.scopes
            ends = told.ends_at
        else:
            ends = self.ends_at if self.ends_at is not None and self.ends_at > now else None
        self.facts = replace(self.facts, ends=None if ends is None else ends.isoformat())

    def news(self) -> str | None:
        """The facts, if they are to be kept and were not told yet."""
        facts = str(self.facts)
        if facts == self._kept:
            return None
        self._kept = facts
        return facts

    @property
    def ends_at(self) -> datetime | None:
        """When the token ends, as far as is known."""
        return moment(self.facts.ends)

    def missing(self, needed: Iterable[str]) -> tuple[str, ...]:
        """Those of the needed scopes that the token lacks, where it tells them."""
        return tuple(scope for scope in needed if self.scopes and scope not in self.scopes)
