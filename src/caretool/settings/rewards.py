"""[rewards.NAME] of policies.toml: what may be put into somebody's hand, for what, and how much of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path as FilePath
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo, field_validator, model_validator

from caretool.domain.comment import Kind
from caretool.domain.policy import Agent, Company
from caretool.domain.reward import PLACEHOLDER, Budget, Form, Period, RewardKind
from caretool.domain.wording import MissingValue, Rewarded, render, values, variables
from caretool.errors import UsageProblem
from caretool.paths import climbs
from caretool.settings.known import Known
from caretool.settings.problems import Path, Problem, instead, one_of, quoted, shown
from caretool.settings.relative import relative_words
from caretool.settings.texts import texts_in
from caretool.settings.values import Spoken, Table, Takes, Text, Whole, known_to, must_be_in_every_language

CODE, VALUE = "reward.code", "reward.value"
_SHOWN = ("greeting", "person.name", "agent.name", "agent.signature", "company.name", "company.help_page", VALUE)
_MOST = Decimal(1_000_000_000)
_PLACES = 3


def _money(value: object) -> Decimal:
    try:
        amount = Decimal(str(value)) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite():
        raise ValueError(f'{shown(value)} is not an amount of money: write 10 or "9.90"')
    exponent = amount.as_tuple().exponent
    if not 0 < amount <= _MOST or not isinstance(exponent, int) or exponent < -_PLACES:
        raise ValueError(f"{shown(value)} is not an amount of money: more than 0, at most {_PLACES} decimals")
    return amount


def _currency(value: str) -> str:
    from babel.numbers import list_currencies

    codes = sorted(list_currencies())
    if value not in codes:
        near = instead(value, codes)
        hint = near if near.startswith("did") else "write its three letters, like EUR"
        raise ValueError(f"{shown(value)} is not a currency: {hint}")
    return value


def _inside(value: str) -> str:
    if climbs(FilePath(value)):
        raise ValueError(f"{shown(value)} leads out of the workspace: name a file inside it")
    return value


Money = Annotated[Decimal, PlainValidator(_money), Takes('an amount: `10` or `"9.90"`')]
Currency = Annotated[str, AfterValidator(_currency), Takes("a currency's three letters")]
CodeFile = Annotated[Text, AfterValidator(_inside), Takes("a file")]


class BudgetTable(Table):
    """So much money, and for how long."""

    amount: Money = Field(description="how much, in the currency of the value")
    per: Period = Field(description="for how long: from the first of each month, quarter or year")


class PerPersonTable(Table):
    """How often one person gets it."""

    month: Annotated[Whole, Field(ge=1)] | None = Field(default=None, description="in a calendar month")
    quarter: Annotated[Whole, Field(ge=1)] | None = Field(default=None, description="in a quarter")
    year: Annotated[Whole, Field(ge=1)] | None = Field(default=None, description="in a calendar year")

    @model_validator(mode="after")
    def _some_limit(self) -> PerPersonTable:
        if not any((self.month, self.quarter, self.year)):
            raise ValueError("says no number: add month = 1, or quarter or year")
        return self


class RewardTable(Table):
    """A reward: a coupon whose code is drawn from a file, or a gift. It is given in private only, by
    `caretool reply … --reward NAME`, `caretool reward give NAME …` or a template with `gives`. What has to be shipped
    or paid is a promise: say it with one, the reward itself promises nothing."""

    form: Form = Field(description="a coupon has codes, a gift has none")
    codes: CodeFile | None = Field(
        default=None,
        description="a coupon's codes, a file of the workspace: one a line; `#` begins a remark. "
        "Add to it at any time; a code is given once and never again",
    )
    stock: Whole | None = Field(default=None, description="how many of a gift there ever were; left out: no limit")
    value: Money | None = Field(default=None, description="what one is worth; texts show it as `{{ reward.value }}`")
    currency: Currency | None = Field(default=None, description="of the value, like EUR")
    budget: BudgetTable | None = Field(default=None, description="how much money may go into it; needs the value")
    per_month: Whole | None = Field(default=None, description="how many a calendar month; left out: no limit")
    per_person: PerPersonTable | None = Field(default=None, description="how often one person gets it")
    kinds: Annotated[list[Kind], Field(min_length=1)] = Field(description="which kinds of comment it is for")
    says: dict[Spoken, Text] = Field(
        default={},
        validate_default=True,
        description="the private message that brings it, by language: `{{ reward.code }}` (a coupon's has to show it), "
        "`{{ reward.value }}`, `{{ greeting }}`, `{{ person.name }}`, `{{ agent.name }}`, `{{ company.name }}`",
    )

    @model_validator(mode="after")
    def _of_one_form(self) -> RewardTable:
        if self.form == "coupon" and self.codes is None:
            raise ValueError('is a coupon without codes: add codes = "codes/thanks.txt", one code a line')
        if self.form == "coupon" and self.stock is not None:
            raise ValueError("is a coupon, of which there are as many as there are codes: take stock out")
        if self.form == "gift" and self.codes is not None:
            raise ValueError('is a gift, which has no codes: write form = "coupon", or take codes out')
        if (self.value is None) != (self.currency is None):
            raise ValueError('value and currency go together: value = 10 and currency = "EUR"')
        if self.budget is not None and self.value is None:
            raise ValueError("has a budget, and nothing says what one costs: add value and currency")
        return self

    @field_validator("says")
    @classmethod
    def _in_every_language(cls, says: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        must_be_in_every_language(says, known_to(info), "what it says")
        for tag, text in says.items():
            wrong = _wrong_in(text, info.data.get("form"), priced=info.data.get("value") is not None)
            if wrong is not None:
                raise ValueError(f"{tag}: {wrong}" if len(says) > 1 else wrong)
        return says


def _wrong_in(text: str, form: Form | None, *, priced: bool) -> str | None:
    """What is wrong with a message that brings a reward; None: nothing."""
    try:
        names = variables(text)
    except UsageProblem as problem:
        return str(problem)
    allowed = (*_SHOWN, CODE) if form == "coupon" else _SHOWN
    for name in sorted(names):
        if name == VALUE and not priced:
            return f"{quoted(VALUE)} is shown, and there is none: add value and currency"
        if name not in allowed:
            hint = instead(name, allowed)
            return f"{quoted(name)} is no value it has: {hint if hint.startswith('did') else one_of(allowed)}"
    if form == "coupon" and CODE not in names:
        return "does not show the code: write {{ reward.code }} where it stands"
    if moving := relative_words(text):
        return f"{shown(moving[0])} means another day whenever it is read: name no day, or another text with a promise"
    return _unfilled(text)


def _unfilled(text: str) -> str | None:
    filled = values(
        agent=Agent("agent", "Agent", signature="Agent"),
        company=Company("Company", ("en",), ZoneInfo("UTC"), "https://company.example"),
        promises={},
        person="Person",
        greeting="Hello Person",
        reward=Rewarded(PLACEHOLDER, "10"),
    )
    try:
        render(text, filled)
    except (MissingValue, UsageProblem) as problem:
        return str(problem)
    return None


def reward_in_force(name: str, table: RewardTable) -> RewardKind:
    """The domain's kind of reward."""
    limits: dict[Period, int] = table.per_person.model_dump(exclude_none=True) if table.per_person is not None else {}  # type: ignore[assignment]
    return RewardKind(
        name=name,
        form=table.form,
        says=dict(table.says),
        kinds=tuple(table.kinds),
        codes=table.codes,
        stock=table.stock,
        value=table.value,
        currency=table.currency,
        budget=Budget(table.budget.amount, table.budget.per) if table.budget is not None else None,
        per_month=table.per_month,
        per_person=limits,
    )


def reward_table(kind: RewardKind) -> dict[str, Any]:
    """Back to a table of TOML; None where a key is left out."""
    return {
        "form": kind.form,
        "codes": kind.codes,
        "stock": kind.stock,
        "value": str(kind.value) if kind.value is not None else None,
        "currency": kind.currency,
        "budget": {"amount": str(kind.budget.amount), "per": kind.budget.per} if kind.budget is not None else None,
        "per_month": kind.per_month,
        "per_person": dict(kind.per_person) or None,
        "kinds": kind.kinds,
        "says": kind.says,
    }


def same_codes(file: str, data: Mapping[str, Any]) -> Iterator[Problem]:
    """Rewards that draw their codes from the file of an earlier one: a code would be given twice."""
    seen: dict[str, str] = {}
    tables = data.get("rewards")
    for name, table in tables.items() if isinstance(tables, dict) else ():
        codes = table.get("codes") if isinstance(table, dict) else None
        if isinstance(codes, str) and (first := seen.setdefault(str(FilePath(codes)), name)) != name:
            what = f"{shown(codes)} holds the codes of rewards.{first}: each reward has a file of its own"
            yield Problem(file, ("rewards", name, "codes"), what)


def shown_of(name: object, known: Known) -> tuple[str, ...] | None:
    """What the private texts of a template that gives this reward may show of it; None: it gives none."""
    if not isinstance(name, str):
        return None
    return tuple(
        value
        for value, having in ((CODE, known.coupons), (VALUE, known.priced))
        if having is None or name in having or name not in (known.rewards or ())
    )


def given_in(name: object, reply: object, coupons: tuple[str, ...] | None) -> Iterator[tuple[Path, str]]:
    """What is wrong with a template's `gives`: where in its texts, and that its private ones have to bring the
    reward."""
    if not isinstance(name, str):
        return
    private = [one for one in texts_in(reply) if one.form == "private"]
    if not private:
        yield ("gives",), f"{shown(name)} is given in private only: add a private text"
    for one in private:
        if coupons is not None and name in coupons and not _shows_code(one.text):
            yield one.path, f"does not show the code of {shown(name)}: write {{{{ reward.code }}}}"


def _shows_code(text: str) -> bool:
    try:
        return CODE in variables(text)
    except UsageProblem:  # told of the text itself
        return True
