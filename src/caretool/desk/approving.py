"""Approve and reject: somebody else's eyes on what may not go out without them (R3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from caretool.desk import (
    composing,
    deciding,
    looking,
    outdated,
    permitting,
    replying,
    rewarding,
    seconding,
    triaging,
    waiving,
)
from caretool.desk.desk import Desk
from caretool.desk.replying import Outcome
from caretool.desk.request import Composed, Request
from caretool.domain import roles
from caretool.domain.changed import side_by_side
from caretool.domain.comment import Comment
from caretool.domain.draft import Check, Draft, Refusal, Reply
from caretool.domain.harmless import one_line
from caretool.domain.moment import stamp
from caretool.domain.policy import Agent
from caretool.errors import NotFound, UsageProblem


@dataclass(frozen=True, slots=True)
class Waiting:
    """A draft that waits for somebody's yes: its replies, the comments they answer, who may give it. `yours`: whoever
    is at the desk is one of them. `stale`: what became of what it answers, where it can no longer be approved."""

    draft: Draft
    replies: tuple[Reply, ...]
    comments: tuple[Comment, ...]
    who: tuple[str, ...]
    yours: bool
    stale: str | None = None


def waiting(desk: Desk) -> list[Waiting]:
    """Every draft that waits, the oldest first."""
    return [about(desk, draft) for draft in desk.store.replies.drafts("awaiting")]


def about(desk: Desk, draft: Draft) -> Waiting:
    """One draft that waits, with everything who decides on it wants to know."""
    replies = desk.store.replies.of_draft(draft.id)
    comments = desk.store.comments.by_ids([comment for reply in replies for comment in reply.comments])
    accounts = list(dict.fromkeys(reply.account for reply in replies))
    who = permitting.who_may(desk, draft.by, accounts, but=draft.agent)
    stale = deciding.stale(draft, [comment.state for comment in comments])
    return Waiting(draft, tuple(replies), tuple(comments), who, desk.onlooker() in who, stale)


def find(desk: Desk, typed: str) -> Draft:
    """The waiting draft meant by its id or by one of its replies'."""
    found = desk.store.resolve(typed, ("d", "r", "g"))
    if found.startswith("r"):
        found = desk.store.replies.by_ids([found])[0].draft
    if found.startswith("g"):
        ours = [draft for draft in desk.store.replies.drafts("awaiting") if draft.group == found]
        if len(ours) > 1:
            waiting = ", ".join(draft.id for draft in ours)
            raise NotFound(f"Several drafts for group {found} wait for approval: {waiting}; name one.")
        if not ours:
            back = [draft for draft in desk.store.replies.drafts("rejected") if draft.group == found]
            last = f": {back[-1].id}, {_became(desk, back[-1])}" if back else ""
            raise NotFound(f"No draft for group {found} waits for approval{last}.")
        return ours[0]
    draft = desk.store.replies.draft(found)
    if draft is None or draft.state != "awaiting":
        raise UsageProblem(f"{typed} does not wait for approval: {_became(desk, draft) if draft else 'it is unknown'}.")
    return draft


def _became(desk: Desk, draft: Draft) -> str:
    """What was decided about a draft, by whom, when and why."""
    if draft.state != "rejected" or draft.decided_at is None:
        return f"it is {draft.state}"
    why = f": {one_line(draft.because, 200).rstrip('.')}" if draft.because else ""
    return f"{draft.decided_by} gave it back {stamp(draft.decided_at, desk.zone)}{why}"


def consider(desk: Desk, draft: Draft, waive: Sequence[Check] = ()) -> Composed:
    """The draft as it would go out if approved now: times fixed anew, every check made again, save what the one at the
    desk waives."""
    decider = _decider(desk, draft)
    request, writer = _request(desk, draft, waive)
    replying.look_again(desk, request)
    triaging.read_these(desk, request.comments)
    try:
        standing = replying.standing(desk, request, decider, closed_is_done=True)
        against = [*_rejectable(draft, standing), *_outdated(desk, draft, request)]
        composed = composing.compose(desk, request, writer, desk.clock())
    except NotFound as gone:
        raise _gone(draft, gone) from gone
    _demand_role(desk, draft, request, composed, writer, decider)
    composed = replace(composed, refusals=(*against, *composed.refusals))
    return waiving.waived(desk, composed, request, decider)


def approve(desk: Desk, draft: Draft, *, shown: Composed | None, waive: Sequence[Check] = ()) -> Outcome:
    """Take a waiting draft into the outbox, as `replying.approve` does; the writer's name stays under it."""
    decider = _decider(desk, draft)
    now = desk.clock()
    with desk.store.writing():
        request, writer = _request(desk, draft, waive)
        try:
            composed, stopped = replying.checked(desk, request, writer, decider, now, shown)
        except NotFound as gone:
            raise _gone(draft, gone) from gone
        outdated_now = _outdated(desk, draft, request)
        if outdated_now:
            others = _rejectable(draft, stopped.refusals) if stopped is not None else []
            return Outcome(composed, refusals=(*outdated_now, *others))
        if stopped is not None:
            return replace(stopped, refusals=tuple(_rejectable(draft, stopped.refusals)))
        _demand_role(desk, draft, request, composed, writer, decider)
        if not desk.store.replies.decide(draft.id, "approved", by=decider.id, at=now):
            raise UsageProblem(f"{draft.id} was decided by somebody else meanwhile.")
        desk.store.replies.drop_of_draft(draft.id)
        approved = replace(draft, state="approved")
        return replying.settle(desk, approved, composed, writer, decider, now, request, None)


def reject(desk: Desk, draft: Draft, because: str) -> None:
    """Send a draft back to its writer with the reason; its comments still wait."""
    decider = _decider(desk, draft)
    if not roles.at_least(decider.role, draft.by):
        raise _too_low(desk, draft, decider)
    now = desk.clock()
    with desk.store.writing():
        if not desk.store.replies.decide(draft.id, "rejected", by=decider.id, at=now, because=because):
            raise UsageProblem(f"{draft.id} was decided by somebody else meanwhile.")
        for reply in desk.store.replies.of_draft(draft.id):
            why = f"rejected by {decider.id}: {because}"
            desk.store.replies.change(reply.id, "rejected", was=("awaiting",), error=why)
        rewarding.take_back(desk, [reply.id for reply in desk.store.replies.of_draft(draft.id)], decider.id, now)
        desk.store.journal.write("draft-rejected", [draft.id], agent=decider.id, at=now)


def _rejectable(draft: Draft, refusals: Sequence[Refusal]) -> list[Refusal]:
    """Refusals with what can be done about them in a draft: its comments are fixed, so none is left out."""
    instead = f"Give it back: {deciding.rejecting(draft)}"
    return [replace(one, suggest=instead) if one.check == "already-answered" else one for one in refusals]


def _decider(desk: Desk, draft: Draft) -> Agent:
    decider = desk.agent()
    if not permitting.may(decider, "approve") or decider.id == draft.agent:
        raise _too_low(desk, draft, decider)
    permitting.demand(desk, decider, "approve", {reply.account for reply in desk.store.replies.of_draft(draft.id)})
    return decider


def _demand_role(desk: Desk, draft: Draft, request: Request, composed: Composed, writer: Agent, decider: Agent) -> None:
    """UsageProblem where the rules, as they are now, ask for somebody higher."""
    waits = seconding.awaited(desk, writer, request, composed)
    if waits is not None and not roles.at_least(decider.role, waits.by):
        raise _too_low(desk, replace(draft, by=waits.by, why=waits.why), decider)


def _too_low(desk: Desk, draft: Draft, decider: Agent) -> UsageProblem:
    who = about(desk, draft).who
    named = f" ({', '.join(who)})" if who else ""
    why = f": {'; '.join(draft.why)}" if draft.why else ""
    return UsageProblem(
        f"{decider.id} may not decide on this draft: it takes {roles.who(draft.by)} other than its writer{named}{why}."
    )


def _request(desk: Desk, draft: Draft, waive: Sequence[Check]) -> tuple[Request, Agent]:
    writer = desk.settings.agents.get(draft.agent)
    if writer is None:
        raise UsageProblem(f"{draft.id} was written by {draft.agent}, who is no longer in accounts.toml: reject it.")
    # Who joined the group since is not part of this draft: its comments are fixed. That its writer left it for somebody
    # else gives whoever decides no right of their own.
    request = Request.from_json(draft.request)
    return replace(request, groups=(), include_new=True, draft=False, waive=tuple(waive)), writer


def _gone(draft: Draft, gone: NotFound) -> UsageProblem:
    """What the draft uses is no longer there: a template, a kind of promise, an account."""
    return UsageProblem(f"{draft.id} can no longer go out as it was written: {gone} Reject it, or put that back.")


def _outdated(desk: Desk, draft: Draft, request: Request) -> list[Refusal]:
    """What is no longer as the writer saw it, with the difference."""
    ids = looking.edited_since(desk, draft, request.comments)
    comments = desk.store.comments.by_ids(request.comments)
    known = [comment for comment in comments if comment.id in ids and comment.id in request.said]
    before = {comment.id: outdated.text_then(desk, comment, request.said[comment.id]) for comment in known}
    found = [*outdated.edited(desk, ids, before), *outdated.read_otherwise(desk, request.read, comments)]
    return [replace(one, suggest=f"Give it back, to be written anew: {deciding.rejecting(draft)}") for one in found]


def since(desk: Desk, draft: Draft, composed: Composed) -> Sequence[str]:
    """What else has changed since a draft was written, and does not stand against it."""
    request = Request.from_json(draft.request)
    remarks = []
    if draft.group is not None:
        waiting_now = desk.store.comments.waiting_in(draft.group)
        joined = [comment for comment in waiting_now if comment.id not in request.comments]
        if joined:
            more = "1 comment has" if len(joined) == 1 else f"{len(joined)} comments have"
            remarks.append(f"{more} joined {draft.group} since {draft.agent} wrote this: it does not answer them.")
    written = [reply.text for reply in desk.store.replies.of_draft(draft.id)]
    now = [part.text for part in composed.parts]
    if len(written) == len(now) and written != now:
        was, is_now = next(pair for pair in zip(written, now, strict=True) if pair[0] != pair[1])
        remarks.append(
            "It reads otherwise than {} wrote it: “{}” is now “{}”.".format(
                draft.agent, *side_by_side(one_line(was, 10_000), one_line(is_now, 10_000))
            )
        )
    return remarks
