"""Reports: what is overdue, what today brings, and everything that is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from caretool.desk import promising
from caretool.domain.promise import Overdue, Promise, Today
from caretool.errors import NotFound

if TYPE_CHECKING:
    from caretool.desk.desk import Desk


def overdue(desk: Desk, as_of: datetime) -> Overdue:
    """What is overdue, at risk and due next, with where it was said; overdue ones however old."""
    found = promising.overdue(desk, as_of)
    urls = _urls(desk, [*found.overdue, *found.at_risk, *found.due_next])
    return Overdue(as_of, _placed(found.overdue, urls), _placed(found.at_risk, urls), _placed(found.due_next, urls))


def today(desk: Desk, as_of: datetime, owner: str | None = None) -> Today:
    """The same by owner, by name (or of one `owner`), and under whoever hears of it because it is overdue for so long;
    who has nothing is left out. NotFound for an unknown owner."""
    found = overdue(desk, as_of)
    if owner is not None:
        _known(desk, owner)
    every = {name for _, promises in found.staged for promise in promises for name in _concerned(promise)}
    names = sorted(every if owner is None else every & {owner})
    return Today(as_of, {name: _of(found, name) for name in names})


def open_promises(desk: Desk, as_of: datetime, owner: str | None = None) -> list[Promise]:
    """Everything logged or running, the earliest due first, with where it was said."""
    if owner is not None:
        _known(desk, owner)
    every = promising.standing(desk, desk.store.promises.open(), as_of)
    theirs = [promise for promise in every if owner is None or owner in _concerned(promise)]
    return list(_placed(theirs, _urls(desk, theirs)))


def _concerned(promise: Promise) -> set[str]:
    return {name for name in (promise.owner, promise.escalated_to) if name is not None}


def _of(report: Overdue, owner: str) -> Overdue:
    overdue, at_risk, due_next = (
        tuple(promise for promise in promises if owner in _concerned(promise)) for _, promises in report.staged
    )
    return Overdue(report.as_of, overdue, at_risk, due_next)


def _known(desk: Desk, owner: str) -> None:
    settings = desk.settings
    if owner in settings.owners or owner in settings.agents:
        return
    # Whoever has left the settings may still have promises to keep.
    names = {promise.owner for promise in desk.store.promises.open()}
    if owner not in names:
        every = sorted({*settings.owners, *settings.agents, *names})
        raise NotFound(f"No owner is called {owner!r}: there are {', '.join(every) or 'none'}.")


def _urls(desk: Desk, promises: Sequence[Promise]) -> Mapping[str, str]:
    return desk.store.promises.urls([promise.id for promise in promises])


def _placed(promises: Sequence[Promise], urls: Mapping[str, str]) -> tuple[Promise, ...]:
    return tuple(replace(promise, url=urls.get(promise.id)) for promise in promises)
