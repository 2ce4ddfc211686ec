"""When the desk, the warehouse, the courier are open: named calendars and the time that runs on them (DESIGN §6).

Every moment taken must be aware (else ValueError). Every moment returned is in UTC, so that differences and comparisons
are elapsed time, also on the nights when the clocks change; convert with `astimezone` to show it. A *day* is a local
date of the calendar's zone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import cache, lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from caretool.domain.duration import Duration

Ranges = tuple[tuple[time, time], ...]
Span = tuple[datetime, datetime]

MIDNIGHT = time(0)
CLOSING_WITHOUT_HOURS = time(18)
LOOK_AHEAD = 731
"""Days in a row that may be shut before a calendar is taken never to open: two years."""

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_MICROSECOND = timedelta(microseconds=1)


class NeverOpen(ValueError):
    """The calendar has no open hour within two years of where one was looked for."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Open hours in `zone`, local wall-clock time. `week` has seven entries, Monday first, each its sorted ranges.

    A range is `(opens, closes)`; `closes` of `time(0)` is midnight at the end of the day (`24:00`). What runs over
    midnight is two ranges. `country`/`region` are the codes of the `holidays` library (IT, None); `closed` days are
    shut whatever the week says, `open` days have these hours instead of the week's (they win over holidays and
    `closed`). `holidays` are the public holidays of the years for which they were worked out before; other years are
    asked of the library.
    """

    name: str
    zone: ZoneInfo
    week: tuple[Ranges, Ranges, Ranges, Ranges, Ranges, Ranges, Ranges]
    country: str | None = None
    region: str | None = None
    closed: frozenset[date] = frozenset()
    open: Mapping[date, Ranges] = field(default_factory=dict)
    holidays: Mapping[int, frozenset[date]] = field(default_factory=dict, compare=False)

    def day(self, moment: datetime) -> date:
        """The local date of `moment`."""
        return _utc(moment).astimezone(self.zone).date()

    def hours(self, day: date) -> Ranges:
        """The wall-clock ranges of a day, holidays and exceptions considered; empty when shut."""
        if day in self.open:
            return self.open[day]
        if day in self.closed or not self.week[day.weekday()]:
            return ()
        if self.country is not None and day in self._holidays_of(self.country, day.year):
            return ()
        return self.week[day.weekday()]

    def _holidays_of(self, country: str, year: int) -> Container[date]:
        known = self.holidays.get(year)
        return known if known is not None else _public_holidays(country, self.region)

    def why_shut(self, day: date) -> Literal["holiday", "closed"] | None:
        """Whether it is a public holiday or another reason that shuts a day; None: it has hours."""
        if self.hours(day):
            return None
        usual = day not in self.open and day not in self.closed and bool(self.week[day.weekday()])
        return "holiday" if usual else "closed"

    def without(self, days: Iterable[date]) -> Calendar:
        """The same calendar, shut on these days whatever else is said of them."""
        shut = frozenset(days)
        return replace(
            self,
            closed=self.closed | shut,
            open={day: hours for day, hours in self.open.items() if day not in shut},
        )

    def ranges(self, day: date) -> tuple[Span, ...]:
        """The open spans `(start, end)` of a day, in order; empty when shut.

        A span across an hour that is skipped is shorter, across one that comes twice longer; a range that lies wholly
        in a skipped hour is left out.
        """
        return _spans(day, self.hours(day), self.zone)

    def is_open_day(self, day: date) -> bool:
        """Whether the day has any open time."""
        return bool(self.ranges(day))

    def opening(self, day: date) -> datetime | None:
        """When the day's first span begins; None when shut."""
        spans = self.ranges(day)
        return spans[0][0] if spans else None

    def closing(self, day: date) -> datetime | None:
        """When the day's last span ends; None when shut."""
        spans = self.ranges(day)
        return spans[-1][1] if spans else None

    def next_open(self, moment: datetime) -> datetime:
        """The first open moment at or after `moment`; a closing time is not open any more. Raises NeverOpen."""
        now = _utc(moment)
        for start, end in self._spans_from(now):
            if end > now:
                return max(start, now)
        raise self._never(now)

    def last_open(self, moment: datetime) -> datetime:
        """The last open moment at or before `moment`; a closing time itself still counts. Raises NeverOpen."""
        now = _utc(moment)
        for _, end in self._spans_until(now):
            return min(end, now)
        raise self._never(now)

    def add(self, moment: datetime, worked: timedelta) -> datetime:
        """When `worked` of open time has passed since `moment`: at a closing time rather than the next opening.

        Nothing to work is `moment` itself, or the next opening when shut. Raises NeverOpen, ValueError if negative.
        """
        now, left = _utc(moment), _not_negative(worked)
        for opens, end in self._spans_from(now):
            start = max(opens, now)
            if left <= end - start:
                return start + left
            left -= end - start
        raise self._never(now)

    def subtract(self, moment: datetime, worked: timedelta) -> datetime:
        """Since when `worked` of open time has passed until `moment`: at an opening rather than the closing before.

        Nothing to work is `moment` itself, or the last closing when shut. Raises NeverOpen, ValueError if negative.
        """
        now, left = _utc(moment), _not_negative(worked)
        for start, closes in self._spans_until(now):
            end = min(closes, now)
            if left <= end - start:
                return end - left
            left -= end - start
        raise self._never(now)

    def nth_open_day(self, after: date, n: int) -> date:
        """The nth (1 or more) open day after the day `after`, which does not count. Raises NeverOpen."""
        if n < 1:
            raise ValueError(f"open days are counted from 1, not {n}")
        for day in self._open_days(after + _DAY, _DAY):
            n -= 1
            if n == 0:
                return day
        raise self._never(after)

    def open_time_left(self, moment: datetime) -> timedelta:
        """How much open time is left of `moment`'s day; none when shut."""
        now = _utc(moment)
        return sum((end - max(start, now) for start, end in self.ranges(self.day(now)) if end > now), timedelta())

    def share_left(self, moment: datetime) -> Fraction:
        """The exact share (0 to 1) of the open time of `moment`'s day that is left; 0 when shut."""
        whole = sum((end - start for start, end in self.ranges(self.day(moment))), timedelta())
        return Fraction(self.open_time_left(moment) // _MICROSECOND, whole // _MICROSECOND) if whole else Fraction(0)

    def _open_days(self, start: date, step: timedelta) -> Iterator[date]:
        """Open days from `start` on (backwards with a negative step), until two years in a row are shut."""
        day, shut = start, 0
        while shut < LOOK_AHEAD:
            if self.is_open_day(day):
                yield day
                shut = 0
            else:
                shut += 1
            day += step

    def _spans_from(self, moment: datetime) -> Iterator[Span]:
        """Spans that end at or after `moment`, forwards."""
        for day in self._open_days(self.day(moment), _DAY):
            yield from (span for span in self.ranges(day) if span[1] >= moment)

    def _spans_until(self, moment: datetime) -> Iterator[Span]:
        """Spans that begin at or before `moment`, backwards."""
        for day in self._open_days(self.day(moment), -_DAY):
            yield from (span for span in reversed(self.ranges(day)) if span[0] <= moment)

    def _never(self, where: date) -> NeverOpen:
        return NeverOpen(f"the calendar {self.name!r} has no open hour within two years of {where:%Y-%m-%d}")


def round_the_clock(zone: ZoneInfo) -> Calendar:
    """A calendar that is always open: what a kind of promise without one is planned on."""
    always: Ranges = ((MIDNIGHT, MIDNIGHT),)
    return Calendar("round the clock", zone, (always, always, always, always, always, always, always))


def after(
    moment: datetime,
    duration: Duration,
    calendar: Calendar | None,
    zone: ZoneInfo,
    edge: Literal["opening", "closing"],
) -> datetime:
    """`duration` after `moment`, in UTC. Raises ValueError for a working duration without a calendar, NeverOpen.

    Minutes and hours are elapsed time. Days keep the wall-clock hour in `zone`; where that hour is skipped, it moves
    forward by as much as the clock does. Working hours run on the calendar. N working days are the `edge` of the Nth
    open day after today: `opening` for an `earliest`, `closing` for a `due` or `latest`. 0 working days are the first
    open moment from now on (`opening`), or that day's closing.
    """
    if duration.unit == "minutes":
        return _utc(moment) + timedelta(minutes=duration.amount)
    if duration.unit == "hours":
        return _utc(moment) + timedelta(hours=duration.amount)
    if duration.unit == "days":
        return _days_later(moment, duration.amount, zone)
    if calendar is None:
        raise ValueError(f"{str(duration)!r} runs on a calendar, and none is named")
    if duration.unit == "working hours":
        return calendar.add(moment, timedelta(hours=duration.amount))
    if duration.amount == 0:
        first = calendar.next_open(moment)
        return first if edge == "opening" else closing_of(calendar.day(first), calendar, zone)
    day = calendar.nth_open_day(calendar.day(moment), duration.amount)
    return calendar.ranges(day)[0][0] if edge == "opening" else closing_of(day, calendar, zone)


def closing_of(day: date, calendar: Calendar | None, zone: ZoneInfo) -> datetime:
    """When a day closes, in UTC: its last closing time; 18:00 in `zone` on a closed day or without a calendar."""
    closing = calendar.closing(day) if calendar is not None else None
    return closing if closing is not None else wall_clock(day, CLOSING_WITHOUT_HOURS, zone)


def response_due(written_at: datetime, duration: Duration, calendar: Calendar | None, zone: ZoneInfo) -> datetime:
    """By when a first answer is due, in UTC.

    Where `[response]` names a calendar everything runs on it: minutes and hours, working or not, are open time; N days,
    working or not, are the closing of the Nth open day after the day it was written on.
    """
    if calendar is None:
        return after(written_at, duration, None, zone, "closing")
    if duration.unit == "minutes":
        return calendar.add(written_at, timedelta(minutes=duration.amount))
    if duration.unit in ("hours", "working hours"):
        return calendar.add(written_at, timedelta(hours=duration.amount))
    return after(written_at, Duration(duration.amount, "working days"), calendar, zone, "closing")


def wall_clock(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The moment (UTC) when the clocks in `zone` show `at` on `day`.

    The first one where an hour comes twice; where it is skipped, the moment of the skip. So later wall-clock times
    never give earlier moments, and the ranges of a day stay in order and apart.
    """
    local = datetime.combine(day, at, zone)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    # In a skipped hour fold=1 reads the clock with the later offset: a moment before the skip, fold=0 one after it.
    before = local.replace(fold=1).astimezone(UTC)
    offset = before.astimezone(zone).utcoffset()

    def skipped(seconds: int) -> bool:
        return (before + seconds * _SECOND).astimezone(zone).utcoffset() != offset

    return before + bisect_left(range((moment - before) // _SECOND), True, key=skipped) * _SECOND


def _days_later(moment: datetime, days: int, zone: ZoneInfo) -> datetime:
    local = _utc(moment).astimezone(zone)
    # Adding nothing must not lose which of two equal hours it is: datetime arithmetic drops the fold.
    return (local + timedelta(days=days) if days else local).astimezone(UTC)


@lru_cache(maxsize=4096)
def _spans(day: date, hours: Ranges, zone: ZoneInfo) -> tuple[Span, ...]:
    if day == date.max:  # no midnight follows it
        return ()
    spans = (
        (wall_clock(day, opens, zone), wall_clock(day + _DAY if closes == MIDNIGHT else day, closes, zone))
        for opens, closes in hours
    )
    return tuple((start, end) for start, end in spans if start < end)


def with_holidays(calendar: Calendar, years: range) -> Calendar:
    """The same calendar with its public holidays of these years worked out, so that it need not ask the library."""
    if calendar.country is None:
        return calendar
    public = _public_holidays(calendar.country, calendar.region)
    return replace(calendar, holidays={year: _public_in(year, public) for year in years})


def _public_in(year: int, public: Container[date]) -> frozenset[date]:
    days = (date(year, 1, 1) + n * _DAY for n in range(366))
    return frozenset(day for day in days if day.year == year and day in public)


@cache
def _public_holidays(country: str, region: str | None) -> Container[date]:
    """The library's own lazily growing set. Importing it takes half a second, so only a desk with holidays pays."""
    from holidays import country_holidays

    holidays: Container[date] = country_holidays(country, subdiv=region)
    return holidays


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment:%Y-%m-%d %H:%M} has no time zone")
    return moment.astimezone(UTC)


def _not_negative(worked: timedelta) -> timedelta:
    if worked < timedelta():
        raise ValueError(f"working time cannot be negative: {worked}")
    return worked
