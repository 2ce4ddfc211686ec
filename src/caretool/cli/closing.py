"""close, reopen, snooze, note: without an answer."""

from __future__ import annotations

from typing import Annotated

import typer

from caretool.cli import completing
from caretool.cli.context import AsAgent, AsJson, BecauseOrAsked, Ids, desk_of, out, said_or_asked, say, show
from caretool.cli.telling import show_comments


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(close)
    app.command()(reopen)
    app.command()(snooze)
    app.command()(note)


def close(
    ctx: typer.Context, ids: Ids, because: BecauseOrAsked = None, agent: AsAgent = None, as_json: AsJson = False
) -> None:
    """Close comments that need no answer.

    \b
    Example:
      caretool close g7m1q --because "chatter among fans"
    """
    from caretool.desk import closing

    with desk_of(ctx, agent) as desk:
        found = closing.close(desk, ids, said_or_asked(because, as_json))
    show_comments(found, as_json)


def reopen(
    ctx: typer.Context,
    ids: Annotated[
        list[str],
        typer.Argument(metavar="ID…", help="Ids of comments or groups.", autocompletion=completing.no_longer_waiting),
    ],
    because: BecauseOrAsked = None,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Let comments wait again that were closed, snoozed or answered too quickly.

    \b
    Example:
      caretool reopen c7k2m9 --because "the answer missed the question"
    """
    from caretool.desk import closing

    with desk_of(ctx, agent) as desk:
        found = closing.reopen(desk, ids, said_or_asked(because, as_json))
    show_comments(found, as_json)


def snooze(
    ctx: typer.Context,
    ids: Ids,
    until: Annotated[str, typer.Option(metavar="TIME", help="3h, 2 days, 2026-11-26, '2026-11-26 18:00', 18:00.")],
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Take comments out of the inbox until a time; they come back however late you look.

    \b
    Example:
      caretool snooze c7k2m9 --until "2026-11-26 09:00"
    """
    from caretool.desk import closing
    from caretool.desk.times import parse_time
    from caretool.domain.moment import stamp

    with desk_of(ctx, agent) as desk:
        moment = parse_time(until, desk.clock(), desk.zone, desk.policy.response.calendar)
        found = closing.snooze(desk, ids, moment)
        say(f"Back in the inbox {stamp(moment, desk.zone)}.")
    show_comments(found, as_json)


def note(
    ctx: typer.Context,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="A comment, group, person, reply, promise or case.", autocompletion=completing.anything
        ),
    ],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to remember.")],
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Leave a note on a comment, group, person, reply, promise or case; `caretool show ID` shows it.

    \b
    Example:
      caretool note c7k2m9 "called the warehouse, waiting for the photo"
    """
    from caretool.desk import closing

    with desk_of(ctx, agent) as desk:
        found = closing.note(desk, subject, text)
    show(found, as_json, lambda noted: {"id": noted}, lambda noted: out(f"Noted on {noted}."))
