"""fetch, triage and send: what moves between the platforms and the desk."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from caretool.cli import completing
from caretool.cli.context import AsAgent, AsJson, Ids, desk_of, out, say, show, stays_empty
from caretool.cli.telling import show_comments, tell_problems, to_paste, told_of, ways_out
from caretool.domain.comment import Kind, Tone
from caretool.errors import UsageProblem

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from caretool.desk.fetching import Fetched
    from caretool.desk.sending import Sent

Fetching = list["Fetched"]
_BECAME = ("posted", "failed", "unsure", "left")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(fetch)
    app.command()(triage)
    app.command()(send)


def fetch(
    ctx: typer.Context,
    accounts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ACCOUNT]…", help="Only these accounts.", autocompletion=completing.accounts),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch new comments from all accounts at once, then read them.

    Exits 6 if only some accounts could be fetched, 4 if nothing came because tokens were refused.

    \b
    Examples:
      caretool fetch
      caretool fetch console-page
    """
    from caretool.desk import fetching, proposing

    with desk_of(ctx) as desk:
        results = fetching.fetch(desk, accounts or [])
        matching = proposing.count(desk)
    _tell_skipped(results)
    exit_code = fetching.failure(results)
    if not stays_empty(as_json, exit_code):
        show(results, as_json, _fetched_shape, _fetched_text)
        if matching and not as_json:
            _tell_matching(matching)
    raise typer.Exit(exit_code)


def _tell_skipped(results: Fetching) -> None:
    for result in results:
        for skipped in result.skipped:
            say(f"{result.account}: {skipped.where}: {skipped.why}")
        for remark in result.remarks:
            say(f"{result.account}: {remark}")
        if result.error is not None:
            say(told_of(result.account, result.error))
        for watch, error in result.unsearched.items():
            say(told_of(result.account, error, watch))


def _tell_matching(comments: int) -> None:
    from caretool.cli.screen import count

    out(f"moderate: {count(comments, 'comment matches', 'comments match')} a rule: caretool moderate")


def _fetched_shape(results: Fetching) -> dict[str, Any]:
    accounts = [
        {
            "account": result.account,
            "new": result.new,
            "found": result.found,
            "edited": result.edited,
            "deleted": result.deleted,
            "skipped": len(result.skipped),
            "ok": result.trouble is None,
            "error": str(result.trouble) if result.trouble else None,
        }
        for result in results
    ]
    return {"accounts": accounts, "new": sum(result.new for result in results)}


def _fetched_text(results: Fetching) -> None:
    from caretool.cli.screen import table

    rows = [
        (
            r.account,
            str(r.new),
            str(r.edited),
            str(r.deleted),
            str(len(r.skipped)),
            "ok" if r.trouble is None else "partly" if r.error is None else "failed",
        )
        for r in results
    ]
    table(("account", "new", "edited", "deleted", "skipped", ""), rows, [r.trouble is not None for r in results])
    found = sum(r.found for r in results)
    by_watch = f", {found} of them found by watch words" if found else ""
    # Where nothing could be read, what helps was said of each.
    then = "" if results and all(r.error is not None for r in results) else " Next: caretool inbox"
    out(f"{sum(r.new for r in results)} new{by_watch}.{then}")


def triage(
    ctx: typer.Context,
    ids: Ids,
    kind: Annotated[Kind | None, typer.Option(help="What sort of comment it is.")] = None,
    topic: Annotated[str | None, typer.Option(help="A template's topic.", autocompletion=completing.topics)] = None,
    tone: Annotated[Tone | None, typer.Option(help="How it feels.")] = None,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Correct what was read in a comment; it moves to the group it then belongs to.

    \b
    Example:
      caretool triage c7k2m9 --kind complaint --topic delivery-late
    """
    from caretool.cli import moderating
    from caretool.desk import closing, triaging

    values = {name: value for name, value in (("kind", kind), ("topic", topic), ("tone", tone)) if value}
    if not values:
        raise UsageProblem("Say what it is: --kind, --topic or --tone.")
    with desk_of(ctx, agent) as desk:
        comments = triaging.correct(desk, closing.comments_meant(desk, ids), values)
        moderating.tell_wrongs(desk, [comment.id for comment in comments])
    show_comments(comments, as_json)


def send(
    ctx: typer.Context,
    was_posted: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REPLY",
            help="You have looked there, and this unsure reply is posted.",
            autocompletion=completing.unsure_replies,
        ),
    ] = None,
    was_not_posted: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REPLY",
            help="You have looked there, and it is not: it is posted now.",
            autocompletion=completing.unsure_replies,
        ),
    ] = None,
    url: Annotated[str | None, typer.Option(metavar="URL", help="Where the one that was posted stands.")] = None,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Post what waits in the outbox, and settle what is unsure; each reply goes out at most once.

    Exits 6 if only some replies went out, 4 if none did because tokens were refused.

    Where the answer to a post was lost and the platform cannot tell whether it is there, you say so: with --was-posted
    its promises hold and its comments are answered; with --was-not-posted it is checked again and posted. Nothing else
    is sent then.

    \b
    Examples:
      caretool reply gk3f2 --later
      caretool send
      caretool send --was-posted r3k7m --url https://social.example/@bottegablu/1
    """
    from caretool.desk import sending, settling

    with desk_of(ctx, agent) as desk:
        if was_posted or was_not_posted or url is not None:
            sent = settling.settle(desk, was_posted or (), was_not_posted or (), url)
        else:
            sent = sending.send(desk)
    tell_problems(sent.problems)
    if not stays_empty(as_json, sent.exit_code):
        show(sent, as_json, sent_shape, partial(_sent_text, desk.zone))
    raise typer.Exit(sent.exit_code)


def sent_shape(sent: Sent) -> dict[str, Any]:
    """Ids by what happened to them, and how many more replies may leave, by account."""
    ids = {name: [r.id for r in getattr(sent, name)] for name in _BECAME}
    return {**ids, "replies_left": {ration.account: ration.left for ration in sent.rations}}


def _sent_text(zone: ZoneInfo, sent: Sent) -> None:
    counts = [f"{number} {way}" for number, way in ways_out(sent)]
    counts[-1:] = [f"{way}{to_paste(sent)}" for way in counts[-1:]]
    counts += [f"{len(replies)} {name}" for name in _BECAME if name != "posted" and (replies := getattr(sent, name))]
    out(" · ".join(counts) if counts else "Nothing waits in the outbox.")
    for ration in sent.rations:
        if not ration.scarce:  # said already, with who waits
            out(f"{ration.account}: {ration.how_many(zone)}")
