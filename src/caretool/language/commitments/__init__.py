"""Words of ours that commit us (DESIGN §6): found in a reply, matched to a kind of promise, given a due time.

A text is cut into sentences and clauses; each time goes to the nearest verb, and what that verb is (ours, the
customer's, past, an opening hour…) decides. What counts as what is data: `caretool/language/grammar/*.toml`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from caretool.domain.calendar import Calendar
from caretool.domain.policy import PromiseKind
from caretool.domain.reading import Commitment
from caretool.language.commitments.clauses import Head, Sentence, sentences_of
from caretool.language.commitments.grammar import Grammar, extended, grammar_of
from caretool.language.commitments.kinds import CHECK, OTHER, Cue, Sign, cues_of, kind_of, own_kind_of, signs_in
from caretool.language.commitments.spelling import Spelled
from caretool.language.commitments.times import When, continued, due_of

Phrases = Mapping[str, Sequence[str]]
_A_THING, _LOOKED_AHEAD = 2, 60
_EDGES = " \t\r\n.,;:!?…-–—()[]\"'«»“”"


def find(
    texts: Sequence[str],
    *,
    languages: Sequence[str],
    kinds: Mapping[str, PromiseKind],
    calendar: Calendar | None,
    zone: ZoneInfo,
    posted_at: datetime,
    commits: Phrases = MappingProxyType({}),
    harmless: Phrases = MappingProxyType({}),
) -> list[tuple[Commitment, ...]]:
    """What each text commits us to, in the order of the text; one tuple a text.

    `languages` are those our replies are written in: every text is read in each of them (a language without a grammar
    is left out). `commits` and `harmless` are the company's own phrases by language, as its cues are written.
    Due times are in UTC, counted from `posted_at` (aware) by the kind's own calendar, else by `calendar`.
    Raises NeverOpen where working hours are promised on a calendar without an open one.
    """
    grammars = [
        extended(grammar, tuple(commits.get(name, ())), tuple(harmless.get(name, ())))
        for name in dict.fromkeys(languages)
        if (grammar := grammar_of(name)) is not None
    ]
    readers = [_Reader(grammar, cues_of(kinds, grammar), kinds, calendar, zone, posted_at) for grammar in grammars]
    return [_without_doubles([found for reader in readers for found in reader.read(text)]) for text in texts]


def _without_doubles(found: list[Commitment]) -> tuple[Commitment, ...]:
    """Two languages may both find the same words: the reading that knows more, then the longer one stays."""
    kept: list[Commitment] = []
    for one in sorted(found, key=lambda c: (c.start, c.end)):
        double = next((i for i, other in enumerate(kept[-2:], start=-len(kept[-2:])) if _same(one, other)), None)
        if double is None:
            kept.append(one)
        else:
            kept[double] = min(kept[double], one, key=_knows_less)
    return tuple(sorted(kept, key=lambda c: (c.start, c.end)))


def _knows_less(one: Commitment) -> tuple[bool, bool, int]:
    return one.due_at is None, one.promise_kind == OTHER, one.start - one.end


def _same(one: Commitment, other: Commitment) -> bool:
    overlap = one.start < other.end and other.start < one.end
    return overlap and (one.due_at == other.due_at or one.due_at is None or other.due_at is None)


@dataclass(frozen=True, slots=True)
class _Found:
    """A commitment before it is given a kind: the verb, the time, or both. `shared`: another verb's time."""

    head: Head | None
    when: When | None
    shared: bool = False

    @property
    def parts(self) -> list[Head | When]:
        """Its own words: verb and time, in no order."""
        own = (self.head, None if self.shared else self.when)
        return [part for part in own if part is not None]

    @property
    def start(self) -> int:
        """Where its own words begin."""
        return min(part.start for part in self.parts)

    @property
    def end(self) -> int:
        """Where its own words end."""
        return max(part.end for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Reader:
    grammar: Grammar
    cues: tuple[Cue, ...]
    kinds: Mapping[str, PromiseKind]
    calendar: Calendar | None
    zone: ZoneInfo
    posted_at: datetime

    def read(self, text: str) -> Iterator[Commitment]:
        spelled = self.grammar.speller.read(text)
        for sentence in sentences_of(spelled.text, self.grammar):
            signs = signs_in(sentence, self.cues)
            found = [
                one for one in _found_in(sentence, signs, self.grammar) if not _harmless(sentence, one, self.grammar)
            ]
            for one in found:
                yield self._commitment(text, spelled, sentence, one, signs, found)

    def _commitment(
        self, text: str, spelled: Spelled, sentence: Sentence, one: _Found, signs: list[Sign], beside: list[_Found]
    ) -> Commitment:
        when, kind = one.when, _kind(sentence, one, signs)
        timed = when is not None and when.nature == "due"
        own = self.kinds[kind].calendar if kind in self.kinds else None
        start, end = spelled.original(*_span(spelled.text, sentence, one, beside))
        return Commitment(
            excerpt=text[start:end],
            start=start,
            end=end,
            promise_kind=kind,
            due_at=due_of(when, self.grammar, own or self.calendar, self.zone, self.posted_at)
            if when is not None and timed
            else None,
            vague=when is not None and not timed,
            conditional=sentence.conditional(one.head, None if one.shared else when),
            relative=when is not None and timed and when.relative,
        )


def _found_in(sentence: Sentence, signs: list[Sign], grammar: Grammar) -> list[_Found]:
    found = [one for when in sentence.times if (one := _around(sentence, when, signs, grammar)) is not None]
    definite = [one for one in found if _nature(one) == "due"]
    busy = {id(one.head) for one in definite if one.head is not None}
    kept = [
        one
        for one in found
        if _nature(one) == "due" or not (definite and (_nature(one) == "soft" or id(one.head) in busy))
    ]
    timed = _latest_of_each_head(kept)
    return timed + _sharing(sentence, timed, signs) if timed else _timeless(sentence, signs)


def _harmless(sentence: Sentence, one: _Found, grammar: Grammar) -> bool:
    """Whether a clause of it says something that commits nobody ("di solito", "ingresso libero")."""
    clauses = {sentence.clause(part.start) for part in one.parts}
    return any(grammar.guards.harmless.search(sentence.text, sentence.starts[at], sentence.ends[at]) for at in clauses)


def _kind(sentence: Sentence, one: _Found, signs: list[Sign]) -> str:
    if one.shared and one.head is not None:
        return own_kind_of(sentence, one.head, signs)
    return kind_of(sentence, one.head, (one.when or one.head or sentence).start, signs)


def _sharing(sentence: Sentence, timed: list[_Found], signs: list[Sign]) -> list[_Found]:
    """What else we say that we do without a time of its own: it is due with the next timed one, else the last.

    A step on the way to it ("verifico e le rispondo entro…") is no promise of its own.
    """
    due = [one for one in timed if _nature(one) == "due" and not (one.head and one.head.within)]
    told = {_kind(sentence, one, signs) for one in timed} | {CHECK, OTHER}
    taken = {sentence.clause(part.start) for one in timed for part in one.parts}
    sharing: list[_Found] = []
    for head in sentence.heads if due else ():
        by_itself = head.commits and not (head.step or head.within or _asked(sentence, head.start))
        if not by_itself or sentence.clause(head.start) in taken:
            continue
        kind = own_kind_of(sentence, head, signs)
        if kind not in told:
            told.add(kind)
            follows = next((one for one in due if one.start > head.start), due[-1])
            sharing.append(_Found(head, follows.when, shared=True))
    return sharing


def _nature(one: _Found) -> str | None:
    return one.when.nature if one.when is not None else None


def _latest_of_each_head(found: list[_Found]) -> list[_Found]:
    """One verb with several times is one commitment: the last time said, an hour on the day that was said before it."""
    by_head: dict[int, _Found] = {}
    for one in found:
        key = id(one.head or one.when)
        before = by_head.get(key)
        if before is not None and before.when is not None and one.when is not None:
            one = replace(one, when=continued(before.when, one.when))
        by_head[key] = one
    return list(by_head.values())


def _around(sentence: Sentence, when: When, signs: list[Sign], grammar: Grammar) -> _Found | None:
    """What the nearest verb makes of a time; without a verb, what a noun and a deadline do ("rimborso entro …")."""
    if when.nature == "none" or _asked(sentence, when.start):
        return None
    clause = sentence.clause(when.start)

    def distance(head: Head) -> tuple[int, int]:
        return abs(sentence.clause(head.start) - clause), max(head.start - when.end, when.start - head.end, 0)

    nearest = min(sentence.heads, key=distance, default=None)
    if nearest is not None and nearest.commits and not _busy_elsewhere(sentence, nearest, when):
        return None if _asked(sentence, nearest.start) else _Found(nearest, when)
    if when.nature != "due" or (nearest is not None and distance(nearest)[0] == 0):
        return None
    if grammar.guards.after_time.search(sentence.text[when.end : when.end + _LOOKED_AHEAD]):
        return None
    told = nearest is None or nearest.commits or nearest.role in ("past", "absorbed")
    named = any(sentence.clause(sign.start) == clause for sign in signs)
    ours = grammar.guards.stakes.search(sentence.text, sentence.starts[clause], sentence.ends[clause])
    return _Found(None, when) if named or (told and (when.firm or ours)) else None


def _busy_elsewhere(sentence: Sentence, head: Head, when: When) -> bool:
    """Whether `head` has a time in its own clause, and the clause of `when` says something else ("le chiavi partono
    oggi, *gli adesivi entro venerdì*")."""
    clause, own = sentence.clause(when.start), sentence.clause(head.start)
    said = sentence.text[sentence.starts[clause] : when.start] + sentence.text[when.end : sentence.ends[clause]]
    timed = any(sentence.clause(one.start) == own and one.nature == "due" for one in sentence.times)
    return clause != own and timed and len(said.split()) >= _A_THING


def _timeless(sentence: Sentence, signs: list[Sign]) -> list[_Found]:
    """The last verb that commits us without saying when."""
    for head in reversed(sentence.heads):
        named = any(sentence.clause(sign.start) == sentence.clause(head.start) for sign in signs)
        if (head.role == "firm" or (head.role == "likely" and named)) and not _asked(sentence, head.start):
            return [_Found(head, None)]
    return []


def _asked(sentence: Sentence, position: int) -> bool:
    return sentence.asked_from is not None and position >= sentence.asked_from


def _span(text: str, sentence: Sentence, one: _Found, beside: list[_Found]) -> tuple[int, int]:
    """The clauses of verb and time, as far as no other commitment of the sentence begins or ends in them."""
    start, end = one.start, one.end
    before = max((other.end for other in beside if other is not one and other.end <= start), default=sentence.start)
    after = min((other.start for other in beside if other is not one and other.start >= end), default=sentence.end)
    start = max(before, sentence.starts[sentence.clause(start)])
    end = min(after, max(end, sentence.ends[sentence.clause(end - 1)]))
    within = text[start:end]
    start += len(within) - len(within.lstrip(_EDGES))
    return start, start + len(within.strip(_EDGES))
