"""How a text is written: one spelling for case, accents, apostrophes, chat shorthand and slips of the finger.

What is rewritten may change its length; `Spelled` knows where everything stood in the text itself.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

_FOLDS = str.maketrans("áéíóú’‘ʼ`´\u00a0\u202f\u2009\t\r\u2010\u2011", "àèìòù'''''     --")
_WORD = re.compile(r"[^\W_]+(?:/[^\W_]*)?")
_QUOTED = re.compile(r"[\"“«„]([^\"“”«»„\n]{8,300})[\"”»“]")
_TYPED = 5
"""Letters from which a word may hold a slip: shorter ones are too like other words."""
_LONGEST = 16


def fold(text: str) -> str:
    """The text in lower case with plain blanks and apostrophes, every character where it was."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(low if len(low := char.lower()) == 1 else char for char in text)
    return straight(lower)


def straight(text: str) -> str:
    """Plain blanks, apostrophes and hyphens, one kind of accent; case as it is."""
    return text.translate(_FOLDS)


@dataclass(frozen=True, slots=True)
class Spelled:
    """A text as it is read. `new` and `old`: where each rewritten word begins and ends, in it and in the original."""

    text: str
    new: tuple[tuple[int, int], ...] = ()
    old: tuple[tuple[int, int], ...] = ()

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The offsets in the text itself of what stands from `start` to `end` here; never half a word."""
        return self._moved(start, 0), self._moved(end, 1)

    def _moved(self, position: int, edge: int) -> int:
        at = bisect_right(self.new, (position, -1 if edge else len(self.text) + 1)) - 1
        if at < 0:
            return position
        if position < self.new[at][1]:
            return self.old[at][edge]
        return self.old[at][1] + position - self.new[at][1]


class Speller:
    """Rewrites `shorthand` ("tmrw" is "tomorrow"), and slips in `words`: one letter too many, too few, wrong, or two
    changed over ("tomorow", "domnai"). First and last letter must be right, but a last letter may be missing; `keep`
    are words of their own."""

    def __init__(self, shorthand: Mapping[str, str], words: Iterable[str], keep: Iterable[str]) -> None:
        self._shorthand = {fold(short): fold(whole) for short, whole in shorthand.items()}
        self._known = frozenset(map(fold, (*words, *keep)))
        self._by_letter: dict[str, list[str]] = {}
        for word in map(fold, words):
            self._by_letter.setdefault(word[0], []).append(word)
        self._meant = lru_cache(maxsize=4096)(self._closest)

    def read(self, text: str) -> Spelled:
        """The text in one spelling; what it quotes of others is blanked out."""
        folded = _without_quotes(fold(text))
        pieces: list[str] = []
        new: list[tuple[int, int]] = []
        old: list[tuple[int, int]] = []
        done = length = 0
        for match in _WORD.finditer(folded):
            word = match[0]
            meant = self._shorthand.get(word) or (self._meant(word) if _TYPED <= len(word) <= _LONGEST else None)
            if meant is None:
                continue
            pieces += (folded[done : match.start()], meant)
            length += match.start() - done
            new.append((length, length + len(meant)))
            old.append(match.span())
            length, done = length + len(meant), match.end()
        return Spelled("".join((*pieces, folded[done:])), tuple(new), tuple(old))

    def _closest(self, word: str) -> str | None:
        if word in self._known or not word.isalpha():
            return None
        near = process.extractOne(word, self._by_letter.get(word[0], ()), scorer=OSA.distance, score_cutoff=1)
        if near is None:
            return None
        meant = str(near[0])
        return meant if meant[-1] == word[-1] or meant[:-1] == word else None


def _without_quotes(folded: str) -> str:
    """Blanks where somebody else's words are quoted, unless the quotation is nearly all there is."""

    def blanked(quoted: re.Match[str]) -> str:
        passage = quoted[1].count(" ") >= 2 and len(folded) - len(quoted[0]) > len("we wrote")
        return f'"{" " * len(quoted[1])}"' if passage else quoted[0]

    return _QUOTED.sub(blanked, folded)
