"""Times in a clause: found by the grammar's rules, put together where they touch ("domani" "entro le 12"), and worked
out by the conventions of DESIGN §6, counted from the moment of posting."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

from caretool.domain.calendar import Calendar, closing_of, wall_clock
from caretool.language.commitments.grammar import Grammar, TimeRule, bare

Nature = Literal["due", "vague", "soft", "none"]

_SPANS = frozenset({"hours", "minutes", "working_hours"})
_HOURS = frozenset({"clock", "part", "closing"})
_ENDS_BEFORE = frozenset({"weekday", "date", "monthday", "weekend", "next_week"})
_AT_SIX = frozenset({"days", "weeks", "months"})
_JOINED = re.compile(r"[ ,(]{0,3}")
_SIX_IN_THE_EVENING, _LAST_MINUTE = time(18), time(23, 59)
_FRIDAY, _SUNDAY = 4, 6
_LOOK_BACK = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Part:
    """One rule that was found: `fields` are its named groups that matched."""

    rule: TimeRule
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class When:
    """One time as it stands in the text: a day, an hour, both, or a span from now. `firm`: a deadline by its own words
    ("entro", "by"). `later` is the other end of a range. `none` is a time that promises nothing ("da tre giorni")."""

    start: int
    end: int
    nature: Nature
    firm: bool = False
    day: Part | None = None
    hour: Part | None = None
    span: Part | None = None
    later: When | None = None

    @property
    def relative(self) -> bool:
        """Whether it moves with the moment of posting: everything but a day of a month."""
        last = self.later or self
        return self.nature == "due" and (last.day is None or last.day.rule.rule != "date")


def times_in(text: str, start: int, end: int, grammar: Grammar) -> list[When]:
    """The times of `text[start:end]` (folded), in order."""
    found: list[When] = []
    for match in grammar.times.finditer(text, start, end):
        rule = grammar.time_rules[int((match.lastgroup or "t0")[1:])]
        alone = rule.pattern.match(text, match.start(), end)
        if alone is None or not _sound(fields := {k: v for k, v in alone.groupdict().items() if v}, grammar):
            continue
        when = _when(alone, rule, fields)
        joined = _join(found[-1], when, text, grammar) if found else None
        if joined is not None:
            found[-1] = joined
        else:
            found.append(when)
    return found


def due_of(when: When, grammar: Grammar, calendar: Calendar | None, zone: ZoneInfo, posted_at: datetime) -> datetime:
    """When it is due, in UTC. A range is due at its later end."""
    due = _Reader(grammar, calendar, zone, posted_at).due(when)
    if when.later is None:
        return due
    follows = when.later.day is not None and when.later.day.rule.rule == "weekday"
    since = max(posted_at, due - timedelta(days=1)) if follows else posted_at
    return max(due, _Reader(grammar, calendar, zone, since).due(when.later))


def continued(one: When, other: When) -> When:
    """The later of two times of a verb that stands between them: an hour is on the day of the first ("*venerdì* vi
    richiamo *alle 16*"), and in its half of the day ("*domani sera* la chiamo *alle 9*")."""
    plain = one.nature == other.nature == "due" and one.span is None and one.later is None
    if not plain or other.hour is None or other.day is not None or other.hour.rule.today:
        return other
    narrowed = one.hour is not None and one.hour.rule.rule == "part" and other.hour.rule.rule == "clock"
    return replace(
        other,
        start=one.start,
        firm=one.firm or other.firm,
        day=one.day,
        hour=_better_hour(one.hour, other.hour) if one.hour is not None and narrowed else other.hour,
        later=replace(other.later, day=other.later.day or one.day) if other.later is not None else None,
    )


def _when(match: re.Match[str], rule: TimeRule, fields: Mapping[str, str]) -> When:
    part = Part(rule, fields)
    bare = When(match.start(), match.end(), "due", firm="by" in fields)
    if rule.rule in ("vague", "soft"):
        return replace(bare, nature="vague" if rule.rule == "vague" else "soft")
    if rule.rule in ("past", "none"):
        return replace(bare, nature="none")
    if rule.rule in _SPANS:
        return replace(bare, span=part)
    return replace(bare, hour=part) if rule.rule in _HOURS else replace(bare, day=part)


def _sound(fields: Mapping[str, str], grammar: Grammar) -> bool:
    """Whether day, month and hour exist at all."""
    day = fields.get("day", "1")
    month = int(fields.get("monthnumber", "1"))
    hour = fields.get("hour", "0")
    swapped = month > 12 and "monthnumber" in fields and day.isdigit() and int(day) <= 12 and month <= 31
    return (
        (not day.isdigit() or 1 <= int(day) <= 31)
        and (1 <= month <= 12 or swapped)
        and (not hour.isdigit() or int(hour) <= 24)
    )


def _join(one: When, other: When, text: str, grammar: Grammar) -> When | None:
    """Both as one time where nothing but a blank, or an "e", stands between them."""
    between = text[one.end : other.start]
    if one.nature != "due" or other.nature != "due" or one.span or other.span or len(between) > 16:
        return None
    joined, linked = _JOINED.fullmatch(between), grammar.links.fullmatch(between)
    whole = replace(one, end=other.end, firm=one.firm or other.firm)
    if joined and one.later is None:
        if not (one.day and other.day) and not (one.hour and other.hour):
            return replace(whole, day=one.day or other.day, hour=one.hour or other.hour)
        if one.day and other.day and not other.hour:
            better = _better_day(one.day, other.day)
            return replace(whole, day=better) if better else replace(whole, later=other)
        if one.hour and other.hour and not other.day:
            return replace(whole, hour=_better_hour(one.hour, other.hour))
    if linked and (one.hour is None or other.day is None or other.hour is not None):
        same = bool(one.day) == bool(other.day) or bool(one.hour and other.hour)
        return replace(whole, later=other if other.day else replace(other, day=one.day)) if same else None
    return None


def _better_day(one: Part, other: Part) -> Part | None:
    """A date says more than a weekday; "giovedì della prossima settimana" is one day. None: they are two days."""
    names = {one.rule.rule: one, other.rule.rule: other}
    if "date" in names:
        return names["date"]
    if "weekday" in names and "next_week" in names:
        weekday = names["weekday"]
        return Part(replace(weekday.rule, next_week=True), weekday.fields)
    return None


def _better_hour(one: Part, other: Part) -> Part:
    """A clock time says more than a part of the day, which tells its half."""
    clock = one if one.rule.rule == "clock" else other
    part = other if clock is one else one
    if clock.rule.rule != "clock" or part.rule.rule != "part" or part.rule.half is None:
        return other if clock.rule.rule != "clock" else clock
    return Part(clock.rule, {"half": part.rule.half[0], **clock.fields})


@dataclass(frozen=True, slots=True)
class _Reader:
    grammar: Grammar
    calendar: Calendar | None
    zone: ZoneInfo
    posted_at: datetime

    @property
    def today(self) -> date:
        return self.posted_at.astimezone(self.zone).date()

    def due(self, when: When) -> datetime:
        if when.span is not None:
            return self._after(when.span)
        day, hour = when.day, when.hour
        if day is None:
            due = self._at(self.today, None, hour)
            stays = hour is None or hour.rule.today or hour.rule.rule == "closing"
            return due if stays or due > self.posted_at else self._at(self.today + timedelta(days=1), None, hour)
        on = self._date(day)
        if "before" in day.fields and hour is None and day.rule.rule in _ENDS_BEFORE:
            on -= timedelta(days=2 if day.rule.rule == "weekend" else 1)
            return self._at(on if on >= self.today else on + timedelta(weeks=1), None, None)
        due = self._at(on, day, hour)
        again = day.rule.rule in ("weekday", "end_of_week", "weekend", "monthday")
        if again and due <= self.posted_at:
            return self._at(self._next_month(on) if day.rule.rule == "monthday" else on + timedelta(weeks=1), day, hour)
        return due

    def _number(self, part: Part) -> int:
        said = part.fields.get("n", "")
        return part.rule.n or (int(said) if said.isdecimal() else self.grammar.numbers[bare(said)])

    def _after(self, span: Part) -> datetime:
        number, now = self._number(span), self.posted_at.astimezone(UTC) + timedelta(minutes=span.rule.plus)
        if span.rule.rule == "minutes":
            return now + timedelta(minutes=number)
        if span.rule.rule == "working_hours" and self.calendar is not None:
            return self.calendar.add(now, timedelta(hours=number))
        return now + timedelta(hours=number)

    def _at(self, on: date, day: Part | None, hour: Part | None) -> datetime:
        if hour is not None and hour.rule.rule == "clock":
            return self._clock(on, hour)
        at = hour.rule.at if hour is not None else self._usual_hour(day)
        return closing_of(on, self.calendar, self.zone) if at is None else wall_clock(on, at, self.zone)

    def _usual_hour(self, day: Part | None) -> time | None:
        if day is None or day.rule.at is not None:
            return day.rule.at if day else None
        if day.rule.rule == "weekend":
            return _LAST_MINUTE
        return _SIX_IN_THE_EVENING if day.rule.rule in _AT_SIX else None

    def _clock(self, on: date, part: Part) -> datetime:
        past = part.rule.minute
        said, minute = part.fields["hour"], int(part.fields.get("minute", "0")) + past % 60
        hour = (int(said) if said.isdecimal() else self.grammar.numbers[bare(said)]) - (past < 0)
        half = part.fields.get("half")
        early = 0 < hour < self.grammar.afternoon_below - ("minute" in part.fields) and not said.startswith("0")
        if (half == "p" and hour < 12) or (half is None and early):
            hour += 12
        elif half == "a" and hour == 12:
            hour = 0
        at = _LAST_MINUTE if hour >= 24 else time(hour, minute)
        named = part.fields.get("zone")
        return wall_clock(on, at, self.zone) if named is None else self._in_zone(datetime.combine(on, at), named)

    def _in_zone(self, at: datetime, named: str) -> datetime:
        for fold in (0, 1):
            ours = at.replace(tzinfo=self.zone, fold=fold)
            if (ours.tzname() or "").lower() == named:
                return ours.astimezone(UTC)
        zone = self.grammar.zones[named]
        there = ZoneInfo(zone) if isinstance(zone, str) else timezone(timedelta(minutes=zone))
        return at.replace(tzinfo=there).astimezone(UTC)

    def _date(self, day: Part) -> date:
        today, rule = self.today, day.rule.rule
        friday = today + timedelta(days=_FRIDAY - today.weekday())
        if rule == "day":
            return today + timedelta(days=day.rule.add)
        if rule in ("days", "weeks"):
            return today + timedelta(days=self._number(day) * (7 if rule == "weeks" else 1))
        if rule == "working_days":
            return self._working_day(self._number(day))
        if rule == "weekday":
            return self._weekday(day)
        if rule == "date":
            return self._nearest(day)
        if rule == "month":
            return self._month(day)
        if rule == "monthday":
            return self._monthday(int(day.fields["day"]))
        fixed = {
            "end_of_week": friday,
            "weekend": today + timedelta(days=_SUNDAY - today.weekday()),
            "next_week": friday + timedelta(weeks=1),
            "end_of_month": _month_end(today, 0),
            "next_month": _month_end(today, 1),
            "end_of_year": date(today.year, 12, 31),
        }
        return fixed[rule] if rule in fixed else _months_later(today, self._number(day))

    def _weekday(self, day: Part) -> date:
        wanted = self.grammar.weekdays[bare(day.fields["weekday"])]
        monday = self.today - timedelta(days=self.today.weekday())
        if day.rule.next_week:
            return monday + timedelta(days=7 + wanted)
        ahead = (wanted - self.today.weekday()) % 7
        return self.today + timedelta(days=7 if ahead == 0 and "following" in day.fields else ahead)

    def _working_day(self, number: int) -> date:
        country, region = (self.calendar.country, self.calendar.region) if self.calendar else (None, None)
        return _working_week(self.zone, country, region).nth_open_day(self.today, number) if number else self.today

    def _month(self, day: Part) -> date:
        """The last day of a month that is named, or its middle (`n`)."""
        month = self.grammar.months[bare(day.fields["month"])]
        first = date(self.today.year + (month < self.today.month), month, 1)
        return first.replace(day=day.rule.n) if day.rule.n else _month_end(first, 0)

    def _nearest(self, day: Part) -> date:
        """The date of this year or the next, unless it lies behind by less than two months: then it is past."""
        month, number = day.rule.on or self._said(day.fields)
        if month > 12:
            number, month = month, number
        said = day.fields.get("year")
        years = [int(said) % 100 + 2000] if said else range(self.today.year - 1, self.today.year + 9)
        dates = [date(year, month, number) for year in years if number <= _month_end(date(year, month, 1), 0).day]
        ahead = [on for on in dates if said or on >= self.today - _LOOK_BACK]
        return ahead[0] if ahead else _month_end(date(self.today.year, month, 1), 0)

    def _said(self, fields: Mapping[str, str]) -> tuple[int, int]:
        first, second = fields["day"], fields.get("monthnumber")
        number = int(first) if first.isdecimal() else self.grammar.numbers.get(bare(first), 1)
        return int(second) if second else self.grammar.months[bare(fields["month"])], number

    def _monthday(self, number: int) -> date:
        this = self.today.replace(day=min(number, _month_end(self.today, 0).day))
        return this if this >= self.today else self._next_month(this.replace(day=min(number, this.day)))

    def _next_month(self, on: date) -> date:
        return _months_later(on, 1)


@cache
def _working_week(zone: ZoneInfo, country: str | None, region: str | None) -> Calendar:
    """In words to customers a working day is Monday to Friday less public holidays."""
    day, shut = ((time(9), time(18)),), ()
    return Calendar("working days", zone, (day, day, day, day, day, shut, shut), country, region)


def _month_end(on: date, months: int) -> date:
    return _months_later(on.replace(day=1), months + 1) - timedelta(days=1)


def _months_later(on: date, months: int) -> date:
    month = on.month - 1 + months
    first = date(on.year + month // 12, month % 12 + 1, 1)
    next_first = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first.replace(day=min(on.day, (next_first - first).days))
