"""What a customer is told where a promise cannot be kept: an apology, and the time by which it now will be (R13)."""

from __future__ import annotations

from collections.abc import Mapping

from caretool.domain.policy import Agent, Company, PromiseKind, ReplyRules
from caretool.domain.wording import render, values, variables
from caretool.errors import UsageProblem

INSTEAD = "instead"
"""The value that says what is promised now, by when: the kind's standard wording with the new time."""

STANDARD: Mapping[str, str] = {
    "it": "Buongiorno {{ person.name }}, sono {{ agent.name }}. Mi scuso: non riusciamo a rispettare i tempi che le "
    "avevo indicato. {{ instead }}.",
    "en": "Hello {{ person.name }}, {{ agent.name }} here. I am sorry: we cannot keep to the time that I gave you. "
    "{{ instead }}.",
}
"""What is said where the policy has no words of its own."""

_ALLOWED = ("person.name", "agent.name", "agent.signature", "company.name", "company.help_page", INSTEAD)


def wrong_in(text: str) -> str | None:
    """Why a text cannot serve as an apology, in one sentence; None: it can."""
    try:
        names = variables(text)
    except UsageProblem as problem:
        return str(problem)
    unknown = sorted(names - set(_ALLOWED))
    if unknown:
        return f"'{unknown[0]}' is no value an apology has: use {', '.join(_ALLOWED)}"
    if INSTEAD not in names:
        return "does not say what is promised instead: add {{ instead }}"
    return None


def wording_for(kind: PromiseKind, rules: ReplyRules, language: str) -> str | None:
    """The text to render: the kind's, else the company's, else the standard one; None: there is none in it."""
    return kind.apology.get(language) or rules.apology.get(language) or STANDARD.get(language)


def apology(text: str, *, person: str, agent: Agent, company: Company, instead: str) -> str:
    """The apology to one person; MissingValue where the text shows what is not set."""
    sentence = instead[:1].upper() + instead[1:]
    return render(text, values(agent=agent, company=company, promises={}, person=person, given={INSTEAD: sentence}))
