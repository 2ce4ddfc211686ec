"""Which language a short text is in: the platform's tag, then py3langid among the company's and other common ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from caretool.language.words import LINK, MENTION

if TYPE_CHECKING:
    from caretool.domain.reading import Text

COMMON: Final = ("en", "it", "es", "fr", "de", "pt", "nl", "pl", "ro", "tr", "ru", "uk", "ar", "zh", "ja")
"""Languages that turn up uninvited on anybody's pages."""

_READ = 1_000
_STRANGER_FROM = 0.75
_TAG = re.compile(r"([a-z]{2,3})(?:[-_].*)?", re.IGNORECASE)
_NO_LANGUAGE = frozenset({"und", "zxx", "mis", "mul", "qme", "qst", "qht", "qam", "qct"})
_HASHTAG = re.compile(r"#\w+")
_WORD = re.compile(r"[^\W\d_]+")


class Languages:
    """Names the language of texts as ISO 639 codes ("it"); py3langid is loaded when the first untagged text of at least
    three words comes along (about half a second, once a process)."""

    def __init__(self, company: Sequence[str]) -> None:
        self._company = tuple(company)

    def name(self, text: Text) -> tuple[str, str]:
        """`(language, why)`, why being `tag`, `words` or `fallback`. Fewer than three words tell nothing; a language
        the company does not speak must be near certain."""
        tag = _TAG.fullmatch(text.tag.strip()) if text.tag else None
        if tag and tag[1].lower() not in _NO_LANGUAGE:
            return tag[1].lower(), "tag"
        bare = _HASHTAG.sub(" ", MENTION.sub(" ", LINK.sub(" ", text.text[:_READ])))
        words = _WORD.findall(bare)
        letters = "".join(words)
        latin = sum(char < "ɐ" for char in letters) * 2 >= len(letters)
        if not letters or (latin and len(words) < 3):
            return text.fallback, "fallback"
        return self._identified(" ".join(words)), "words"

    def _identified(self, text: str) -> str:
        ranked: list[tuple[str, float]] = _identifier(self._company).rank(text)
        best, sure = ranked[0]
        if best in self._company or sure >= _STRANGER_FROM:
            return best
        return next((language for language, _ in ranked if language in self._company), best)


@lru_cache(maxsize=4)
def _identifier(company: tuple[str, ...]) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    known = set(identifier.nb_classes)
    identifier.set_languages(sorted({*COMMON, *company} & known))
    return identifier
