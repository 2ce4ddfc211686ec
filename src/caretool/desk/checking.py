"""Check: what a text would commit us to, and what would be refused of it, without a comment it answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from caretool.desk import committing, weighing
from caretool.desk.desk import Desk
from caretool.desk.request import Planned
from caretool.domain import checks
from caretool.domain.draft import Refusal
from caretool.domain.limits import Limits
from caretool.domain.reading import Commitment, Text
from caretool.language import personal
from caretool.language.languages import Languages

_BRACES = re.compile(r"\{\{.{0,200}?\}\}|\{%.{0,200}?%\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Question:
    """A text to check. `language` None: it is recognised; `account` None: no platform's limits count; `posted_at` is
    the aware moment from which its times run; `private`: only one person will read it; `signed`: it has
    to say who is at the desk."""

    text: str
    posted_at: datetime
    language: str | None = None
    account: str | None = None
    private: bool = False
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """What commits us in a text, and why it may not go out as it is (empty: it may)."""

    commitments: tuple[Commitment, ...]
    refusals: tuple[Refusal, ...]


def check(desk: Desk, question: Question) -> Answered:
    """All checks that need no comment; promises are held against the calendar, the capacity and what is open. Nothing
    is written. NotFound where the account is not there."""
    now = question.posted_at.replace(second=0, microsecond=0)
    found = committing.find_commitments(desk, [question.text], now)[0]
    language = question.language or _language(desk, question.text)
    text = checks.ReplyText(
        text=question.text,
        language=language,
        private=question.private,
        agent=desk.agent().name if question.signed else None,
        limits=_limits(desk, question.account),
        rules=desk.policy.reply,
        personal=personal.find([question.text], desk.policy.reply.patterns)[0],
        commitments=found,
        ours=committing.our_contacts(desk),
        written_in=weighing.written_in(question.text),
        spoken=frozenset({question.language} if question.language else ()),
        registers=weighing.registers(desk, language, question.account or ""),
        capitals=weighing.capitals(desk),
    )
    refusals = (*_unfilled(question.text), *committing.check_text(desk, text, 1, now))
    planned = [
        Planned(0, one.promise_kind, "", "", one.excerpt, one.due_at, one.relative)
        for one in found
        if one.due_at is not None and not one.vague and not one.conditional
    ]
    _, undeliverable = committing.check_promises(desk, planned, [language], now)
    return Answered(found, tuple(dict.fromkeys((*refusals, *undeliverable))))


def _language(desk: Desk, text: str) -> str:
    """One of the company's languages."""
    languages = desk.policy.company.languages
    if len(languages) == 1:
        return languages[0]
    found, _ = Languages(languages).name(Text(text, languages[0]))
    return found if found in languages else languages[0]


def _limits(desk: Desk, account: str | None) -> Limits:
    return Limits() if account is None else desk.open_platform(desk.account(account)).limits


def _unfilled(text: str) -> list[Refusal]:
    """What a template would fill in, and nobody does here: it would be public as raw braces."""
    return [
        Refusal("missing-value", found[0][:60], "This would stand in the answer as it is.", "the value itself")
        for found in _BRACES.finditer(text)
    ]
