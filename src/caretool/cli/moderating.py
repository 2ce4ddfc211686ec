"""moderate and undo: what the policy would do about a comment or its author, and taking it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from caretool.cli import completing
from caretool.cli.context import AsAgent, AsJson, Because, Yes, desk_of, out, say, show, somebody_is_there
from caretool.errors import UsageProblem

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from caretool.desk.desk import Desk
    from caretool.desk.moderating import Moderated
    from caretool.desk.proposing import Plan, Proposal
    from caretool.desk.undoing import Undone
    from caretool.domain.comment import Comment
    from caretool.domain.moderation import Moderation

_MOST = 50
_OWN_YES = ("ban",)

Does = Literal["hide", "unhide", "delete", "mute", "ban", "report"]
On = Literal["spam", "abuse", "repeated", "personal-data"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(moderate)
    app.command()(undo)


def moderate(
    ctx: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]…",
            help="Comments, groups, persons; without them, everything that waits and matches a rule.",
            autocompletion=completing.moderated,
        ),
    ] = None,
    action: Annotated[Does | None, typer.Option(help="Do this, where no rule of the policy says what.")] = None,
    ground: Annotated[On | None, typer.Option(help="On this ground; left out: the one that holds.")] = None,
    because: Annotated[str | None, typer.Option(metavar="TEXT", help="Why, in a few words; with --action.")] = None,
    by_hand: Annotated[bool, typer.Option("--by-hand", help="You have done it on the platform yourself.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done, and why.")] = False,
    yes: Yes = False,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Show what the policy would hide, delete, mute, ban or report, and why; do it on a yes. Never a complaint.

    What stands there is kept as evidence before anything is touched. A ban is asked by itself. With --yes and nobody
    there, only what is named by its own id is deleted, muted or banned.

    Exits 6 if only some of it was done, 2 if all of it needs somebody to name it or to decide.

    \b
    Examples:
      caretool moderate --dry-run
      caretool moderate c7k2m9 --yes
      caretool moderate c7k2m9 --action hide --ground spam --because "a link to a casino"
    """
    from caretool.desk import moderating, proposing

    asked = _asked(ids, action, ground, because, by_hand)
    with desk_of(ctx, agent) as desk:
        plan = proposing.consider(desk, ids or [], asked)
        tell_wrongs(desk, [one.comment.id for one in plan.proposals] if ids else None)
        if dry_run or not (plan.ready or plan.to_settle):
            raise typer.Exit(_shown(desk, plan, as_json, dry_run))
        agreed = _careful(plan) if yes else _agreed(desk, plan, as_json)
        outcome = moderating.moderate(desk, [*agreed, *plan.to_settle], asked)
        outcome.left += [one for one in plan.proposals if one.needs_somebody and one not in agreed]
        outcome.left += [one for one in plan.ready if one not in agreed] if yes else []
        _tell(desk, plan, outcome, as_json)
    raise typer.Exit(outcome.exit_code)


def tell_wrongs(desk: Desk, comments: Sequence[str] | None) -> None:
    """Say what is in force about complaints, of these comments (None: all): read or written otherwise before."""
    from caretool.desk import undoing

    for one in undoing.wrongs(desk):
        if comments is None or one.comment in comments:
            say(f"{one.comment} is a complaint, and {one.id} is in force: caretool undo {one.id} --because …")


def _asked(
    ids: Sequence[str] | None, action: Does | None, ground: On | None, because: str | None, by_hand: bool
) -> Any:
    from caretool.desk.proposing import Asked

    if not ids and (action or by_hand):
        raise UsageProblem("Name the comments: --action and --by-hand are for what you have looked at.")
    if action and not (because and because.strip()):
        raise UsageProblem('Say why, in a few words: --because "…". It is kept with what is done.')
    if not action and (ground or because):
        raise UsageProblem(
            "--ground and --because belong to --action: what a rule does, the rule gives the reason for."
        )
    return Asked(action, ground, because, by_hand)


def _careful(plan: Plan) -> list[Proposal]:
    """What a --yes does: whatever is not careful, and what was named."""
    return [proposal for proposal in plan.ready if proposal.named or not proposal.careful]


def _agreed(desk: Desk, plan: Plan, as_json: bool) -> list[Proposal]:
    """Show it and ask; bans one by one. UsageProblem without any yes."""
    from caretool.domain.harmless import one_line

    if not somebody_is_there():
        raise UsageProblem("Nobody is here to say yes: add --yes, and name who is banned. Nothing was done.")
    apart = [proposal for proposal in plan.ready if proposal.action in _OWN_YES]
    together = [proposal for proposal in plan.ready if proposal not in apart]
    if not as_json:
        _table(desk, plan.proposals)
    agreed: list[Proposal] = []
    if together:
        for proposal in together:
            if as_json:  # stdout is kept for what became of it, and nobody says yes to what they have not seen
                say(f"{proposal.action} {proposal.comment.id}: {one_line(proposal.comment.masked, 60)}")
            _warn(desk, proposal)
        does = Counter(proposal.action for proposal in together)
        what = ", ".join(f"{action} {number}" for action, number in does.items())
        agreed += together if _confirmed(f"{what[:1].upper()}{what[1:]}?") else []
    for proposal in apart:
        _introduce(desk, proposal)
        agreed += [proposal] if _confirmed(f"Ban who wrote {proposal.comment.id}?") else []
    if not agreed and plan.ready:
        raise UsageProblem("Nothing was done.")
    return agreed


def _confirmed(question: str) -> bool:
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        say("")
        raise UsageProblem("Nothing was done.") from None


def _warn(desk: Desk, proposal: Proposal) -> None:
    """Say loudly what somebody has to know before this person is silenced."""
    from caretool.desk.proposing import known_of
    from caretool.domain.moderation import SILENCING

    if proposal.action not in SILENCING:
        return
    known = known_of(desk, proposal.comment)
    if known.promises:
        say(f"{proposal.comment.id}: A PROMISE TO THEM RUNS: {', '.join(known.promises[:5])}")
    waiting = [one for one in known.complaints if one != proposal.comment.id]
    if waiting:
        say(f"{proposal.comment.id}: A COMPLAINT OF THEIRS WAITS: {', '.join(waiting[:5])}")


def _introduce(desk: Desk, proposal: Proposal) -> None:
    """Who would be banned, and what is known of them."""
    from caretool.cli.screen import count, indented
    from caretool.desk.proposing import known_of
    from caretool.domain.harmless import one_line

    comment, known = proposal.comment, known_of(desk, proposal.comment)
    who = f"{_name(comment)} (@{one_line(comment.handle, 40)}) on {comment.account}, person {comment.person}"
    say(f"\n{comment.id}  {who}")
    say(indented(one_line(comment.masked, 300)))
    say(f"    ground: {proposal.decision.ground}; because {'; '.join(proposal.decision.why)}")
    history = (
        f"{count(known.comments, 'comment', 'comments')} known",
        count(known.complaints_ever, "complaint", "complaints"),
        count(len(known.promises), "open promise", "open promises"),
        f"silenced before: {known.silenced}",
    )
    say(f"    {', '.join(history)}")
    _warn(desk, proposal)


def _shown(desk: Desk, plan: Plan, as_json: bool, dry_run: bool) -> int:
    """Show a plan of which nothing is done; the exit code."""
    stuck = [] if dry_run else [proposal for proposal in plan.proposals if proposal.needs_somebody]
    if not (as_json and stuck):
        show(plan, as_json, plan_shape, lambda value: _table(desk, value.proposals))
    if stuck:
        _tell_left(stuck)
        say("Nothing was done.")
        return 2
    return 0


def plan_shape(plan: Plan) -> dict[str, Any]:
    """What would be done."""
    return {
        "proposals": [_proposal_shape(one) for one in plan.proposals],
        "done": [],
        "failed": [],
        "unsure": [],
        "left": [],
    }


def _proposal_shape(one: Proposal) -> dict[str, Any]:
    from caretool.reports.shapes import moment

    comment = one.comment
    copies = [copy for copy in one.copies if copy.comment != comment.id]
    return {
        "comment": comment.id,
        "account": comment.account,
        "person": comment.person,
        "action": one.action,
        "rule": one.decision.rule,
        "ground": one.decision.ground,
        "why": list(one.decision.why),
        "standing": one.standing,
        "told": one.told or None,
        "moderation": one.again.id if one.again else None,
        "evidence": {
            "url": comment.url,
            "written_at": moment(comment.written_at),
            "hash": one.hash,
            "copies": [{"comment": copy.comment, "account": copy.account, "url": copy.url} for copy in copies],
        },
    }


def _table(desk: Desk, proposals: Sequence[Proposal]) -> None:
    from caretool.cli.screen import table
    from caretool.domain.harmless import one_line

    if not proposals:
        out("Nothing waits about which a rule would do something.")
        return
    rows = [
        (
            one.action if one.standing == "ready" else f"({one.action})",
            one.comment.id,
            one.comment.account,
            _name(one.comment),
            one.decision.ground or "",
            one.told or one_line("; ".join(one.decision.why)),
            one_line(one.comment.masked, 40),
        )
        for one in proposals[:_MOST]
    ]
    table(("would", "comment", "account", "from", "ground", "because", "what it says"), rows)
    if len(proposals) > _MOST:
        out(f"… and {len(proposals) - _MOST} more: --json has them all")


def _name(comment: Comment) -> str:
    from caretool.domain.harmless import one_line

    return one_line(comment.name or comment.handle, 24)


def _tell(desk: Desk, plan: Plan, outcome: Moderated, as_json: bool) -> None:
    from caretool.cli.telling import tell_problems

    for one in plan.ready:
        if one.comment.id in {done.comment for done in outcome.done}:
            _warn(desk, one)
    tell_problems(outcome.problems)
    _tell_left(outcome.left)
    if not (as_json and outcome.exit_code in (1, 2, 4)):
        show(outcome, as_json, lambda value: {**plan_shape(plan), **_outcome_shape(value)}, _outcome_text)


def _tell_left(left: Sequence[Proposal]) -> None:
    from caretool.domain.harmless import one_line

    for one in left[:_MOST]:
        if one.standing == "ready" and one.careful:
            whom = "it" if one.action in ("hide", "delete", "report") else "who wrote it"
            say(f"{one.comment.id} is left: to {one.action} {whom}, name it: caretool moderate {one.comment.id}")
        elif one.standing != "settle":
            say(f"{one.comment.id} is left: {one_line(one.told) or 'it was not tried'}")
    if len(left) > _MOST:
        say(f"… and {len(left) - _MOST} more")


def _outcome_shape(outcome: Moderated) -> dict[str, Any]:
    from caretool.reports import moderation

    return {
        "done": [moderation.one(each) for each in outcome.done],
        "failed": [moderation.one(each) for each in outcome.failed],
        "unsure": [moderation.one(each) for each in outcome.unsure],
        "left": [_proposal_shape(each) for each in outcome.left],
    }


def _outcome_text(outcome: Moderated) -> None:
    from caretool.cli.screen import table
    from caretool.domain.moderation import REVERSIBLE

    rows = [
        (one.id, one.action, one.comment, one.account, one.ground or "", one.state)
        for one in (*outcome.done, *outcome.failed, *outcome.unsure)
    ]
    table(("id", "what", "comment", "account", "ground", ""), rows)
    reversible = next((one for one in outcome.done if one.action in REVERSIBLE), None)
    if reversible is not None:
        out(f"To take it back: caretool undo {reversible.id} --because …")


def tell_moderations(moderations: Sequence[Moderation], zone: ZoneInfo, *, unmasked: bool) -> None:
    """What was done about a comment or a person, with its evidence."""
    from caretool.cli.screen import indented
    from caretool.domain.harmless import one_line
    from caretool.domain.masking import roughly_masked
    from caretool.domain.moment import stamp

    for one in moderations:
        facts = [one.ground, f"rule {one.rule!r}" if one.rule else None, "by hand" if one.by_hand else None, one.state]
        told = " · ".join(fact for fact in facts if fact)
        out(f"\n{one.id}  {one.action} {one.comment} on {one.account}, by {one.agent}  {stamp(one.made_at, zone)}")
        out(f"    [{one_line(told)}]")
        reasons = {"because": one.because, "went wrong:": one.error, "undone because": one.undone_because}
        for name, reason in reasons.items():
            if reason:
                out(indented(f"{name} {one_line(reason)}"))
        if one.evidence is not None:
            copies = f", {len(one.evidence.copies)} copies" if one.evidence.copies else ""
            said = one.evidence.text if one.evidence.text is not None else "(forgotten)"
            out(indented(f'it said: "{one_line(said if unmasked else roughly_masked(said), 300)}"'))
            out(f"    evidence {one.evidence.hash[:16]}…, kept {stamp(one.evidence.kept_at, zone)}{copies}")


def undo(
    ctx: typer.Context,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="What was done (m…), or the comment about which it was.",
            autocompletion=completing.undoable,
        ),
    ],
    because: Because,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="You have taken it back on the platform yourself.")
    ] = False,
    agent: AsAgent = None,
    as_json: AsJson = False,
) -> None:
    """Show again what was hidden, let in again who was muted or banned. A comment closed by that waits again.

    What was deleted or reported stays so: no platform takes that back.

    \b
    Example:
      caretool undo m7k2m9 --because "it was a joke among friends"
    """
    from caretool.desk import undoing

    with desk_of(ctx, agent) as desk:
        undone = undoing.undo(desk, subject, because.strip(), by_hand=by_hand)
    show(undone, as_json, _undone_shape, _undone_text)


def _undone_shape(undone: Undone) -> dict[str, Any]:
    from caretool.reports import moderation, shapes

    return {
        "undone": [moderation.one(one) for one in undone.moderations],
        "comments": [shapes.comment(one) for one in undone.comments],
    }


def _undone_text(undone: Undone) -> None:
    from caretool.cli.screen import count

    for one in undone.moderations:
        out(f"{one.id} is undone: the {one.action} of {one.comment} on {one.account}.")
    if undone.comments:
        waits = count(len(undone.comments), "comment waits", "comments wait")
        out(f"{waits} again: caretool show {undone.comments[0].id}")
