"""Sentences and clauses of a text, and what each clause does: heads (verbs), times, conditions, questions."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from caretool.language.commitments.grammar import Grammar, Role
from caretool.language.commitments.times import When, times_in

LONGEST = 600
"""Characters after which a sentence is cut, so that the work stays linear whatever is typed."""

_SENTENCE_END = re.compile(r"[.!?…]+[\"'»”)\]]*(?= |$)|[.!?…]*[\n;\x0b\x0c\x85\u2028\u2029]+")
_WORD_BEFORE = re.compile(r"([\w.]{1,8})\.$")
_FOLLOWS_A_CONDITION = 45
_RIGHT_AFTER = 4
_SHORT_WORD = 6


@dataclass(frozen=True, slots=True)
class Head:
    """What a clause does: a verb phrase and its role. `step`: only the way to something else ("verifico con…").
    `within`: inside what another verb says ("le dico *se*…", "…al responsabile, *che*…")."""

    start: int
    end: int
    role: Role
    step: bool = False
    within: bool = False

    @property
    def commits(self) -> bool:
        """Whether it is something that we do."""
        return self.role in ("firm", "likely", "timed")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a folded text. `starts` are where its clauses begin; `conditional_from`: heads from there on hang
    on something the customer does; `asked_from`: heads from there on only ask."""

    text: str
    start: int
    end: int
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    heads: tuple[Head, ...]
    times: tuple[When, ...]
    conditional_from: int | None
    asked_from: int | None

    def clause(self, position: int) -> int:
        """The number of the clause that `position` is in."""
        return max(bisect_right(self.starts, position) - 1, 0)

    def conditional(self, head: Head | None, when: When | None) -> bool:
        """Whether what `head` says to be done at `when` waits for the customer."""
        if self.conditional_from is None:
            return False
        return max(part.start for part in (head, when) if part is not None) >= self.conditional_from


def sentences_of(text: str, grammar: Grammar) -> Iterator[Sentence]:
    """The sentences of a folded text that have a time or a head."""
    for start, end in _bounds(text, grammar):
        times = tuple(times_in(text, start, end, grammar))
        heads = tuple(sorted(_heads(text, start, end, grammar, times), key=lambda head: head.start))
        if times or heads:
            yield _read(text, start, end, grammar, times, heads)


def _bounds(text: str, grammar: Grammar) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _SENTENCE_END.finditer(text):
        before = _WORD_BEFORE.search(text, max(start, match.start() - 8), match.start() + 1)
        if match[0] == "." and before is not None and before[1] in grammar.abbreviations:
            continue
        yield from _pieces(text, start, match.end())
        start = match.end()
    yield from _pieces(text, start, len(text))


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > LONGEST:
        cut = text.rfind(" ", start + LONGEST // 2, start + LONGEST)
        cut = cut if cut > start else start + LONGEST
        yield start, cut
        start = cut
    if start < end:
        yield start, end


def _heads(text: str, start: int, end: int, grammar: Grammar, times: tuple[When, ...]) -> Iterator[Head]:
    before: Role = "absorbed"
    own = grammar.own_heads.finditer(text, start, end) if grammar.own_heads is not None else ()
    ours = [Head(match.start(), match.end(), "firm") for match in own]
    yield from ours
    for match in grammar.heads.finditer(text, start, end):
        rule = grammar.head_rules[int((match.lastgroup or "h0")[1:])]
        if any(when.start <= match.start() and match.end() <= when.end for when in times):
            continue
        if any(one.start < match.end() and match.start() < one.end for one in ours):
            continue
        if rule.not_after and _word_before(text, start, match.start()) in rule.not_after:
            continue
        before = rule.role if rule.role != "follows" else before
        yield Head(match.start(), match.end(), before)


def _word_before(text: str, start: int, position: int) -> str:
    words = text[max(start, position - 16) : position].split()
    return words[-1].lstrip('("«“') if words else ""


def _read(
    text: str, start: int, end: int, grammar: Grammar, times: tuple[When, ...], heads: tuple[Head, ...]
) -> Sentence:
    taken = [(part.start, part.end) for part in times] + [(part.start, part.end) for part in heads]
    breaks = [
        match
        for match in grammar.breaks.finditer(text, start, end)
        if not any(begun < match.end() and match.start() < ended for begun, ended in taken)
    ]
    starts = (start, *(match.end() for match in breaks))
    negated = _negated_out(text, starts, heads, grammar)
    sentence = Sentence(
        text=text,
        start=start,
        end=end,
        starts=starts,
        ends=(*(match.start() for match in breaks), end),
        heads=tuple(_settled(starts, [*_steps_marked(text, starts, negated, grammar)])),
        times=tuple(_limited_out(text, start, times, grammar)),
        conditional_from=None,
        asked_from=None,
    )
    sentence = _conditioned(sentence, grammar)
    return replace(sentence, asked_from=_asked_from(sentence, grammar))


def _negated_out(text: str, starts: tuple[int, ...], heads: tuple[Head, ...], grammar: Grammar) -> Iterator[Head]:
    for head in heads:
        clause = starts[max(bisect_right(starts, head.start) - 1, 0)]
        negated = grammar.guards.negation.search(text[max(clause, head.start - 60) : head.start])
        yield replace(head, role="absorbed") if negated and head.commits else head


def _steps_marked(text: str, starts: tuple[int, ...], heads: Iterable[Head], grammar: Grammar) -> Iterator[Head]:
    for head in heads:
        clause = starts[max(bisect_right(starts, head.start) - 1, 0)]
        within = grammar.guards.within.search(text, max(clause - _SHORT_WORD, starts[0]), head.start)
        step = grammar.guards.step.search(text, clause, head.end + _SHORT_WORD)
        yield replace(head, step=step is not None, within=within is not None)


def _settled(starts: tuple[int, ...], heads: list[Head]) -> Iterator[Head]:
    """A participle describes a thing where its clause has a verb of ours ("i libri *ordinati* arrivano"), else it tells
    what was done."""

    def clause(head: Head) -> int:
        return bisect_right(starts, head.start)

    committing = {clause(head) for head in heads if head.commits}
    for head in heads:
        if head.role != "participle":
            yield head
        elif clause(head) not in committing:
            yield replace(head, role="past")


def _limited_out(text: str, start: int, times: tuple[When, ...], grammar: Grammar) -> Iterator[When]:
    """Times that say how long something holds, or name a thing ("fino a domenica", "l'ordine del 15 novembre")."""
    for when in times:
        limited = grammar.guards.before_time.search(text[max(start, when.start - 24) : when.start])
        yield replace(when, nature="none") if limited else when


def _conditioned(sentence: Sentence, grammar: Grammar) -> Sentence:
    """Find from where on the sentence hangs on the customer: a condition ("se ci manda…"), a request joined to our verb
    ("ci scriva e le rispondiamo"), a time that counts from what they do ("dal ricevimento del reso")."""
    text, guards, heads, since = sentence.text, grammar.guards, list(sentence.heads), list[int]()
    for marker in guards.condition.finditer(text, sentence.start, sentence.end):
        ends = sentence.ends[sentence.clause(marker.start())]
        at = next((i for i, head in enumerate(heads) if marker.start() <= head.start <= ends), None)
        waited_for = None if at is None or heads[at].start - marker.end() > _FOLLOWS_A_CONDITION else heads[at]
        scope = ends if waited_for is None else min(waited_for.end, ends)
        customers = guards.customer_acts.search(text, marker.end(), scope) is not None
        if at is not None and waited_for is not None and waited_for.commits:
            if any(head.commits for head in heads[at + 1 :]):
                heads[at] = replace(waited_for, role="absorbed")
            else:
                customers = customers or waited_for.start - marker.end() <= _RIGHT_AFTER
        if customers or (waited_for is not None and waited_for.role == "request"):
            since.append(marker.end())
    since.extend(_granted_requests(text, heads, grammar))
    if any(guards.after_time.search(text[when.end : when.end + 60]) for when in sentence.times):
        since.append(sentence.start)
    return replace(sentence, heads=tuple(heads), conditional_from=min(since, default=None))


def _granted_requests(text: str, heads: list[Head], grammar: Grammar) -> Iterator[int]:
    """Where our verb begins that follows "and" after something we ask for."""
    for request in (head for head in heads if head.role == "request"):
        follower = next((head for head in heads if head.start >= request.end and head.commits), None)
        if follower is not None and grammar.guards.request_joins.search(text, request.end, follower.start):
            yield follower.start


def _asked_from(sentence: Sentence, grammar: Grammar) -> int | None:
    """A question takes the whole sentence, or its last clause where a statement of ours stands before it; one that only
    asks for consent ("…, va bene?") takes it all."""
    if "?" not in sentence.text[max(sentence.start, sentence.end - 4) : sentence.end]:
        return None
    last = sentence.starts[-1]
    said_before = any(head.role == "firm" and head.end <= last for head in sentence.heads)
    first_word = grammar.guards.question_words.match(sentence.text, _skip_blanks(sentence), sentence.end)
    tag = grammar.guards.question_tags.match(sentence.text, _skip_blanks(sentence, last), sentence.end)
    return last if said_before and not tag and not first_word else sentence.start


def _skip_blanks(sentence: Sentence, start: int | None = None) -> int:
    begin = sentence.start if start is None else start
    within = sentence.text[begin : sentence.end]
    return begin + len(within) - len(within.lstrip(" ¿\"'«(-"))
