"""The single values that people write (a length of time, a language, opening hours…), each with the sentence that
helps who wrote it wrong. A validator looks a name up in the `Known` of its context."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationInfo

from caretool.domain.calendar import Ranges
from caretool.domain.duration import Duration
from caretool.domain.moment import spoken
from caretool.errors import UsageProblem
from caretool.settings.known import Known, Names
from caretool.settings.problems import instead, shortened, shown

_NAME = re.compile(r"\w[\w.-]{0,63}")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})", re.ASCII)
_WEB = re.compile(r"https?://[^\s/]+\.[^\s]+")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:\S+", re.IGNORECASE | re.ASCII)
_CUE = re.compile(r"[^\s*]+\*?(?:\s+[^\s*]+\*?)*")
_MIDNIGHT = 24 * 60


class Table(BaseModel):
    """A TOML table: no key it does not know, no value bent into shape."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


@dataclass(frozen=True, slots=True)
class Takes:
    """What a value looks like, for the reference page."""

    words: str


def known_to(info: ValidationInfo) -> Known:
    """The names a value may refer to."""
    return info.context if isinstance(info.context, Known) else Known()


def is_name(text: str) -> bool:
    """Whether it may name an account, an agent, a template: a word that can be typed and stands for itself."""
    return _NAME.fullmatch(text) is not None


def _written(value: str) -> str:
    text = value.strip()
    if not text:
        raise ValueError("must not be empty")
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in text):
        raise ValueError("holds a control character: leave it out")
    return text


def _shaped(pattern: re.Pattern[str], as_what: str) -> Callable[[str], str]:
    def shaped(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"{shown(value)} is not {as_what}")
        return value

    return shaped


def _length(value: object) -> Duration:
    if not isinstance(value, str):
        raise ValueError(f'{shown(value)} is not a length of time: write "90m", "3h" or "2 working days" in quotes')  # noqa: TRY004
    return Duration.parse(shortened(value))


def _elapsed(length: Duration) -> Duration:
    if length.working:
        raise ValueError(f"'{length}' runs on a calendar, and there is none here: write 90m, 3h or 2 days")
    return length


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        near = instead(value, sorted(available_timezones()))
        hint = near if near.startswith("did") else "write one like Europe/Rome"
        raise ValueError(f"{shown(value)} is not a time zone: {hint}") from None
    return value


def _country(value: str) -> str:
    from holidays.registry import COUNTRIES

    codes = sorted({entry[1] for entry in COUNTRIES.values()})
    if value not in codes:
        near = [code for code in codes if code == value.upper()]
        hint = f"did you mean {near[0]!r}?" if near else "write the two letters of its code, like IT"
        raise ValueError(f"{shown(value)} is not a country whose holidays are known: {hint}")
    return value


def _region(value: str, info: ValidationInfo) -> str:
    from holidays import country_holidays

    country = info.data.get("country")
    if country is None:
        return value
    regions = country_holidays(country).subdivisions
    if value not in regions:
        raise ValueError(
            f"{shown(value)} is not a region of {country} whose holidays are known: {instead(value, regions)}"
        )
    return value


def day(value: object) -> date:
    """A date in quotes or not; ValueError says how to write it."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{shown(value)} is not a date: {error}") from None
    raise ValueError(f'{shown(value)} is not a date: write it like "2026-12-24"')


def hours(value: object) -> Ranges:
    """`["09:00-13:00", "14:00-18:00"]`, in order; midnight as an end is `time(0, 0)`. ValueError says what is wrong."""
    if not isinstance(value, list):
        raise ValueError(f'must be a list of hours like ["09:00-13:00", "14:00-18:00"], not {shown(value)}')  # noqa: TRY004
    minutes = [_range(entry) for entry in value]
    for (_, closing), (opening, _) in pairwise(minutes):
        if opening < closing:
            raise ValueError("the hours overlap or are not in order: write them from the first to the last of the day")
    return tuple((time(start // 60, start % 60), time(end // 60 % 24, end % 60)) for start, end in minutes)


def _range(value: object) -> tuple[int, int]:
    match = _HOURS.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'{shown(value)} is not a range of hours: write it like "09:00-13:00"')
    start_hour, start_minute, end_hour, end_minute = (int(part) for part in match.groups())
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if max(start_minute, end_minute) > 59 or start >= _MIDNIGHT or end > _MIDNIGHT:
        raise ValueError(f"{shown(value)} holds an hour that no clock shows: it ends at 24:00 at the latest")
    if start >= end:
        raise ValueError(f"{shown(value)} ends before it begins: hours past midnight belong to the next day")
    return start, end


def _open_hours(value: object) -> Ranges:
    ranges = hours(value)
    if not ranges:
        raise ValueError("names no hours: a day that is shut goes into closed")
    return ranges


def unsayable(tag: str) -> str | None:
    """Why no company can answer in this language; None: its due times can be said."""
    try:
        spoken(datetime(2026, 1, 1, tzinfo=UTC), tag, ZoneInfo("UTC"))
    except UsageProblem as problem:
        return str(problem)
    return None


def must_be_in_every_language(says: Mapping[str, str], known: Known, what: str) -> None:
    """ValueError where `says` leaves out a language in which the company can answer; `what` it is, for the sentence."""
    unsaid = [tag for tag in known.languages or () if tag not in says and unsayable(tag) is None]
    if unsaid:
        example = ", ".join(f'{tag} = "…"' for tag in unsaid)
        raise ValueError(f"{what} is missing in {' and '.join(unsaid)}: add says = {{ {example} }}")


def _sayable(tag: str) -> str:
    if reason := unsayable(tag):
        raise ValueError(f"{shown(tag)} is no language a company can have yet: {reason}")
    return tag


def _declared(names: Callable[[Known], Names | None], what: str, fix: str) -> Callable[[str, ValidationInfo], str]:
    def declared(value: str, info: ValidationInfo) -> str:
        options = names(known_to(info))
        if options is not None and value not in options:
            hint = instead(value, options) if options else fix
            raise ValueError(f"{shown(value)} is not {what}: {hint}")
        return value

    return declared


def _or_none(check: Callable[[str, ValidationInfo], str]) -> Callable[[str, ValidationInfo], str]:
    """The same check, save that an empty text says that there is none."""
    return lambda value, info: check(value, info) if value else value


def _platform(value: str, info: ValidationInfo) -> str:
    """A policy may speak of platforms that have no connector here; only a slip of the keyboard is refused."""
    options = known_to(info).platforms
    hint = instead(value, options) if options and value not in options else ""
    if hint.startswith("did you mean"):
        raise ValueError(f"{shown(value)} is not a platform: {hint}")
    return value


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, AfterValidator(_written), Takes("text")]
Name = Annotated[
    str, AfterValidator(_shaped(_NAME, "a name: letters, digits, - _ and . only, at most 64")), Takes("a name")
]
Identifier = Annotated[
    str,
    AfterValidator(_shaped(_IDENTIFIER, "a name that a template can use: lower-case letters, digits and _ only")),
    Takes("a name of lower-case letters, digits and _"),
]
Tag = Annotated[str, AfterValidator(_shaped(_LANGUAGE, "a language: write its code, like it or en")), Takes("language")]
Spoken = Annotated[
    Tag, AfterValidator(_declared(lambda known: known.languages, "a language of the company", "add it to languages"))
]
Answered = Annotated[Tag, AfterValidator(_sayable)]
Length = Annotated[Duration, PlainValidator(_length), Takes("a length of time")]
Elapsed = Annotated[Duration, PlainValidator(_length), AfterValidator(_elapsed), Takes("a length of time")]
Zone = Annotated[str, AfterValidator(_zone), Takes("a time zone")]
Country = Annotated[str, AfterValidator(_country), Takes("a country's two letters")]
Region = Annotated[str, AfterValidator(_region), Takes("a region's letters, as in ISO 3166-2")]
Day = Annotated[date, PlainValidator(day), Takes("a date")]
Hours = Annotated[Ranges, PlainValidator(hours), Takes("a list of hours")]
OpenHours = Annotated[Ranges, PlainValidator(_open_hours), Takes("a list of hours")]
WebAddress = Annotated[
    str, AfterValidator(_shaped(_WEB, "a web address: it begins with https://")), Takes("a web address")
]
Address = Annotated[
    str,
    AfterValidator(_shaped(_ADDRESS, 'an address: write it like "mailto:desk@shop.example"')),
    Takes("an address"),
]
Cue = Annotated[
    str,
    AfterValidator(_written),
    AfterValidator(_shaped(_CUE, "a cue: words, each perhaps with a * at its end")),
    Takes("a cue"),
]
Whole = Annotated[int, Field(ge=0, le=1_000_000_000), Takes("a whole number")]
CalendarName = Annotated[
    str,
    AfterValidator(_declared(lambda known: known.calendars, "a calendar", "add its [calendars.…] first")),
    Takes("a calendar's name"),
]
Keeper = Annotated[
    str,
    AfterValidator(
        _declared(lambda known: known.keepers, "an owner or an agent", "add its [owners.…] to accounts.toml first")
    ),
    Takes("an owner's or an agent's name"),
]
PromiseName = Annotated[
    str,
    AfterValidator(
        _declared(lambda known: known.promises, "a kind of promise", "add its [promises.…] to policies.toml first")
    ),
    Takes("a kind of promise"),
]
ProcedureName = Annotated[
    str,
    AfterValidator(
        _declared(lambda known: known.procedures, "a procedure", "add its [procedures.…] to policies.toml first")
    ),
    Takes("a procedure's name"),
]
TemplateName = Annotated[
    str,
    AfterValidator(_declared(lambda known: known.templates, "a template", "add its file to templates/replies first")),
    Takes("a template's name"),
]
RewardName = Annotated[
    str,
    AfterValidator(_declared(lambda known: known.rewards, "a reward", "add its [rewards.…] to policies.toml first")),
    Takes("a reward's name"),
]
AccountName = Annotated[
    str,
    AfterValidator(
        _declared(lambda known: known.accounts, "an account", "add its [accounts.…] to accounts.toml first")
    ),
    Takes("an account's name"),
]
_topic = _declared(lambda known: known.topics, "the topic of a template", "add its template first")
_escalation = _declared(lambda known: known.escalations, "an escalation", "add its [[escalation]] first")
TopicName = Annotated[str, AfterValidator(_topic), Takes("a template's topic")]
ExpectedTopic = Annotated[str, AfterValidator(_or_none(_topic)), Takes('a template\'s topic or `""`')]
ExpectedEscalation = Annotated[str, AfterValidator(_or_none(_escalation)), Takes('an escalation\'s name or `""`')]
PlatformName = Annotated[str, AfterValidator(_platform), Takes("a platform")]
Several = BeforeValidator(_several)
