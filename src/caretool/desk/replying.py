"""Reply: from what an agent typed to an approved reply with its promises, written in one transaction or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from caretool.desk import (
    claiming,
    composing,
    following,
    knowing,
    looking,
    outdated,
    permitting,
    promising,
    rewarding,
    seconding,
    tokens,
    triaging,
    waiving,
)
from caretool.desk.desk import Desk
from caretool.desk.request import Composed, Planned, Request
from caretool.domain.approval import Awaited
from caretool.domain.comment import Comment, CommentState
from caretool.domain.draft import Draft, Refusal, Reply
from caretool.domain.policy import Agent
from caretool.domain.promise import Promise
from caretool.domain.reward import Reward
from caretool.errors import NotFound, UsageProblem
from caretool.store.promises import NewPromise


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request: the replies (ids are None in a dry run or a refusal), promises, refusals.

    `state` is `approved` (in the outbox), `awaiting` (`awaited` says whose yes), `posted` (by hand); None: nothing was
    written.
    """

    composed: Composed
    replies: tuple[Reply, ...] = ()
    promises: tuple[Promise, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    state: str | None = None
    rewards: tuple[Reward, ...] = ()
    awaited: Awaited | None = None


def make_request(desk: Desk, ids: Sequence[str], asked: Request) -> Request:
    """The request with what was typed resolved: groups to their waiting comments, short ids to whole ones."""
    comments: list[str] = []
    groups: list[str] = []
    for typed in ids:
        found = desk.store.resolve(typed, ("g", "c"))
        if found.startswith("g"):
            waiting = desk.store.comments.waiting_in(found)
            if not waiting:
                raise NotFound(f"Nobody waits in group {found}: {outdated.whereabouts(desk, found)}")
            groups.append(found)
            comments += [comment.id for comment in waiting]
        else:
            knowing.refuse_erased(desk, [found])
            comments.append(found)
    return replace(asked, comments=tuple(dict.fromkeys(comments)), groups=tuple(groups))


def suggestion_for(desk: Desk, request: Request) -> tuple[str | None, bool, tuple[str, ...]]:
    """The template suggested for these comments, whether it is sure, and the alternatives."""
    comments = desk.store.comments.by_ids(request.comments)
    groups = list(dict.fromkeys(comment.group for comment in comments if comment.group))
    offered = [group.suggestion for name in groups if (group := desk.store.groups.by_id(name))]
    names = {one.template for one in offered if one is not None}
    if len(names) != 1 or None in offered:
        return None, False, tuple(sorted(names))
    first = offered[0]
    assert first is not None
    return first.template, all(one is not None and one.sure for one in offered), first.alternatives


def consider(desk: Desk, request: Request) -> Composed:
    """What the reply would be, with everything that speaks against it; nothing is written."""
    agent = desk.agent()
    now = desk.clock()
    triaging.read_these(desk, request.comments)
    against = [*standing(desk, request, agent), *claiming.against(desk, request.comments, agent.id)]
    composed = composing.compose(desk, request, agent, now)
    composed = replace(composed, refusals=(*against, *composed.refusals))
    return waiving.waived(desk, composed, request, agent)


def look_again(desk: Desk, request: Request) -> tuple[Request, list[Refusal]]:
    """The request without comments that were deleted on the platform meanwhile, and a refusal for each that was edited:
    what the agent has read is no longer what stands there."""
    comments = desk.store.comments.by_ids(request.comments)
    gone: set[str] = set()
    edited: set[str] = set()
    for account in dict.fromkeys(comment.account for comment in comments):
        with tokens.stopping(desk, account, "Nothing was posted."):
            seen = looking.look(desk, [comment for comment in comments if comment.account == account])
        gone |= seen.gone
        edited |= seen.edited
    if gone:
        desk.say(f"{len(gone)} of these comments were deleted on the platform: left out.")
        request = replace(request, comments=tuple(c for c in request.comments if c not in gone))
    return request, outdated.edited(desk, [] if request.include_new else sorted(edited), {})


def approve(desk: Desk, request: Request, *, shown: Composed | None, by_hand: str | None = None) -> Outcome:
    """Write it: draft, replies, promises, states and log together, checked again under the lock.

    `shown` is what the agent said yes to; where the texts have changed since (another agent took the room), nothing is
    written and `state` is None: show it again. None takes what passes now. What needs a second pair of eyes waits for
    them.
    """
    agent = desk.agent()
    now = desk.clock()
    if by_hand is not None:
        permitting.demand(desk, agent, "by-hand")
        request = replace(request, by_hand=True)
    with desk.store.writing():
        triaging.read_these(desk, request.comments)
        composed, stopped = checked(desk, request, agent, agent, now, shown)
        if stopped is not None:
            return stopped
        if by_hand is not None:
            _must_be_one(composed)
        waits = seconding.awaited(desk, agent, request, composed)
        draft = _draft(desk, request, composed, agent, waits, now)
        desk.store.replies.add_draft(draft)
        desk.store.replies.taken_up(request.comments)
        if waits is not None:
            waits = seconding.demand_eyes(desk, agent, waits, composed, by_hand=by_hand is not None)
            replies = _write_replies(desk, draft, composed, agent, now, request.template, by_hand=None)
            waiving.keep(desk, draft, composed.waived, replies, agent, now)
            desk.store.journal.write("draft-awaiting", [draft.id], agent=agent.id, at=now)
            return Outcome(composed, replies=replies, state="awaiting", awaited=waits)
        return settle(desk, draft, composed, agent, agent, now, request, by_hand)


def _must_be_one(composed: Composed) -> None:
    """UsageProblem where one address cannot be that of all: only one answer together may stand in several parts."""
    parts = composed.parts
    if len(parts) > 1 and any(part.target.mode == "each" for part in parts):
        first, several = parts[0].comments[0].id, f"{len(parts)} answers cannot all stand at one address"
        raise UsageProblem(f"{several}: answer them one by one: caretool reply {first} --by-hand URL")


def _draft(
    desk: Desk, request: Request, composed: Composed, agent: Agent, waits: Awaited | None, now: datetime
) -> Draft:
    comments = desk.store.comments.by_ids(request.comments)
    read = {comment.id: outdated.reading_of(comment) for comment in comments}
    said = looking.said(desk, request.comments)
    turns = {part.comments[0].id: part.target.turn for part in composed.parts if part.target.variants > 1}
    return Draft(
        id=desk.store.new_ids("d", 1)[0],
        agent=agent.id,
        state="awaiting" if waits is not None else "approved",
        request=replace(request, said=said, read=read, turns=turns).to_json(),
        made_at=now,
        group=request.groups[0] if request.groups else None,
        by=waits.by if waits is not None else "agent",
        why=waits.why if waits is not None else (),
    )


def checked(
    desk: Desk, request: Request, writer: Agent, decider: Agent, now: datetime, shown: Composed | None
) -> tuple[Composed, Outcome | None]:
    """The texts as they pass now, under the lock, and the outcome where they may not be written: something is refused,
    or they no longer read as they were shown."""
    drafted = writer.id != decider.id
    claimed = [] if drafted else claiming.against(desk, request.comments, decider.id)
    against = [*standing(desk, request, decider, closed_is_done=drafted), *claimed]
    edited = [] if request.include_new else _edited_since_shown(desk, shown)
    composed = composing.compose(desk, request, writer, now)
    composed = replace(composed, refusals=(*against, *edited, *composed.refusals))
    composed = waiving.waived(desk, composed, request, decider)
    if composed.refusals:
        return composed, Outcome(composed, refusals=composed.refusals)
    if shown is not None and (
        [part.text for part in shown.parts] != [part.text for part in composed.parts] or shown.waived != composed.waived
    ):
        return composed, Outcome(composed)
    return composed, None


def _edited_since_shown(desk: Desk, shown: Composed | None) -> list[Refusal]:
    """The comments that say something else than when the agent was asked for a yes."""
    before = {comment.id: comment.text for part in shown.parts for comment in part.comments} if shown else {}
    comments = desk.store.comments.by_ids(list(before))
    edited = [comment.id for comment in comments if comment.text != before[comment.id]]
    return outdated.edited(desk, edited, {comment: before[comment] for comment in edited})


def settle(
    desk: Desk,
    draft: Draft,
    composed: Composed,
    writer: Agent,
    decider: Agent,
    now: datetime,
    request: Request,
    by_hand: str | None,
) -> Outcome:
    """Replies into the outbox, promises into the ledger, comments queued; inside the transaction that checked them."""
    composed, drawn = rewarding.draw(desk, composed, by_hand=by_hand is not None)
    replies = _write_replies(desk, draft, composed, writer, now, request.template, by_hand)
    waiving.keep(desk, draft, composed.waived, replies, decider, now)
    rewards = rewarding.give(desk, drawn, replies, decider, now)
    ids = _log_promises(desk, composed.promises, replies, now)
    if by_hand is not None:
        for reply in replies:
            promising.run(desk, reply.id, decider.id, now)
    promises = tuple(desk.store.promises.by_ids(ids))
    _follow(desk, request.template, composed, promises, decider, now)
    comments = [comment.id for part in composed.parts for comment in part.comments]
    state: CommentState = "answered" if by_hand is not None else "queued"
    before: tuple[CommentState, ...] = ("waiting", "snoozed", "closed")
    was: tuple[CommentState, ...] = (*before, "answered") if request.further else before
    desk.store.comments.set_state(comments, state, was=was)
    triaging.leave_groups(desk, comments)
    action = "reply-posted-by-hand" if by_hand is not None else "reply-approved"
    codes: dict[str, str | int | None] = {
        "draft": draft.id,
        "writer": writer.id,
        "not-promises": len(request.not_a_promise),
        "waived": len(composed.waived),
    }
    desk.store.journal.write(action, [reply.id for reply in replies], agent=decider.id, at=now, codes=codes)
    desk.store.journal.write("promise-logged", [promise.id for promise in promises], agent=decider.id, at=now)
    return Outcome(composed, replies, promises, (), "posted" if by_hand is not None else "approved", rewards)


def _follow(
    desk: Desk, template: str | None, composed: Composed, promises: Sequence[Promise], decider: Agent, now: datetime
) -> None:
    """Start the cases of the template's procedure, and tie what is promised to the steps that keep it."""
    people: dict[str, str] = {}
    for part in composed.parts:
        for comment in part.comments:
            people.setdefault(comment.person, comment.id)
    following.start_for(desk, template, people, decider.id, now)
    named = desk.settings.templates.get(template) if template is not None else None
    following.tie(desk, promises, prefer=named.procedure if named is not None else None)


def _write_replies(
    desk: Desk,
    draft: Draft,
    composed: Composed,
    writer: Agent,
    now: datetime,
    template: str | None,
    by_hand: str | None,
) -> tuple[Reply, ...]:
    ids = desk.store.new_ids("r", len(composed.parts))
    waits = draft.state == "awaiting"
    replies = tuple(
        Reply(
            id=reply_id,
            draft=draft.id,
            state="awaiting" if waits else "posted" if by_hand is not None else "approved",
            mode=part.target.mode,
            private=part.target.private,
            account=part.target.account,
            text=part.text,
            language=part.target.language,
            agent=writer.id,
            kind=part.comments[0].kind or "chatter",
            key=uuid.uuid4().hex,
            made_at=now,
            template=template,
            thread=part.comments[0].thread,
            thread_native_id=part.comments[0].thread_native_id,
            posted_at=now if by_hand is not None else None,
            url=by_hand,
            by_hand=by_hand is not None,
            to=tuple(comment.native_id for comment in part.comments),
            comments=tuple(comment.id for comment in part.comments),
        )
        for reply_id, part in zip(ids, composed.parts, strict=True)
    )
    desk.store.replies.add(replies)
    return replies


def _log_promises(desk: Desk, planned: Sequence[Planned], replies: Sequence[Reply], now: datetime) -> list[str]:
    """Log what the texts promise; a move that was waiting for the customer to be told is told by this reply."""
    ids: list[str] = []
    fresh: list[NewPromise] = []
    for one in planned:
        assert one.window is not None
        told = desk.store.promises.untold(one.kind, one.person, one.due_at)
        if told is not None:
            desk.store.promises.told_by(told, replies[one.part].id, one.text)
            ids.append(told)
            continue
        fresh.append(
            NewPromise(
                kind=one.kind,
                person=one.person,
                text=one.text,
                due_at=one.due_at,
                window=one.window,
                owner=one.owner,
                review_at=one.review_at,
                reply=replies[one.part].id,
                comment=one.comment,
                relative=one.relative,
            )
        )
    return [*ids, *desk.store.promises.add(fresh, now=now, state="logged")]


def answerable(desk: Desk, request: Request, agent: Agent) -> list[Comment]:
    """The comments asked for. UsageProblem where this agent may not answer them, or not so; NotFound where none is
    there."""
    comments = desk.store.comments.by_ids(request.comments)
    if any(comment.own for comment in comments):
        raise UsageProblem("One of these is our own: there is nobody to answer.")
    if not comments:
        raise NotFound("None of these comments is there to be answered.")
    seconding.demand_answer(desk, request, agent, comments)
    return comments


def standing(desk: Desk, request: Request, agent: Agent, *, closed_is_done: bool = False) -> list[Refusal]:
    """What speaks against answering these comments at all, whatever the text.

    Whoever names a closed comment means it; with `closed_is_done` (a draft made before) it counts as answered.
    """
    comments = answerable(desk, request, agent)
    ended = ["queued", "gone", *(["closed"] if closed_is_done else []), *([] if request.further else ["answered"])]
    over = [comment for comment in comments if comment.state in ended]
    refusals = (
        outdated.ended_together(desk, over) if closed_is_done else [outdated.ended(desk, comment) for comment in over]
    )
    if request.include_new:
        return refusals
    joined = desk.store.groups.last_joined(request.groups)
    for group in request.groups:
        shown = desk.store.groups.shown_upto(agent.id, group)
        if shown is None or joined.get(group, 0) > shown:
            why = (
                f"Group {group} has not been shown to {agent.id} yet."
                if shown is None
                else f"Comments joined group {group} since it was last shown to {agent.id}."
            )
            suggest = f"Look with `caretool show {group} --as {agent.id}`, or add --include-new."
            refusals.append(Refusal("group-changed", group, why, suggest))
    return refusals
