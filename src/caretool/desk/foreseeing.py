"""Foresee: which open promises the plan can no longer keep (a blackout, a smaller capacity, a day off), by when each
could be, and what to tell its customer. Nothing is moved: a person does that (R13)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from caretool.desk.load import load_of
from caretool.domain import deliverability, reasons
from caretool.domain.calendar import LOOK_AHEAD
from caretool.domain.deliverability import DayRoom, earliest_due, late_counts, window
from caretool.errors import UsageProblem

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.domain.planning import Load, Window
    from caretool.domain.policy import PromiseKind
    from caretool.domain.promise import Promise

_TWO_WEEKS = timedelta(days=13)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """An open promise that the plan keeps late. `new_due_at`: the first time by which it can be kept instead, once
    those before it in the list have been moved; None: there is none within the kind's `latest`.

    `comment` is what the promise answers, `text` the apology in the customer's language, with the new time.
    """

    promise: Promise
    why: str
    new_due_at: datetime | None
    comment: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Room:
    """What is left of a kind, day by day from today on."""

    kind: str
    as_of: datetime
    days: tuple[DayRoom, ...]


def room(desk: Desk, kind_name: str, now: datetime, until: datetime | None) -> Room:
    """What is left of a kind until a moment's day (None: two weeks). UsageProblem where that is past or too far."""
    kind = desk.promise_kind(kind_name)
    today = _today(kind, now)
    last = _today(kind, until) if until is not None else today + _TWO_WEEKS
    if not today <= last <= today + timedelta(days=LOOK_AHEAD):
        raise UsageProblem(f"{last} is {'past' if last < today else 'more than two years away'}: name another day.")
    return Room(kind.name, now, tuple(deliverability.room(kind, now, load_of(desk, kind, now), last)))


def count(desk: Desk, now: datetime) -> int:
    """How many open promises, not overdue yet, the plan can no longer keep."""
    found = 0
    for kind in desk.policy.promises.values():
        late = late_counts(kind, now, load_of(desk, kind, now))
        found += sum(number for (_, due), number in late.items() if due >= _today(kind, now))
    return found


def reminder(number: int) -> str | None:
    """The sentence that tells somebody of them; None where there is none."""
    if not number:
        return None
    what = "1 open promise" if number == 1 else f"{number} open promises"
    return f"{what} can no longer be kept in time: `caretool promise foresee` tells which, and what to write."


def foresee(desk: Desk, now: datetime) -> list[Foreseen]:
    """Every one of them, each kind's last due first: in this order they can be moved, one after the other."""
    by_kind: dict[str, list[Promise]] = {}
    for promise in desk.store.promises.open():
        if promise.moved_to is None and promise.kind in desk.policy.promises:
            by_kind.setdefault(promise.kind, []).append(promise)
    return [
        one for name, promises in by_kind.items() for one in _of_kind(desk, desk.policy.promises[name], promises, now)
    ]


def _of_kind(desk: Desk, kind: PromiseKind, promises: list[Promise], now: datetime) -> Iterable[Foreseen]:
    from caretool.desk import apologising, promising  # what composes replies is slow to import

    minute = now.replace(second=0, microsecond=0)
    load = load_of(desk, kind, now)
    windows = desk.store.promises.windows([promise.id for promise in promises])
    late = promising.standing(desk, _late(promises, windows, late_counts(kind, now, load), now), now)
    told = desk.store.promises.told_to([promise.id for promise in late])
    for promise in late:
        days = windows[promise.id]
        why = _why(kind, days, load, now)
        load = load.plus(days, -1)
        new_due_at = earliest_due(kind, 1, minute, load)
        moved = window(kind, new_due_at, minute) if new_due_at is not None else None
        load = load.plus(moved or days, 1)
        draft = apologising.of_move(desk, promise, new_due_at) if new_due_at is not None else None
        yield Foreseen(promise, why, new_due_at, told[promise.id][0], draft.text if draft else None)


def _late(promises: list[Promise], windows: dict[str, Window], late: dict[Window, int], now: datetime) -> list[Promise]:
    """The late ones of each window are those made last; overdue ones are reported as such. The last due come first."""
    found = []
    left = dict(late)
    for promise in sorted(promises, key=lambda one: (one.due_at, one.made_at, one.id), reverse=True):
        if left.get(windows[promise.id], 0):
            left[windows[promise.id]] -= 1
            if promise.due_at >= now:
                found.append(promise)
    return found


def _why(kind: PromiseKind, days: Window, load: Load, now: datetime) -> str:
    first = max(days[0], _today(kind, now))
    causes = [*reasons.blackouts(kind, first, days[1]), *reasons.absences(kind, load, (first, days[1]))]
    return "; ".join(causes) or f"more are promised until {days[1]:%Y-%m-%d} than can be kept"


def _today(kind: PromiseKind, now: datetime) -> date:
    return now.astimezone(kind.calendar.zone if kind.calendar is not None else kind.zone).date()
