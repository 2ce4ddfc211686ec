"""From the final texts to the ledger: every promise they make, of which kind, by when, and whether it can be kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from caretool.desk import weighing
from caretool.desk.desk import Desk
from caretool.desk.load import keepers_of, load_of
from caretool.desk.request import Part, Planned, Request
from caretool.domain import checks
from caretool.domain.comment import Comment
from caretool.domain.deliverability import judge, review_time, wished_due
from caretool.domain.draft import Refusal
from caretool.domain.moment import spoken
from caretool.domain.planning import Window, kept_by
from caretool.domain.policy import Agent
from caretool.domain.reading import Commitment
from caretool.language import commitments, personal

_WORDS_MEANT = 3
_WORD = re.compile(r"\w+")
_WANTS_A_TIME = frozenset({"stock-phrase", "vague", "no-time", "no-commitment", "unanswered-question"})


@dataclass(frozen=True, slots=True)
class Committed:
    """The promises that approval would log, everything the checks refuse, and what is only promised on a condition."""

    promises: tuple[Planned, ...]
    refusals: tuple[Refusal, ...]
    remarks: tuple[str, ...] = ()


def commit(
    desk: Desk,
    request: Request,
    agent: Agent,
    parts: Sequence[Part],
    due: Mapping[str, datetime],
    now: datetime,
) -> Committed:
    """Read the texts as the customer will, match what commits us with what was asked for, check all of it."""
    texts = [part.text for part in parts]
    found = find_commitments(desk, texts, now)
    private_data = personal.find(texts, desk.policy.reply.patterns)
    given = {kind: datetime.fromisoformat(at) for kind, at in request.promises}
    planned: list[Planned] = []
    refusals: list[Refusal] = []
    conditional: list[str] = []
    for index, part in enumerate(parts):
        told = [c for c in found[index] if not _waived(c, request.not_a_promise)]
        promised, contradictions, left = _promised(desk, index, part, told, due, given)
        planned += promised
        refusals += contradictions
        conditional += left
        text = checks.ReplyText(
            text=part.text,
            language=part.target.language,
            private=part.target.private,
            kinds=frozenset(comment.kind for comment in part.comments if comment.kind),
            agent=agent.name,
            limits=part.target.within(desk.open_platform(desk.account(part.target.account)).limits),
            rules=desk.policy.reply,
            personal=private_data[index],
            commitments=tuple(told),
            names=tuple(person.called for person in part.addressees),
            ours=our_contacts(desk),
        )
        text = weighing.weighed(desk, text, part, request.template)
        refusals += check_text(desk, text, len(part.addressees), now)
    deliverable, undeliverable = check_promises(desk, planned, [p.target.language for p in parts], now)
    remarks = [f'On a condition, so not in the ledger: "{excerpt}"' for excerpt in dict.fromkeys(conditional)]
    return Committed(tuple(deliverable), tuple(dict.fromkeys((*refusals, *undeliverable))), tuple(remarks))


def check_text(desk: Desk, text: checks.ReplyText, count: int, now: datetime) -> tuple[Refusal, ...]:
    """The checks on one text; where it lacks a time, with one that can be kept for `count` people."""
    text = replace(text, off=frozenset(desk.policy.checks.off))
    refusals = checks.check(text)
    if not any(refusal.check in _WANTS_A_TIME for refusal in refusals):
        return refusals
    names = {one.promise_kind for one in text.commitments if one.due_at is None} | {"reply"}
    passing = {}
    for name in names & desk.policy.promises.keys():
        kind = desk.policy.promises[name]
        due_at = wished_due(kind, count, None, now, load_of(desk, kind, now))
        if due_at is not None:
            passing[name] = checks.passing(kind, due_at, text.language, desk.zone)
    return checks.check(replace(text, passing=passing))


def our_contacts(desk: Desk) -> tuple[str, ...]:
    """What a public text may name although it looks like personal data: mail addresses at our own domain, our pages."""
    page = desk.policy.company.help_page
    host = urlsplit(page).hostname if page else None
    pages = (*([page] if page else []), *(link.url for link in desk.policy.links))
    return (*([f"@{host.removeprefix('www.')}"] if host else []), *pages)


def find_commitments(desk: Desk, texts: Sequence[str], posted_at: datetime) -> list[tuple[Commitment, ...]]:
    """What commits us in these texts, counted from `posted_at`."""
    policy = desk.policy
    return commitments.find(
        texts,
        languages=policy.company.languages,
        kinds=policy.promises,
        calendar=policy.response.calendar,
        zone=desk.zone,
        posted_at=posted_at,
        commits=policy.reply.commits,
        harmless=policy.reply.harmless,
    )


def check_promises(
    desk: Desk, planned: Sequence[Planned], languages: Sequence[str], now: datetime
) -> tuple[list[Planned], list[Refusal]]:
    """Whether all of these can be kept beside what is open, and each with its days, owner and review time.

    One that a move has logged already, and that these words tell the customer, is counted once.
    """
    passed: list[Planned] = []
    refusals: list[Refusal] = []
    by_kind: dict[str, dict[datetime, list[Planned]]] = {}
    for one in planned:
        by_kind.setdefault(one.kind, {}).setdefault(one.due_at, []).append(one)
    added: dict[str, dict[Window, int]] = {}
    told: list[str] = []
    for name, by_due in by_kind.items():
        kind = desk.promise_kind(name)
        ours = added.setdefault(name, {})
        untold = (desk.store.promises.untold(name, one.person, one.due_at) for same in by_due.values() for one in same)
        told += [promise for promise in untold if promise]
        load = load_of(desk, kind, now, leaving_out=told, adding=added)
        for due_at, same in sorted(by_due.items()):
            verdict = judge(kind, len(same), due_at, now, load)
            if verdict.check is not None or verdict.window is None:
                language = languages[same[0].part]
                refusals.append(checks.refusal_for(verdict, same[0].text, kind, len(same), due_at, language, desk.zone))
                continue
            load = load.plus(verdict.window, len(same))
            ours[verdict.window] = ours.get(verdict.window, 0) + len(same)
            review_at = review_time(kind, due_at)
            owner = kept_by(kind, verdict.window[1], keepers_of(desk))
            passed += [replace(one, window=verdict.window, review_at=review_at, owner=owner) for one in same]
    return passed, refusals


def _promised(
    desk: Desk,
    index: int,
    part: Part,
    told: Sequence[Commitment],
    due: Mapping[str, datetime],
    given: Mapping[str, datetime],
) -> tuple[list[Planned], list[Refusal], list[str]]:
    """What one text promises each of its people: named times first, then typed ones, then what was only given.

    Then what contradicts `--promise`, and the excerpts that hang on something the customer does first.
    """
    made: dict[tuple[str, datetime], tuple[str, bool]] = {}
    refusals: list[Refusal] = []
    spans: list[tuple[int, int]] = []
    for kind, when in part.whens.items():
        places = [found.span() for found in re.finditer(re.escape(when), part.text)]
        # Two kinds may fall due at the same time, in the same words: each has a place of its own.
        free = [place for place in places if place not in spans]
        if places:
            made[kind, due[kind]] = (_words_before(part.text, free or places, spans), False)
            spans += free[:1] if any(when == other for name, other in part.whens.items() if name != kind) else places
    for one in told:
        if one.due_at is None or one.vague or one.conditional or _touches(one, spans):
            continue
        kind = one.promise_kind
        if kind in given and given[kind] != one.due_at:
            refusals.append(_mismatch(desk, one, given[kind], part.target.language))
            continue
        if kind not in given:
            kind = next((k for k, at in given.items() if at == one.due_at and (k, at) not in made), kind)
        made.setdefault((kind, one.due_at), (one.excerpt, one.relative))
    for kind, at in given.items():
        if (kind, at) not in made:
            made[kind, at] = (desk.promise_kind(kind).says.get(part.target.language, kind), False)
    planned = [
        Planned(index, kind, comment.person, comment.id, text, due_at, relative)
        for (kind, due_at), (text, relative) in made.items()
        for comment in _one_each(part)
    ]
    conditional = [one.excerpt for one in told if one.conditional and not _touches(one, spans)]
    return planned, refusals, conditional


def _one_each(part: Part) -> list[Comment]:
    first: dict[str, Comment] = {}
    for comment in part.comments:
        first.setdefault(comment.person, comment)
    return list(first.values())


def _waived(one: Commitment, excerpts: Iterable[str]) -> bool:
    """Whether somebody said that these words commit to nothing: all of them, or at least three of them in a row."""
    said = _WORD.findall(one.excerpt.casefold())
    for excerpt in excerpts:
        meant = _WORD.findall(excerpt.casefold())
        inside = any(said[at : at + len(meant)] == meant for at in range(len(said)))
        if len(meant) >= min(_WORDS_MEANT, len(said)) and inside:
            return True
        if said and any(meant[at : at + len(said)] == said for at in range(len(meant))):
            return True
    return False


def _touches(one: Commitment, spans: Sequence[tuple[int, int]]) -> bool:
    return any(one.start < end and start < one.end for start, end in spans)


def _words_before(text: str, places: Sequence[tuple[int, int]], taken: Sequence[tuple[int, int]]) -> str:
    """The words that end with the first of these times: from the sentence's beginning, or from the time before."""
    start, end = places[0]
    marks = [text.rfind(mark, 0, start) + 1 for mark in (". ", "! ", "? ", "\n", ": ")]
    return text[max([*marks, *(other for _, other in taken if other <= start)]) : end].strip(" ,;")


def _mismatch(desk: Desk, one: Commitment, asked: datetime, language: str) -> Refusal:
    kind = desk.promise_kind(one.promise_kind)
    says = kind.says.get(language, kind.name)
    return Refusal(
        check="mismatch",
        excerpt=one.excerpt,
        why=f"The text promises a {kind.name} for another time than --promise {kind.name} does.",
        suggest=f"{says} {spoken(asked, language, desk.zone)}",
        promise_kind=kind.name,
        asked_due_at=one.due_at,
        earliest_due_at=asked,
    )
