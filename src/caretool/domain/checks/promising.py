"""Words that should say what will be done, and by when: stock phrases, times that are none, promises without one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from caretool.domain.checks.reply_text import OPENING, ReplyText
from caretool.domain.checks.spans import Span, in_tongue, overlap, phrases
from caretool.domain.draft import Check, Refusal

_STOCK: Final = (
    "nel minor tempo possibile", "nel più breve tempo possibile", "il prima possibile",
    "apra un ticket", "apri un ticket", "aprire un ticket",
    "as soon as possible", "at your earliest convenience", "open a ticket", "raise a ticket",
)  # fmt: skip
_VAGUE: Final = (
    "a breve", "al più presto", "quanto prima", "appena possibile", "in tempi brevi", "prossimamente",
    "asap", "as soon as we can", "in due course", "shortly", "any time soon",
)  # fmt: skip
_ANSWERS: Final = {
    "it": "le rispondo qui {{ promises.reply.when }}",
    "en": "I will answer you here {{ promises.reply.when }}",
    "es": "le respondo aquí {{ promises.reply.when }}",
}


def stock_phrases(reply: ReplyText) -> Iterator[Refusal]:
    """What everybody says and what promises nothing."""
    why = "Everybody says this and it promises nothing: say what you will do, and by when."
    for span in phrases(reply.text, _STOCK, reply.rules.stock_phrases):
        yield without_time("stock-phrase", reply, span, why)


def vague(reply: ReplyText) -> Iterator[Refusal]:
    """Times that are none."""
    taken = [(item.start, item.end) for item in reply.commitments if item.vague]
    for span in taken:
        yield without_time("vague", reply, span, "This promises something at no time in particular.")
    taken += phrases(reply.text, _STOCK, reply.rules.stock_phrases)
    for span in phrases(reply.text, _VAGUE, reply.rules.vague):
        if not any(overlap(span, other) for other in taken):
            yield without_time("vague", reply, span, "Nobody can tell when that is: say a day and an hour.")


def no_time(reply: ReplyText) -> Iterator[Refusal]:
    """A promise that does not say by when."""
    for item in reply.commitments:
        if item.due_at is None and not item.vague and not item.conditional:
            why = "This promises something and does not say by when."
            yield without_time("no-time", reply, (item.start, item.end), why)


def without_time(check: Check, reply: ReplyText, span: Span, why: str) -> Refusal:
    """The refusal of words that say no time, with a sentence that says one for what they promise (else: an answer)."""
    meant = next((item.promise_kind for item in reply.commitments if overlap(span, (item.start, item.end))), None)
    exact = reply.passing.get(meant or "reply")
    would_pass = exact or reply.passing.get("reply")
    return Refusal(
        check=check,
        excerpt=reply.text[slice(*span)],
        why=why,
        suggest=would_pass.sentence if would_pass else in_tongue(_ANSWERS, reply.language),
        promise_kind=meant or ("reply" if exact else None),
        earliest_due_at=exact.due_at if exact else None,
    )


def no_commitment(reply: ReplyText) -> Iterator[Refusal]:
    """A public answer to a complaint that promises nothing by a time."""
    if not reply.private and "complaint" in reply.kinds and not any(item.due_at for item in reply.commitments):
        why = "A public answer to a complaint says at least what will be done, and by when."
        yield without_time("no-commitment", reply, (0, min(len(reply.text), OPENING)), why)
