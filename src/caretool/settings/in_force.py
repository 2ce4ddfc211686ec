"""The policy in force: from the tables of policies.toml to the domain's values, and back to TOML for `policy show`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import tomli_w

from caretool.domain.calendar import Calendar, Ranges
from caretool.domain.duration import Duration
from caretool.domain.planning import days_of
from caretool.domain.policy import (
    Company,
    Escalated,
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
from caretool.settings.checks import checks_in_force, checks_table
from caretool.settings.limits import WEEK, capacity_as_table, days, days_as_tables, units, weekly
from caretool.settings.links import link_tables, links_in_force
from caretool.settings.moderation import conditions
from caretool.settings.policies import (
    CalendarTable,
    ExpectTable,
    PoliciesFile,
    PromiseTable,
    ReplyTable,
    ResponseTable,
)
from caretool.settings.procedures import procedure_in_force, procedure_table
from caretool.settings.retention import retention_in_force, retention_table
from caretool.settings.rewards import reward_in_force, reward_table
from caretool.settings.speaking import approval_tables, approvals_in_force
from caretool.settings.voice import voice_in_force, voice_table
from caretool.settings.watch import watch_tables, watches_in_force

_WORKING_DAYS = 5
_NOT_KEYS = ("name", "zone", "weekly")


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
        retention=retention_in_force(file.retention),
        procedures={name: procedure_in_force(name, table) for name, table in file.procedures.items()},
        rewards={name: reward_in_force(name, table) for name, table in file.rewards.items()},
        approvals=approvals_in_force(file.approval),
        checks=checks_in_force(file.checks),
        voice=voice_in_force(file.voice),
        links=links_in_force(file.links, file.company.languages),
        watches=watches_in_force(file.watch),
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
        "calendars": {name: _calendar_table(calendar, company.zone) for name, calendar in policy.calendars.items()},
        "response": {
            "calendar": policy.response.calendar.name if policy.response.calendar else None,
            "default": policy.response.default,
            "platforms": policy.response.platforms,
            "accounts": policy.response.accounts,
        },
        "promises": {name: _promise_table(kind) for name, kind in policy.promises.items()},
        "procedures": {name: procedure_table(procedure) for name, procedure in policy.procedures.items()},
        "reply": {field.name: getattr(policy.reply, field.name) for field in fields(policy.reply)},
        "retention": retention_table(policy.retention),
        "rewards": {name: reward_table(kind) for name, kind in policy.rewards.items()},
        "moderation": [
            {"name": rule.name, "action": rule.action, "when": _when_table(rule.when)} for rule in policy.moderation
        ],
        "approval": approval_tables(policy.approvals),
        "checks": checks_table(policy.checks),
        "voice": voice_table(policy.voice),
        "links": link_tables(policy.links),
        "watch": watch_tables(policy.watches),
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
        zone=ZoneInfo(table.time_zone) if table.time_zone else zone,
        week=(monday, tuesday, wednesday, thursday, friday, table.saturday, table.sunday),
        country=table.holidays.country if table.holidays else None,
        region=table.holidays.region if table.holidays else None,
        closed=frozenset(table.closed),
        open=dict(table.open),
    )


def _calendar_table(calendar: Calendar, desk: ZoneInfo) -> dict[str, Any]:
    own = {day: _hours(ranges) for day, ranges in zip(WEEK, calendar.week, strict=True)}
    if len(set(calendar.week[:_WORKING_DAYS])) == 1:
        own = {"weekdays": own["monday"], "saturday": own["saturday"], "sunday": own["sunday"]}
    country = {"country": calendar.country, "region": calendar.region}
    return {
        "time_zone": calendar.zone.key if calendar.zone != desk else None,
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
    kind = PromiseKind(
        name=name,
        owner=table.owner,
        zone=zone,
        earliest=table.earliest,
        latest=table.latest,
        due=table.due,
        calendar=calendars[table.calendar] if table.calendar else None,
        capacity=units(table.capacity),
        weekly=weekly(table.capacity),
        blackouts=days(table.blackouts),
        stand_in=table.stand_in,
        supplier=table.supplier,
        escalate=Escalated(table.escalate.to, table.escalate.after) if table.escalate else None,
        review=table.review,
        says=dict(table.says),
        cues=_by_language(table.cues),
        evidence=tuple(table.evidence),
        apology=dict(table.apology),
    )
    if kind.calendar is None or not kind.blackouts:
        return kind
    return replace(kind, calendar=kind.calendar.without(days_of(kind)))


def _promise_table(kind: PromiseKind) -> dict[str, Any]:
    table = {field.name: getattr(kind, field.name) for field in fields(kind) if field.name not in _NOT_KEYS}
    table["calendar"] = kind.calendar.name if kind.calendar else None
    table["capacity"] = capacity_as_table(kind.capacity, kind.weekly)
    table["blackouts"] = days_as_tables(kind.blackouts)
    table["escalate"] = {"to": kind.escalate.to, "after": kind.escalate.after} if kind.escalate else None
    return table


def _reply(table: ReplyTable) -> ReplyRules:
    return ReplyRules(
        together_from=table.together_from,
        stock_phrases=_by_language(table.stock_phrases),
        vague=_by_language(table.vague),
        blame=_by_language(table.blame),
        patterns=dict(table.patterns),
        apology=dict(table.apology),
        commits=_by_language(table.commits),
        harmless=_by_language(table.harmless),
        claim=table.claim,
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
