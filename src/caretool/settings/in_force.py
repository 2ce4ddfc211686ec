"""The policy in force: from the tables of policies.toml to the domain's values, and back to TOML for `policy show`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import tomli_w

from caretool.domain.calendar import Calendar, Ranges
from caretool.domain.duration import Duration
from caretool.domain.policy import (
    Company,
    Escalation,
    Example,
    ModerationRule,
    Policy,
    PromiseKind,
    ReplyRules,
    Response,
    Settings,
    When,
)
from caretool.settings.policies import (
    CalendarTable,
    CapacityTable,
    ExpectTable,
    PoliciesFile,
    PromiseTable,
    ReplyTable,
    ResponseTable,
    conditions,
)

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORKING_DAYS = 5


def policy_in_force(file: PoliciesFile) -> Policy:
    """The domain's policy; the tables were validated together with the names they refer to."""
    zone = ZoneInfo(file.company.time_zone)
    company = file.company
    calendars = {name: _calendar(name, table, zone) for name, table in file.calendars.items()}
    return Policy(
        company=Company(company.name, tuple(company.languages), zone, company.help_page),
        calendars=calendars,
        response=_response(file.response, calendars),
        promises={name: _promise(name, table, zone, calendars) for name, table in file.promises.items()},
        reply=_reply(file.reply),
        moderation=tuple(ModerationRule(rule.name, conditions(rule.when), rule.action) for rule in file.moderation),
        escalations=tuple(Escalation(entry.name, _by_language(entry.cues)) for entry in file.escalation),
        examples=tuple(Example(entry.text, _expected(entry.expect)) for entry in file.examples),
    )


def policy_as_toml(settings: Settings) -> str:
    """policies.toml as it is in force: what was left out stands there with its default. Reading it gives it again."""
    policy = settings.policy
    company = policy.company
    whole: dict[str, Any] = {
        "company": {
            "name": company.name,
            "languages": list(company.languages),
            "time_zone": company.zone.key,
            "help_page": company.help_page,
        },
        "calendars": {name: _calendar_table(calendar) for name, calendar in policy.calendars.items()},
        "response": {
            "calendar": policy.response.calendar.name if policy.response.calendar else None,
            "default": policy.response.default,
            "platforms": policy.response.platforms,
            "accounts": policy.response.accounts,
        },
        "promises": {name: _promise_table(kind) for name, kind in policy.promises.items()},
        "reply": {field.name: getattr(policy.reply, field.name) for field in fields(policy.reply)},
        "moderation": [
            {"name": rule.name, "action": rule.action, "when": _when_table(rule.when)} for rule in policy.moderation
        ],
        "escalation": [{"name": entry.name, "cues": entry.cues} for entry in policy.escalations],
        "examples": [
            {"text": entry.text, "expect": {key: value or "" for key, value in entry.expect.items()}}
            for entry in policy.examples
        ],
    }
    return tomli_w.dumps(_plain(whole))


def _calendar(name: str, table: CalendarTable, zone: ZoneInfo) -> Calendar:
    usual = [table.weekdays] * _WORKING_DAYS
    own = (table.monday, table.tuesday, table.wednesday, table.thursday, table.friday)
    monday, tuesday, wednesday, thursday, friday = (
        day if day is not None else week for day, week in zip(own, usual, strict=True)
    )
    return Calendar(
        name=name,
        zone=zone,
        week=(monday, tuesday, wednesday, thursday, friday, table.saturday, table.sunday),
        country=table.holidays.country if table.holidays else None,
        region=table.holidays.region if table.holidays else None,
        closed=frozenset(table.closed),
        open=dict(table.open),
    )


def _calendar_table(calendar: Calendar) -> dict[str, Any]:
    own = {day: _hours(ranges) for day, ranges in zip(DAYS, calendar.week, strict=True)}
    if len(set(calendar.week[:_WORKING_DAYS])) == 1:
        own = {"weekdays": own["monday"], "saturday": own["saturday"], "sunday": own["sunday"]}
    country = {"country": calendar.country, "region": calendar.region}
    return {
        **own,
        "holidays": country if calendar.region else calendar.country,
        "closed": [day.isoformat() for day in sorted(calendar.closed)],
        "open": {day.isoformat(): _hours(ranges) for day, ranges in sorted(calendar.open.items())} or None,
    }


def _hours(ranges: Ranges) -> list[str]:
    return [f"{start:%H:%M}-{'24:00' if end == time(0, 0) else f'{end:%H:%M}'}" for start, end in ranges]


def _response(table: ResponseTable, calendars: Mapping[str, Calendar]) -> Response:
    calendar = calendars[table.calendar] if table.calendar else None
    return Response(table.default, calendar, dict(table.platforms), dict(table.accounts))


def _promise(name: str, table: PromiseTable, zone: ZoneInfo, calendars: Mapping[str, Calendar]) -> PromiseKind:
    return PromiseKind(
        name=name,
        owner=table.owner,
        zone=zone,
        earliest=table.earliest,
        latest=table.latest,
        due=table.due,
        calendar=calendars[table.calendar] if table.calendar else None,
        capacity=_capacity(table.capacity) if table.capacity else None,
        review=table.review,
        says=dict(table.says),
        cues=_by_language(table.cues),
        evidence=tuple(table.evidence),
    )


def _capacity(table: CapacityTable) -> tuple[int, int, int, int, int, int, int]:
    own = (getattr(table, day) for day in DAYS)
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = (
        units if units is not None else table.per_day for units in own
    )
    return monday, tuesday, wednesday, thursday, friday, saturday, sunday


def _promise_table(kind: PromiseKind) -> dict[str, Any]:
    table = {field.name: getattr(kind, field.name) for field in fields(kind) if field.name not in ("name", "zone")}
    table["calendar"] = kind.calendar.name if kind.calendar else None
    if kind.capacity is not None:
        per_day = kind.capacity[0]
        others = {day: units for day, units in zip(DAYS, kind.capacity, strict=True) if units != per_day}
        table["capacity"] = {"per_day": per_day, **others}
    return table


def _reply(table: ReplyTable) -> ReplyRules:
    return ReplyRules(
        together_from=table.together_from,
        stock_phrases=_by_language(table.stock_phrases),
        vague=_by_language(table.vague),
        blame=_by_language(table.blame),
        patterns=dict(table.patterns),
    )


def _when_table(when: When) -> dict[str, Any]:
    return {field.name: getattr(when, field.name) for field in fields(when)}


def _expected(table: ExpectTable) -> dict[str, str | None]:
    return {key: value or None for key, value in table.model_dump(exclude_unset=True).items()}


def _by_language(phrases: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {tag: tuple(texts) for tag, texts in phrases.items()}


def _plain(value: Any) -> Any:
    """What TOML can hold: nothing for None, text for a length of time, lists for tuples."""
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return str(value) if isinstance(value, Duration) else value
