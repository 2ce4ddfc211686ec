"""In which of the languages we answer in a text plainly is, by its small words: no model, no guess."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from caretool.language.words import LINK, MENTION

_READ: Final = 2_000
_WORD: Final = re.compile(r"[^\W\d_]+")
_OUTSIDE: Final = re.compile(r"[\"“«][^\"”»\n]{0,200}[\"”»]|#\w+|\S+@\S+|\{\{.{0,200}?\}\}")
# Words of one of these languages and of none of the others, nor of names.
_SMALL: Final = {
    "it": "il gli uno che è e di del della dei degli delle nel nella al alla ai alle dal dalla sul sulla sono siamo"
    " abbiamo ho ha"
    " hanno non più anche ma perché quando questo questa questi suo sua suoi sue mio mia nostro nostra le ci vi già"
    " grazie"
    " buongiorno buonasera scuso scusi però poi qui entro ancora molto tutto stato stata mai cosa dove ordine pacco"
    " arrivato",
    "en": "the and of to in is are was were be been have has had we you your our my it this that with for from not"
    " but will would"
    " can could i i'm i'll there here what when where how which please thank thanks hello sorry still already any at"
    " by as on"
    " they their them been about more just get got never order parcel arrived",
    "es": "el los las y en por para con está están estoy es son fue muy pero también más este esta su sus mi nuestro"
    " nuestra"
    " usted ustedes hemos han que qué cuándo dónde cómo gracias hola buenos buenas lo al del ya todavía aquí siento"
    " pedido"
    " paquete llegado",
}
_FEWEST_WORDS: Final = 4
_FEWEST_SMALL: Final = 3
_FEWEST_AGREEING: Final = 5
_TIMES_AS_MANY: Final = 3


def _tell_apart() -> dict[str, str]:
    """By word the one language it tells; what two share tells nothing."""
    languages: dict[str, set[str]] = {}
    for language, words in _SMALL.items():
        for word in words.split():
            languages.setdefault(word, set()).add(language)
    return {word: next(iter(found)) for word, found in languages.items() if len(found) == 1}


_TELLING: Final = _tell_apart()


def agrees(text: str, language: str) -> bool:
    """Whether a text is in this language as far as its small words tell, be they ever so few: one at least is of it and
    none of another. Texts of less than five words agree with nothing."""
    words = _words(text)
    return len(words) >= _FEWEST_AGREEING and {_TELLING[word] for word in words if word in _TELLING} == {language}


def language_of(text: str, fewest: int = _FEWEST_WORDS) -> str | None:
    """`it`, `en` or `es`, None where that is not certain: links, mentions, quotations and hashtags tell nothing, and
    neither do texts of less than `fewest` words."""
    words = _words(text)
    if len(words) < fewest:
        return None
    ranked = Counter(_TELLING[word] for word in words if word in _TELLING).most_common(2)
    if not ranked or ranked[0][1] < _FEWEST_SMALL or ranked[0][1] * 6 < len(words):
        return None
    second = ranked[1][1] if len(ranked) > 1 else 0
    return ranked[0][0] if ranked[0][1] >= _TIMES_AS_MANY * max(second, 1) else None


def _words(text: str) -> list[str]:
    """What somebody says in their own words, folded."""
    return _WORD.findall(_OUTSIDE.sub(" ", MENTION.sub(" ", LINK.sub(" ", text[:_READ]))).casefold())
