"""The texts of a template: they only show values the desk will have, and times that do not move."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from caretool.domain.policy import Agent, Company
from caretool.domain.wording import Linked, MissingValue, Rewarded, named_twice, render, values, variables
from caretool.errors import UsageProblem
from caretool.settings.problems import instead, one_of, quoted, shown
from caretool.settings.relative import relative_words

RESERVED = frozenset(
    {"person", "people", "greeting", "agent", "company", "promises", "procedure", "reward", "link", "links"}
    | {"self", "true", "false", "none"}
)
_EVERYWHERE = ("greeting", "agent.name", "agent.signature", "company.name", "company.help_page")
_LINK = ("link.url", "link.title", "link")
_A_LINK = Linked("https://company.example", "Page")
_SAYS = "procedure.says"
_NOT_SAID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Means:
    """What the texts of one template may use: the kinds it promises, the values it needs, every kind of the policy,
    whether the company has a help page (None: not known), whether the template names a procedure, what private texts
    may show of the reward it gives (None: it gives none), the names in the catalogue of links (None: not known)."""

    promises: Sequence[str]
    needs: Sequence[str]
    kinds: Sequence[str]
    help_page: bool | None = None
    procedure: bool = False
    reward: tuple[str, ...] | None = None
    links: tuple[str, ...] | None = ()


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
    if form == "together" and (twice := named_twice(names)) is not None:
        unknown.append(twice)
    promised = frozenset(kind for kind in means.promises if f"promises.{kind}.when" in names)
    return Found([*(unknown or _tried(text, form, means)), *moving], promised, _SAYS in names)


def _objection(name: str, form: str, means: Means) -> str | None:
    personal = ("people",) if form == "together" else ("person.name",)
    times = tuple(f"promises.{kind}.when" for kind in means.promises)
    asked = tuple(f"promises.{kind}" for kind in means.promises)
    given = tuple(means.needs) if form == "private" else ()
    procedure = (_SAYS,) if means.procedure else ()
    reward = (means.reward or ()) if form == "private" else ()
    links = _linked(means.links, name)
    allowed = (*personal, *_EVERYWHERE, *_LINK, *links, *times, *procedure, *given, *reward)
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
    if root == "reward" and means.reward is not None and form != "private":
        return f"{called} is for one person alone: it stands in private texts only"
    if root == "reward" and means.reward is None:
        return f'{called} is a reward\'s, and this template gives none: add gives = "…"'
    if root == "links" and means.links is not None:
        near = instead(rest[0], means.links) if rest else f"write {{{{ links.NAME.url }}}}: {one_of(means.links)}"
        return f"{called} is no link of the catalogue ([[links]] in policies.toml): {near}"
    if name == _SAYS:
        return f'{called} is a procedure\'s, and this template names none: add procedure = "…"'
    hint = instead(name, allowed)
    return f"{called} is no value a {form} text has: {hint if hint.startswith('did') else one_of(allowed)}"


def _linked(names: Sequence[str] | None, name: str) -> tuple[str, ...]:
    """What of the catalogue may be shown; of one that could not be read, whatever is named."""
    if names is None:
        return (name,) if re.fullmatch(r"links\.\w+(?:\.(?:url|title))?", name) else ()
    return tuple(f"links.{link}{part}" for link in names for part in (".url", ".title", ""))


def _named_links(text: str) -> list[str]:
    return [name.split(".")[1] for name in variables(text) if name.startswith("links.")]


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
        reward=Rewarded("code", "value") if form == "private" and means.reward is not None else None,
        greeting="Hello Person",
        link=_A_LINK if means.links is None or means.links else None,
        links=dict.fromkeys(means.links if means.links is not None else _named_links(text), _A_LINK),
    )
    try:
        render(text, filled)
    except MissingValue as missing:
        if missing.name.startswith("link."):
            what = "and policies.toml has no [[links]]: add one, or ask first with {% if link is defined %}"
            return [f"shows {missing.name}, {what}"]
        return [f"shows {missing.name}, which is not set: add it to policies.toml or take it out"]
    except UsageProblem as problem:
        return [str(problem)]
    return []
