"""Approve and reject: somebody else's eyes on a trainee's draft (R3)."""

from __future__ import annotations

from dataclasses import replace

from caretool.desk import composing, looking, replying, triaging
from caretool.desk.desk import Desk
from caretool.desk.replying import Outcome
from caretool.desk.request import Composed, Request
from caretool.domain.draft import Draft
from caretool.domain.policy import Agent
from caretool.errors import NotFound, UsageProblem


def find(desk: Desk, typed: str) -> Draft:
    """The waiting draft meant by its id or by one of its replies'."""
    found = desk.store.resolve(typed, ("d", "r", "g"))
    if found.startswith("r"):
        found = desk.store.replies.by_ids([found])[0].draft
    if found.startswith("g"):
        ours = [draft for draft in desk.store.replies.drafts("awaiting") if draft.group == found]
        if len(ours) != 1:
            waiting = ", ".join(draft.id for draft in ours)
            raise NotFound(
                f"Several drafts for group {found} wait for approval: {waiting}; name one."
                if ours
                else f"No draft for group {found} waits for approval."
            )
        return ours[0]
    draft = desk.store.replies.draft(found)
    if draft is None or draft.state != "awaiting":
        raise UsageProblem(f"{typed} does not wait for approval: it is {draft.state if draft else 'unknown'}.")
    return draft


def consider(desk: Desk, draft: Draft) -> Composed:
    """The draft as it would go out if approved now: times fixed anew, every check made again."""
    decider = _decider(desk, draft)
    request, writer = _request(desk, draft)
    replying.look_again(desk, request)
    triaging.read_these(desk, request.comments)
    against = [
        *replying.standing(desk, request, decider, closed_is_done=True),
        *replying.edited_meanwhile(desk, looking.edited_since(desk, draft, request.comments)),
    ]
    composed = composing.compose(desk, request, writer, desk.clock())
    return replace(composed, refusals=(*against, *composed.refusals))


def approve(desk: Desk, draft: Draft, *, shown: Composed | None) -> Outcome:
    """Take a waiting draft into the outbox, as `replying.approve` does; the trainee's name stays under it."""
    decider = _decider(desk, draft)
    now = desk.clock()
    with desk.store.writing():
        request, writer = _request(desk, draft)
        composed, stopped = replying.checked(desk, request, writer, decider, now, shown)
        edited = replying.edited_meanwhile(desk, looking.edited_since(desk, draft, request.comments))
        if edited:
            return Outcome(composed, refusals=(*edited, *(stopped.refusals if stopped is not None else ())))
        if stopped is not None:
            return stopped
        if not desk.store.replies.decide(draft.id, "approved", by=decider.id, at=now):
            raise UsageProblem(f"{draft.id} was decided by somebody else meanwhile.")
        desk.store.replies.drop_of_draft(draft.id)
        approved = replace(draft, state="approved")
        return replying.settle(desk, approved, composed, writer, decider, now, request, None)


def reject(desk: Desk, draft: Draft, because: str) -> None:
    """Send a draft back with the reason; its comments still wait."""
    decider = _decider(desk, draft)
    now = desk.clock()
    with desk.store.writing():
        if not desk.store.replies.decide(draft.id, "rejected", by=decider.id, at=now, because=because):
            raise UsageProblem(f"{draft.id} was decided by somebody else meanwhile.")
        for reply in desk.store.replies.of_draft(draft.id):
            why = f"rejected by {decider.id}: {because}"
            desk.store.replies.change(reply.id, "rejected", was=("awaiting",), error=why)
        desk.store.journal.write("draft-rejected", [draft.id], agent=decider.id, at=now)


def _decider(desk: Desk, draft: Draft) -> Agent:
    decider = desk.agent()
    if decider.role == "trainee" or decider.id == draft.agent:
        raise UsageProblem(
            f"{decider.id} may not decide on this draft: it takes an agent or a manager other than its writer."
        )
    return decider


def _request(desk: Desk, draft: Draft) -> tuple[Request, Agent]:
    writer = desk.settings.agents.get(draft.agent)
    if writer is None:
        raise UsageProblem(f"{draft.id} was written by {draft.agent}, who is no longer in accounts.toml: reject it.")
    # Who joined the group since is not part of this draft: its comments are fixed.
    return replace(Request.from_json(draft.request), groups=(), include_new=True), writer
