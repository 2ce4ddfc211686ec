"""policies.toml: the rules everyone respects, as tables. `policy_in_force` makes the domain's values of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from caretool.domain.apology import wrong_in
from caretool.domain.comment import Kind, Tone
from caretool.domain.duration import Duration
from caretool.domain.moderation import Ground
from caretool.domain.policy import Action
from caretool.settings.checks import ChecksTable
from caretool.settings.known import Known
from caretool.settings.limits import BlackoutTable, CapacityTable
from caretool.settings.links import LinkTable
from caretool.settings.moderation import ModerationTable
from caretool.settings.patterns import safe
from caretool.settings.procedures import ProcedureTable
from caretool.settings.retention import RetentionTable
from caretool.settings.rewards import RewardTable
from caretool.settings.speaking import ApprovalTable, ClaimLength
from caretool.settings.values import (
    AccountName,
    Answered,
    CalendarName,
    Country,
    Cue,
    Day,
    ExpectedEscalation,
    ExpectedTopic,
    Hours,
    Identifier,
    Keeper,
    Length,
    Name,
    OpenHours,
    PlatformName,
    Region,
    Spoken,
    Table,
    Takes,
    Text,
    WebAddress,
    Zone,
    known_to,
    must_be_in_every_language,
)
from caretool.settings.voice import VoiceTable
from caretool.settings.watch import WatchTable

Phrases = dict[Spoken, list[Text]]
Cues = dict[Spoken, Annotated[list[Cue], Field(min_length=1)]]
_LONGEST_BLACKOUT = 366


def _needs_a_calendar(length: Duration, calendar: str | None, known: Known) -> None:
    if length.working and calendar is None:
        names = ", ".join(known.calendars or ())
        raise ValueError(
            f"'{length}' runs on a calendar and none is named: add calendar = … ({names or 'none is yet'})"
        )


def minutes(length: Duration) -> tuple[str, int]:
    """What makes two lengths comparable: the clock they run on and how much of it."""
    if length.unit == "working days":
        return "open days", length.amount
    if length.unit == "working hours":
        return "open hours", length.amount
    return "elapsed", length.amount * {"minutes": 1, "hours": 60, "days": 24 * 60}[length.unit]


def _shorter(one: Duration, other: object) -> bool:
    if not isinstance(other, Duration):
        return False
    (clock, amount), (other_clock, other_amount) = minutes(one), minutes(other)
    return clock == other_clock and amount < other_amount


def _apology(text: str) -> str:
    wrong = wrong_in(text)
    if wrong is not None:
        raise ValueError(wrong)
    return text


class CompanyTable(Table):
    """Who we are."""

    name: Text = Field(description="as customers know it")
    languages: Annotated[list[Answered], Field(min_length=1)] = Field(
        description="what we answer in; the first is the default"
    )
    time_zone: Zone = Field(description="the desk's, like Europe/Rome")
    help_page: WebAddress | None = Field(default=None, description="where customers find help")

    @field_validator("languages")
    @classmethod
    def _once(cls, languages: list[str]) -> list[str]:
        if len(set(languages)) < len(languages):
            raise ValueError("names a language twice")
        return languages


class HolidaysTable(Table):
    """Whose public holidays are closed days. `"IT"` alone stands for `{ country = "IT" }`."""

    country: Country = Field(description="two letters, like IT")
    region: Region | None = Field(default=None, description="one that has more of them, like MI")


class CalendarTable(Table):
    """When somebody is there. A day without hours is shut."""

    time_zone: Zone | None = Field(default=None, description="where its clocks hang; left out: the desk's")

    weekdays: Hours = Field(default=(), description="Monday to Friday")
    monday: Hours | None = Field(default=None, description="Monday, instead of weekdays, as for each day below")
    tuesday: Hours | None = Field(default=None, description="Tuesday")
    wednesday: Hours | None = Field(default=None, description="Wednesday")
    thursday: Hours | None = Field(default=None, description="Thursday")
    friday: Hours | None = Field(default=None, description="Friday")
    saturday: Hours = Field(default=(), description="Saturday")
    sunday: Hours = Field(default=(), description="Sunday")
    holidays: Annotated[
        HolidaysTable | None, BeforeValidator(lambda value: {"country": value} if isinstance(value, str) else value)
    ] = Field(default=None, description="a country, or { country = …, region = … }: its public holidays are shut")
    closed: list[Day] = Field(default=[], description="further days that are shut")
    open: dict[Day, OpenHours] = Field(
        default={}, description="days with hours of their own, whatever the week, the holidays and closed say"
    )

    @model_validator(mode="after")
    def _some_day(self) -> CalendarTable:
        own = (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday)
        if not self.weekdays and not any(own):
            raise ValueError('is never open: add hours, like weekdays = ["09:00-13:00", "14:00-18:00"]')
        return self


class ResponseTable(Table):
    """By when a first answer is due: the account's own, else its platform's, else the default."""

    calendar: CalendarName | None = Field(
        default=None, description="all of these run on its hours; left out: round the clock"
    )
    default: Length = Field(default=Duration(1, "hours"), description="everywhere else")
    platforms: dict[PlatformName, Length] = Field(default={}, description="by platform")
    accounts: dict[AccountName, Length] = Field(default={}, description="by account")

    @field_validator("default")
    @classmethod
    def _dated(cls, length: Duration, info: ValidationInfo) -> Duration:
        if "calendar" in info.data:
            _needs_a_calendar(length, info.data["calendar"], known_to(info))
        return length

    @field_validator("platforms", "accounts")
    @classmethod
    def _all_dated(cls, lengths: dict[str, Duration], info: ValidationInfo) -> dict[str, Duration]:
        for length in lengths.values():
            cls._dated(length, info)
        return lengths


class EscalateTable(Table):
    """To whom an overdue promise goes."""

    to: Keeper = Field(description="an owner or an agent")
    after: Length = Field(description="how long after it was due")


class PromiseTable(Table):
    """A kind of promise: what can be delivered. A length in working hours or days needs the calendar."""

    says: dict[Spoken, Text] = Field(default={}, validate_default=True, description="how it is said, by language")
    calendar: CalendarName | None = Field(
        default=None, description="when it can be done; left out: any day, round the clock"
    )
    earliest: Length | None = Field(default=None, description="the lead time: nothing sooner is promised")
    latest: Length | None = Field(default=None, description="nothing later is promised")
    due: Length | None = Field(
        default=None, description="by when, where nobody says; left out: the earliest that can be kept"
    )
    review: Length | None = Field(default=None, description="how long before it is due it is looked at")
    capacity: CapacityTable | None = Field(default=None, description="how many a day and a week; left out: no limit")
    blackouts: list[BlackoutTable] = Field(
        default=[], description="days on which none is kept; a length in working days passes over them"
    )
    owner: Keeper = Field(description="who keeps it: an owner or an agent of accounts.toml")
    stand_in: Keeper | None = Field(
        default=None, description="who keeps it instead where the owner is away on the day it is due"
    )
    supplier: Text | None = Field(
        default=None, description="who delivers it for us (a courier, a workshop): `report promises` counts by them too"
    )
    escalate: EscalateTable | None = Field(default=None, description="to whom an overdue one goes, after how long")
    evidence: list[Literal["text", "url", "file"]] = Field(default=[], description="what must be shown when it is kept")
    cues: Cues = Field(
        default={}, description="words that betray it in a text, by language; a * at the end of a word: its stem"
    )
    apology: dict[Spoken, Annotated[Text, AfterValidator(_apology)]] = Field(
        default={}, description="what a customer is told where one cannot be kept, instead of that of [reply]"
    )

    @field_validator("stand_in")
    @classmethod
    def _somebody_else(cls, stand_in: str | None, info: ValidationInfo) -> str | None:
        if stand_in is not None and stand_in == info.data.get("owner"):
            raise ValueError(f"'{stand_in}' is the owner: name somebody else")
        return stand_in

    @field_validator("escalate")
    @classmethod
    def _escalate_dated(cls, table: EscalateTable | None, info: ValidationInfo) -> EscalateTable | None:
        if table is not None:
            cls._dated(table.after, info)
        return table

    @field_validator("blackouts")
    @classmethod
    def _within_reason(cls, tables: list[BlackoutTable]) -> list[BlackoutTable]:
        if sum((table.until - table.from_).days + 1 for table in tables) > _LONGEST_BLACKOUT:
            raise ValueError("are more than a year of days: take those that are past out")
        return tables

    @field_validator("says")
    @classmethod
    def _in_every_language(cls, says: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        must_be_in_every_language(says, known_to(info), "how it is said")
        return says

    @field_validator("earliest", "latest", "due", "review")
    @classmethod
    def _dated(cls, length: Duration | None, info: ValidationInfo) -> Duration | None:
        if length is not None and "calendar" in info.data:
            _needs_a_calendar(length, info.data["calendar"], known_to(info))
        return length

    @field_validator("latest", "due")
    @classmethod
    def _in_time(cls, length: Duration | None, info: ValidationInfo) -> Duration | None:
        earliest, latest = info.data.get("earliest"), info.data.get("latest")
        if length is not None and _shorter(length, earliest):
            raise ValueError(f"'{length}' is before the earliest, '{earliest}'")
        if isinstance(latest, Duration) and _shorter(latest, length):
            raise ValueError(f"'{length}' is after the latest, '{latest}'")
        return length


class EscalationTable(Table):
    """What always reaches a person and never gets a template's answer."""

    name: Name = Field(description="how it is called, like injury or press")
    cues: Annotated[Cues, Field(min_length=1)] = Field(description="words that betray it, by language")


class ReplyTable(Table):
    """What our replies may and may not say."""

    together_from: Annotated[int, Field(ge=2, le=10_000), Takes("a whole number")] = Field(
        default=5, description="people in a thread from which one public answer is suggested"
    )
    stock_phrases: Phrases = Field(default={}, description="what nobody wants to read any more: refused, by language")
    vague: Phrases = Field(default={}, description="times that are none, like soon: refused, by language")
    blame: Phrases = Field(default={}, description="putting it on the courier: refused, by language")
    commits: Cues = Field(default={}, description="words of ours that promise something, beside the usual ones")
    harmless: Cues = Field(default={}, description="words that sound like a promise and are none")
    apology: dict[Spoken, Annotated[Text, AfterValidator(_apology)]] = Field(
        default={}, description="what a customer is told where a promise cannot be kept"
    )
    claim: ClaimLength = Field(
        default=Duration(15, "minutes"), description="how long a group belongs to whoever is answering it, at most 24h"
    )
    patterns: dict[Name, Annotated[str, safe, Takes("a regular expression")]] = Field(
        default={}, description="what must never be public beside the usual personal data, like order numbers"
    )


class ExpectTable(Table):
    """What must be read in the text. `""` for topic, escalation or ground: none."""

    kind: Kind | None = Field(default=None, description="what sort of comment")
    tone: Tone | None = Field(default=None, description="how it feels")
    topic: ExpectedTopic | None = Field(default=None, description="which template it is about")
    language: Spoken | None = Field(default=None, description="what it is written in")
    escalation: ExpectedEscalation | None = Field(default=None, description="what must reach a person, if anything")
    action: Action | None = Field(default=None, description="what moderation would do")
    ground: Ground | Literal[""] | None = Field(default=None, description="on which ground it would do that")

    @model_validator(mode="after")
    def _something(self) -> ExpectTable:
        if not self.model_fields_set:
            keys = ", ".join(ExpectTable.model_fields)
            raise ValueError(f"expects nothing: add at least one of {keys}")
        return self


class ExampleTable(Table):
    """A worked example, run by `caretool policy test`."""

    text: Text = Field(description="a comment as somebody could write it")
    expect: ExpectTable = Field(description="what must be read in it")


class PoliciesFile(Table):
    """The whole file."""

    company: CompanyTable = Field(description="who we are: a table [company] with name, languages and time_zone")
    calendars: dict[Name, CalendarTable] = Field(default={}, description="opening hours, by name")
    response: ResponseTable = Field(default_factory=ResponseTable, description="by when a first answer is due")
    promises: dict[Identifier, PromiseTable] = Field(default={}, description="what can be promised, by kind")
    procedures: dict[Name, ProcedureTable] = Field(default={}, description="what is done, step by step, by name")
    rewards: dict[Name, RewardTable] = Field(default={}, description="what may be put into somebody's hand, by name")
    moderation: list[ModerationTable] = Field(default=[], description="what may be hidden, and why")
    escalation: list[EscalationTable] = Field(default=[], description="what always reaches a person")
    reply: ReplyTable = Field(default_factory=ReplyTable, description="what our replies may and may not say")
    checks: ChecksTable = Field(default_factory=ChecksTable, description="who may waive a check, and which are off")
    voice: VoiceTable = Field(default_factory=VoiceTable, description="how we speak to people")
    links: list[LinkTable] = Field(default=[], description="pages that answer what people ask")
    watch: list[WatchTable] = Field(default=[], description="what is searched for beyond our own pages")
    approval: list[ApprovalTable] = Field(default=[], description="what waits for a second pair of eyes")
    examples: list[ExampleTable] = Field(default=[], description="worked examples of these rules")
    retention: RetentionTable = Field(default_factory=RetentionTable, description="how long comments are kept")
