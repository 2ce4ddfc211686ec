"""What can be promised (R11, DESIGN §6): the one request, the earliest time that would pass, what becomes late.

Every promise takes one unit of its kind on one day of its window (see `planning`). Days are local dates of the kind's
calendar (without one every day is open round the clock); moments are aware, those returned in UTC. A kind whose
calendar never opens raises `NeverOpen`, a working duration without a calendar ValueError.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import NamedTuple

from caretool.domain.calendar import after
from caretool.domain.duration import Duration
from caretool.domain.planning import UNLIMITED, Check, Job, Limit, Plan, Prospect, week_of
from caretool.domain.planning import Load as Load
from caretool.domain.planning import Window as Window
from caretool.domain.promisable import PromiseKind
from caretool.domain.reasons import blackouts, why

_DAY = timedelta(days=1)


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
    """One day of a kind: how many units it has (None: no limit), how many of them the plan gives to what is open, how
    many it leaves (a week's limit and the owner's considered), and what is to be known of it, mostly why it has none.
    """

    day: date
    capacity: int | None
    taken: int
    left: int | None
    why: str | None = None


def judge(kind: PromiseKind, count: int, due_at: datetime, now: datetime, load: Load) -> Verdict:
    """Whether `count` new promises of `kind`, made `now`, can all be kept by `due_at` beside what is open."""
    prospect = Prospect(kind, now, load)
    check = prospect.refused(due_at, count)
    fits = 0 if check in ("too-early", "too-late") else prospect.fits(due_at, count)
    earliest = prospect.earliest_due(count)
    sentence = why(prospect, check, count, due_at, earliest)
    return Verdict(check, fits, earliest, prospect.window(due_at), sentence)


def earliest_due(kind: PromiseKind, count: int, now: datetime, load: Load) -> datetime | None:
    """The due time that a person would name for the first day on which all `count` can be kept; `judge` passes it.

    The day's closing, or `now + latest` where that comes first. Without a calendar it is 18:00, in the evening 23:59.
    None where no day within `latest` (without one: two years) has room for all.
    """
    return Prospect(kind, now, load).earliest_due(count)


def wished_due(kind: PromiseKind, count: int, wish: Duration | None, now: datetime, load: Load) -> datetime | None:
    """When a template's promise is due: at its wish, else the kind's `due`, where that passes; else the earliest due.

    None where nothing passes within `latest`.
    """
    prospect = Prospect(kind, now, load)
    wanted = wish or kind.due
    if wanted is not None:
        due_at = after(now, wanted, kind.calendar, kind.zone, "closing")
        if prospect.refused(due_at, count) is None:
            return due_at
    return prospect.earliest_due(count)


def window(kind: PromiseKind, due_at: datetime, now: datetime) -> Window | None:
    """The first and the due day of a promise made `now` for `due_at`; None where no open moment lies between."""
    return Prospect(kind, now, Load()).window(due_at)


def late_counts(kind: PromiseKind, now: datetime, load: Load) -> dict[Window, int]:
    """How many of what is open the plan keeps late, by window: overdue ones and doomed ones."""
    plan = Plan(kind, now, load)
    late = Counter(load.open)
    # The plan begins today; what began before keeps the window under which the ledger knows it.
    began: dict[Job, list[Window]] = {}
    for first, due in sorted(load.open):
        began.setdefault(Job(due, max(first, plan.limits[kind.name].today), kind.name), []).append((first, due))
    for day, job, units in plan.schedule(plan.open, max((job.due for job in plan.open), default=date.min)):
        if job.kind != kind.name or day > job.due:
            continue
        for days in began[job]:
            served = min(units, late[days])
            late[days] -= served
            units -= served
    return dict(+late)


def late_windows(kind: PromiseKind, now: datetime, load: Load) -> set[Window]:
    """The windows of what is open of which the plan keeps at least one promise late: overdue ones and doomed ones."""
    return set(late_counts(kind, now, load))


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


def escalated_to(kind: PromiseKind, due_at: datetime, now: datetime) -> str | None:
    """Who hears of a promise that is overdue `now`; None: nobody, or not yet."""
    if kind.escalate is None:
        return None
    since = after(due_at, kind.escalate.after, kind.calendar, kind.zone, "closing")
    return kind.escalate.to if since <= now else None


def room(kind: PromiseKind, now: datetime, load: Load, until: date) -> list[DayRoom]:
    """The days from today to `until` with their units (today: what is left of them), as the plan fills them."""
    prospect = Prospect(kind, now, load)
    plan = prospect.plan
    taken: Counter[date] = Counter()
    used: Counter[tuple[int, date]] = Counter()
    weeks: Counter[tuple[int, int]] = Counter()
    for day, job, units in plan.schedule(plan.open, max([until, *(job.due for job in plan.open)])):
        taken[day] += units if job.kind == kind.name else 0
        for limit in plan.limits_of(plan.strand(job)):
            used[id(limit), day] += units
            weeks[id(limit), week_of(day)] += units
    last = prospect.calendar.day(prospect.end) if prospect.end is not None else date.max
    found = []
    for day in (prospect.today + n * _DAY for n in range((until - prospect.today).days + 1)):
        limits = plan.limits_of(plan.strand(Job(day, day, kind.name)))
        left = min(_left(limit, day, used, weeks) for limit in limits)
        units = plan.limits[kind.name].units(day)
        endless = units > UNLIMITED // 2
        found.append(
            DayRoom(
                day,
                None if endless else units,
                taken[day],
                None if left > UNLIMITED // 2 else max(0, left),
                _why_not(prospect, day, units, left, last),
            )
        )
    return found


def _left(limit: Limit, day: date, used: Counter[tuple[int, date]], weeks: Counter[tuple[int, int]]) -> int:
    week = week_of(day)
    return min(limit.units(day) - used[id(limit), day], limit.in_week(week) - weeks[id(limit), week])


def _why_not(prospect: Prospect, day: date, units: int, left: int, last: date) -> str | None:
    """Why nothing can be promised for a day, in a few words; None: something can."""
    kind = prospect.kind
    out = next(blackouts(kind, day, day), None)
    shut = prospect.calendar.why_shut(day)
    if out or shut:
        return out or shut
    if not units:
        return "over" if day == prospect.today else "no units"
    if day < prospect.first_day:
        return f"needs {kind.earliest}" if kind.earliest else "over"
    if day > last:
        return f"at most {kind.latest} ahead"
    return None if left > 0 else "full"
