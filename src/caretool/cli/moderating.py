"""moderate: what the policy would do about a comment or its author, and doing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from caretool.cli import completing
from caretool.cli.context import AsAgent, AsJson, Yes, desk_of, out, say, show, somebody_is_there
from caretool.errors import UsageProblem

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from caretool.desk.desk import Desk
    from caretool.desk.moderating import Moderated
    from caretool.desk.proposing import Plan, Proposal
    from caretool.domain.comment import Comment
    from caretool.domain.moderation import Moderation

_MOST = 50
_NAMED = 5
_OWN_YES = ("ban",)

Does = Literal["hide", "unhide", "delete", "mute", "ban", "report"]
On = Literal["spam", "abuse", "repeated", "personal-data"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(moderate)


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
    there, only what is named by its own id is deleted, muted or banned. What somebody has undone is done again only by
    its own id. For an account of files a line is written for a person, who carries it out on the platform.

    Exits 6 if only some of it was done, 2 if all of it needs somebody to name it or to decide, 5 if what --action asks
    for is refused: it is a complaint, or without a ground.

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
            raise typer.Exit(_shown(plan, as_json, dry_run))
        agreed = _careful(plan) if yes else _agreed(desk, plan, as_json)
        outcome = moderating.moderate(desk, [*agreed, *plan.to_settle], asked)
        outcome.left += [one for one in plan.proposals if one.needs_somebody and one not in agreed]
        outcome.left += [one for one in plan.ready if one not in agreed] if yes else []
        if yes:  # nobody was asked, so nobody was told
            _warn_of_done(desk, plan, outcome)
        _tell(plan, outcome, as_json, told=not (yes or as_json))
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
        to_name = [one.comment.id for one in plan.ready if one.careful and not one.named]
        name = f", and name {_some(to_name)}, which a yes to everything leaves out" if to_name else ""
        raise UsageProblem(
            f"Nobody is here to say yes: add --yes{name}, or look first with --dry-run. Nothing was done."
        )
    apart = [proposal for proposal in plan.ready if proposal.action in _OWN_YES]
    together = [proposal for proposal in plan.ready if proposal not in apart]
    if not as_json:
        _table(plan)
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
    """Say what somebody has to know before this is done, and loudly before a person is silenced."""
    from caretool.desk.proposing import known_of
    from caretool.domain.harmless import one_line
    from caretool.domain.moderation import SILENCING
    from caretool.domain.moment import stamp

    undone = proposal.undone
    if undone is not None and undone.undone_at is not None:
        why = f": because {one_line(undone.undone_because)}" if undone.undone_because else ""
        on = stamp(undone.undone_at, desk.zone)
        say(f"{proposal.comment.id}: {undone.undone_by} undid this ({undone.action}) on {on}{why}")
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
    from caretool.domain.harmless import one_line, short_name

    comment, known = proposal.comment, known_of(desk, proposal.comment)
    who = f"{_name(comment)} ({short_name(comment.handle)}) on {comment.account}, person {comment.person}"
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


def _shown(plan: Plan, as_json: bool, dry_run: bool) -> int:
    """Show a plan of which nothing is done; the exit code."""
    stuck = [] if dry_run else [proposal for proposal in plan.proposals if proposal.needs_somebody]
    if not (as_json and stuck):
        show(plan, as_json, plan_shape, _table)
    if not stuck:
        return 0
    if as_json:
        _tell_left(stuck)
    say("Nothing was done: it needs somebody, as is said of each.")
    return 2


def plan_shape(plan: Plan) -> dict[str, Any]:
    """What would be done."""
    return {
        "proposals": [_proposal_shape(one) for one in plan.proposals],
        "done": [],
        "failed": [],
        "unsure": [],
        "left": [],
        "protected": plan.protected,
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


def _table(plan: Plan) -> None:
    """What would be done, and below it, in full, why and what a person does about the rest."""
    from caretool.cli.screen import count, table
    from caretool.domain.harmless import one_line

    listed = plan.proposals[:_MOST]
    if not listed:
        out("Nothing waits about which a rule would do something.")
    rows = [
        (
            one.action if one.standing == "ready" else f"({one.action})",
            one.comment.id,
            one.comment.account,
            _name(one.comment),
            one.decision.rule or "",
            one.decision.ground or "",
            one_line(one.comment.masked, 40),
        )
        for one in listed
    ]
    table(("would", "comment", "account", "from", "rule", "ground", "what it says"), rows)
    for ids, why in _together((one.comment.id, one.told or "; ".join(one.decision.why)) for one in listed):
        out(f"{ids}: {one_line(why)}")
    if len(plan.proposals) > _MOST:
        out(f"… and {len(plan.proposals) - _MOST} more: --json has them all")
    if plan.protected:
        match = count(plan.protected, "comment that waits matches", "comments that wait match")
        out(f"{match} a rule that is not applied: a complaint is never silenced.")


def _together(told: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """What is said of several comments, once, with their ids."""
    ids: dict[str, list[str]] = {}
    for one, what in told:
        ids.setdefault(what, []).append(one)
    return [(_some(whose), what) for what, whose in ids.items()]


def _some(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return f"{', '.join(ids[:_NAMED])}{more}"


def _name(comment: Comment) -> str:
    from caretool.domain.harmless import short_name

    return short_name(comment.name or comment.handle)


def _warn_of_done(desk: Desk, plan: Plan, outcome: Moderated) -> None:
    done = {one.comment for one in outcome.done}
    for proposal in plan.ready:
        if proposal.comment.id in done:
            _warn(desk, proposal)


def _tell(plan: Plan, outcome: Moderated, as_json: bool, *, told: bool) -> None:
    """What became of it; `told`: what needs somebody was said before the question."""
    from caretool.cli.telling import tell_problems

    tell_problems(outcome.problems)
    _tell_left([one for one in outcome.left if not (told and one.needs_somebody)])
    if not (as_json and outcome.exit_code in (1, 2, 4)):
        show(outcome, as_json, lambda value: {**plan_shape(plan), **_outcome_shape(value)}, _outcome_text)


def _tell_left(left: Sequence[Proposal]) -> None:
    from caretool.domain.harmless import one_line

    for ids, why in _together((one.comment.id, _why_left(one)) for one in left if one.standing != "settle"):
        say(f"Nothing was done about {ids}: {one_line(why)}")


def _why_left(one: Proposal) -> str:
    if one.standing == "ready" and one.careful:
        whom = "it" if one.action in ("hide", "delete", "report") else "who wrote it"
        return f"to {one.action} {whom}, name it: caretool moderate {one.comment.id}"
    return one.told or "it was not tried"


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
    from caretool.domain.harmless import one_line
    from caretool.domain.moderation import REVERSIBLE
    from caretool.reports.moderation import stands

    rows = [
        (one.id, one.action, one.comment, one.account, one.ground or "", stands(one))
        for one in (*outcome.done, *outcome.failed, *outcome.unsure)
    ]
    table(("id", "what", "comment", "account", "ground", ""), rows)
    for account, file in dict.fromkeys((one.account, one.handed_to) for one in outcome.done):
        if file is not None:
            out(f"Nothing is done on {account} yet: {one_line(file)} says what a person has to do there.")
    reversible = next((one for one in outcome.done if one.action in REVERSIBLE), None)
    if reversible is not None:
        out(f"To take it back: caretool undo {reversible.id} --because …")


def tell_moderations(moderations: Sequence[Moderation], zone: ZoneInfo, *, unmasked: bool) -> None:
    """What was done about a comment or a person, with its evidence."""
    from caretool.cli.screen import count, indented
    from caretool.domain.harmless import one_line
    from caretool.domain.masking import roughly_masked
    from caretool.domain.moment import stamp
    from caretool.reports.moderation import stands

    for one in moderations:
        facts = [one.ground, f"rule {one.rule!r}" if one.rule else None, stands(one)]
        told = " · ".join(fact for fact in facts if fact)
        out(f"\n{one.id}  {one.action} {one.comment} on {one.account}, by {one.agent}  {stamp(one.made_at, zone)}")
        out(f"    [{one_line(told)}]")
        reasons = {"because": one.because, "went wrong:": one.error, "undone because": one.undone_because}
        for name, reason in reasons.items():
            if reason:
                out(indented(f"{name} {one_line(reason)}"))
        if one.evidence is not None:
            copies = f", {count(len(one.evidence.copies), 'copy', 'copies')}" if one.evidence.copies else ""
            said = one.evidence.text if one.evidence.text is not None else "(forgotten)"
            out(indented(f'it said: "{one_line(said if unmasked else roughly_masked(said), 300)}"'))
            out(f"    evidence {one.evidence.hash[:16]}…, kept {stamp(one.evidence.kept_at, zone)}{copies}")
