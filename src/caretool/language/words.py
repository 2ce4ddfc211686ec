"""Words of a text and cue lists: whole words, stems with a trailing `*`, several words in order a little apart.

Texts and cues are folded the same way: case, accents, apostrophes ("don't" is "dont", "l'ordine" two words), stretched
letters ("grazieee" is "grazie"). `cialis` is never found in `specialist`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from caretool.domain.apostrophe import straight
from caretool.domain.masking import READ as READ

MENTION: Final = re.compile(r"(?<![\w@.])@[\w.-]+(?:@[\w.-]+\w)?")
LINK: Final = re.compile(r"\b(?:https?://|www\.)[^\s<>\"']+", re.IGNORECASE)

_GAP: Final = 2
_STRETCHED = re.compile(r"([^\W\d])\1{2,}")
_TOKEN = re.compile(
    r"(?P<word>[^\W_]+(?:'(?:s|t|re|ve|ll|d|m)\b)?)"
    r"|(?P<emoji>[☀-➿\U0001f300-\U0001f3fa\U0001f400-\U0001faff])"
    r"|(?P<end>[.!?;\n…]+)"
    r"|(?P<pause>[,:()]+)"
)


def fold(text: str) -> str:
    """Lower case without accents: `"Perché?"` becomes `"perche?"`; stretched letters become one."""
    plain = straight(text)
    if not plain.isascii():
        decomposed = unicodedata.normalize("NFKD", plain)
        plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _STRETCHED.sub(r"\1", plain.casefold())


@dataclass(frozen=True, slots=True)
class Words:
    """The folded words and emoji of a text in order, each with the number of its sentence and of its clause (between
    commas)."""

    tokens: tuple[str, ...]
    sentences: tuple[int, ...]
    clauses: tuple[int, ...]


def split(text: str) -> Words:
    """The words of the first `READ` characters, without links and mentions."""
    bare = MENTION.sub(" ", LINK.sub(" ", text[:READ]))
    tokens: list[str] = []
    sentences: list[int] = []
    clauses: list[int] = []
    sentence = clause = 0
    for match in _TOKEN.finditer(fold(bare)):
        if match.lastgroup in ("end", "pause"):
            sentence += match.lastgroup == "end"
            clause += 1
            continue
        tokens.append(match[0].replace("'", ""))
        sentences.append(sentence)
        clauses.append(clause)
    return Words(tuple(tokens), tuple(sentences), tuple(clauses))


@dataclass(frozen=True, slots=True)
class Hit:
    """A cue of the list `label`, found in the tokens from `start` up to `end` (exclusive), which read `excerpt`."""

    label: str
    start: int
    end: int
    excerpt: str


@dataclass(frozen=True, slots=True)
class _Cue:
    label: str
    words: tuple[str, ...]
    gap: int


class CueIndex:
    """Cue lists by label, ready to be looked up in one pass over a text. Up to two words may stand between the words of
    a cue, none where its label is in `adjacent`; never the end of a sentence."""

    def __init__(self, lists: Mapping[str, Iterable[str]], adjacent: Container[str] = ()) -> None:
        self._adjacent = adjacent
        self._whole: dict[str, list[_Cue]] = {}
        self._stems: dict[str, list[_Cue]] = {}
        for label, cues in lists.items():
            for cue in cues:
                self._add(label, cue)
        self._lengths = sorted({len(stem) for stem in self._stems})

    def _add(self, label: str, cue: str) -> None:
        words = tuple(word for part in cue.split() for word in _cue_words(part))
        if not words:
            return
        first = words[0]
        table, key = (self._stems, first[:-1]) if first.endswith("*") else (self._whole, first)
        table.setdefault(key, []).append(_Cue(label, words, 0 if label in self._adjacent else _GAP))

    def find(self, words: Words) -> list[Hit]:
        """Every cue of every list, in the order of the text."""
        hits = []
        for at, token in enumerate(words.tokens):
            for cue in self._starting(token):
                end = _follow(cue, words, at)
                if end is not None:
                    hits.append(Hit(cue.label, at, end, " ".join(words.tokens[at:end])))
        return hits

    def _starting(self, token: str) -> Iterable[_Cue]:
        yield from self._whole.get(token, ())
        for length in self._lengths:
            if length > len(token):
                break
            yield from self._stems.get(token[:length], ())


def _cue_words(part: str) -> list[str]:
    words = list(split(part.removesuffix("*")).tokens)
    if part.endswith("*") and words:
        words[-1] += "*"
    return words


def _follow(cue: _Cue, words: Words, at: int) -> int | None:
    """Where the cue that starts at `at` ends, if all of its words follow in the same sentence."""
    end = at + 1
    for wanted in cue.words[1:]:
        near = range(end, min(end + cue.gap + 1, len(words.tokens)))
        same = (other for other in near if words.sentences[other] == words.sentences[at])
        found = next((other for other in same if _is(wanted, words.tokens[other])), None)
        if found is None:
            return None
        end = found + 1
    return end


def _is(wanted: str, token: str) -> bool:
    return token.startswith(wanted[:-1]) if wanted.endswith("*") else token == wanted
