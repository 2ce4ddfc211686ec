"""Which waiting comments one answer serves, and what the desk suggests for them (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from caretool.domain.ration import too_few

if TYPE_CHECKING:
    from caretool.domain.codes import Kind
    from caretool.domain.comment import Comment
    from caretool.domain.draft import Mode
    from caretool.domain.limits import Limits
    from caretool.domain.template import Template

# Of comments read with this confidence nine in ten belong to the template; below it is offered, never taken by `--yes`.
SURE = 0.7


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The template that would answer a group, how, and how sure (0–1); `alternatives` are further template ids.
    `reserved`: only a manager may use it."""

    template: str
    mode: Mode
    confidence: float
    sure: bool
    alternatives: tuple[str, ...] = ()
    reserved: bool = False


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of a group at a moment: how many have shut, and the earliest dates of those that have not (None: none
    has such a date). `due_at` is by when somebody whom the platform still lets us answer is due that."""

    shut: int
    due_at: datetime | None
    closes_at: datetime | None
    private_until: datetime | None


@dataclass(frozen=True, slots=True)
class Group:
    """Waiting comments that one answer serves. `size` counts them, `people` who wrote them, `due_at` is
    the earliest of theirs, and so are `closes_at` and `private_until`. `again` is the id of a promise that runs, until
    `again_due_at`, to whoever wrote.
    `watch` is what found them that were not said to us; `first` the id of the comment that `first_text` is of."""

    id: str
    account: str
    kind: Kind
    private: bool
    size: int
    due_at: datetime | None
    first_text: str
    language: str | None = None
    topic: str | None = None
    thread: str | None = None
    thread_text: str | None = None
    thread_url: str | None = None
    escalation: str | None = None
    suggestion: Suggestion | None = None
    people: int = 0
    again: str | None = None
    again_due_at: datetime | None = None
    closes_at: datetime | None = None
    private_until: datetime | None = None
    watch: str | None = None
    first: str | None = None


def group_key(comment: Comment) -> tuple[str, ...]:
    """What comments of one group have in common.

    Private comments stand alone, and those that go to the manager or come from somebody to whom a promise runs;
    comments without a topic form one group per account and kind; all others go by topic, language, account and thread.
    What a watch found joins nothing that was said to us: some platforms let only that be answered.
    """
    if comment.private or comment.escalation or comment.again:
        return ("one", comment.id)
    found_by = (comment.watch,) if comment.watch else ()
    if comment.topic is None:
        return ("kind", comment.account, comment.kind or "", *found_by)
    return ("topic", comment.account, comment.thread or "", comment.language or "", comment.topic, *found_by)


def suggest(
    comments: Sequence[Comment], templates: Mapping[str, Template], limits: Limits, together_from: int
) -> Suggestion | None:
    """The reply to offer for one group's waiting comments; None where only a person can answer.

    Nothing is suggested for what goes to the manager, for who waits for a promise, for spam and abuse, or without a
    topic. Together only for `together_from` persons or more, or more than the platform leaves replies for, in public,
    within one thread, on a platform that has it.
    """
    first = comments[0]
    if first.escalation or first.again or first.topic is None or first.kind in ("spam", "abuse"):
        return None
    by_topic = {template.topic: template for template in templates.values()}
    chosen = by_topic.get(first.topic)
    if chosen is None:
        return None
    wording = chosen.replies.get(first.language or "")
    persons = {comment.person for comment in comments}
    together = (
        (len(persons) >= together_from or too_few(limits.replies_left, len(persons)))
        and not first.private
        and first.thread is not None
        and limits.together != "no"
        and wording is not None
        and wording.together is not None
    )
    confidence = sum(comment.confidence for comment in comments) / len(comments)
    others = {topic: None for comment in comments for topic, _ in comment.alternatives if topic != first.topic}
    return Suggestion(
        template=chosen.id,
        mode="together" if together else "each",
        confidence=round(confidence, 3),
        sure=confidence >= SURE and not chosen.reserved,
        reserved=chosen.reserved,
        alternatives=tuple(by_topic[topic].id for topic in others if topic in by_topic)[:3],
    )
