"""One person's data, as programs read it and as the person themselves may read it (R8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from caretool.domain.person import Dossier, Person
from caretool.domain.procedure import Case
from caretool.reports import shapes
from caretool.reports.shapes import Shape, moment

_WHAT = (
    "Everything that the comments desk of {company} holds about one person. comments: what they wrote, with earlier "
    "versions and what was read in it (language, kind, tone, topic, why). replies: what we answered; one to several "
    "people names those others too. promises, cases, rewards: what we owe or gave them. moderation: what was done "
    "about a comment of theirs, on which ground, with the evidence. notes: what our people wrote down. log: who did "
    "what, when."
)


def person(one: Person) -> Shape:
    """Who somebody is."""
    return {
        "id": one.id,
        "name": one.name,
        "linked_to": one.linked_to,
        "forgotten_at": moment(one.forgotten_at),
        "accounts": [
            {
                "account": alias.account,
                "handle": alias.handle,
                "name": alias.name,
                "followers": alias.followers,
                "linked_from": alias.linked_from,
            }
            for alias in one.aliases
        ],
    }


def dossier(one: Dossier) -> Shape:
    """Everything about a person."""
    return {
        "person": person(one.person),
        "known_before_as": list(one.selves),
        "comments": [
            {**shapes.comment(comment), "attachments": list(comment.attachments), "warning": comment.warning,
             "rating": comment.rating, "earlier": _earlier(one.revisions.get(comment.id, ()))}
            for comment in one.comments
        ],
        "replies": [shapes.reply(reply) for reply in one.replies],
        "promises": [{**shapes.promise(promise), "because": promise.because} for promise in one.promises],
        "cases": [_case(case) for case in one.cases],
        "rewards": [_row(row) for row in one.rewards],
        "moderation": [_row(row) for row in one.moderation],
        "notes": [
            {"about": note.subject, "at": moment(note.at), "agent": note.agent, "text": note.text} for note in one.notes
        ],
        **shapes.log(one.history),
    }  # fmt: skip


def document(one: Dossier, made_at: datetime, company: str) -> Shape:
    """The same as a document that explains itself."""
    return {"what_this_is": _WHAT.format(company=company), "made_at": moment(made_at), **dossier(one)}


def _earlier(texts: Sequence[tuple[datetime, str]]) -> list[Shape]:
    return [{"until": moment(at), "text": text} for at, text in texts]


def _case(case: Case) -> Shape:
    steps = [
        {"name": one.step.name, "does": one.step.does, "state": one.state, "ended_at": moment(one.ended_at),
         "evidence": one.evidence, "because": one.because}
        for one in case.steps
    ]  # fmt: skip
    return {
        "id": case.id,
        "procedure": case.procedure,
        "comment": case.comment,
        "state": case.state,
        "started_at": moment(case.started_at),
        "ended_at": moment(case.ended_at),
        "because": case.because,
        "steps": steps,
    }


def _row(row: Mapping[str, Any]) -> Shape:
    return {name: _row(value) if isinstance(value, Mapping) else value for name, value in row.items() if name != "key"}
