"""Which kind of promise some words speak of: the policy's own cues, and the grammar's for the kinds it knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from caretool.domain.policy import PromiseKind
from caretool.language.commitments.clauses import Head, Sentence
from caretool.language.commitments.grammar import Grammar, cue_patterns
from caretool.language.commitments.spelling import fold

Strength = Literal["strong", "weak", "faint"]

OTHER, CHECK = "other", "check"
_BEFORE_THE_VERB = 15
_FAR = 1_000
_STRENGTHS: tuple[Strength, ...] = ("strong", "weak", "faint")


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that speak of a kind: `strong` ones by themselves ("rimbors*"), `weak` ones where no strong one is near
    ("pacco"), `faint` ones where nothing else is ("arriv*")."""

    kind: str
    words: str
    strength: Strength


@dataclass(frozen=True, slots=True)
class Sign:
    """A cue where it was found."""

    cue: Cue
    start: int
    end: int


def cues_of(kinds: Mapping[str, PromiseKind], grammar: Grammar) -> tuple[Cue, ...]:
    """The cues of the policy's kinds in one language. What the grammar knows to be unsure stays so."""
    cues: dict[tuple[str, str], Cue] = {}
    for name, kind in kinds.items():
        known = grammar.kinds.get(name, {})
        for strength in _STRENGTHS[1:]:
            for words in known.get(strength, ()):
                cues.setdefault((name, fold(words)), Cue(name, words, strength))
        own = kind.cues.get(grammar.language, ()) if name != OTHER else ()
        for words in (*known.get("strong", ()), *own):
            if words.strip("* "):
                cues.setdefault((name, fold(words)), Cue(name, words, "strong"))
    return tuple(sorted(cues.values(), key=lambda cue: (_STRENGTHS.index(cue.strength), -len(cue.words))))


def signs_in(sentence: Sentence, cues: tuple[Cue, ...]) -> list[Sign]:
    """The cues in the sentence; where two begin together, the stronger, then the longer one."""
    if not cues:
        return []
    found = cue_patterns(tuple(cue.words for cue in cues)).finditer(sentence.text, sentence.start, sentence.end)
    return [Sign(cues[int((match.lastgroup or "c0")[1:])], match.start(), match.end()) for match in found]


def kind_of(sentence: Sentence, head: Head | None, position: int, signs: list[Sign]) -> str:
    """The kind that the words around the verb speak of: in the verb itself, then in its clause, then anywhere.

    Without a verb, what counts is how near the words are to `position`. `other` where there are none.
    """
    start, end = (head.start, head.end) if head is not None else (position, position)
    clause = sentence.clause(start)

    def rank(sign: Sign) -> tuple[int, int, int]:
        within = sign.start < end and start < sign.end
        near = within or sentence.clause(sign.start) == clause
        gap = -sign.start if within else sign.start - end if sign.start >= end else start - sign.end + _BEFORE_THE_VERB
        away = abs(sentence.clause(sign.start) - clause)
        return _level(sign.cue, within=within, near=near), gap + _FAR * away, sign.start - sign.end

    return min(signs, key=rank).cue.kind if signs else OTHER


def own_kind_of(sentence: Sentence, head: Head, signs: list[Sign]) -> str:
    """The kind that a verb speaks of by its own words and the strong ones of its clause; `other` where there are none.

    A verb that needs a time to commit us has to name the kind itself: "ho chiesto il rimborso" refunds nothing.
    """
    clause = sentence.clause(head.start)

    def speaks(sign: Sign) -> bool:
        within = sign.start < head.end and head.start < sign.end
        follows = sign.start >= head.end and head.role != "timed"
        beside = (follows or head.role == "likely") and sentence.clause(sign.start) == clause
        return sign.cue.strength != "faint" if within else beside and sign.cue.strength == "strong"

    return kind_of(sentence, head, head.start, [sign for sign in signs if speaks(sign)])


def _level(cue: Cue, *, within: bool, near: bool) -> int:
    if cue.strength == "faint":
        return 5
    if cue.strength == "weak":
        return 2 if near else 4
    return 0 if within else 1 if near else 3
