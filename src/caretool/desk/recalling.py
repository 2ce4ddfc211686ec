"""The log as it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from caretool.desk.desk import Desk
from caretool.desk.showing import ANY
from caretool.desk.times import parse_past
from caretool.domain.log import Line

_NEWEST = 50


@dataclass(frozen=True, slots=True)
class Sought:
    """Which lines of the log somebody wants; `action` is how an action begins, `limit` keeps the newest (None: 50)."""

    ids: Sequence[str] = ()
    since: str | None = None
    agent: str | None = None
    action: str | None = None
    limit: int | None = None

    @property
    def narrows(self) -> bool:
        """Whether it wants less than everything."""
        return bool(self.ids) or any(value is not None for value in (self.since, self.agent, self.action, self.limit))


def recall(desk: Desk, sought: Sought) -> list[Line]:
    """Lines of the log, oldest first. NotFound, UsageProblem."""
    subjects = [desk.store.resolve(typed, ANY) for typed in sought.ids]
    since = parse_past(sought.since, desk.clock(), desk.zone) if sought.since is not None else None
    limit = _NEWEST if sought.limit is None else sought.limit
    return desk.store.journal.last(limit, subjects=subjects, since=since, agent=sought.agent, action=sought.action)
