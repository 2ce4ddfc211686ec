"""Which registers are asked of a template's texts beside the one they are written in, and which of them it has not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from caretool.desk import voicing
from caretool.domain import voice
from caretool.domain.policy import Settings
from caretool.domain.template import Form, Template
from caretool.domain.voice import Register, Voice

_FORMS: tuple[Form, ...] = get_args(Form)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A register that is asked of a template in a language, `by` an account's name or a thread's address."""

    register: Register
    by: str


def asked(spoken: Voice, template: Template, language: str) -> list[Wanted]:
    """What accounts and threads ask otherwise than the template's own texts are."""
    accounts = [] if language in template.register else spoken.accounts.items()
    found = [Wanted(one.register[language], name) for name, one in accounts if language in one.register]
    found += [Wanted(one.register[language], one.thread) for one in spoken.threads if language in one.register]
    return [one for one in found if one.register != voicing.usual(spoken, template, language)]


def has(template: Template, language: str, form: Form, register: Register) -> bool:
    """Whether a template has texts of its own for a register."""
    texts = template.replies[language].registers.get(register)
    return texts is not None and bool(texts.variants(form))


def remarks(settings: Settings) -> list[str]:
    """A sentence for each account or thread for which templates have no texts that speak as it asks."""
    without: dict[Wanted, set[str]] = {}
    for template in settings.templates.values():
        for language in template.replies:
            for one in asked(settings.policy.voice, template, language):
                if any(_contradicting(template, language, one.register)):
                    without.setdefault(one, set()).add(template.id)
    return [
        f"{one.by} asks for {one.register}, and {_templates(len(names))} no texts in it: they would be refused there "
        "(wrong-register); `caretool template check` names them."
        for one, names in without.items()
    ]


def _contradicting(template: Template, language: str, register: Register) -> Iterator[str]:
    """The usual texts that would be taken for a register, and speak in another."""
    for form in _FORMS:
        if has(template, language, form, register):
            continue
        for text in template.replies[language].variants(form):
            if voice.wrong_registers(voicing.said_in(text), language, register, several=form == "together"):
                yield text


def _templates(number: int) -> str:
    return "1 template has" if number == 1 else f"{number} templates have"
