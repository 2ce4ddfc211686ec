"""The report on what was given: as headings and tables, as CSV, as JSON; and one reward in each. No code is in any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from caretool.domain.comment import Comment
from caretool.domain.harmless import NAME_COLUMN, short_name
from caretool.domain.moment import stamp
from caretool.domain.reward import KindTally, MonthTally, Reward, RewardRecord, money
from caretool.reports.csv import written
from caretool.reports.shapes import Shape, moment
from caretool.reports.sheet import Row, Section, Sheet

_KINDS = ("reward", "form", "given", "returned", "left", "worth")
_MONTHS = ("month", "reward", "given", "worth", "budget", "used")
_LIST = ("when", "id", "reward", "for", "comment", "read as", "worth", "stands", "by")
_CSV = ("by", "reward", "name", "given", "returned", "left", "amount", "currency", "budget")


def sheet(report: RewardRecord, zone: ZoneInfo) -> Sheet:
    """For people: by kind, by month against the budget, by kind of comment, by who gave; with names, each of them."""
    until = stamp(report.as_of, zone)
    period = f"until {until}" if report.since is None else f"from {stamp(report.since, zone)} to {until}"
    return Sheet(f"Rewards {period}", tuple(_sections(report, zone)), "The policy has no rewards, and none was given.")


def _sections(report: RewardRecord, zone: ZoneInfo) -> Iterator[Section]:
    if report.kinds:
        yield Section("By reward", 1, _KINDS, tuple(_kind_row(one) for one in report.kinds))
    if report.months:
        yield Section("By month", 1, _MONTHS, tuple(_month_row(one) for one in report.months))
    for heading, column in (("By kind of comment", "kinds"), ("By who gave", "agents")):
        counted = tuple(
            (one.kind, name, str(number)) for one in report.kinds for name, number in getattr(one, column).items()
        )
        if counted:
            yield Section(heading, 1, ("reward", "kind" if column == "kinds" else "agent", "given"), counted)
    if report.rewards:
        rows = tuple(row(one, zone) for one in report.rewards)
        yield Section(f"Each of them ({len(rows)})", 1, _LIST, rows)


def _kind_row(one: KindTally) -> Row:
    left = "" if one.left is None else f"{one.left:,}"
    return one.kind, one.form or "no longer in the policy", str(one.given), str(one.returned), left, _worth(one.spent)


def _month_row(one: MonthTally) -> Row:
    spent = money(one.spent, one.currency) if one.currency else ""
    budget = money(one.budget, one.currency) if one.budget is not None else ""
    used = f"{int(100 * one.spent / one.budget)} %" if one.budget else ""
    return one.month, one.kind, str(one.given), spent, budget, used


def _worth(spent: Mapping[str, Decimal]) -> str:
    return ", ".join(money(amount, currency) for currency, amount in spent.items())


def columns() -> Row:
    """The headings of `row`."""
    return _LIST


def row(one: Reward, zone: ZoneInfo) -> Row:
    """One reward in a table."""
    worth = money(one.amount, one.currency) if one.amount is not None else ""
    who = f"{short_name(one.person_name, NAME_COLUMN)} ({one.person})"
    when = stamp(one.drawn_at, zone)
    return when, one.id, one.kind, who, one.comment or "", one.comment_kind or "", worth, one.stands, one.agent


def csv(report: RewardRecord) -> str:
    """A line a tally: by reward, by month, by kind of comment, by agent."""
    return written(_CSV, _lines(report))


def _lines(report: RewardRecord) -> Iterator[tuple[str, ...]]:
    for one in report.kinds:
        left = "" if one.left is None else str(one.left)
        for currency, amount in (one.spent or {"": Decimal(0)}).items():
            told = str(amount) if currency else ""
            yield "reward", one.kind, one.form or "", str(one.given), str(one.returned), left, told, currency, ""
    for month in report.months:
        budget = str(month.budget) if month.budget is not None else ""
        told = str(month.spent) if month.currency else ""
        yield "month", month.kind, month.month, str(month.given), "", "", told, month.currency or "", budget
    for by, column in (("comment", "kinds"), ("agent", "agents")):
        for one in report.kinds:
            for name, number in getattr(one, column).items():
                yield by, one.kind, name, str(number), "", "", "", "", ""
    for given in report.rewards or ():
        worth = str(given.amount) if given.amount is not None else ""
        yield "person", given.kind, given.person, "1", "", "", worth, given.currency or "", ""


def shape(report: RewardRecord) -> Shape:
    """The JSON; amounts are decimal numbers as text."""
    found: Shape = {
        "since": moment(report.since),
        "as_of": moment(report.as_of),
        "kinds": [
            {
                "kind": one.kind,
                "form": one.form,
                "given": one.given,
                "returned": one.returned,
                "left": one.left,
                "spent": {currency: str(amount) for currency, amount in one.spent.items()},
                "by_comment_kind": dict(one.kinds),
                "by_agent": dict(one.agents),
            }
            for one in report.kinds
        ],
        "months": [
            {
                "month": one.month,
                "kind": one.kind,
                "given": one.given,
                "spent": str(one.spent) if one.currency else None,
                "currency": one.currency,
                "budget": str(one.budget) if one.budget is not None else None,
            }
            for one in report.months
        ],
    }
    return found | ({} if report.rewards is None else {"rewards": [reward(one) for one in report.rewards]})


def reward(one: Reward) -> Shape:
    """One reward."""
    return {
        **_what(one.kind, one.person, one.person_name, one.comment),
        "id": one.id,
        "state": one.state,
        "reply": one.reply,
        "reply_state": one.reply_state,
        "amount": str(one.amount) if one.amount is not None else None,
        "currency": one.currency,
        "agent": one.agent,
        "given_at": moment(one.drawn_at),
        "returned_at": moment(one.ended_at),
    }


def planned(kind: str, comment: Comment) -> Shape:
    """One that a yes would give: nothing is drawn."""
    return {**_what(kind, comment.person, comment.name or comment.handle, comment.id), "id": None, "state": "planned"}


def _what(kind: str, person: str, name: str, comment: str | None) -> dict[str, Any]:
    return {"kind": kind, "person": {"id": person, "name": name}, "comment": comment}
