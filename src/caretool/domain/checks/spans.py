"""Where phrases stand in a text, whatever its case, accents, apostrophes and spaces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from caretool.domain.apostrophe import straight

Span = tuple[int, int]


def phrases(text: str, built_in: tuple[str, ...], ours: Mapping[str, tuple[str, ...]]) -> list[Span]:
    """Where these phrases stand in the text, in whatever language it is said to be: "asap" is no Italian either."""
    plain, offsets = folded(text)
    spans: list[Span] = []
    for phrase in dict.fromkeys([*built_in, *(phrase for phrases in ours.values() for phrase in phrases)]):
        matches = expression(phrase).finditer(plain)
        spans += [(offsets[match.start()], offsets[match.end()]) for match in matches if match[0]]
    # Of phrases one inside the other ("prima possibile", "il prima possibile") only the longest is told.
    whole = [span for span in spans if not any(span != other and _inside(span, other) for other in spans)]
    return sorted(set(whole))


def overlap(one: Span, other: Span) -> bool:
    """Whether they share a character."""
    return one[0] < other[1] and other[0] < one[1]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans that share a character as one, in the order of the text."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and overlap(found[-1], span):
            span = (found[-1][0], max(found.pop()[1], span[1]))
        found.append(span)
    return found


def occurrences(part: str, text: str) -> Iterator[Span]:
    """Every place where the text holds exactly this."""
    start = text.find(part) if part else -1
    while start >= 0:
        yield start, start + len(part)
        start = text.find(part, start + 1)


@lru_cache(maxsize=1024)
def expression(phrase: str) -> re.Pattern[str]:
    """The phrase as whole words of a folded text; a word's trailing `*` stands for any ending."""
    words = folded(phrase)[0].split()
    parts = (re.escape(word.removesuffix("*")) + (r"\w*" if word.endswith("*") else "") for word in words)
    return re.compile(r"(?<!\w)" + " ".join(parts) + r"(?!\w)")


@lru_cache(maxsize=16)
def folded(text: str) -> tuple[str, tuple[int, ...]]:
    """The text without case, accents, invisible characters and doubled spaces, and where each character came from."""
    plain: list[str] = []
    offsets: list[int] = []
    for offset, character in enumerate(straight(text)):
        for part in _plain(character):
            if part != " " or plain[-1:] != [" "]:
                plain.append(part)
                offsets.append(offset)
    return "".join(plain), (*offsets, len(text))


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    parts = unicodedata.normalize("NFKD", character).casefold()
    seen = (" " if part.isspace() else part for part in parts)
    return "".join(part for part in seen if not unicodedata.combining(part) and unicodedata.category(part) != "Cf")


def word_set(listed: str) -> frozenset[str]:
    """Words written one after the other."""
    return frozenset(listed.split())


def in_tongue(words: Mapping[str, str], language: str) -> str:
    """The words in this language, else in English."""
    return words.get(language.partition("-")[0].casefold(), words["en"])


def _inside(one: Span, other: Span) -> bool:
    return other[0] <= one[0] and one[1] <= other[1]
