"""The texts of a template: they only show values the desk will have, and times that do not move."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from caretool.domain.policy import Agent, Company
from caretool.domain.wording import MissingValue, render, values, variables
from caretool.errors import UsageProblem
from caretool.settings.problems import instead, one_of, quoted, shown
from caretool.settings.relative import relative_words

FORMS = ("public", "together", "private")
RESERVED = frozenset({"person", "people", "agent", "company", "promises", "procedure", "self", "true", "false", "none"})
_EVERYWHERE = ("agent.name", "agent.signature", "company.name", "company.help_page")
_SAYS = "procedure.says"
_NOT_SAID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Means:
    """What the texts of one template may use: the kinds it promises, the values it needs, every kind of the policy,
    whether the company has a help page (None: not known), whether the template names a procedure."""

    promises: Sequence[str]
    needs: Sequence[str]
    kinds: Sequence[str]
    help_page: bool | None = None
    procedure: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong with one text, a sentence each, the kinds of promise whose `when` it shows, and whether it says the
    procedure."""

    objections: list[str]
    promised: frozenset[str]
    says: bool = False


def read_text(text: str, form: str, means: Means) -> Found:
    """Judge one text (`form`: public, together or private)."""
    moving = [
        f"{shown(words)} means another day whenever it is read: write {{{{ promises.….when }}}} instead"
        for words in dict.fromkeys(relative_words(_NOT_SAID.sub(" ", text)))
    ]
    try:
        names = sorted(variables(text))
    except UsageProblem as problem:
        return Found([str(problem), *moving], frozenset())
    unknown = [wrong for name in names if (wrong := _objection(name, form, means))]
    promised = frozenset(kind for kind in means.promises if f"promises.{kind}.when" in names)
    return Found([*(unknown or _tried(text, form, means)), *moving], promised, _SAYS in names)


def _objection(name: str, form: str, means: Means) -> str | None:
    personal = ("people",) if form == "together" else ("person.name",)
    times = tuple(f"promises.{kind}.when" for kind in means.promises)
    asked = tuple(f"promises.{kind}" for kind in means.promises)
    given = tuple(means.needs) if form == "private" else ()
    procedure = (_SAYS,) if means.procedure else ()
    allowed = (*personal, *_EVERYWHERE, *times, *procedure, *given)
    if name in allowed or name in asked:
        return None
    called = quoted(name)
    root, *rest = name.split(".")
    if name == "people":
        return "{{ people }} stands in together texts only: one person is {{ person.name }}"
    if root == "person" and form == "together":
        return f"{called} is one person, and a together text speaks to several: write {{{{ people }}}}"
    if name in means.needs:
        return f"{called} is told in private: it stands in private texts only"
    if root == "promises" and rest and rest[0] in means.kinds and rest[0] not in means.promises:
        return f"{called} is not promised by this template: add [[promises]] with kind = {quoted(rest[0])}"
    if name == _SAYS:
        return f'{called} is a procedure\'s, and this template names none: add procedure = "…"'
    hint = instead(name, allowed)
    return f"{called} is no value a {form} text has: {hint if hint.startswith('did') else one_of(allowed)}"


def _tried(text: str, form: str, means: Means) -> list[str]:
    """What the text itself refuses when it is filled in as the desk would."""
    page = None if means.help_page is False else "https://company.example"
    filled = values(
        agent=Agent("agent", "Agent", signature="Agent"),
        company=Company("Company", ("en",), ZoneInfo("UTC"), page),
        promises=dict.fromkeys(means.promises, "then"),
        person=None if form == "together" else "Person",
        people="Persons" if form == "together" else None,
        given=dict.fromkeys(means.needs, "value") if form == "private" else None,
        procedure="This is what we do." if means.procedure else None,
    )
    try:
        render(text, filled)
    except MissingValue as missing:
        return [f"shows {missing.name}, which is not set: add it to policies.toml or take it out"]
    except UsageProblem as problem:
        return [str(problem)]
    return []
