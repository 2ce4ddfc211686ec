"""A second pair of eyes: whether a reply waits for somebody else's yes, for whose, and why (R3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from caretool.desk import committing, composing, permitting
from caretool.desk.desk import Desk
from caretool.desk.request import Composed, Request
from caretool.domain import approval
from caretool.domain.approval import Awaited, Matter
from caretool.domain.comment import Comment
from caretool.domain.policy import Agent
from caretool.domain.roles import Ability, Role
from caretool.errors import UsageProblem


def awaited(desk: Desk, writer: Agent, request: Request, composed: Composed) -> Awaited | None:
    """Whose yes these replies wait for, and why; None: the writer's own is enough."""
    return approval.awaited(_reasons(desk, writer, request, composed))


def expected(desk: Desk, request: Request, composed: Composed, by_hand: str | None) -> Awaited | None:
    """The same for whoever is at the desk, before anything is written; UsageProblem as `demand_eyes` has it."""
    writer = desk.agent()
    waits = awaited(desk, writer, request, composed)
    return demand_eyes(desk, writer, waits, composed, by_hand=by_hand is not None) if waits is not None else None


def waits_already(desk: Desk, comments: Sequence[str]) -> list[str]:
    """A sentence for each draft that waits for a yes and answers one of these comments."""
    found = []
    for draft in desk.store.replies.drafts("awaiting"):
        answered = {comment for reply in desk.store.replies.of_draft(draft.id) for comment in reply.comments}
        if both := [comment for comment in comments if comment in answered]:
            more = f" and {len(both) - 1} more of these" if len(both) > 1 else ""
            found.append(f"{draft.id} by {draft.agent} waits for approval already, and answers {both[0]}{more}.")
    return found


def demand_eyes(desk: Desk, writer: Agent, waits: Awaited, composed: Composed, *, by_hand: bool) -> Awaited:
    """With those who may say that yes. UsageProblem where nobody may, or where it was posted by hand without it."""
    why = "; ".join(waits.why)
    if by_hand:
        raise UsageProblem(f"This waits for approval ({why}): it cannot have been posted by hand already.")
    who = permitting.who_may(desk, waits.by, accounts_of(composed), but=writer.id)
    if not who:
        raise UsageProblem(f"This waits for approval ({why}), and nobody but {writer.id} could give it.")
    return replace(waits, who=who)


def demand_answer(desk: Desk, request: Request, agent: Agent, comments: Sequence[Comment]) -> None:
    """UsageProblem where this agent may not answer these comments, or not so: other accounts, the manager's matters.
    What is the manager's may be left for the manager as a draft (`request.draft`)."""
    permitting.demand_for(desk, agent, "draft", comments)
    theirs = [comment.account for comment in comments]
    escalated = next((comment for comment in comments if comment.escalation), None)
    if escalated is not None:
        matter = f"{escalated.id} is a matter of {escalated.escalation}"
        if not (request.draft or permitting.may(agent, "answer-escalated")):
            raise UsageProblem(f"{matter}: only a manager answers it{_leave(desk, theirs)}")
        if request.template is not None:
            raise UsageProblem(f"{matter}: no template answers it; use --text or --edit.")
    reserved = request.template is not None and composing.template_of(desk, request.template).reserved
    if reserved and not (request.draft or permitting.may(agent, "answer-reserved")):
        what = f"Template {request.template!r} is the manager's, and {agent.id} is {agent.role}"
        raise UsageProblem(f"{what}: only a manager uses it{_leave(desk, theirs)}")


def accounts_of(composed: Composed) -> list[str]:
    """The accounts on which these replies would go out."""
    return list(dict.fromkeys(part.target.account for part in composed.parts))


def _leave(desk: Desk, accounts: Sequence[str]) -> str:
    who = ", ".join(permitting.who_may(desk, "manager", accounts))
    return f" ({who}). To write it and leave it for their yes: --draft."


def _reasons(desk: Desk, writer: Agent, request: Request, composed: Composed) -> Iterator[tuple[Role, str]]:
    if not permitting.may(writer, "reply"):
        yield "agent", f"{writer.id} is a {writer.role}"
    elif request.draft:
        yield "agent", f"{writer.id} asks for a second pair of eyes"
    yield from _managers(desk, writer, request, composed)
    yield from approval.matching(desk.policy.approvals, _matters(desk, writer, request, composed))


def _managers(desk: Desk, writer: Agent, request: Request, composed: Composed) -> Iterator[tuple[Role, str]]:
    what: Ability = "answer-escalated"
    comments = [comment for part in composed.parts for comment in part.comments]
    matters = dict.fromkeys(comment.escalation for comment in comments if comment.escalation)
    if not permitting.may(writer, what):
        yield from (("manager", f"a matter of {matter}") for matter in matters)
    template = desk.settings.templates.get(request.template) if request.template is not None else None
    if template is not None and template.reserved and not permitting.may(writer, "answer-reserved"):
        yield "manager", f"template {template.id} is the manager's"


def _matters(desk: Desk, writer: Agent, request: Request, composed: Composed) -> list[Matter]:
    """Each reply as the rules see it."""
    people = len({comment.person for part in composed.parts for comment in part.comments})
    promised = _promised(desk, composed)
    found = []
    for index, part in enumerate(composed.parts):
        account = desk.account(part.target.account)
        found.append(
            Matter(
                kinds=_set(comment.kind for comment in part.comments),
                tones=_set(comment.tone for comment in part.comments),
                topics=_set(comment.topic for comment in part.comments),
                languages=_set(comment.language for comment in part.comments),
                account=account.name,
                platform=account.platform,
                private=part.target.private,
                template=request.template,
                promises=promised[index],
                people=people,
                role=writer.role,
            )
        )
    return found


def _promised(desk: Desk, composed: Composed) -> list[frozenset[str]]:
    """The kinds that each reply promises, and those that it has words for: what its writer gives another name, or says
    to be no promise, still reads like one, and so does what hangs on a condition."""
    kinds = [{one.kind for one in composed.promises if one.part == index} for index in range(len(composed.parts))]
    if any(rule.when.promise is not None for rule in desk.policy.approvals):
        found = committing.find_commitments(desk, [part.text for part in composed.parts], desk.clock())
        for own, words in zip(kinds, found, strict=True):
            own.update(one.promise_kind for one in words)
    return [frozenset(own) for own in kinds]


def _set(values: Iterator[str | None]) -> frozenset[str]:
    return frozenset(value for value in values if value is not None)
