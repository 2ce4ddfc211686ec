"""What somebody is known by, and what only they wrote, taken out of other texts (pure).

Three degrees. `masked`: what names them, for the words of other people. `redacted`: also what only they wrote, word for
word, for our own words. `erased_from`: also the parts of their name, for what we said to them and to others at once.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "[…]"
# So many characters in a row that nobody else wrote are theirs.
QUOTE = 20
_PROBE = QUOTE // 2
_SHORTEST_PART = 3
_GAP = r"[\s./()-]{0,3}"


@dataclass(frozen=True, slots=True)
class Terms:
    """What somebody is known by. `names`: handles, names, e-mail addresses and the like, masked wherever they stand as
    whole words; `mentions`: handles that mean them only after an @; `numbers`: telephone numbers and the like, however
    they are grouped; `parts`: words of their names, which may be anybody's. `spared`: what others are called who have
    one of these in their own handle or name; it stays whole."""

    names: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()


class Quotes:
    """The runs of `QUOTE` characters in what somebody wrote, less those that others wrote too, or we before them."""

    def __init__(self, texts: Iterable[tuple[str, datetime]]) -> None:
        """`texts` with the moment from which each stood there."""
        self._grams: dict[str, datetime] = {}
        for text, at in texts:
            for gram in _grams(text):
                self._grams[gram] = min(at, self._grams.get(gram, at))
        self._probes = {gram[at : at + _PROBE] for gram in self._grams for at in range(QUOTE - _PROBE + 1)}

    def shared(self, text: str, said_at: datetime | None = None) -> None:
        """Somebody else wrote this: what stands in it is not theirs alone. With `said_at`, we said it then: what they
        wrote before that we have from them."""
        if self._near(text):
            for gram in _grams(text):
                if said_at is None or (gram in self._grams and said_at < self._grams[gram]):
                    self._grams.pop(gram, None)

    def taken_out(self, text: str) -> str:
        """The text with every such run masked."""
        if not self._near(text):
            return text
        covered = bytearray(len(text))
        for at, gram in enumerate(_grams(text)):
            if gram in self._grams:
                covered[at : at + QUOTE] = b"\1" * QUOTE
        return _without(text, covered)

    def _near(self, text: str) -> bool:
        """Whether a run may stand in a text: every run holds a whole probe that begins at a multiple of its length."""
        if len(text) < QUOTE or not self._probes:
            return False
        return any(text[at : at + _PROBE] in self._probes for at in range(0, len(text), _PROBE))


class Redactor:
    """Takes one person out of texts."""

    def __init__(self, terms: Terms, quotes: Quotes | None = None) -> None:
        self.terms = terms
        self.quotes = quotes or Quotes(())

    def masked(self, text: str) -> str:
        """Without what names them."""
        if not self._named.near(text):
            return text
        return self._named.without(text)

    def redacted(self, text: str) -> str:
        """Without that and without what only they wrote."""
        return self.quotes.taken_out(self.masked(text))

    def erased_from(self, text: str) -> str:
        """Without that and without the parts of their name."""
        without = self.redacted(text)
        return self._partly.without(without) if self._partly.near(without) else without

    @cached_property
    def _named(self) -> _Pattern:
        terms = self.terms
        names = [(name, _word(name)) for name in terms.names]
        mentions = [(f"@{name}", rf"(?<![\w@])@{_word(name, begun=True)}(?!@\w)") for name in terms.mentions]
        numbers = [(number, _grouped(number)) for number in terms.numbers]
        needles = [*terms.names, *terms.mentions]
        return _Pattern([*names, *mentions, *numbers], needles, terms.spared, digits=bool(numbers))

    @cached_property
    def _partly(self) -> _Pattern:
        parts = [part for part in self.terms.parts if len(part) >= _SHORTEST_PART]
        return _Pattern([(part, _word(part)) for part in parts], parts, self.terms.spared, digits=False)


class _Pattern:
    """Alternatives as one expression, and a quick look whether it is worth while."""

    def __init__(
        self, words: Sequence[tuple[str, str]], needles: Sequence[str], spared: Sequence[str], *, digits: bool
    ) -> None:
        """`words` with the expression of each."""
        # What is spared is a group. The longest first: a handle that begins another must not leave its end behind.
        alternatives = [*words, *((name, f"({_word(name)})") for name in spared)]
        longest = dict.fromkeys(pattern for _, pattern in sorted(alternatives, key=lambda one: -len(one[0])))
        self._pattern = re.compile("|".join(longest) or r"(?!)", re.IGNORECASE)
        self._needles = {_folded(form) for needle in needles if needle for form in spellings(needle)}
        self._digits = digits

    def without(self, text: str) -> str:
        """The text with each of the words masked."""
        return self._pattern.sub(lambda found: found[0] if found.lastindex else MASK, text)

    def near(self, text: str) -> bool:
        """Whether it may be found."""
        if self._digits and any(map(str.isdigit, text)):
            return True
        folded = _folded(text)
        return any(needle in folded for needle in self._needles)


def deep(value: Any, mask: Any) -> Any:
    """A value of JSON with `mask` on every text in it; keys stay."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [deep(one, mask) for one in value]
    if isinstance(value, dict):
        return {key: deep(one, mask) for key, one in value.items()}
    return value


def spellings(text: str) -> tuple[str, ...]:
    """A text in the forms that look the same, or are shown as the same: also as it stands in addresses and in HTML."""
    looks = (text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text), text.casefold())
    escaped = html.escape(text)
    written = [escaped, escaped.replace("&#x27;", "&#39;"), html.escape(text, quote=False)]
    for form in looks[:3]:
        written += [encoded(form, errors="replace") for encoded in (quote, quote_plus)]
        written.append(quote(form, safe="", errors="replace"))
    return tuple(dict.fromkeys((*looks, *written)))


def _folded(text: str) -> str:
    return text.casefold() if text.isascii() else unicodedata.normalize("NFD", text).casefold()


def _word(name: str, *, begun: bool = False) -> str:
    """A name as a whole word; scripts that write no spaces have no words to be whole."""
    forms = "|".join(re.escape(form) for form in spellings(name))
    before = "" if begun else "@?" if _runs_on(name[0]) else r"(?<!\w)@?"
    after = "" if _runs_on(name[-1]) else r"(?!\w)"
    return f"{before}(?:{forms}){after}"


def _runs_on(character: str) -> bool:
    return unicodedata.category(character) == "Lo" or not (character.isalnum() or character == "_")


def _grouped(number: str) -> str:
    """A number with blanks, dots or dashes anywhere between its characters."""
    kept = _GAP.join(re.escape(character) for character in number if character.isalnum())
    return rf"(?<!\w)\+?{kept}(?!\w)"


def _grams(text: str) -> Iterator[str]:
    return (text[at : at + QUOTE] for at in range(len(text) - QUOTE + 1))


def _without(text: str, covered: bytearray) -> str:
    pieces, at = [], 0
    while at < len(text):
        here = covered[at]
        end = covered.find(b"\0" if here else b"\1", at)
        end = end if end >= 0 else len(text)
        pieces.append(MASK if here else text[at:end])
        at = end
    return "".join(pieces)
