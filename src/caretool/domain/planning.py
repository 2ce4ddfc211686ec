"""The plan of what is open (DESIGN §6): day by day, earliest due first, as far as the day's and the week's units go.

It counts promises per window, so that it costs the same for ten as for a hundred thousand. The units of a kind a day
are what DESIGN §6 defines; a week's and those of whoever keeps it are further limits of the same plan, which serves as
early as it can: with them it may refuse too much, never too little. Days are local dates of a kind's own calendar.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import cached_property
from heapq import heappop, heappush
from sys import maxsize
from typing import Literal, NamedTuple

from caretool.domain.calendar import LOOK_AHEAD, Calendar, NeverOpen, after, closing_of, round_the_clock, wall_clock
from caretool.domain.duration import Duration
from caretool.domain.promisable import Agent, Owner, PromiseKind, Units

Keeper = Owner | Agent
Window = tuple[date, date]
Check = Literal["too-early", "too-late", "no-room"]
Strand = tuple[str, str]
"""A kind and who keeps it; an empty name where that has no limit."""

UNLIMITED = maxsize
"""The units of an open day of a kind without a capacity."""

_DAY = timedelta(days=1)
_END_OF_EVENING = time(23, 59)
_REACHES = (14, 60, 240, LOOK_AHEAD)
"""How many days ahead the earliest day that fits is looked for, one after the other."""


@dataclass(frozen=True, slots=True)
class Busy:
    """Somebody who keeps promises and has a limit over all kinds, or is away: how many they kept today and this week,
    of whatever kind."""

    keeper: Keeper
    kept_today: int = 0
    kept_week: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """What is already promised of one kind: open promises counted by their window `(first day, due day)`; local dates
    of the kind's calendar. `kept_today` are those kept since the day began, `kept_week` since Monday.

    `keepers` are those of the kind whose limits count, `beside` the other kinds that they keep.
    """

    open: Mapping[Window, int] = field(default_factory=dict)
    kept_today: int = 0
    kept_week: int = 0
    keepers: tuple[Busy, ...] = ()
    beside: tuple[tuple[PromiseKind, Load], ...] = ()

    def plus(self, window: Window, count: int) -> Load:
        """The same with `count` more promises of the kind."""
        return replace(self, open={**self.open, window: self.open.get(window, 0) + count})


class Job(NamedTuple):
    """Promises of one kind and one window; their order is the plan's."""

    due: date
    first: date
    kind: str


def kept_by(kind: PromiseKind, day: date, keepers: Mapping[str, Keeper]) -> str:
    """Who keeps what is due on a day: the owner, or the stand-in while the owner is away and the stand-in is not."""

    def away(name: str) -> bool:
        return name in keepers and any(day in days for days in keepers[name].away)

    return kind.stand_in if kind.stand_in and away(kind.owner) and not away(kind.stand_in) else kind.owner


def week_of(day: date) -> int:
    """The ISO week a day is in, counted from the first there was."""
    return (day.toordinal() - 1) // 7


def calendar_of(kind: PromiseKind) -> Calendar:
    """When a kind can be kept: its calendar, without one round the clock; never on the days of a blackout."""
    if kind.calendar is not None:
        return kind.calendar
    always = round_the_clock(kind.zone)
    return always.without(days_of(kind)) if kind.blackouts else always


def days_of(kind: PromiseKind) -> list[date]:
    """Every day of a kind's blackouts."""
    return [out.first + n * _DAY for out in kind.blackouts for n in range((out.last - out.first).days + 1)]


@dataclass
class Limit:
    """Whole units a day and a week. `share` is what is left of the day `today`."""

    capacity: Units | None
    weekly: int | None
    is_open: Callable[[date], bool]
    today: date
    share: Fraction
    kept_today: int
    kept_week: int

    def __post_init__(self) -> None:
        self._units: dict[date, int] = {}

    def units(self, day: date) -> int:
        """What can still be delivered on a day, today less what is gone of it."""
        if day not in self._units:
            self._units[day] = self._units_of(day)
        return self._units[day]

    def _units_of(self, day: date) -> int:
        if day < self.today or not self.is_open(day):
            return 0
        whole = UNLIMITED if self.capacity is None else self.capacity[day.weekday()]
        return whole if day > self.today else max(0, min(whole - self.kept_today, int(whole * self.share)))

    def in_week(self, week: int) -> int:
        """What can still be delivered in a week, this one less what was kept in it."""
        if self.weekly is None:
            return UNLIMITED
        return max(0, self.weekly - (self.kept_week if week == week_of(self.today) else 0))


class Plan:
    """What one kind, and all that is kept beside it, can deliver from one moment on."""

    def __init__(self, kind: PromiseKind, now: datetime, load: Load) -> None:
        self.kind = kind.name
        loads = [(kind, load), *load.beside]
        self.kinds = {one.name: one for one, _ in loads}
        self.keepers = {busy.keeper.id: busy.keeper for busy in load.keepers}
        self.limits = {one.name: _limit_of_kind(one, now, its) for one, its in loads}
        share = max(limit.share for limit in self.limits.values())
        today = now.astimezone(kind.zone).date()
        self.busy = {busy.keeper.id: _limit_of_keeper(busy, today, share) for busy in load.keepers}
        self.today = min(limit.today for limit in self.limits.values())
        self.open: dict[Job, int] = {}
        for one, its in loads:
            for (first, due), count in its.open.items():
                job = Job(due, max(first, self.limits[one.name].today), one.name)
                self.open[job] = self.open.get(job, 0) + count
        self._room: dict[tuple[Window, int], bool] = {}

    def strand(self, job: Job) -> Strand:
        """What limits a promise: its kind, and who keeps it."""
        if not self.keepers:
            return job.kind, ""
        keeper = kept_by(self.kinds[job.kind], job.due, self.keepers)
        return job.kind, keeper if keeper in self.keepers else ""

    def limits_of(self, strand: Strand) -> list[Limit]:
        """The limits of what is kept there."""
        kind, keeper = strand
        return [self.limits[kind], self.busy[keeper]] if keeper else [self.limits[kind]]

    def schedule(self, promised: Mapping[Job, int], until: date) -> Iterator[tuple[date, Job, int]]:
        """Who is served when: `(day, job, units)`, earliest due day first, late ones going on being the first."""
        coming = sorted(promised, key=lambda job: job.first, reverse=True)
        left = dict(promised)
        waiting: dict[Strand, list[Job]] = {}
        used: Counter[tuple[int, int]] = Counter()
        day, idle = self.today, 0
        while day <= until and (waiting or coming) and idle < LOOK_AHEAD:
            while coming and coming[-1].first <= day:
                job = coming.pop()
                heappush(waiting.setdefault(self.strand(job), []), job)
            idle += 1
            for job, units in self._served(day, waiting, left, used):
                idle = 0
                yield day, job, units
            day = day + _DAY if waiting or not coming else max(day + _DAY, coming[-1].first)

    def _served(
        self, day: date, waiting: dict[Strand, list[Job]], left: dict[Job, int], used: Counter[tuple[int, int]]
    ) -> list[tuple[Job, int]]:
        """What is done on one day, taken from what waits."""
        week = week_of(day)
        room: dict[int, int] = {}
        strands = list(waiting)
        served: list[tuple[Job, int]] = []
        while strands:
            alone = len(strands) == 1
            strand = strands[0] if alone else min(strands, key=lambda one: (waiting[one][0], one))
            limits = self.limits_of(strand)
            for limit in limits:
                if id(limit) not in room:
                    room[id(limit)] = min(limit.units(day), limit.in_week(week) - used[id(limit), week])
            free = before = max(0, min(room[id(limit)] for limit in limits))
            jobs = waiting[strand]
            while free and jobs:
                job = jobs[0]
                units = min(left[job], free)
                free -= units
                left[job] -= units
                served.append((job, units))
                if not left[job]:
                    heappop(jobs)
                if not alone:
                    break
            for limit in limits:
                room[id(limit)] -= before - free
                used[id(limit), week] += before - free
            if not jobs:
                del waiting[strand]
            if not jobs or not free:
                strands.remove(strand)
        return served

    def on_time(self, promised: Mapping[Job, int]) -> Counter[tuple[str, date]]:
        """How many the plan keeps in time, by kind and due day."""
        kept: Counter[tuple[str, date]] = Counter()
        for day, job, units in self.schedule(promised, max((job.due for job in promised), default=self.today)):
            if day <= job.due:
                kept[job.kind, job.due] += units
        return kept

    @cached_property
    def open_on_time(self) -> Counter[tuple[str, date]]:
        """How many of what is open the plan keeps in time."""
        return self.on_time(self.open)

    @property
    def late(self) -> int:
        """How many of what is open the plan keeps late."""
        return sum(self.open.values()) - self.open_on_time.total()

    def has_room(self, days: Window, count: int) -> bool:
        """Whether `count` new ones are on time, and all the others who are on time without them.

        Counted by due day: those of a kind due on the same day may change places in the plan, so only their number
        matters.
        """
        if (days, count) not in self._room:
            first, due = days
            job = Job(due, first, self.kind)
            promised = self.open | {job: self.open.get(job, 0) + count}
            wanted = self.open_on_time + Counter({(self.kind, due): count})
            self._room[days, count] = self.on_time(promised) >= wanted
        return self._room[days, count]


class Prospect:
    """What can be said of one kind at one moment; worked out once for all questions about it."""

    def __init__(self, kind: PromiseKind, now: datetime, load: Load) -> None:
        self.kind = kind
        self.load = load
        self.now = now.astimezone(UTC)
        self.calendar = calendar_of(kind)
        self.plan = Plan(kind, now, load)
        self.today = self.calendar.day(now)
        self.start = self._from_now(kind.earliest, "opening") or self.now
        self.end = self._from_now(kind.latest, "closing")
        self.first_open = self.calendar.next_open(self.start)
        self.first_day = self.calendar.day(self.first_open)

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
        """The first and the due day of a promise; None where no open moment lies between."""
        counted = self.counted(due_at)
        if counted is None or counted < self.start:
            return None
        # A closing at midnight belongs to the day that ends, unless that very moment is also where the window begins.
        due_day = self.calendar.day(counted - timedelta.resolution)
        if counted >= self.first_open:
            due_day = max(due_day, self.first_day)
        return (self.first_day, due_day) if self.first_day <= due_day else None

    def refused(self, due_at: datetime, count: int) -> Check | None:
        """Why `count` promises for this time cannot be kept; None: they can."""
        counted, days = self.counted(due_at), self.window(due_at)
        if counted is None or days is None:
            return "too-early"
        if self.end is not None and counted > self.end:
            return "too-late"
        return None if self.plan.has_room(days, count) else "no-room"

    def fits(self, due_at: datetime, count: int) -> int:
        """How many of `count` have room until `due_at`."""
        days = self.window(due_at)
        if days is None:
            return 0
        if self.plan.has_room(days, count):
            return count
        return bisect_left(range(1, count), True, key=lambda n: not self.plan.has_room(days, n))

    def earliest_due(self, count: int) -> datetime | None:
        """The first day that passes, as a person would say it.

        What passes for a day passes for every later one, so it is found by halving; not so where whoever keeps it keeps
        other kinds, too, so there one day after the other is tried in the near future.
        """
        last = self.calendar.day(self.end) if self.end is not None else date.max
        for reach in _REACHES:
            days = self.open_days(self.first_day, min(last, self.first_day + reach * _DAY))
            near = days if self.plan.keepers and reach == _REACHES[0] else []
            for day in near:
                if self.refused(self.said(day), count) is None:
                    return self.said(day)
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

    def open_days(self, start: date, until: date) -> list[date]:
        """The days with open hours from `start` to `until`."""
        days = (start + n * _DAY for n in range((until - start).days + 1))
        return [day for day in days if self.calendar.is_open_day(day)]


def _limit_of_kind(kind: PromiseKind, now: datetime, load: Load) -> Limit:
    calendar = calendar_of(kind)
    today, share = calendar.day(now), calendar.share_left(now)
    return Limit(kind.capacity, kind.weekly, calendar.is_open_day, today, share, load.kept_today, load.kept_week)


def _limit_of_keeper(busy: Busy, today: date, share: Fraction) -> Limit:
    keeper = busy.keeper

    def is_there(day: date) -> bool:
        return not any(day in days for days in keeper.away)

    return Limit(keeper.capacity, keeper.weekly, is_there, today, share, busy.kept_today, busy.kept_week)
