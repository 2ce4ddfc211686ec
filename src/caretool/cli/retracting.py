"""retract: take back what we posted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from caretool.cli import completing
from caretool.cli.context import AsAgent, AsJson, Yes, desk_of, out, say, show, somebody_is_there
from caretool.errors import UsageProblem

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.desk.retracting import Retraction
    from caretool.domain.comment import Comment

_UNASKED = "the reply was retracted"
_MOST = 10


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(retract)


def retract(
    ctx: typer.Context,
    reply: Annotated[
        str,
        typer.Argument(
            metavar="REPLY",
            help="A reply that is posted: `caretool show COMMENT`.",
            autocompletion=completing.posted_replies,
        ),
    ],
    because: Annotated[
        str, typer.Option(metavar="TEXT", help="Why, in a few words; it is kept with the reply and its promises.")
    ] = _UNASKED,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="You have deleted it there yourself (a pasted reply, for instance).")
    ] = False,
    yes: Yes = False,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Delete a reply of ours where it was posted. Its promises are released, whom it answered waits again.

    Of an answer in several parts only this part goes. A promise that was kept stays kept; one whose time the reply had
    moved runs again to its old time.

    \b
    Examples:
      caretool retract r3k7m --because "wrong customer"
      caretool retract r3k7m --by-hand --yes
    """
    from caretool.desk import retracting

    with desk_of(ctx, agent) as desk:
        planned = retracting.consider(desk, reply, by_hand=by_hand)
        if not yes:
            _agreed(desk, planned, by_hand)
        done = retracting.retract(desk, planned.reply.id, because.strip() or _UNASKED, by_hand=by_hand)
        show(done, as_json, retraction_shape, lambda value: _retracted_text(value, desk.zone))


def _agreed(desk: Desk, planned: Retraction, by_hand: bool) -> None:
    """Show what goes and ask; UsageProblem without a yes."""
    from caretool.cli.conversation import ask

    if not somebody_is_there():
        raise UsageProblem("Nobody is here to say yes: add --yes. Nothing was changed.")
    _tell(desk, planned)
    ask("Count it as retracted?" if by_hand else "Delete it there?")


def _tell(desk: Desk, planned: Retraction) -> None:
    from caretool.cli.screen import count, indented
    from caretool.domain.harmless import block, one_line, short_name
    from caretool.domain.moment import stamp

    reply = planned.reply
    comments = desk.store.comments.by_ids(reply.comments)
    to = ", ".join(dict.fromkeys(_name(comment) for comment in comments[:5]))
    more = f" and {len(comments) - 5} more" if len(comments) > 5 else ""
    say(f"{reply.id} to {to}{more}, in {'private' if reply.private else 'public'}, on {reply.account}:")
    say(indented(block(reply.text)))
    if reply.url:
        say(f"    {one_line(reply.url)}")
    if planned.staying:
        ids = ", ".join(part.id for part in planned.staying[:5])
        parts = count(len(planned.staying), "other part stays", "other parts stay")
        say(f"Only this part of the answer goes: {parts} posted ({ids}{', …' if len(planned.staying) > 5 else ''}).")
    for what, promises in (("Released", planned.released), ("Runs again", planned.resumed)):
        for one in promises[:_MOST]:
            until = stamp(one.due_at, desk.zone)
            say(f"{what}: {one.id}, {one.kind} for {short_name(one.person_name)} by {until}")
        if len(promises) > _MOST:
            say(f"{what}: {len(promises) - _MOST} more")
    say(f"Waiting again: {count(len(planned.comments), 'comment', 'comments')}")


def _name(comment: Comment) -> str:
    from caretool.domain.harmless import short_name

    return short_name(comment.author)


def retraction_shape(done: Retraction) -> dict[str, Any]:
    """The reply, its promises and those that run again, the comments that wait again."""
    from caretool.reports import shapes

    return {
        "replies": [shapes.reply(done.reply)],
        "promises": [shapes.promise(one) for one in (*done.released, *done.resumed)],
        "comments": [shapes.comment(one) for one in done.comments],
    }


def _retracted_text(done: Retraction, zone: ZoneInfo) -> None:
    from caretool.cli.screen import count
    from caretool.cli.telling import tell_promises

    ended = f"{count(len(done.released), 'promise', 'promises')} released"
    waits = f"{count(len(done.comments), 'comment waits', 'comments wait')} again"
    out(f"{done.reply.id} is retracted: {ended}, {waits}.")
    if done.resumed:
        out(f"{count(len(done.resumed), 'promise runs', 'promises run')} again, as it was said before:")
        tell_promises(done.resumed, zone)
    if done.comments:
        groups = list(dict.fromkeys(comment.group for comment in done.comments if comment.group))
        out(f"Next: caretool show {groups[0] if groups else done.comments[0].id}")
