"""The settings as the store keeps them once they were found sound, so that a command need not read them anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from caretool.domain.calendar import Calendar, with_holidays
from caretool.domain.policy import Policy, Settings
from caretool.settings.promisable import decode, encode

_YEARS_AHEAD = 5


def worked_in(settings: Settings, year: int) -> Settings:
    """With the public holidays from last year on worked out: `year` is this one, in the desk's zone."""
    years = range(year - 1, year + _YEARS_AHEAD + 1)
    return replace(settings, policy=_with_holidays(settings.policy, years))


def to_text(settings: Settings) -> str:
    """As JSON."""
    return msgspec.json.encode(settings, enc_hook=encode).decode()


def from_text(text: str) -> Settings:
    """Back; ValueError if it was kept by another version of caretool. An account's `settings` stays a mapping."""
    return msgspec.json.decode(text, type=Settings, dec_hook=decode)


def _with_holidays(policy: Policy, years: range) -> Policy:
    calendars = {name: with_holidays(calendar, years) for name, calendar in policy.calendars.items()}
    return replace(
        policy,
        calendars=calendars,
        response=replace(policy.response, calendar=_same(policy.response.calendar, calendars)),
        promises={
            name: replace(kind, calendar=_with_holidays_of(kind.calendar, calendars))
            for name, kind in policy.promises.items()
        },
    )


def _same(calendar: Calendar | None, calendars: Mapping[str, Calendar]) -> Calendar | None:
    return calendars.get(calendar.name, calendar) if calendar is not None else None


def _with_holidays_of(calendar: Calendar | None, calendars: Mapping[str, Calendar]) -> Calendar | None:
    """A kind's own calendar, which its blackouts shut on more days than the one it is named after."""
    known = calendars.get(calendar.name) if calendar is not None else None
    return replace(calendar, holidays=known.holidays) if calendar is not None and known is not None else calendar
