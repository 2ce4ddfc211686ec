"""Why a promise can be kept or not, in one English sentence that names its cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from caretool.domain.moment import MONTHS, WEEKDAYS, stamp
from caretool.domain.planning import Check, Keeper, Load, Prospect, Window
from caretool.domain.promisable import Days, PromiseKind, Units

_NO_KIND = "other"


def why(prospect: Prospect, check: Check | None, count: int, due_at: datetime, earliest: datetime | None) -> str:
    """Why `check` is the answer to `count` promises due at `due_at`."""
    kind = prospect.kind
    name = _named(kind)
    if check is None:
        return f"{name} can be kept until {stamp(due_at, kind.zone)}"
    if check == "too-late" and prospect.end is not None:
        return f"{name} is promised at most {kind.latest} ahead: until {stamp(prospect.end, kind.zone)}"
    out = list(blackouts(kind, prospect.today, prospect.calendar.day(max(due_at, prospect.start))))
    if check == "no-room":
        return "; ".join([*causes(prospect, count, due_at), *out, *_room(prospect, count, due_at, earliest)])
    opens = f"the earliest is {stamp(prospect.first_open, kind.zone)}"
    room = _room(prospect, count, prospect.said(prospect.first_day), earliest)
    if due_at < prospect.now:
        cause = f"{stamp(due_at, kind.zone)} is past"
    elif due_at < prospect.start:
        cause = f"{name} needs {kind.earliest}"
    elif out:
        return "; ".join([*out, opens, *room])
    else:
        between = f"{stamp(prospect.start, kind.zone)} and {stamp(due_at, kind.zone)}"
        cause = f"the calendar {prospect.calendar.name!r} has no open time between {between}"
    return "; ".join([cause, *out, opens, *room] if out else [f"{cause}: {opens}", *room])


def causes(prospect: Prospect, count: int, due_at: datetime) -> list[str]:
    """The limits that keep it from having room: each without which more would fit; where none alone does, all."""
    fits = prospect.fits(due_at, count)
    limits = list(_limits(prospect, due_at))
    binding = [said for said, kind, load in limits if Prospect(kind, prospect.now, load).fits(due_at, count) > fits]
    return binding or [said for said, _, _ in limits]


def blackouts(kind: PromiseKind, first: date, last: date) -> Iterator[str]:
    """The kind's blackouts that touch these days: `no pickup 24–26 Dec: courier's holidays`."""
    for out in _touching(kind.blackouts, first, last):
        yield f"no {kind.name} {_days(out)}{_because(out)}"


def absences(kind: PromiseKind, load: Load, days: Window) -> Iterator[str]:
    """When those who keep the kind are away in these days: `logistics is away 24–26 Dec: stocktaking`."""
    for busy in load.keepers:
        if busy.keeper.id in (kind.owner, kind.stand_in):
            yield from (_away(busy.keeper, out) for out in _touching(busy.keeper.away, *days))


def _named(kind: PromiseKind) -> str:
    """`a refund`, `an escalation`; what is of no kind of its own is `this promise`."""
    return "this promise" if kind.name == _NO_KIND else f"{'an' if kind.name[0] in 'aeiou' else 'a'} {kind.name}"


def _limits(prospect: Prospect, due_at: datetime) -> Iterator[tuple[str, PromiseKind, Load]]:
    """Each limit there is in words, with the kind and its load as they would be without it."""
    kind, load = prospect.kind, prospect.load
    if kind.capacity is not None:
        weekdays = [n for n in range(7) if prospect.calendar.week[n]]
        yield _possible(_a_day(kind.capacity, weekdays)), replace(kind, capacity=None), load
    if kind.weekly is not None:
        yield _possible(f"{kind.weekly} a week"), replace(kind, weekly=None), load
    days = prospect.window(due_at)
    for busy in load.keepers:
        if days is None or busy.keeper.id not in (kind.owner, kind.stand_in):
            continue
        for said, unlimited in _limits_of(busy.keeper, days):
            keepers = tuple(replace(one, keeper=unlimited) if one is busy else one for one in load.keepers)
            yield said, kind, replace(load, keepers=keepers)


def _limits_of(keeper: Keeper, days: Window) -> Iterator[tuple[str, Keeper]]:
    """Each limit of somebody who keeps promises in words, with the same somebody without it."""
    if keeper.capacity is not None:
        said = f"{keeper.id} keeps {_a_day(keeper.capacity, range(7))} at most, of all kinds"
        yield said, replace(keeper, capacity=None)
    if keeper.weekly is not None:
        yield f"{keeper.id} keeps {keeper.weekly} a week at most, of all kinds", replace(keeper, weekly=None)
    for out in _touching(keeper.away, *days):
        yield _away(keeper, out), replace(keeper, away=())


def _touching(spells: Iterable[Days], first: date, last: date) -> Iterator[Days]:
    return (out for out in spells if out.first <= last and first <= out.last)


def _away(keeper: Keeper, out: Days) -> str:
    return f"{keeper.id} is away {_days(out)}{_because(out)}"


def _possible(how_many: str) -> str:
    return f"{how_many} {'is' if how_many.startswith('1 ') else 'are'} possible"


def _a_day(units: Units, weekdays: Sequence[int]) -> str:
    """`40 a day`, or `40 a day (10 on Sat)` where the days that count differ."""
    counted = [units[n] for n in weekdays] or [0]
    usual = max(counted, key=counted.count)
    others = [f"{units[n]} on {WEEKDAYS[n]}" for n in weekdays if units[n] != usual]
    return f"{usual} a day" + (f" ({', '.join(others)})" if others else "")


def _room(prospect: Prospect, count: int, due_at: datetime, earliest: datetime | None) -> list[str]:
    """What a person wants to know where there is not room for all until `due_at`: nothing where there is."""
    kind = prospect.kind
    fits = prospect.fits(due_at, count)
    if fits == count:
        return []
    said = [f"until {stamp(due_at, kind.zone)} there is {f'room for {fits} of your {count}' if fits else 'no room'}"]
    if earliest is not None:
        said.append(f"the earliest {'for all ' if count > 1 else ''}is {stamp(earliest, kind.zone)}")
    elif prospect.end is not None:
        said.append(f"nor is there until {stamp(prospect.end, kind.zone)}")
    if prospect.plan.late:
        said.append(f"what is overdue or will be late ({prospect.plan.late}) comes first")
    return said


def _because(out: Days) -> str:
    return f": {out.why}" if out.why else ""


def _days(days: Days) -> str:
    """`24–26 Dec`, `30 Dec – 2 Jan`, `on 24 Dec`."""
    first, last = (f"{day.day} {MONTHS[day.month - 1]}" for day in (days.first, days.last))
    if days.first == days.last:
        return f"on {last}"
    same = (days.first.year, days.first.month) == (days.last.year, days.last.month)
    return f"{days.first.day}–{last}" if same else f"{first} – {last}"
