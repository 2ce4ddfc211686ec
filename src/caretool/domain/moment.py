"""How a moment is written: in our replies, as a fixed day and hour, and on the desk's own screen."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from caretool.errors import UsageProblem

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PHRASES = {
    "it": "entro {weekday} {day} {month} alle {hour}",
    "en": "by {weekday} {day} {month} at {hour}",
    "es": "a más tardar el {weekday} {day} de {month} a las {hour}",
}
_FIRST_OF_THE_MONTH = {"it": "1º"}


def spoken(moment: datetime, language: str, zone: ZoneInfo) -> str:
    """What `{{ promises.K.when }}` renders: "entro giovedì 26 novembre alle 18:00", "by Thursday 26 November at 18:00".

    `moment` is aware; seconds are cut off, so that what is said is never later. The zone is named only in the hour that
    the end of summer time repeats ("alle 02:30 CET"). Raises UsageProblem for a language without such a phrase.
    """
    code = language.replace("_", "-").split("-")[0].casefold()
    if code not in _PHRASES:
        raise UsageProblem(f"a due time cannot be said in {language!r}: a reply that promises is in {_known()}")
    from babel.dates import format_datetime

    local = moment.astimezone(zone)
    hour = f"{local:%H:%M %Z}" if _hour_occurs_twice(local) else f"{local:%H:%M}"
    day = _FIRST_OF_THE_MONTH.get(code, "1") if local.day == 1 else str(local.day)
    weekday, month = (format_datetime(local, pattern, locale=code) for pattern in ("EEEE", "MMMM"))
    return _PHRASES[code].format(weekday=weekday, day=day, month=month, hour=hour)


def stamp(moment: datetime, zone: ZoneInfo) -> str:
    """A moment for the desk's screen, in English whatever the locale: "Wed 25 Nov 18:00"."""
    local = moment.astimezone(zone)
    return f"{day_stamp(local)} {local:%H:%M}"


def day_stamp(day: date) -> str:
    """A day for the desk's screen: "Wed 25 Nov"."""
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}"


def _hour_occurs_twice(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _known() -> str:
    return " or ".join(_PHRASES)
