"""Why a text may not go out: the checks that need only the text, what was read in it and the rules (DESIGN §1, §6).

What a promise can be kept by is `deliverability`'s to say; `refusal_for` puts its verdict into the same words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from caretool.domain.comment import Kind
from caretool.domain.deliverability import Verdict
from caretool.domain.draft import Check, Refusal
from caretool.domain.limits import Limits
from caretool.domain.moment import spoken
from caretool.domain.policy import PromiseKind, ReplyRules
from caretool.domain.reading import Commitment, PersonalData
from caretool.errors import UsageProblem

_STOCK: Final = (
    "nel minor tempo possibile", "nel più breve tempo possibile", "il prima possibile",
    "apra un ticket", "apri un ticket", "aprire un ticket",
    "as soon as possible", "at your earliest convenience", "open a ticket", "raise a ticket",
)  # fmt: skip
_VAGUE: Final = (
    "a breve", "al più presto", "quanto prima", "appena possibile", "in tempi brevi", "prossimamente",
    "asap", "as soon as we can", "in due course", "shortly", "any time soon",
)  # fmt: skip
_CARRIERS: Final = (
    r"(?:gls|brt|bartolini|sda|dhl|ups|fed[ ]?ex|tnt|nexive|poste(?:[ ]italiane)?|inpost|milkman|royal[ ]mail|hermes"
    r"|evri|yodel|dpd|parcel[ ]?force|amazon[ ](?:logistics|logistica)|usps|correos|chronopost|mondial[ ]relay)"
)
_OTHERS_IT: Final = rf"(?:corrier[ei]|fornitor[ei]|spedizionier[ei]|trasportator[ei]|vettor[ei]|{_CARRIERS})"
_OTHERS_EN: Final = (
    rf"(?:couriers?|carriers?|suppliers?|(?:courier|delivery)[ ]compan(?:y|ies)|(?:delivery[ ])?drivers?|{_CARRIERS})"
)
_OF_IT: Final = r"(?:del|dei|dello|degli|delle|della|di)"
_BY_IT: Final = rf"(?:{_OF_IT}|dal|dai|dallo|dagli|dalle|dalla|da)"
_BLAME: Final = re.compile(
    rf"""(?<!\w)(?:(?:il|i|lo|gli|la|le|the|our)[ ])?(?:nostr[oi][ ])?(?:
      (?:colpa|responsabilita|errore|sbaglio|negligenza)[ ](?:e[ ](?:tutta[ ])?)?{_OF_IT}[ ](?:\w+[ ])?{_OTHERS_IT}
    | {_OTHERS_IT}[ ](?:che[ ])?(?:(?:ci|vi|le|ti|lo|la)[ ])?(?:ha|hanno)[ ](?:sbagliato|perso|smarrito|danneggiato
        |rotto|distrutto|rovinato|schiacciato|fatto[ ](?:un[ ]errore|cadere)|delus[oi]|abbandonat[oi])
    | e[ ]stat[oa][ ](?:(?:il|la)[ ](?:\w+[ ])?{_OTHERS_IT}|{_CARRIERS})
    | (?:a[ ]causa|dipende|il[ ]problema[ ]e)[ ]{_BY_IT}[ ](?:\w+[ ])?{_OTHERS_IT}
    | (?:dovut[oaie]|imputabil[ei])[ ](?:a|al|ai|allo|agli|alla|alle)[ ](?:\w+[ ])?{_OTHERS_IT}
    | non[ ]e[ ](?:colpa|responsabilita)[ ]nostra | non[ ]dipende[ ]da[ ]noi
    | (?:colpa|responsabilita|errore|sbaglio|negligenza)[ ]loro
    | {_OTHERS_EN}(?:'s?)?[ ](?:fault|mistake|error|blunder) | their[ ](?:own[ ])?(?:fault|mistake|error|blunder)
    | (?:fault|mistake|error)[ ](?:of|by|lies[ ]with|is[ ]with)[ ](?:(?:the|our|a|your)[ ])?{_OTHERS_EN}
    | {_OTHERS_EN}[ ](?:has[ ]|have[ ])?(?:let[ ](?:us|you)[ ]down|lost|damaged|broke|broken|destroyed|ruined|crushed
        |smashed|dropped|misplaced|mishandled|messed[ ]up|screwed[ ]up|failed[ ]us|made[ ]a[ ]mistake)
    | {_OTHERS_EN}[ ](?:is|are)[ ](?:to[ ]blame|at[ ]fault)
    | (?:blame|blaming|because[ ]of|due[ ]to|caused[ ]by|(?:is|was|are|were|it's)[ ](?:all[ ])?down[ ]to)[ ]
        (?:(?:the|our)[ ])?{_OTHERS_EN}
    | (?:not|isn't|wasn't)[ ]our[ ](?:fault|responsibility)
    )(?!\w)""",
    re.VERBOSE,
)
_DENIED: Final = re.compile(r"(?<!\w)(?:non|not|never|isn't|wasn't)(?: \w+){0,2}[ ']$")
_APOSTROPHES: Final = str.maketrans("’‘`´ʼ", "'''''")

_CALLS: Final = {"it": "sono {name}", "en": "I am {name}", "es": "soy {name}"}
_OWNS_UP: Final = {
    "it": "la consegna è responsabilità nostra",
    "en": "the delivery is our responsibility",
    "es": "la entrega es responsabilidad nuestra",
}
_PRIVATELY: Final = {
    "it": "ci mandi {data} in un messaggio privato",
    "en": "please send us {data} in a private message",
    "es": "envíenos {data} en un mensaje privado",
}
_DATA: Final = {
    "e-mail": (
        "An e-mail address",
        {"it": "il suo indirizzo e-mail", "en": "your e-mail address", "es": "su dirección de correo"},
    ),
    "phone": (
        "A phone number",
        {"it": "il suo numero di telefono", "en": "your phone number", "es": "su número de teléfono"},
    ),
    "iban": ("An IBAN", {"it": "il suo IBAN", "en": "your IBAN", "es": "su IBAN"}),
    "tax-code": ("A tax code", {"it": "il suo codice fiscale", "en": "your tax code", "es": "su NIF"}),
    "card": ("A card number", {"it": "i dati del pagamento", "en": "your payment details", "es": "los datos del pago"}),
    "order": ("An order number", {"it": "il numero d'ordine", "en": "your order number", "es": "el número de pedido"}),
    "address": ("A street address", {"it": "il suo indirizzo", "en": "your address", "es": "su dirección"}),
}
_THIS: Final = {"it": "questi dati", "en": "these details", "es": "estos datos"}
_ANSWERS: Final = {
    "it": "le rispondo qui {{ promises.reply.when }}",
    "en": "I will answer you here {{ promises.reply.when }}",
    "es": "le respondo aquí {{ promises.reply.when }}",
}
_OPENING: Final = 60
_SHORTEST_NUMBER: Final = 6

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Passing:
    """A sentence that would pass for a promise kind, and the due time it says."""

    sentence: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class ReplyText:
    """The final text of one reply or part, and all that its checks look at.

    `kinds` are those of the comments it answers; `agent` the name it speaks in (None: nobody's yet). `names` are the
    people it speaks to, as it calls them, and `ours` our own contacts (an address, a number, `@ourdomain.example` for
    every address there): neither is personal data. `passing` has, by promise kind, what would pass now.
    """

    text: str
    language: str
    private: bool = False
    kinds: frozenset[Kind] = frozenset()
    agent: str | None = None
    limits: Limits = field(default_factory=Limits)
    rules: ReplyRules = field(default_factory=ReplyRules)
    personal: tuple[PersonalData, ...] = ()
    commitments: tuple[Commitment, ...] = ()
    names: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()
    passing: Mapping[str, Passing] = field(default_factory=dict)


def check(reply: ReplyText) -> tuple[Refusal, ...]:
    """Every reason why this text may not go out; empty: it may, as far as words go."""
    return tuple(refusal for find in _CHECKS for refusal in find(reply))


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


def _stock_phrases(reply: ReplyText) -> Iterator[Refusal]:
    why = "Everybody says this and it promises nothing: say what you will do, and by when."
    for span in _phrases(reply.text, _STOCK, reply.rules.stock_phrases):
        yield _without_time("stock-phrase", reply, span, why)


def _vague(reply: ReplyText) -> Iterator[Refusal]:
    taken = [(item.start, item.end) for item in reply.commitments if item.vague]
    for span in taken:
        yield _without_time("vague", reply, span, "This promises something at no time in particular.")
    taken += _phrases(reply.text, _STOCK, reply.rules.stock_phrases)
    for span in _phrases(reply.text, _VAGUE, reply.rules.vague):
        if not any(_overlap(span, other) for other in taken):
            yield _without_time("vague", reply, span, "Nobody can tell when that is: say a day and an hour.")


def _no_time(reply: ReplyText) -> Iterator[Refusal]:
    for item in reply.commitments:
        if item.due_at is None and not item.vague and not item.conditional:
            why = "This promises something and does not say by when."
            yield _without_time("no-time", reply, (item.start, item.end), why)


def _without_time(check: Check, reply: ReplyText, span: Span, why: str) -> Refusal:
    """The refusal of words that say no time, with a sentence that says one for what they promise (else: an answer)."""
    meant = next((item.promise_kind for item in reply.commitments if _overlap(span, (item.start, item.end))), None)
    exact = reply.passing.get(meant or "reply")
    would_pass = exact or reply.passing.get("reply")
    return Refusal(
        check=check,
        excerpt=reply.text[slice(*span)],
        why=why,
        suggest=would_pass.sentence if would_pass else _in_tongue(_ANSWERS, reply.language),
        promise_kind=meant or ("reply" if exact else None),
        earliest_due_at=exact.due_at if exact else None,
    )


def _too_long(reply: ReplyText) -> Iterator[Refusal]:
    length = reply.limits.length
    size = reply.limits.measure(reply.text)
    if length is not None and size > length:
        over = size - length
        why = f"The text is {over} characters too long: {size}, where the platform takes {length}."
        yield Refusal("too-long", reply.text[-min(over, _OPENING) :], why, f"a text of at most {length} characters")


def _personal_data(reply: ReplyText) -> Iterator[Refusal]:
    for finding in () if reply.private else reply.personal:
        if finding.unchecked:
            what = f"what the policy keeps private ({finding.what})"
            why = f"Whether this holds {what} cannot be told: the pattern takes too long on it."
            mend = f"Shorten the text, or mend reply.patterns.{finding.what} in policies.toml."
            yield Refusal("personal-data", reply.text[:_OPENING], f"{why} {mend}")
        elif not _known_to_all(finding, reply):
            what, words = _DATA.get(finding.what, (f"What the policy keeps private ({finding.what})", _THIS))
            data = _in_tongue(words, reply.language)
            suggest = _in_tongue(_PRIVATELY, reply.language).format(data=data)
            yield Refusal("personal-data", finding.excerpt, f"{what} does not go out in public.", suggest)


def _known_to_all(finding: PersonalData, reply: ReplyText) -> bool:
    """Whether it is part of a name the reply calls somebody by, or a contact of ours however it is written."""
    for known in (*reply.names, *reply.ours):
        if any(start <= finding.start and finding.end <= end for start, end in _occurrences(known, reply.text)):
            return True
        if finding.what == "phone" and _same_number(known, finding.excerpt):
            return True
        if finding.what == "e-mail" and known.startswith("@") and finding.excerpt.casefold().endswith(known.casefold()):
            return True
    return False


def _same_number(one: str, other: str) -> bool:
    """With and without the country's prefix."""
    shorter, longer = sorted((re.sub(r"\D", "", one), re.sub(r"\D", "", other)), key=len)
    return len(shorter) >= _SHORTEST_NUMBER and longer.endswith(shorter)


def _blame(reply: ReplyText) -> Iterator[Refusal]:
    folded, offsets = _folded(reply.text)
    spans = _phrases(reply.text, (), reply.rules.blame)
    for match in _BLAME.finditer(folded):
        if not _DENIED.search(folded, max(0, match.start() - _OPENING), match.start()):
            spans.append((offsets[match.start()], offsets[match.end()]))
    for start, end in _merged(spans):
        why = "The seller answers for the whole delivery: nobody else is blamed in public."
        yield Refusal("blame", reply.text[start:end], why, _in_tongue(_OWNS_UP, reply.language))


def _no_agent_name(reply: ReplyText) -> Iterator[Refusal]:
    if not reply.agent:
        return
    text = reply.text
    for name in reply.names:  # a customer of the same name is not who speaks
        text = text.replace(name, " ", 1)
    if not any(_expression(name).search(_folded(text)[0]) for name in (reply.agent, *reply.agent.split()[:1])):
        why = f"Nobody can tell who speaks: {reply.agent}'s name is not in the text."
        suggest = _in_tongue(_CALLS, reply.language).format(name=reply.agent)
        yield Refusal("no-agent-name", reply.text[:_OPENING], why, suggest)


def _no_commitment(reply: ReplyText) -> Iterator[Refusal]:
    if not reply.private and "complaint" in reply.kinds and not any(item.due_at for item in reply.commitments):
        why = "A public answer to a complaint says at least what will be done, and by when."
        yield _without_time("no-commitment", reply, (0, min(len(reply.text), _OPENING)), why)


def _phrases(text: str, built_in: tuple[str, ...], ours: Mapping[str, tuple[str, ...]]) -> list[Span]:
    """Where these phrases stand in the text, in whatever language it is said to be: "asap" is no Italian either."""
    folded, offsets = _folded(text)
    spans: list[Span] = []
    for phrase in dict.fromkeys([*built_in, *(phrase for phrases in ours.values() for phrase in phrases)]):
        matches = _expression(phrase).finditer(folded)
        spans += [(offsets[match.start()], offsets[match.end()]) for match in matches if match[0]]
    # Of phrases one inside the other ("prima possibile", "il prima possibile") only the longest is told.
    whole = [span for span in spans if not any(span != other and _inside(span, other) for other in spans)]
    return sorted(set(whole))


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _merged(spans: list[Span]) -> list[Span]:
    """Spans that share a character as one, in the order of the text."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and _overlap(merged[-1], span):
            span = (merged[-1][0], max(merged.pop()[1], span[1]))
        merged.append(span)
    return merged


def _inside(one: Span, other: Span) -> bool:
    return other[0] <= one[0] and one[1] <= other[1]


def _occurrences(part: str, text: str) -> Iterator[Span]:
    start = text.find(part) if part else -1
    while start >= 0:
        yield start, start + len(part)
        start = text.find(part, start + 1)


@lru_cache(maxsize=1024)
def _expression(phrase: str) -> re.Pattern[str]:
    """The phrase as whole words of a folded text; a word's trailing `*` stands for any ending."""
    words = _folded(phrase)[0].split()
    parts = (re.escape(word.removesuffix("*")) + (r"\w*" if word.endswith("*") else "") for word in words)
    return re.compile(r"(?<!\w)" + " ".join(parts) + r"(?!\w)")


@lru_cache(maxsize=16)
def _folded(text: str) -> tuple[str, tuple[int, ...]]:
    """The text without case, accents, invisible characters and doubled spaces, and where each character came from."""
    folded: list[str] = []
    offsets: list[int] = []
    for offset, character in enumerate(text.translate(_APOSTROPHES)):
        for part in unicodedata.normalize("NFKD", character).casefold():
            plain = " " if part.isspace() else part
            doubled = plain == " " and folded[-1:] == [" "]
            if not doubled and not unicodedata.combining(plain) and unicodedata.category(plain) != "Cf":
                folded.append(plain)
                offsets.append(offset)
    return "".join(folded), (*offsets, len(text))


def _in_tongue(words: Mapping[str, str], language: str) -> str:
    return words.get(language.partition("-")[0].casefold(), words["en"])


_CHECKS: Final[tuple[Callable[[ReplyText], Iterator[Refusal]], ...]] = (
    _stock_phrases,
    _vague,
    _no_time,
    _too_long,
    _personal_data,
    _blame,
    _no_agent_name,
    _no_commitment,
)
