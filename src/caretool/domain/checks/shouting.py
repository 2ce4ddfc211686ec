"""Shouting: capitals that are no name and no abbreviation, and heaps of exclamation marks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from caretool.domain.checks.reply_text import ReplyText
from caretool.domain.checks.spans import Span, in_tongue, word_set
from caretool.domain.draft import Refusal
from caretool.domain.harmless import one_line

_HEAPED: Final = re.compile(r"[!¡]{3,}|[!?¡¿]{3,}")
_OUTSIDE: Final = re.compile(
    r"(?:https?://|www\.)\S+|[@#]\w[\w.@-]*|\{\{.{0,200}?\}\}|«[^»\n]{1,80}»|“[^”\n]{1,80}”", re.I
)
_WORD: Final = re.compile(r"\w+(?:['’]\w+)*")
# A word of one letter is no abbreviation between others in capitals, and of these no name has one: "URLO E BASTA".
_BETWEEN: Final = re.compile(r"[ ,'’!?\d-]{1,6}(?:[AEIOYÈÉÀÓ][ ,'’-]{1,3})?")
_JOINING: Final = re.compile(r"(?<!\w)[EOYÈÉ](?!\w)")
# Words that no product and no abbreviation is made of: among capitals they show that somebody raises the voice.
_ORDINARY: Final = word_set(
    "il lo la gli le un una di da in con su per tra del dello della dei degli delle al allo alla ai alle dal dalla"
    " nel nella entro solo tutto e ed o ma se che chi non piu mai ora gia poi qui lei voi noi suo sua suoi sue"
    " nostro nostra vostro vostra questo questa e' sono ha hanno abbiamo avete deve devono dovete puo possiamo legga"
    " leggete scriva scrivete mandi attenda the an of to in on for with and or but if that this not no never our"
    " your you we they is are was were be have has do does did must should can cannot please read send wait it its"
    " my us all any el los las uno de del en con por para y pero si que no nunca su sus nuestro nuestra usted es son"
    " ha han hay debe lea espere envie"
    " tanto tutti tutte tutta molto troppo ancora oggi domani ieri quando perche quanto cosa niente nessuno siamo siete"
    " sia grazie scusi scusate prego buongiorno buonasera saluto saluti cordiali calma capito aspetti aspettate smetta"
    " smettete stia guardi sappia urlo urlare thanks thank sorry everybody nobody today tomorrow why understand gracias"
    " nadie manana"
)
_STRESSED: Final = word_set(
    "no non not mai sempre subito basta assolutamente immediatamente ovviamente chiaramente attenzione importante"
    " urgente impossibile never always immediately absolutely obviously clearly please stop attention important"
    " urgent impossible nunca siempre inmediatamente absolutamente obviamente atencion importante urgente imposible"
)
_ABBREVIATIONS: Final = word_set("iva gls brt sda dhl ups dpd tnt pec pdf sms iban usb hdmi led tv pc gps pin")
_FEWEST_LETTERS: Final = 5
_WHOLE_LETTERS: Final = 20
_WHOLE_SHARE: Final = 0.7
_CALMLY: Final = {"it": "lo stesso in minuscolo", "en": "the same in lower case", "es": "lo mismo en minúsculas"}


def shouting(reply: ReplyText) -> Iterator[Refusal]:
    """Capitals and exclamation marks that raise the voice."""
    text = _OUTSIDE.sub(lambda out: " " * len(out[0]), reply.text)
    for heap in _HEAPED.finditer(text):
        why = "Heaped marks read as a raised voice: one is enough."
        yield Refusal("shouting", heap[0], why, "?" if "?" in heap[0] else "!")
    loud, letters = _loud(text, _known(reply))
    spans = list(_raised(text, loud))
    capitals = sum(end - start for start, end in loud)
    if not spans and capitals >= _WHOLE_LETTERS and capitals >= _WHOLE_SHARE * letters:
        spans = [(loud[0][0], loud[-1][1])]
    for start, end in spans:
        excerpt = reply.text[start:end]
        short = len(excerpt) <= 200
        calm = one_line(_calm(excerpt, reply.text[:start])) if short else in_tongue(_CALMLY, reply.language)
        yield Refusal("shouting", excerpt, "Capitals read as a raised voice.", calm)


def _known(reply: ReplyText) -> frozenset[str]:
    """Words that may stand in capitals: names, and what is always written so."""
    named = (word for name in (*reply.names, reply.agent or "") for word in _WORD.findall(name))
    return frozenset({_bare(word) for word in (*named, *reply.capitals)}) | _ABBREVIATIONS


def _loud(text: str, known: frozenset[str]) -> tuple[list[Span], int]:
    """The words in capitals that are none of the known ones, and how many letters all words have together."""
    loud: list[Span] = []
    letters = 0
    for word in _WORD.finditer(text):
        letters += len(word[0])
        if (
            word[0].isupper()
            and len(word[0]) > 1
            and not any(map(str.isdigit, word[0]))
            and _bare(word[0]) not in known
        ):
            loud.append(word.span())
    return loud, letters


def _raised(text: str, loud: Sequence[Span]) -> Iterator[Span]:
    """Several words on end, one of them ordinary or stressed, or a word that is only ever stressed."""
    for run in _runs(text, loud):
        words = [_bare(text[start:end]) for start, end in run]
        plain = any(word in _ORDINARY or word in _STRESSED for word in words)
        joined = _JOINING.search(text, run[0][0], run[-1][1]) is not None
        if len(words) > 1 and (plain or joined) and sum(map(len, words)) >= _FEWEST_LETTERS:
            yield run[0][0], run[-1][1]
        else:
            yield from (span for span, word in zip(run, words, strict=True) if word in _STRESSED)


def _runs(text: str, loud: Sequence[Span]) -> Iterator[list[Span]]:
    """Words in capitals that stand side by side."""
    run: list[Span] = []
    for span in loud:
        if run and not _BETWEEN.fullmatch(text, run[-1][1], span[0]):
            yield run
            run = []
        run.append(span)
    if run:
        yield run


def _bare(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.replace("’", "'"))
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign)).casefold()


def _calm(excerpt: str, before: str) -> str:
    lower = excerpt.lower()
    return lower[:1].upper() + lower[1:] if before.rstrip()[-1:] in ("", ".", "!", "?") else lower
