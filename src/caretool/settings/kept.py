"""The settings as the store keeps them once they were found sound, so that a command need not read them anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from caretool.domain.calendar import Calendar, with_holidays
from caretool.domain.policy import Policy, Settings

_YEARS_AHEAD = 5


def to_text(settings: Settings, year: int) -> str:
    """As JSON, with the public holidays from last year on worked out: `year` is this one, in the desk's zone."""
    years = range(year - 1, year + _YEARS_AHEAD + 1)
    whole = replace(settings, policy=_with_holidays(settings.policy, years))
    return msgspec.json.encode(whole, enc_hook=_encode).decode()


def from_text(text: str) -> Settings:
    """Back; ValueError if it was kept by another version of caretool. An account's `settings` stays a mapping."""
    return msgspec.json.decode(text, type=Settings, dec_hook=_decode)


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


def _encode(value: object) -> object:
    if isinstance(value, ZoneInfo):
        return value.key
    dump: Any = getattr(value, "model_dump", None)
    if dump is not None:
        return dump(mode="json")
    raise NotImplementedError(type(value))


def _decode(wanted: type, value: object) -> object:
    if wanted is ZoneInfo:
        return ZoneInfo(str(value))
    raise NotImplementedError(wanted)
