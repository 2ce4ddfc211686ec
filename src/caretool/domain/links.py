"""The catalogue of links: which of our pages answers what somebody asked, and why (R10; pure)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

LinkKind = Literal["product", "video", "help"]

_READ: Final = 5_000
_GAP: Final = r"\W+(?:\w+\W+){0,2}?"
_MOST_NEAR: Final = 3


@dataclass(frozen=True, slots=True)
class Link:
    """One page of ours. It fits a comment for which all holds that it names: `languages` in which it can be read,
    `topics`, `cues` by language (one of them stands in the comment, or in the post it is under).

    `title` is what it is called, by language.
    """

    name: str
    url: str
    kind: LinkKind
    title: Mapping[str, str]
    languages: tuple[str, ...]
    topics: tuple[str, ...] = ()
    cues: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """What people wrote for whom a link is sought: their texts, the post they are under, topic and language."""

    texts: tuple[str, ...]
    language: str
    topic: str | None = None
    thread_text: str | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """A link that fits, what it is called in the language asked for, how many of the texts it fits, and why."""

    link: Link
    title: str
    texts: int
    why: tuple[str, ...]


def fitting(catalogue: Sequence[Link], asked: Asked) -> list[Fit]:
    """Every link that fits at least one of the texts, the best first: those whose words were found before those that
    only go by the topic, then by how many texts they fit, then as they stand in the catalogue."""
    fits = [fit for link in catalogue if (fit := _fit(link, asked)) is not None]
    return sorted(fits, key=lambda fit: (not fit.link.cues, -fit.texts))


def best(catalogue: Sequence[Link], asked: Asked) -> Fit | None:
    """The link that answers these people: it fits at least half of their texts."""
    return next((fit for fit in fitting(catalogue, asked) if fit.texts * 2 >= len(asked.texts)), None)


def nearest(catalogue: Sequence[Link], asked: Asked) -> list[tuple[Link, str]]:
    """The entries that miss least, each with what it misses: at most three."""
    missed = [(link, wrong) for link in catalogue if (wrong := _misses(link, asked))]
    missed.sort(key=lambda one: len(one[1]))
    return [(link, " and ".join(wrong)) for link, wrong in missed[:_MOST_NEAR]]


def _fit(link: Link, asked: Asked) -> Fit | None:
    if asked.language not in link.languages or not (link.topics or link.cues):
        return None
    if link.topics and asked.topic not in link.topics:
        return None
    about = (f"its topic is {asked.topic}",) if link.topics else ()
    title, whole = link.title.get(asked.language, link.name), max(len(asked.texts), 1)
    if not link.cues:
        return Fit(link, title, whole, about)
    cues = link.cues.get(asked.language, ())
    if (found := _first(cues, asked.thread_text)) is not None:
        return Fit(link, title, whole, (f'the post says "{found}"', *about))
    hits = [found for text in asked.texts if (found := _first(cues, text)) is not None]
    if not hits:
        return None
    who = f" ({len(hits)} of {len(asked.texts)})" if len(asked.texts) > 1 else ""
    return Fit(link, title, len(hits), (f'they say "{hits[0]}"{who}', *about))


def _misses(link: Link, asked: Asked) -> list[str]:
    """What keeps a link from being the best for these people; empty: nothing does."""
    wrong = []
    if asked.language not in link.languages:
        wrong.append(f"is not in {asked.language}")
    if link.topics and asked.topic not in link.topics:
        wrong.append(f"is for {', '.join(link.topics)}")
    if not (link.topics or link.cues):
        wrong.append("has neither topics nor cues")
    cues = link.cues.get(asked.language, ())
    hits = sum(_first(cues, text) is not None for text in asked.texts)
    if link.cues and hits * 2 < max(len(asked.texts), 1) and _first(cues, asked.thread_text) is None:
        wrong.append("has words that most do not say" if hits else "has words that nobody says")
    return wrong


def _first(cues: Sequence[str], text: str | None) -> str | None:
    """The first of the cues that stands in a text."""
    if not text:
        return None
    folded = _folded(text[:_READ])
    return next((cue for cue in cues if _expression(cue).search(folded)), None)


@lru_cache(maxsize=1024)
def _expression(cue: str) -> re.Pattern[str]:
    """The cue's words in order, up to two others between them; a trailing `*` stands for any ending."""
    words = _folded(cue).split()
    parts = (re.escape(word.removesuffix("*")) + (r"\w*" if word.endswith("*") else r"(?!\w)") for word in words)
    return re.compile(r"(?<!\w)" + _GAP.join(parts))


@lru_cache(maxsize=1024)  # every entry of the catalogue looks into the same texts
def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()
