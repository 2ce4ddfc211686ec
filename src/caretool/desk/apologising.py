"""Tell the customer: a promise is moved, or will not be kept. The message is drafted in their language, and posted as a
reply to the comment that the promise was made to, with every check and in one transaction with the change (R13)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from caretool.desk import replying
from caretool.desk.desk import Desk
from caretool.desk.load import load_of
from caretool.desk.promising import Changed
from caretool.desk.replying import Outcome
from caretool.desk.request import Composed, Request
from caretool.domain.address import called
from caretool.domain.apology import INSTEAD, STANDARD, apology, wording_for
from caretool.domain.checks import passing
from caretool.domain.comment import Comment
from caretool.domain.deliverability import wished_due
from caretool.domain.draft import Refusal
from caretool.domain.policy import Policy
from caretool.domain.promise import Promise
from caretool.domain.wording import MissingValue
from caretool.errors import UsageProblem

BROKEN: Mapping[str, str] = {
    "it": "Buongiorno {{ person.name }}, sono {{ agent.name }}. Mi scuso: non possiamo mantenere quanto promesso. "
    "{{ instead }}.",
    "en": "Hello {{ person.name }}, {{ agent.name }} here. I am sorry: we cannot keep what we promised. {{ instead }}.",
}
"""What is said of a promise that will not be kept, where the policy has no words of its own."""

_ANSWERS = "reply"
_HERE = ("waiting", "answered", "closed", "snoozed")


@dataclass(frozen=True, slots=True)
class Message:
    """What a customer is told of one promise. `text` is how it reads; None: nobody has said what happens instead.

    `request` is how it is answered to `comment`; both are None where there is no comment to answer: call them.
    """

    promise: Promise
    language: str
    text: str | None
    comment: Comment | None = None
    request: Request | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A change of the ledger and the replies that tell of it: all were written, or nothing was."""

    changed: Changed
    outcomes: tuple[Outcome, ...] = ()

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Everything that speaks against it."""
        return (*self.changed.refusals, *(refusal for outcome in self.outcomes for refusal in outcome.refusals))

    @property
    def written(self) -> bool:
        """Whether all of it was written: it was not refused, and read as it was shown."""
        return not self.refusals and all(outcome.state is not None for outcome in self.outcomes)

    @property
    def composed(self) -> tuple[Composed, ...]:
        """The texts, one a promise."""
        return tuple(outcome.composed for outcome in self.outcomes)


class _TakenBack(Exception):
    """Nothing of this is to be written."""


def of_move(desk: Desk, promise: Promise, due_at: datetime) -> Message:
    """The apology with the new time, whether or not the move is logged already."""
    language = _language(desk, promise)
    kind = desk.promise_kind(promise.kind)
    wording = wording_for(kind, desk.policy.reply, language)
    instead = passing(kind, due_at.replace(second=0, microsecond=0), language, desk.zone).sentence
    return _message(desk, promise, language, wording, instead, ((kind.name, due_at),))


def of_break(desk: Desk, promise: Promise, instead: str | None) -> Message:
    """The apology with what happens instead: in these words, else an answer by a time that can be kept."""
    language = _language(desk, promise)
    wording = _own_words(desk.policy, promise.kind, language) or BROKEN.get(language)
    promises: tuple[tuple[str, datetime], ...] = ()
    kind = desk.policy.promises.get(_ANSWERS)
    if instead is None and kind is not None:
        now = desk.clock().replace(second=0, microsecond=0)
        due_at = wished_due(kind, 1, None, now, load_of(desk, kind, now))
        if due_at is not None:
            instead, promises = passing(kind, due_at, language, desk.zone).sentence, ((_ANSWERS, due_at),)
    return _message(desk, promise, language, wording, instead, promises)


def _own_words(policy: Policy, kind: str, language: str) -> str | None:
    known = policy.promises.get(kind)
    return (known.apology.get(language) if known else None) or policy.reply.apology.get(language)


def _language(desk: Desk, promise: Promise) -> str:
    """The customer's, as far as we speak it."""
    _, said_in = desk.store.promises.told_to([promise.id])[promise.id]
    languages = desk.policy.company.languages
    return said_in if said_in in languages else languages[0]


def _message(
    desk: Desk,
    promise: Promise,
    language: str,
    wording: str | None,
    instead: str | None,
    promises: Sequence[tuple[str, datetime]],
) -> Message:
    answered, _ = desk.store.promises.told_to([promise.id])[promise.id]
    comment = next(iter(desk.store.comments.by_ids([answered] if answered else [])), None)
    name = called(comment.name, comment.handle) if comment else called(promise.person_name, promise.person_name)
    company = desk.policy.company
    if instead is None:
        return Message(promise, language, None)
    wording = wording or BROKEN["en"]
    try:
        text = apology(wording, person=name, agent=desk.agent(), company=company, instead=instead)
    except MissingValue:  # the policy's own words show what this agent has not set
        wording = STANDARD.get(language, BROKEN["en"])
        text = apology(wording, person=name, agent=desk.agent(), company=company, instead=instead)
    if comment is None or comment.state not in _HERE:
        return Message(promise, language, text)
    request = Request(
        comments=(comment.id,),
        text=wording,
        given={INSTEAD: instead[:1].upper() + instead[1:]},
        promises=tuple((kind, due_at.isoformat()) for kind, due_at in promises),
        further=True,
    )
    return Message(promise, language, text, comment, request)


def look_again(desk: Desk, messages: Sequence[Message]) -> tuple[list[Message], list[Refusal]]:
    """The messages with a look at what they answer; UsageProblem where one has nothing to answer."""
    found: list[Message] = []
    refusals: list[Refusal] = []
    for message in messages:
        if message.text is None:
            raise UsageProblem(f"What happens instead of {message.promise.id}? Say it with --instead TEXT.")
        request = message.request
        if request is not None:
            request, edited = replying.look_again(desk, request)
            refusals += edited
        if request is None or not request.comments:
            name = message.promise.id
            raise UsageProblem(f"{name} answers no comment that is there: call them. Nothing was written.")
        found.append(replace(message, request=request))
    return found, refusals


def rehearse(desk: Desk, change: Callable[[], Changed], messages: Sequence[Message]) -> Told:
    """What `carry_out` would come to; nothing is written."""
    told = Told(Changed(()))
    with suppress(_TakenBack), desk.store.writing():
        changed = change()
        told = Told(changed, () if changed.refusals else tuple(_considered(desk, message) for message in messages))
        raise _TakenBack
    return told


def carry_out(
    desk: Desk, change: Callable[[], Changed], messages: Sequence[Message], shown: Sequence[Composed] | None
) -> Told:
    """Change the ledger and approve the replies that tell of it, in one transaction. `shown` are the texts the agent
    said yes to, one a message; None takes what passes now."""
    told = Told(Changed(()))
    with suppress(_TakenBack), desk.store.writing():
        changed = change()
        outcomes: list[Outcome] = []
        for number, message in enumerate(messages if not changed.refusals else ()):
            assert message.request is not None
            before = shown[number] if shown is not None else None
            outcomes.append(replying.approve(desk, message.request, shown=before))
        told = Told(changed, tuple(outcomes))
        if not told.written:
            raise _TakenBack
    return told


def _considered(desk: Desk, message: Message) -> Outcome:
    assert message.request is not None
    composed = replying.consider(desk, message.request)
    return Outcome(composed, refusals=composed.refusals)
