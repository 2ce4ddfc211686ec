"""Something in the hand (R9): what may be given for which kinds of comment, how much of it, and what a file of codes
holds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal
from zoneinfo import ZoneInfo

from caretool.domain.codes import Kind, ReplyState

Form = Literal["coupon", "gift"]
Period = Literal["month", "quarter", "year"]
RewardState = Literal["given", "returned"]

PLACEHOLDER: Final = "‹code›"
"""What stands in a text for a code that is drawn when the text is approved."""

_MONTHS: Final[Mapping[Period, int]] = {"month": 1, "quarter": 3, "year": 12}
# What would not fit on a line of its own in a message, or be mistaken for something else there.
_CODE: Final = re.compile(r"[^\s,;\"'‹›<>{}\\]{1,200}")


@dataclass(frozen=True, slots=True)
class Budget:
    """So much money, and for how long: calendar months, quarters or years of the desk's zone."""

    amount: Decimal
    per: Period


@dataclass(frozen=True, slots=True)
class RewardKind:
    """What may be given. A coupon has `codes` (a file of the workspace, one a line); a gift may have a `stock`, which
    counts what was ever given. None: no limit. `kinds` are the kinds of comment it is for.

    `says` is the private message that brings it, by language. `value` is in `currency`.
    """

    name: str
    form: Form
    says: Mapping[str, str]
    kinds: tuple[Kind, ...]
    codes: str | None = None
    stock: int | None = None
    value: Decimal | None = None
    currency: str | None = None
    budget: Budget | None = None
    per_month: int | None = None
    per_person: Mapping[Period, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reward:
    """One thing that was given, or is about to leave with its reply: never its code. `comment_kind` is what the comment
    was read as then. `ended_at`: when it was returned."""

    id: str
    kind: str
    person: str
    person_name: str
    comment: str | None
    comment_kind: str | None
    reply: str
    reply_state: ReplyState
    amount: Decimal | None
    currency: str | None
    state: RewardState
    agent: str
    drawn_at: datetime
    ended_at: datetime | None = None

    @property
    def stands(self) -> str:
        """How it stands, in words: a code that has not left yet may still come back."""
        leaving = self.state == "given" and self.reply_state in ("approved", "sending")
        return "on its way" if leaving else "perhaps given" if self._unsure else str(self.state)

    @property
    def _unsure(self) -> bool:
        return self.state == "given" and self.reply_state == "unsure"


@dataclass(frozen=True, slots=True)
class Used:
    """What of a kind is used up: how many `left` there are in all (None: no end), how many were given this month, what
    was spent in the budget's period, how many each person had in each period."""

    left: int | None
    this_month: int
    spent: Decimal
    had: Mapping[Period, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Short:
    """Why so many cannot be given: `fits` is how many can, `again` when there is more (None: nobody knows)."""

    why: str
    fits: int
    again: datetime | None = None


@dataclass(frozen=True, slots=True)
class Codes:
    """What a file of codes holds: each with its line (from 1), and a sentence for each line that holds none. No
    sentence repeats a code."""

    codes: tuple[tuple[int, str], ...]
    odd: tuple[str, ...]


def read_codes(text: str) -> Codes:
    """One code a line; empty lines and those that begin with # are left out."""
    first: dict[str, int] = {}
    odd = []
    for number, line in enumerate(text.splitlines(), start=1):
        code = line.strip()
        if not code or code.startswith("#"):
            continue
        if code in first:
            odd.append(f"line {number} is the same as line {first[code]}: it counts once")
        elif not _CODE.fullmatch(code) or not code.isprintable():
            odd.append(f"line {number} is no code: one a line, at most 200 letters, digits and signs without blanks")
        else:
            first[code] = number
    return Codes(tuple((number, code) for code, number in first.items()), tuple(odd))


def begins(period: Period, moment: datetime, zone: ZoneInfo) -> datetime:
    """The first moment of the month, quarter or year of a moment, in the desk's zone."""
    there = moment.astimezone(zone)
    months = _MONTHS[period]
    month = (there.month - 1) // months * months + 1
    return datetime(there.year, month, 1, tzinfo=zone)


def ends(period: Period, moment: datetime, zone: ZoneInfo) -> datetime:
    """The first moment of the next one."""
    inside = begins(period, moment, zone) + timedelta(days=31 * _MONTHS[period])
    return begins(period, inside, zone) if period != "year" else begins("year", inside + timedelta(days=1), zone)


def short_of(kind: RewardKind, persons: Sequence[str], used: Used, now: datetime, zone: ZoneInfo) -> list[Short]:
    """Everything that keeps each of these people from getting one, now; nothing: all of them can."""
    wanted = len(persons)
    found = []
    if used.left is not None and wanted > used.left:
        what = "codes of" if kind.form == "coupon" else ""
        found.append(Short(f"There are {_left(used.left)} {what} {kind.name} left.".replace("  ", " "), used.left))
    if kind.per_month is not None and used.this_month + wanted > kind.per_month:
        why = f"{kind.name} is given {kind.per_month} times a month at most: {used.this_month} were."
        found.append(Short(why, max(0, kind.per_month - used.this_month), ends("month", now, zone)))
    if kind.budget is not None and kind.value is not None:
        budget = kind.budget
        if used.spent + wanted * kind.value > budget.amount:
            spent, all_of_it = money(used.spent, kind.currency), money(budget.amount, kind.currency)
            why = f"The budget of {kind.name} has {all_of_it} a {budget.per}: {spent} are spent."
            fits = int(max(Decimal(0), budget.amount - used.spent) // kind.value)
            found.append(Short(why, fits, ends(budget.per, now, zone)))
    for period, most in kind.per_person.items():
        had = used.had.get(period, {})
        full = [person for person in persons if had.get(person, 0) >= most]
        if full:
            who = ", ".join(full[:3]) + (f" and {len(full) - 3} more" if len(full) > 3 else "")
            why = f"One person gets {kind.name} {_times(most)} a {period}: {who} had it."
            found.append(Short(why, wanted - len(full), ends(period, now, zone)))
    return found


def _left(number: int) -> str:
    return "no" if number == 0 else f"only {number}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def money(amount: Decimal, currency: str | None) -> str:
    """For the desk: `1,250.00 EUR`."""
    return f"{amount:,.2f} {currency or ''}".rstrip()


def spoken_money(amount: Decimal, currency: str, language: str) -> str:
    """For a customer, in their language: `10,00 €`."""
    from babel.numbers import format_currency

    return str(format_currency(amount, currency, locale=language))


@dataclass(frozen=True, slots=True)
class KindTally:
    """Of one kind of reward, in a period. `left`: codes or pieces, None where there is no end or the kind is gone from
    the policy. `spent` is by currency (empty: worth nothing in money), `kinds` by kind of comment, `agents` by who
    approved it."""

    kind: str
    form: Form | None
    given: int
    returned: int
    left: int | None
    spent: Mapping[str, Decimal]
    kinds: Mapping[str, int]
    agents: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MonthTally:
    """What one kind cost in one month (`2026-11`): how many, how much. `budget` is what the policy has for the month;
    None: none, or one for a longer time."""

    month: str
    kind: str
    given: int
    spent: Decimal
    currency: str | None
    budget: Decimal | None


@dataclass(frozen=True, slots=True)
class RewardRecord:
    """The report. `since` None: from the beginning. `rewards` only where names were asked for."""

    since: datetime | None
    as_of: datetime
    kinds: tuple[KindTally, ...]
    months: tuple[MonthTally, ...]
    rewards: tuple[Reward, ...] | None = None


def tally(
    rewards: Sequence[Reward],
    kinds: Mapping[str, RewardKind],
    left: Mapping[str, int | None],
    *,
    since: datetime | None,
    as_of: datetime,
    zone: ZoneInfo,
    with_names: bool,
) -> RewardRecord:
    """The whole report. `left` is by kind, of those in the policy."""
    names = sorted({*kinds, *(one.kind for one in rewards)})
    by_kind = {name: [one for one in rewards if one.kind == name] for name in names}
    months: dict[tuple[str, str, str | None], list[Reward]] = {}
    for one in rewards:
        if one.state == "given":
            month = f"{one.drawn_at.astimezone(zone):%Y-%m}"
            months.setdefault((month, one.kind, one.currency), []).append(one)
    return RewardRecord(
        since=since,
        as_of=as_of,
        kinds=tuple(_of_kind(name, by_kind[name], kinds.get(name), left.get(name)) for name in names),
        months=tuple(
            MonthTally(month, kind, len(those), _sum(those), currency, _monthly(kinds.get(kind), currency))
            for (month, kind, currency), those in sorted(months.items(), key=lambda entry: str(entry[0]))
        ),
        rewards=tuple(rewards) if with_names else None,
    )


def _of_kind(name: str, rewards: Sequence[Reward], kind: RewardKind | None, left: int | None) -> KindTally:
    given = [one for one in rewards if one.state == "given"]
    currencies = sorted({one.currency for one in given if one.currency})
    return KindTally(
        kind=name,
        form=kind.form if kind is not None else None,
        given=len(given),
        returned=len(rewards) - len(given),
        left=left,
        spent={currency: _sum([one for one in given if one.currency == currency]) for currency in currencies},
        kinds=_counted([one.comment_kind or "unread" for one in given]),
        agents=_counted([one.agent for one in given]),
    )


def _monthly(kind: RewardKind | None, currency: str | None) -> Decimal | None:
    """What a kind may cost a month; None: nothing says so, or in another currency."""
    if kind is None or kind.budget is None or kind.budget.per != "month" or kind.currency != currency:
        return None
    return kind.budget.amount


def _sum(rewards: Sequence[Reward]) -> Decimal:
    return sum((one.amount for one in rewards if one.amount is not None), Decimal(0))


def _counted(names: Sequence[str]) -> dict[str, int]:
    return {name: names.count(name) for name in sorted(set(names))}
