"""TIME as people type it in commands: a length from now, a date, a date and hour, HH:MM, or RFC 3339 (DESIGN §5)."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from caretool.domain.calendar import Calendar, after, closing_of, wall_clock
from caretool.domain.duration import Duration
from caretool.errors import UsageProblem

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_time(text: str, now: datetime, zone: ZoneInfo, calendar: Calendar | None = None) -> datetime:
    """The moment meant, aware, in whole minutes, as promises are said in minutes.

    A date alone is its closing time on `calendar` (18:00 without one); `HH:MM` its next occurrence. UsageProblem shows
    every form.
    """
    return _meant(text, now.replace(second=0, microsecond=0), zone, calendar).replace(second=0, microsecond=0)


def parse_past(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The same looking back: a length is so long ago, a date its first moment, `HH:MM` its last occurrence."""
    typed = text.strip()
    if _DATE.fullmatch(typed) and (day := _day(typed)) is not None:
        return wall_clock(day, time(0), zone)
    try:
        duration = Duration.parse(typed)
    except ValueError:
        moment = parse_time(text, now, zone)
        return moment - timedelta(days=1) if _CLOCK.fullmatch(typed) else moment
    if duration.working:
        raise UsageProblem(f"{text!r}: looking back is in minutes, hours and days.")
    return now - duration.elapsed


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def _meant(text: str, now: datetime, zone: ZoneInfo, calendar: Calendar | None) -> datetime:
    typed = text.strip()
    if match := _CLOCK.fullmatch(typed):
        return _next(time(int(match[1]), int(match[2])), now, zone)
    try:
        if _DATE.fullmatch(typed):
            return closing_of(date.fromisoformat(typed), calendar, zone)
        if typed[:1].isdigit() and "-" in typed[:5]:
            moment = datetime.fromisoformat(typed)
            return moment if moment.tzinfo else wall_clock(moment.date(), moment.time(), zone)
        duration = Duration.parse(typed)
        if duration.working and calendar is None:
            raise UsageProblem(f"{text!r} needs a calendar, and none applies here: name a day and an hour.")
        return after(now, duration, calendar, zone, "closing")
    except ValueError:
        raise UsageProblem(
            f"{text!r} is not a time: write 3h, 2 days, 2 working days, 2026-11-26, '2026-11-26 18:00', 18:00 "
            "or 2026-11-26T18:00:00+01:00."
        ) from None


def _next(clock: time, now: datetime, zone: ZoneInfo) -> datetime:
    today = now.astimezone(zone).date()
    moment = wall_clock(today, clock, zone)
    return moment if moment > now else wall_clock(today + timedelta(days=1), clock, zone)
