"""The log as it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from caretool.desk.desk import Desk
from caretool.desk.showing import ANY
from caretool.desk.times import parse_past
from caretool.domain.log import Line


@dataclass(frozen=True, slots=True)
class Sought:
    """Which lines of the log somebody wants; `action` is how an action begins, `limit` keeps the newest."""

    ids: Sequence[str] = ()
    since: str | None = None
    agent: str | None = None
    action: str | None = None
    limit: int = 50


def recall(desk: Desk, sought: Sought) -> list[Line]:
    """Lines of the log, oldest first. NotFound, UsageProblem."""
    subjects = [desk.store.resolve(typed, ANY) for typed in sought.ids]
    since = parse_past(sought.since, desk.clock(), desk.zone) if sought.since is not None else None
    return desk.store.journal.last(
        sought.limit, subjects=subjects, since=since, agent=sought.agent, action=sought.action
    )
