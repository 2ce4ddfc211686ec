"""The grammar of one language, read from `caretool/language/grammar/*.toml` and compiled: cues are data, not code.

A pattern is a regular expression on a text in one spelling (see `spelling`) with a few reliefs: a space is one to three
blanks, an accented vowel may be written with an apostrophe instead (at a word's end: with nothing), `{name}` is a
macro, and it begins and ends at a word's edge. docs/languages.md tells what each table means.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time
from functools import cache, lru_cache
from importlib.resources import files
from itertools import groupby
from typing import Any, Literal

from caretool.language.commitments.spelling import Speller, fold, straight

Role = Literal["firm", "likely", "timed", "customer", "request", "past", "participle", "barrier", "absorbed", "follows"]

_PLAIN = dict(zip("àèìòù", "aeiou", strict=True))
_ACCENT = re.compile("[àèìòù]")
_ACCENT_AT_THE_END = re.compile(r"(?<=[a-z]{3})[àèìòù](?!\w)|[ìù]")
_MACRO = re.compile(r"\{([a-z_]+)\}")
_BETWEEN = r"(?: {1,3}[\w'-]+){0,2} {1,3}(?:\w{1,5}')?"
_DEADLINE = "{by}?{art}"
_LONGEST_ARTICLE = 2  # "a", "an" and "un" count days, but are no hour: "about a week".
_GROUP = re.compile(r"\(\?P<(\w+)>")


def bare(word: str) -> str:
    """A folded word without accents and apostrophes, as names of days and numbers are looked up."""
    return " ".join(_ACCENT.sub(lambda char: _PLAIN[char[0]], word).replace("'", "").split())


@dataclass(frozen=True, slots=True)
class TimeRule:
    """What a time pattern means: `rule` is a name that `times` knows, the rest its arguments. `on` is month and day,
    `minute` is past the hour that is said (negative: before it), `plus` are minutes beside what is said."""

    rule: str
    pattern: re.Pattern[str]
    n: int | None = None
    add: int = 0
    at: time | None = None
    half: str | None = None
    today: bool = False
    next_week: bool = False
    on: tuple[int, int] | None = None
    minute: int = 0
    plus: int = 0


@dataclass(frozen=True, slots=True)
class HeadRule:
    """What a clause does when the pattern is found, unless one of the words `not_after` stands before it. One that
    `follows` does what the verb before it does ("we'll check and *reply*")."""

    role: Role
    not_after: frozenset[str]


@dataclass(frozen=True, slots=True)
class Guards:
    """Patterns that take a commitment back or hang it on the customer."""

    negation: re.Pattern[str]
    before_time: re.Pattern[str]
    after_time: re.Pattern[str]
    condition: re.Pattern[str]
    customer_acts: re.Pattern[str]
    request_joins: re.Pattern[str]
    question_words: re.Pattern[str]
    question_tags: re.Pattern[str]
    step: re.Pattern[str]
    within: re.Pattern[str]
    stakes: re.Pattern[str]
    harmless: re.Pattern[str]


@dataclass(frozen=True, slots=True, eq=False)
class Grammar:
    """Everything known of one language. `times` and `heads` find any of their rules; the name of the group that matched
    is the rule's number (`t12`, `h3`). `own_heads` are a company's own words that commit it."""

    language: str
    speller: Speller
    abbreviations: frozenset[str]
    breaks: re.Pattern[str]
    links: re.Pattern[str]
    times: re.Pattern[str]
    time_rules: tuple[TimeRule, ...]
    heads: re.Pattern[str]
    head_rules: tuple[HeadRule, ...]
    guards: Guards
    kinds: Mapping[str, Mapping[str, Sequence[str]]]
    numbers: Mapping[str, int]
    weekdays: Mapping[str, int]
    months: Mapping[str, int]
    zones: Mapping[str, int | str]
    afternoon_below: int
    own_heads: re.Pattern[str] | None = None


@cache
def grammar_of(language: str) -> Grammar | None:
    """The grammar for `it`, `it-IT` or `IT`; None for a language that has none."""
    source = files("caretool.language") / "grammar" / f"{language.replace('_', '-').split('-')[0].lower()}.toml"
    if not language.isascii() or not source.name[:-5].isalpha() or not source.is_file():
        return None
    return _compiled(language, tomllib.loads(source.read_text(encoding="utf-8")))


@lru_cache(maxsize=16)
def extended(grammar: Grammar, commits: tuple[str, ...], harmless: tuple[str, ...]) -> Grammar:
    """The grammar with a company's own phrases: words that commit it, and words that do not. Written like cues."""
    own = cue_patterns(commits) if commits else None
    guards = grammar.guards
    if harmless:
        either = re.compile(f"{guards.harmless.pattern}|{_GROUP.sub('(?:', cue_patterns(harmless).pattern)}")
        guards = replace(guards, harmless=either)
    return replace(grammar, guards=guards, own_heads=own) if commits or harmless else grammar


def _compiled(language: str, data: Mapping[str, Any]) -> Grammar:
    numbers: dict[str, int] = data["numbers"]
    weekdays = {name: index for index, names in enumerate(data["weekdays"]) for name in names}
    months = {name: index for index, names in enumerate(data["months"], start=1) for name in names}
    macros = data["macros"] | _words(data["links"], numbers, weekdays, months, data["zones"])
    times = [(alone, entry) for entry in data["times"] for says in entry["says"] for alone in _alternatives(says)]
    time_rules = tuple(_time_rule(alone, entry, macros) for alone, entry in times)
    return Grammar(
        language=language,
        speller=Speller(data["spelling"]["shorthand"], data["spelling"]["words"], data["spelling"]["keep"]),
        abbreviations=frozenset(data["abbreviations"]),
        breaks=re.compile(data["breaks"]),
        links=re.compile(rf" {{0,3}}(?:[-–/]|{data['links']}) {{0,3}}"),
        times=_any_of("t", [_expanded(alone, macros) for alone, _ in times], _expanded(_DEADLINE, macros)),
        time_rules=time_rules,
        heads=_any_of("h", [_expanded("|".join(entry["says"]), macros) for entry in data["heads"]]),
        head_rules=tuple(HeadRule(entry["is"], frozenset(entry.get("not_after", ()))) for entry in data["heads"]),
        guards=_guards(data["guards"], macros),
        kinds=data["kinds"],
        numbers={bare(fold(name)): number for name, number in numbers.items()},
        weekdays={bare(fold(name)): index for name, index in weekdays.items()},
        months={bare(fold(name)): index for name, index in months.items()},
        zones=data["zones"],
        afternoon_below=data["afternoon_below"],
    )


def _words(links: str, *vocabularies: Mapping[str, int | str]) -> dict[str, str]:
    numbers, weekdays, months, zones = (
        "|".join(sorted(map(re.escape, words), key=len, reverse=True)).replace("\\ ", " ") for words in vocabularies
    )
    spoken = (name for name, number in vocabularies[0].items() if 0 < int(number) <= 12 and name.isalpha())
    hours = "|".join(name for name in spoken if len(name) > _LONGEST_ARTICLE)
    number = rf"(?:\d{{1,3}}|{numbers})"
    hour = rf"(?P<hour>\d{{1,2}}|{hours})(?:[:.h](?P<minute>[0-5]\d))?(?!\d)"
    half_day = r"(?P<half>[ap])\.?m(?!\w)\.?"
    zone = rf"(?: \(?(?P<zone>{zones})(?!\w))?"
    return {
        "n": rf"(?:{number} ?(?:-|–|/|{links}) ?)?(?P<n>{number})(?! ?[:.,]\d)",
        "weekday": rf"(?P<weekday>{weekdays})\.?",
        "month": rf"(?P<month>{months})\.?",
        "clock": rf"{hour}(?: ?{half_day})?{zone}",
        "clockampm": rf"{hour} ?{half_day}{zone}",
        "hourword": rf"(?P<hour>\d{{1,2}}|{hours})(?!\d)",
        "clockminutes": rf"(?P<hour>\d{{1,2}})[:.](?P<minute>[0-5]\d)(?!\d){zone}",
    }


def _time_rule(says: str, entry: Mapping[str, Any], macros: Mapping[str, str]) -> TimeRule:
    return TimeRule(
        rule=entry["rule"],
        pattern=re.compile(_edged(_expanded(says, macros))),
        n=entry.get("n"),
        add=entry.get("add", 0),
        at=time.fromisoformat(entry["at"]) if "at" in entry else None,
        half=entry.get("half"),
        today=entry.get("today", False),
        next_week=entry.get("next_week", False),
        on=(int(entry["on"][:2]), int(entry["on"][3:])) if "on" in entry else None,
        minute=entry.get("minute", 0),
        plus=entry.get("plus", 0),
    )


def _guards(data: Mapping[str, str], macros: Mapping[str, str]) -> Guards:
    anchored = ("negation", "before_time", "after_time")
    patterns = {
        name: re.compile(_expanded(says, macros) if name in anchored else _edged(_expanded(says, macros)))
        for name, says in data.items()
    }
    return Guards(**patterns)


def _alternatives(says: str) -> Iterator[str]:
    """The parts of a pattern between the bars of its outermost level."""
    depth, start, brackets = 0, 0, False
    for at, char in enumerate(says):
        if says[at - 1 : at] == "\\":
            continue
        brackets = (brackets or char == "[") and char != "]"
        if not brackets:
            depth += (char == "(") - (char == ")")
            if char == "|" and depth == 0:
                yield says[start:at]
                start = at + 1
    yield says[start:]


def _expanded(says: str, macros: Mapping[str, str]) -> str:
    while _MACRO.search(says):
        says = _MACRO.sub(lambda macro: f"(?:{macros[macro[1]]})", says)
    names = [group[1] for group in _GROUP.finditer(says)]
    left = {name: names.count(name) for name in names}

    def last_only(group: re.Match[str]) -> str:
        left[group[1]] -= 1
        return "(?:" if left[group[1]] else group[0]

    typed = _accents_eased(straight(_GROUP.sub(last_only, says)))
    return re.sub(r" (\?)?", lambda blank: " {0,3}" if blank[1] else " {1,3}", typed)


def _accents_eased(pattern: str) -> str:
    """At a word's end an accent may be left out, anywhere it may be an apostrophe behind the vowel."""
    eased = _ACCENT_AT_THE_END.sub(lambda char: f"(?:{char[0]}|{_PLAIN[char[0]]}'?)", pattern)
    return _ACCENT.sub(lambda char: char[0] if eased[char.end()] == "|" else f"(?:{char[0]}|{_PLAIN[char[0]]}')", eased)


def _edged(pattern: str) -> str:
    return rf"(?<!\w)(?:{pattern})(?!\w)"


def _any_of(prefix: str, patterns: Iterable[str], common: str = "") -> re.Pattern[str]:
    """One pattern for all of them, each in a group `prefix` with its number.

    Looking for a word's beginning first, and for the `common` beginning of neighbours once, makes it much faster.
    """
    numbered = [(f"{prefix}{number}", _GROUP.sub("(?:", says)) for number, says in enumerate(patterns)]
    start = _GROUP.sub("(?:", common)
    rules: list[str] = []
    for shared, group in groupby(numbered, key=lambda rule: bool(start) and rule[1].startswith(start)):
        begin = start if shared else ""
        rules.append(f"{begin}(?:{'|'.join(f'(?P<{name}>{says[len(begin) :]})' for name, says in group)})")
    return re.compile(rf"(?<!\w)(?=[\w@])(?:{'|'.join(rules)})(?!\w)")


@lru_cache(maxsize=64)
def cue_patterns(cues: tuple[str, ...]) -> re.Pattern[str]:
    """Any of a policy's cues; the group that matched is the cue's number (`c7`), where several begin the first one.

    A trailing `*` makes a stem; several words are matched in order, up to two others between them.
    """
    return _any_of("c", [_BETWEEN.join(_cue_word(word) for word in cue.split()) for cue in cues])


def _cue_word(word: str) -> str:
    typed = _accents_eased(re.escape(fold(word.rstrip("*"))))
    return typed + (r"\w*" if word.endswith("*") else "")
