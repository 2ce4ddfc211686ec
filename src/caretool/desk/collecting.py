"""Collect: what people suggest and which faults they report, what says the same counted as one, for whoever makes the
product (R20)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, get_args

from caretool.desk import notifying
from caretool.domain.suggestion import Collection, Suggestion, SuggestionKind, ranked
from caretool.errors import NotFound, UsageProblem

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.domain.comment import Comment
    from caretool.domain.reward import Reward

KINDS: tuple[SuggestionKind, ...] = get_args(SuggestionKind)


def collect(desk: Desk, since: datetime | None, as_of: datetime, kinds: Sequence[SuggestionKind]) -> Collection:
    """What was written since a moment (None: ever), as it stands now; what was deleted on the platform is left out."""
    comments = [
        comment
        for comment in desk.store.comments.of_kinds(kinds, since)
        if comment.written_at <= as_of and comment.state != "gone"
    ]
    rewards = [one for one in desk.store.rewards.every() if one.state == "given"]
    found = [_suggestion(those, rewards) for those in _alike(comments)]
    return Collection(since, as_of, ranked(found))


def _alike(comments: Sequence[Comment]) -> list[list[Comment]]:
    """Those that say the same together, the first written first: the copies that triage has found, and what is nearly
    the same, which it only looks for among what came in together."""
    from caretool.language.alike import near_copies

    by_first: dict[tuple[str | None, str], list[Comment]] = {}
    for comment in comments:
        by_first.setdefault((comment.kind, comment.copy_of or comment.id), []).append(comment)
    sets = list(by_first.values())
    found: dict[tuple[str | None, int], list[Comment]] = {}
    for those, leader in zip(sets, near_copies([those[0].text for those in sets]), strict=True):
        found.setdefault((those[0].kind, leader), []).extend(those)
    return [sorted(those, key=lambda one: (one.written_at, one.number)) for those in found.values()]


def _suggestion(those: Sequence[Comment], rewards: Sequence[Reward]) -> Suggestion:
    first = those[0]
    ids = {comment.id for comment in those}
    kind: SuggestionKind = "fault" if first.kind == "fault" else "suggestion"
    return Suggestion(
        comment=first.id,
        kind=kind,
        topic=first.topic,
        text=first.masked,
        comments=tuple(comment.id for comment in those),
        people=tuple(dict.fromkeys(comment.person for comment in those)),
        accounts=tuple(dict.fromkeys(comment.account for comment in those)),
        first_at=first.written_at,
        last_at=those[-1].written_at,
        answered=sum(comment.state == "answered" for comment in those),
        thanked=len({one.comment for one in rewards if one.comment in ids}),
        url=None if first.private else first.url,
    )


def tell(desk: Desk, owner: str, found: Collection) -> notifying.Notified:
    """Send the collection to an owner of accounts.toml, at each address; nothing is sent where it is empty. NotFound,
    UsageProblem."""
    from caretool.notifiers.notifier import Message
    from caretool.reports import suggestions

    outcome = notifying.Notified()
    known = desk.settings.owners.get(owner)
    if known is None:
        there = ", ".join(desk.settings.owners) or "none"
        raise NotFound(f"No owner is called {owner!r}: accounts.toml has {there}.")
    if not known.notify:
        raise UsageProblem(f'{owner} cannot be told: add notify = ["mailto:…"] to [owners.{owner}] in accounts.toml.')
    if not found.suggestions:
        return outcome
    letter = suggestions.letter(found, desk.policy.company.name, desk.zone)
    for place, address in enumerate(known.notify, start=1):
        name = f"owners.{owner}.notify[{place}]"
        key = hashlib.blake2b(f"{name}\n{letter.text}".encode(), digest_size=12).hexdigest()
        message = Message(
            letter.subject, letter.text, letter.short, letter.html, found.as_of.astimezone(desk.zone), key
        )
        notifying.tell_one(desk, outcome, owner, address, name, message)
    return outcome
