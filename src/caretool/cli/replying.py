"""reply, approve, reject: from a comment to an answer in the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from caretool.cli import completing
from caretool.cli.context import (
    AsAgent,
    AsJson,
    Because,
    Ids,
    Yes,
    desk_of,
    out,
    say,
    show,
    somebody_is_there,
    stays_empty,
)
from caretool.cli.telling import tell_problems, tell_refusals, to_paste, ways_out
from caretool.domain.draft import AskedMode
from caretool.errors import UsageProblem

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.desk.replying import Outcome
    from caretool.desk.request import Part, Planned
    from caretool.desk.sending import Sent
    from caretool.domain.draft import Refusal


DraftId = Annotated[
    str,
    typer.Argument(metavar="ID", help="A draft, one of its replies, or its group.", autocompletion=completing.awaiting),
]
DraftOrNone = Annotated[
    str | None,
    typer.Argument(metavar="ID", help="A draft, one of its replies, or its group.", autocompletion=completing.awaiting),
]


Waive = Annotated[
    list[str] | None,
    typer.Option(
        "--waive", metavar="CHECK", help="You answer for what this check refuses.", autocompletion=completing.waivable
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(reply)
    app.command()(approve)
    app.command()(reject)


def reply(
    ctx: typer.Context,
    ids: Ids,
    template: Annotated[
        str | None,
        typer.Option(metavar="T", help="A template (default: the suggested one).", autocompletion=completing.templates),
    ] = None,
    values: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A value the text needs.")
    ] = None,
    text: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Your own words; {{ person.name }} and such work.")
    ] = None,
    edit: Annotated[bool, typer.Option("--edit", help="Write it in $EDITOR, starting from the template.")] = False,
    mode: Annotated[AskedMode, typer.Option(help="One answer to each person, or one together.")] = "auto",
    promised: Annotated[
        list[str] | None,
        typer.Option(
            "--promise",
            metavar="KIND@TIME",
            help="Promise this kind by this time.",
            autocompletion=completing.promises_at,
        ),
    ] = None,
    not_promised: Annotated[
        list[str] | None, typer.Option("--not-a-promise", metavar="EXCERPT", help="These words commit to nothing.")
    ] = None,
    waive: Waive = None,
    private: Annotated[bool, typer.Option("--private", help="Answer in private.")] = False,
    reward: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="Give this reward of the policy, in private; without other words, its own.",
            autocompletion=completing.rewards,
        ),
    ] = None,
    include_new: Annotated[bool, typer.Option("--include-new", help="Also who joined since you looked.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be posted and promised; write nothing.")
    ] = False,
    later: Annotated[bool, typer.Option("--later", help="Leave it in the outbox for `caretool send`.")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Leave it for somebody else's yes.")] = False,
    by_hand: Annotated[
        str | None,
        typer.Option(
            "--by-hand", metavar="URL", help="You posted it yourself, here; with --yes give its words with --text."
        ),
    ] = None,
    yes: Yes = False,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Answer comments or a whole group: draft, checks, your yes, promises into the ledger, out.

    A check that refuses exits 5, says what would pass, and writes nothing. Exits 6 if only some of it went out.

    \b
    Examples:
      caretool reply gk3f2                                  the suggestion, after your yes
      caretool reply gk3f2 --template delivery-late --mode together
      caretool reply c7k2m9 --text "Buongiorno {{ person.name }}, sono Dario: …"
      caretool reply gk3f2 --promise "callback@2026-11-24 12:00" --dry-run
      caretool reply c7k2m9 --private --reward thanks
    """
    from caretool.cli import conversation

    asked = conversation.Asked(
        template, _pairs(values or []), text, edit, mode, tuple(promised or ()), tuple(not_promised or ()),
        private, include_new, dry_run, later, by_hand, yes, reward, tuple(waive or ()), draft,
    )  # fmt: skip
    with desk_of(ctx, agent) as desk:
        tell(desk, conversation.hold(desk, ids, asked), as_json)


def approve(
    ctx: typer.Context,
    draft: DraftOrNone = None,
    listed: Annotated[bool, typer.Option("--list", help="Only list what waits for approval.")] = False,
    yes: Yes = False,
    later: Annotated[bool, typer.Option("--later", help="Leave it in the outbox.")] = False,
    waive: Waive = None,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Approve somebody else's draft: checked again, its times fixed anew, posted. Without an ID: what waits for you.

    Exits 5 if a check refuses it now, or something has changed since it was written: a draft that is stale waits until
    somebody rejects it. Exits 6 if only some of it went out.

    \b
    Examples:
      caretool approve
      caretool approve d7k2m
    """
    from caretool.cli import approving, conversation
    from caretool.desk.approving import find, waiting
    from caretool.desk.deciding import rejecting

    with desk_of(ctx, agent) as desk:
        if draft is None or listed:
            found, zone = waiting(desk), desk.zone
            show(found, as_json, approving.waiting_shape, lambda drafts: approving.tell_waiting(drafts, zone))
            return
        back = rejecting(find(desk, draft))
        told = conversation.decide(desk, draft, yes=yes, later=later, waive=waive or ())
        tell(desk, told, as_json, back)


def reject(
    ctx: typer.Context,
    draft: DraftId,
    because: Because,
    yes: Yes = False,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Send somebody's draft back to them with the reason; its comments still wait. At a terminal it is shown first.

    \b
    Example:
      caretool reject d7k2m --because "promise a call, not a mail"
    """
    from caretool.cli.approving import tell_written
    from caretool.cli.conversation import ask
    from caretool.desk import approving

    with desk_of(ctx, agent) as desk:
        found = approving.find(desk, draft)
        if not yes and somebody_is_there():
            tell_written(approving.about(desk, found), desk.zone)
            ask(f"Give it back to {found.agent}?")
        approving.reject(desk, found, because)
    show(
        found.id,
        as_json,
        lambda rejected: {"id": rejected, "state": "rejected"},
        lambda rejected: out(f"{rejected} is rejected: {found.agent} gets it back with the reason."),
    )


def _pairs(values: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for value in values:
        name, equals, given = value.partition("=")
        if not equals or not name.strip():
            raise UsageProblem(f"--set {value!r}: write NAME=VALUE.")
        pairs[name.strip()] = given
    return pairs


def tell(desk: Desk, told: tuple[Outcome, Sent | None], as_json: bool, back: str | None = None) -> None:
    """Show what became of a reply; exits 5 if it was refused, else as sending went. `back` is the command that gives a
    draft back to its writer."""
    outcome, sent = told
    for remark in outcome.composed.remarks:
        say(remark)
    if outcome.refusals and not as_json:
        tell_refusals(outcome.refusals, desk.zone)
        _tell_way_out(desk, outcome.refusals)
        if back is not None and not any(back in (one.suggest or "") for one in outcome.refusals):
            say(f"To give it back to its writer: {back}")
    elif sent is None or not stays_empty(as_json, sent.exit_code):
        show(outcome, as_json, outcome_shape, lambda value: _outcome_text(value, sent, desk.zone))
    if outcome.refusals:
        raise typer.Exit(5)
    if sent is not None:
        tell_problems(sent.problems)
        raise typer.Exit(sent.exit_code)


def _tell_way_out(desk: Desk, refusals: Sequence[Refusal]) -> None:
    """How whoever is at the desk could answer for all of it, where that is so."""
    from caretool.desk import waiving

    if (way := waiving.way_out(desk, refusals)) is not None:
        say(way)


def outcome_shape(outcome: Outcome) -> dict[str, Any]:
    """DESIGN §5, reply: ids are null where nothing was written."""
    from caretool.cli.approving import awaited_shape
    from caretool.reports import shapes

    parts = outcome.composed.parts
    unwritten = [
        {
            "id": None,
            "state": "drafted",
            "mode": part.target.mode,
            "private": part.target.private,
            "account": part.target.account,
            "text": part.text,
            "to": [comment.native_id for comment in part.comments],
            "url": None,
        }
        for part in parts
    ]
    planned = [_planned_shape(one, parts[one.part]) for one in outcome.composed.promises]
    written = bool(outcome.replies)
    return {
        "replies": [shapes.reply(one) for one in outcome.replies] if written else unwritten,
        "promises": [shapes.promise(one) for one in outcome.promises] if written else planned,
        "refused": [shapes.refusal(one) for one in outcome.refusals],
        "waived": [shapes.refusal(one.refusal) for one in outcome.composed.waived],
        "rewards": _rewards_shape(outcome),
        "awaits": awaited_shape(outcome.awaited),
    }


def _rewards_shape(outcome: Outcome) -> list[dict[str, Any]]:
    from caretool.reports import rewards

    if outcome.replies and outcome.state != "awaiting":
        return [rewards.reward(one) for one in outcome.rewards]
    parts = outcome.composed.parts
    return [rewards.planned(part.reward, part.comments[0]) for part in parts if part.reward is not None]


def _planned_shape(one: Planned, part: Part) -> dict[str, Any]:
    from caretool.reports import shapes

    names = {comment.person: comment.name or comment.handle for comment in part.comments}
    return {
        "id": None,
        "kind": one.kind,
        "person": {"id": one.person, "name": names[one.person]},
        "text": one.text,
        "due_at": shapes.moment(one.due_at),
        "state": "logged",
        "owner": one.owner or None,
        "reply": None,
        "overdue": False,
        "at_risk": False,
    }


def _outcome_text(outcome: Outcome, sent: Sent | None, zone: ZoneInfo) -> None:
    from caretool.cli.approving import awaited_line
    from caretool.cli.conversation import tell_composed
    from caretool.cli.screen import count

    if not outcome.replies:
        tell_composed(outcome.composed, zone, out)
        if outcome.awaited:
            out(awaited_line(outcome.awaited))
        out("Nothing was written (--dry-run).")
        return
    people = count(sum(len(reply.to) for reply in outcome.replies), "comment", "comments")
    replies = count(len(outcome.replies), "reply", "replies")
    if outcome.state == "awaiting":
        wait = "waits" if len(outcome.replies) == 1 else "wait"
        out(f"{replies} to {people} {wait} for approval: caretool approve {outcome.replies[0].draft}")
        if outcome.awaited:
            out(awaited_line(outcome.awaited))
        return
    if sent is None:
        waits = "posted by hand" if outcome.state == "posted" else "in the outbox until caretool send"
        out(f"{replies} to {people}: {waits}.")
    else:
        answered = sum(len(reply.to) for reply in outcome.replies if reply.state == "posted")
        comments = count(answered, "comment", "comments")
        ways = [f"{count(number, 'reply', 'replies')} {way}" for number, way in ways_out(sent) or [(0, "posted")]]
        out(f"{' and '.join(ways)}, answering {comments}{to_paste(sent)}.")
    logged = [promise for promise in outcome.promises if promise.state != "void"]
    if logged:
        due = {(one.kind, one.due_at) for one in logged}
        out(f"{count(len(logged), 'promise', 'promises')} in the ledger: " + _dues(due, zone))


def _dues(due: set[tuple[str, Any]], zone: ZoneInfo) -> str:
    from caretool.domain.moment import stamp

    return ", ".join(f"{kind} by {stamp(at, zone)}" for kind, at in sorted(due, key=lambda pair: pair[1]))
