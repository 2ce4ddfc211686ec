"""Why a text may not go out: the checks that need only the text, what was read in it and the rules (DESIGN §1, §6).

What a promise can be kept by is `deliverability`'s to say; `refusal_for` puts its verdict into the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from caretool.domain.checks.answering import unanswered, wrong_language, wrong_register
from caretool.domain.checks.blame import blame
from caretool.domain.checks.form import no_agent_name, too_long
from caretool.domain.checks.personal import personal_data
from caretool.domain.checks.promising import no_commitment, no_time, stock_phrases, vague
from caretool.domain.checks.reply_text import Passing, ReplyText
from caretool.domain.checks.sarcasm import sarcasm
from caretool.domain.checks.shouting import shouting
from caretool.domain.deliverability import Verdict
from caretool.domain.draft import Refusal
from caretool.domain.moment import spoken
from caretool.domain.policy import PromiseKind
from caretool.errors import UsageProblem

__all__ = ["Passing", "ReplyText", "check", "passing", "refusal_for"]

_CHECKS: Final[tuple[Callable[[ReplyText], Iterator[Refusal]], ...]] = (
    stock_phrases,
    vague,
    no_time,
    too_long,
    personal_data,
    blame,
    shouting,
    sarcasm,
    no_agent_name,
    no_commitment,
    wrong_language,
    wrong_register,
    unanswered,
)


def check(reply: ReplyText) -> tuple[Refusal, ...]:
    """Every reason why this text may not go out; empty: it may, as far as words go."""
    return tuple(refusal for find in _CHECKS for refusal in find(reply) if refusal.check not in reply.off)


def passing(kind: PromiseKind, due_at: datetime, language: str, zone: ZoneInfo) -> Passing:
    """The kind's standard wording with this time: "il corriere passa a ritirare il pacco entro giovedì 26 novembre alle
    18:00". In English where the language has no words for a time."""
    try:
        when = spoken(due_at, language, zone)
    except UsageProblem:
        language = "en"
        when = spoken(due_at, language, zone)
    says = kind.says.get(language.partition("-")[0].casefold()) or next(iter(kind.says.values()), kind.name)
    return Passing(f"{says} {when}", due_at)


def refusal_for(
    verdict: Verdict,
    excerpt: str,
    kind: PromiseKind,
    count: int,
    asked_due_at: datetime,
    language: str,
    zone: ZoneInfo,
) -> Refusal:
    """The refusal of a promise to `count` people that cannot be kept; ValueError if the verdict lets it pass."""
    if verdict.check is None:
        raise ValueError(f"a {kind.name} by {asked_due_at} passes: {verdict.why}")
    earliest = verdict.earliest_due_at
    return Refusal(
        check=verdict.check,
        excerpt=excerpt,
        why=f"{verdict.why[:1].upper()}{verdict.why[1:].rstrip('.')}.",
        suggest=passing(kind, earliest, language, zone).sentence if earliest else None,
        promise_kind=kind.name,
        asked_due_at=asked_due_at,
        earliest_due_at=earliest,
        fits=verdict.fits,
    )
