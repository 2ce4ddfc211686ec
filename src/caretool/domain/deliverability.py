"""What can be promised (R11, DESIGN §6): the one request, the plan of what is open, the earliest time that would pass.

Every promise takes one unit of its kind on one day of its window. The plan goes day by day, earliest due day first,
and counts promises per window, so that it costs the same for ten as for a hundred thousand. Days are local dates of the
kind's calendar (without one every day is open round the clock); moments are aware, those returned in UTC. A kind whose
calendar never opens raises `NeverOpen`, a working duration without a calendar ValueError.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from heapq import heappop, heappush
from itertools import islice
from sys import maxsize
from typing import Literal, NamedTuple

from caretool.domain.calendar import LOOK_AHEAD, NeverOpen, after, closing_of, round_the_clock, wall_clock
from caretool.domain.duration import Duration
from caretool.domain.policy import PromiseKind

Window = tuple[date, date]
Check = Literal["too-early", "too-late", "no-room"]

UNLIMITED = maxsize
"""The units of an open day of a kind without a capacity."""

_DAY = timedelta(days=1)
_END_OF_EVENING = time(23, 59)
_REACHES = (14, 60, 240, LOOK_AHEAD)
"""How many days ahead the earliest day that fits is looked for, one after the other."""
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Load:
    """What is already promised of one kind: open promises counted by their window `(first day, due day)`; local dates
    of the kind's calendar. `kept_today` are those kept since the day began."""

    open: Mapping[tuple[date, date], int] = field(default_factory=dict)
    kept_today: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one request. `check` is None where it passes.

    `window` are the days of the new promises (None where empty); `fits` how many of the `count` would pass at the time
    asked; `earliest_due_at` the first due time that would pass for all of them (None: none within `latest`); `why` is
    one English sentence.
    """

    check: Check | None
    fits: int
    earliest_due_at: datetime | None
    window: tuple[date, date] | None
    why: str


class DayRoom(NamedTuple):
    """One open day: how many units it has (None: no limit) and how many of them the plan gives to what is open."""

    day: date
    capacity: int | None
    taken: int


def judge(kind: PromiseKind, count: int, due_at: datetime, now: datetime, load: Load) -> Verdict:
    """Whether `count` new promises of `kind`, made `now`, can all be kept by `due_at` beside what is open."""
    plan = _Plan(kind, now, load)
    check = plan.refused(due_at, count)
    fits = 0 if check in ("too-early", "too-late") else plan.fits(due_at, count)
    earliest = plan.earliest_due(count)
    why = _why(plan, check, count, due_at, earliest)
    return Verdict(check, fits, earliest, plan.window(due_at), why)


def earliest_due(kind: PromiseKind, count: int, now: datetime, load: Load) -> datetime | None:
    """The due time that a person would name for the first day on which all `count` can be kept; `judge` passes it.

    The day's closing, or `now + latest` where that comes first. Without a calendar it is 18:00, in the evening 23:59.
    None where no day within `latest` (without one: two years) has room for all.
    """
    return _Plan(kind, now, load).earliest_due(count)


def wished_due(kind: PromiseKind, count: int, wish: Duration | None, now: datetime, load: Load) -> datetime | None:
    """When a template's promise is due: at its wish, else the kind's `due`, where that passes; else the earliest due.

    None where nothing passes within `latest`.
    """
    plan = _Plan(kind, now, load)
    wanted = wish or kind.due
    if wanted is not None:
        due_at = after(now, wanted, kind.calendar, kind.zone, "closing")
        if plan.refused(due_at, count) is None:
            return due_at
    return plan.earliest_due(count)


def window(kind: PromiseKind, due_at: datetime, now: datetime) -> tuple[date, date] | None:
    """The first and the due day of a promise made `now` for `due_at`; None where no open moment lies between."""
    return _Plan(kind, now, Load()).window(due_at)


def late_windows(kind: PromiseKind, now: datetime, load: Load) -> set[tuple[date, date]]:
    """The windows of what is open of which the plan keeps at least one promise late: overdue ones and doomed ones."""
    late = Counter(load.open)
    for day, days, units in _Plan(kind, now, load).schedule(load.open, max((due for _, due in late), default=date.min)):
        if day <= days[1]:
            late[days] -= units
    return set(+late)


def review_time(kind: PromiseKind, due_at: datetime) -> datetime | None:
    """When a promise is looked at before it is due: elapsed lengths back from `due_at`, working ones back on the kind's
    calendar (N working days: the opening of the Nth open day before). None without a review, or without such a day."""
    review, calendar = kind.review, kind.calendar
    if review is None:
        return None
    if review.unit == "working hours" and calendar is not None:
        return calendar.subtract(due_at, timedelta(hours=review.amount))
    if review.unit == "working days" and calendar is not None:
        day = calendar.day(due_at)
        before = (day - timedelta(days=back) for back in range(1, 7 * review.amount + 30))
        nth = next(islice((one for one in before if calendar.is_open_day(one)), max(review.amount - 1, 0), None), None)
        return calendar.opening(nth) if nth else None
    minutes = {"minutes": 1, "hours": 60, "days": 24 * 60}[review.unit]
    return due_at - timedelta(minutes=review.amount * minutes)


def room(kind: PromiseKind, now: datetime, load: Load, until: date) -> list[DayRoom]:
    """The open days from today to `until` with their units (today: what is left of them), as the plan fills them."""
    plan = _Plan(kind, now, load)
    taken: Counter[date] = Counter()
    for day, _, units in plan.schedule(load.open, until):
        taken[day] += units
    days = plan.open_days(plan.today, until)
    return [DayRoom(day, None if kind.capacity is None else plan.units(day), taken[day]) for day in days]


class _Plan:
    """What one kind can deliver from one moment on, beside what is open; worked out once for all questions about it."""

    def __init__(self, kind: PromiseKind, now: datetime, load: Load) -> None:
        self.kind = kind
        self.now = now.astimezone(UTC)
        self.kept_today = load.kept_today
        self.calendar = kind.calendar or round_the_clock(kind.zone)
        self.today = self.calendar.day(now)
        self.start = self._from_now(kind.earliest, "opening") or self.now
        self.end = self._from_now(kind.latest, "closing")
        self.first_open = self.calendar.next_open(self.start)
        self.first_day = self.calendar.day(self.first_open)
        self.open: dict[Window, int] = {}
        for (first, due), count in load.open.items():
            days = max(first, self.today), due
            self.open[days] = self.open.get(days, 0) + count
        self._units: dict[date, int] = {}
        self._room: dict[tuple[Window, int], bool] = {}

    def _from_now(self, duration: Duration | None, edge: Literal["opening", "closing"]) -> datetime | None:
        if duration is None:
            return None
        return after(self.now, duration, self.kind.calendar, self.kind.zone, edge)

    def counted(self, due_at: datetime) -> datetime | None:
        """What a due time counts as in the test: the last open moment before it, if there ever was one."""
        try:
            return self.calendar.last_open(due_at)
        except NeverOpen:
            return None

    def window(self, due_at: datetime) -> Window | None:
        counted = self.counted(due_at)
        if counted is None or counted < self.start:
            return None
        # A closing at midnight belongs to the day that ends, unless that very moment is also where the window begins.
        due_day = self.calendar.day(counted - timedelta.resolution)
        if counted >= self.first_open:
            due_day = max(due_day, self.first_day)
        return (self.first_day, due_day) if self.first_day <= due_day else None

    def refused(self, due_at: datetime, count: int) -> Check | None:
        counted, days = self.counted(due_at), self.window(due_at)
        if counted is None or days is None:
            return "too-early"
        if self.end is not None and counted > self.end:
            return "too-late"
        return None if self.has_room(days, count) else "no-room"

    def fits(self, due_at: datetime, count: int) -> int:
        """How many of `count` have room until `due_at`."""
        days = self.window(due_at)
        if days is None:
            return 0
        if self.has_room(days, count):
            return count
        return bisect_left(range(1, count), True, key=lambda n: not self.has_room(days, n))

    def earliest_due(self, count: int) -> datetime | None:
        """What passes for a day passes for every later one, so the first is found by halving."""
        last = self.calendar.day(self.end) if self.end is not None else date.max
        for reach in _REACHES:
            days = self.open_days(self.first_day, min(last, self.first_day + reach * _DAY))
            found = bisect_left(days, True, key=lambda day: self.refused(self.said(day), count) is None)
            if found < len(days):
                return self.said(days[found])
        return None

    def said(self, day: date) -> datetime:
        """The due time a person would name for a day."""
        due_at = closing_of(day, self.kind.calendar, self.kind.zone)
        if due_at < self.start:
            due_at = wall_clock(day, _END_OF_EVENING, self.kind.zone)
        return due_at if self.end is None else min(due_at, self.end)

    def shown(self, moment: datetime) -> str:
        """`Wed 25 Nov 18:00` in the desk's zone, whatever the locale."""
        local = moment.astimezone(self.kind.zone)
        return f"{_WEEKDAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local:%H:%M}"

    def units(self, day: date) -> int:
        """What can still be delivered on a day, today less what is gone of it."""
        if day not in self._units:
            self._units[day] = self._units_of(day)
        return self._units[day]

    def _units_of(self, day: date) -> int:
        if not self.calendar.is_open_day(day):
            return 0
        whole = UNLIMITED if self.kind.capacity is None else self.kind.capacity[day.weekday()]
        if day > self.today:
            return whole
        return max(0, min(whole - self.kept_today, int(whole * self.calendar.share_left(self.now))))

    def open_days(self, start: date, until: date) -> list[date]:
        days = (start + n * _DAY for n in range((until - start).days + 1))
        return [day for day in days if self.calendar.is_open_day(day)]

    def schedule(self, promised: Mapping[Window, int], until: date) -> Iterator[tuple[date, Window, int]]:
        """Who is served when: `(day, window, units)`, earliest due day first, late ones going on being the first."""
        coming = sorted(promised, reverse=True)
        left = dict(promised)
        waiting: list[tuple[date, date]] = []
        day, idle = self.today, 0
        while day <= until and (waiting or coming) and idle < LOOK_AHEAD:
            while coming and coming[-1][0] <= day:
                first, due = coming.pop()
                heappush(waiting, (due, first))
            units = self.units(day)
            idle = 0 if units else idle + 1
            while units and waiting:
                due, first = waiting[0]
                served = min(units, left[first, due])
                units -= served
                left[first, due] -= served
                if not left[first, due]:
                    heappop(waiting)
                yield day, (first, due), served
            day = day + _DAY if waiting or not coming else max(day + _DAY, coming[-1][0])

    def on_time(self, promised: Mapping[Window, int]) -> Counter[date]:
        """How many the plan keeps in time, by due day."""
        kept: Counter[date] = Counter()
        for day, (_, due), units in self.schedule(promised, max((due for _, due in promised), default=self.today)):
            if day <= due:
                kept[due] += units
        return kept

    @cached_property
    def open_on_time(self) -> Counter[date]:
        return self.on_time(self.open)

    @property
    def late(self) -> int:
        """How many of what is open the plan keeps late."""
        return sum(self.open.values()) - self.open_on_time.total()

    def has_room(self, days: Window, count: int) -> bool:
        """Whether `count` new ones are on time, and all the others who are on time without them.

        Counted by due day: those due on the same day may change places in the plan, so only their number matters.
        """
        if (days, count) not in self._room:
            promised = self.open | {days: self.open.get(days, 0) + count}
            self._room[days, count] = self.on_time(promised) == self.open_on_time + Counter({days[1]: count})
        return self._room[days, count]


def _why(plan: _Plan, check: Check | None, count: int, due_at: datetime, earliest: datetime | None) -> str:
    name = f"{'an' if plan.kind.name[0] in 'aeiou' else 'a'} {plan.kind.name}"
    if check is None:
        return f"{name} can be kept until {plan.shown(due_at)}"
    if check == "too-late" and plan.end is not None:
        return f"{name} is promised at most {plan.kind.latest} ahead: until {plan.shown(plan.end)}"
    if check == "no-room":
        return "; ".join(_room(plan, count, due_at, earliest))
    if due_at < plan.now:
        cause = f"{plan.shown(due_at)} is past"
    elif due_at < plan.start:
        cause = f"{name} needs {plan.kind.earliest}"
    else:
        opens = f"{plan.shown(plan.start)} and {plan.shown(due_at)}"
        cause = f"the calendar {plan.calendar.name!r} has no open time between {opens}"
    first = f"{cause}: the earliest is {plan.shown(plan.first_open)}"
    return "; ".join([first, *_room(plan, count, plan.said(plan.first_day), earliest)])


def _room(plan: _Plan, count: int, due_at: datetime, earliest: datetime | None) -> list[str]:
    """What a person wants to know where there is not room for all until `due_at`: nothing where there is."""
    fits = plan.fits(due_at, count)
    if fits == count:
        return []
    said = [f"until {plan.shown(due_at)} there is {f'room for {fits} of your {count}' if fits else 'no room'}"]
    if earliest is not None:
        said.append(f"the earliest {'for all ' if count > 1 else ''}is {plan.shown(earliest)}")
    elif plan.end is not None:
        said.append(f"nor is there until {plan.shown(plan.end)}")
    if plan.late:
        said.append(f"what is overdue or will be late ({plan.late}) comes first")
    return said
