"""The talk about a promise that is moved or will not be kept: the message to the customer, shown, copied or sent."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import typer

from caretool.cli.context import out, say, show, somebody_is_there, stays_empty
from caretool.cli.conversation import ask, tell_composed
from caretool.cli.screen import count, indented
from caretool.cli.telling import tell_problems, tell_promises, tell_refusals, to_paste, ways_out
from caretool.desk import apologising, promising, recounting, sending
from caretool.desk.apologising import Message, Told
from caretool.desk.desk import Desk
from caretool.desk.promising import Changed
from caretool.desk.sending import Sent
from caretool.desk.times import parse_time
from caretool.domain.moment import stamp
from caretool.domain.promise import Promise
from caretool.errors import UsageProblem

_NOBODY = "Nobody is here to say yes: add --yes. Nothing was written."


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `promise move` and `promise break`, as typed."""

    because: str
    send: bool
    yes: bool
    due: str | None = None
    told: bool = False
    instead: str | None = None


@dataclass(frozen=True, slots=True)
class Came:
    """What it came to: the change of the ledger, the messages drafted, and what became of those that were sent."""

    told: Told
    messages: tuple[Message, ...] = ()
    sent: Sent | None = None


def move(desk: Desk, typed: str, asked: Asked) -> Came:
    """From what was typed to what became of it."""
    if asked.told and asked.send:
        raise UsageProblem("Say --told where they know already, or --send to tell them; not both.")
    promise = promising.by_id(desk, typed)
    if asked.told and asked.due is None and promise.moved_to is not None:
        return Came(Told(promising.tell(desk, promise.id)))
    due_at = _due(desk, promise, asked)

    def change() -> Changed:
        return promising.move(desk, promise.id, due_at, asked.because, told=asked.told)

    if asked.told:
        return Came(Told(change()))
    return _changed(desk, change, lambda: [apologising.of_move(desk, promise, due_at)], asked)


def break_(desk: Desk, typed: Sequence[str], asked: Asked) -> Came:
    """The same for promises that will not be kept."""
    promises = [promising.by_id(desk, one) for one in dict.fromkeys(typed)]

    def change() -> Changed:
        return promising.end(desk, [promise.id for promise in promises], "broken", asked.because)

    def drafted() -> list[Message]:
        return [apologising.of_break(desk, promise, asked.instead) for promise in promises]

    return _changed(desk, change, drafted, asked)


def _due(desk: Desk, promise: Promise, asked: Asked) -> datetime:
    """The time given, else the earliest that passes, if that is agreed to."""
    kind = desk.promise_kind(promise.kind)
    if asked.due is not None:
        return parse_time(asked.due, desk.clock(), desk.zone, kind.calendar)
    found = promising.proposed_due(desk, promise)
    if found is None:
        raise UsageProblem(f"No later time passes for {promise.id}: give --due TIME, or break it. Nothing was written.")
    if not asked.yes:
        said = f"The earliest that passes for {promise.id} is {stamp(found, desk.zone)}"
        if not somebody_is_there():
            raise UsageProblem(f"{said}: take it with --yes, or give --due TIME. Nothing was written.")
        ask(f"{said}. Take it?")
    return found


def _changed(desk: Desk, change: Callable[[], Changed], drafted: Callable[[], list[Message]], asked: Asked) -> Came:
    if asked.send:
        return _sent(desk, change, drafted(), asked.yes)
    changed = change()
    return Came(Told(changed), () if changed.refusals else tuple(drafted()))


def _sent(desk: Desk, change: Callable[[], Changed], drafts: Sequence[Message], yes: bool) -> Came:
    if not (yes or somebody_is_there()):
        raise UsageProblem(_NOBODY)
    messages, edited = apologising.look_again(desk, drafts)
    if edited:
        return _refused(desk, messages, Told(Changed((), tuple(edited))))
    while True:
        told = apologising.rehearse(desk, change, messages)
        if told.refusals:
            return _refused(desk, messages, told)
        if not yes:
            for composed in told.composed:
                tell_composed(composed, desk.zone)
            ask("Post it?" if len(messages) == 1 else "Post them?")
        told = apologising.carry_out(desk, change, messages, None if yes else told.composed)
        if told.refusals or told.written:
            break
        say("Meanwhile the times have changed; this is how it reads now:")
    return _refused(desk, messages, told) if told.refusals else _posted(desk, told, messages)


def _refused(desk: Desk, messages: Sequence[Message], told: Told) -> Came:
    recounting.remember_refused(desk, messages[0].promise.id, told.refusals)
    return Came(told)


def _posted(desk: Desk, told: Told, messages: Sequence[Message]) -> Came:
    approved = [reply.id for outcome in told.outcomes if outcome.state == "approved" for reply in outcome.replies]
    sent = sending.send(desk, approved) if approved else Sent()
    replies = {reply.id: reply for reply in desk.store.replies.by_ids([r.id for o in told.outcomes for r in o.replies])}
    outcomes = [replace(one, replies=tuple(replies[reply.id] for reply in one.replies)) for one in told.outcomes]
    made = [promise.id for outcome in told.outcomes for promise in outcome.promises]
    ids = dict.fromkeys([*(promise.id for promise in told.changed.promises), *made])
    changed = Changed(tuple(promising.as_they_stand(desk, list(ids))))
    return Came(replace(told, changed=changed, outcomes=tuple(outcomes)), tuple(messages), sent)


def tell(desk: Desk, came: Came, as_json: bool) -> None:
    """Show it; exits 5 if it was refused, else as sending went."""
    refusals = came.told.refusals
    if refusals and not as_json:
        tell_refusals(refusals, desk.zone)
    elif came.sent is None or not stays_empty(as_json, came.sent.exit_code):
        show(came, as_json, lambda value: shape(desk, value), lambda value: _text(desk, value))
    if refusals:
        raise typer.Exit(5)
    if came.sent is not None:
        tell_problems(came.sent.problems)
        raise typer.Exit(came.sent.exit_code)
    for message in came.messages:
        _how_to_tell(desk, came, message)


def shape(desk: Desk, came: Came) -> dict[str, Any]:
    """The change as every other of the ledger, with the messages and the replies that were made of them."""
    from caretool.reports import shapes

    refusals = came.told.refusals
    replies = [reply for outcome in came.told.outcomes for reply in outcome.replies]
    return {
        "promises": [] if refusals else [shapes.promise(one) for one in came.told.changed.promises],
        "refused": [shapes.refusal(one) for one in refusals],
        "messages": [
            {
                "promise": one.promise.id,
                "comment": one.comment.id if one.comment else None,
                "language": one.language,
                "text": one.text,
                "command": _command(desk, one),
            }
            for one in came.messages
        ],
        "replies": [shapes.reply(one) for one in replies],
    }


def _text(desk: Desk, came: Came) -> None:
    tell_promises(came.told.changed.promises, desk.zone)
    if came.sent is None:
        return
    waiting = [one for one in came.told.outcomes if one.state == "awaiting"]
    if ways := [f"{count(number, 'reply', 'replies')} {way}" for number, way in ways_out(came.sent)]:
        out(f"{' and '.join(ways)}{to_paste(came.sent)}.")
    for outcome in waiting:
        out(f"It waits for approval: caretool approve {outcome.replies[0].draft}")


def _how_to_tell(desk: Desk, came: Came, message: Message) -> None:
    new = came.told.changed.promises[-1]
    if message.promise.id != new.id and new.state == "logged":
        say(f"Now tell the customer: {new.id} runs once a reply says the new time.")
    else:
        say("Now tell the customer, and what happens instead.")
    if message.text is None:
        say(f"What happens instead of {message.promise.id} nobody has said: write it with your reply.")
        return
    say(indented(message.text))
    if message.request is None or message.comment is None:
        known = (
            f", then: caretool promise move {message.promise.id} --told --because TEXT"
            if new.state == "logged"
            else "."
        )
        say(f"{message.promise.id} answers no comment: call them{known}")
        return
    if message.comment.state == "answered":
        say(f"  caretool reopen {message.comment.id} --because {message.promise.id}")
    say(f"  {_command(desk, message)}")


def _command(desk: Desk, message: Message) -> str | None:
    """The reply to copy. No stranger's word is in it: names are filled in when it runs."""
    request = message.request
    if request is None or request.text is None:
        return None
    words = ["caretool", "reply", *request.comments, "--text", request.text]
    for name, value in request.given.items():
        words += ["--set", f"{name}={value}"]
    for kind, due_at in request.promises:
        local = datetime.fromisoformat(due_at).astimezone(desk.zone)
        words += ["--promise", f"{kind}@{local.isoformat(timespec='minutes')}"]
    return shlex.join(words)
