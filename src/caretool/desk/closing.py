"""Without an answer: close, reopen, snooze, note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from caretool.desk import claiming, outdated, permitting, triaging, withdrawing
from caretool.desk.desk import Desk
from caretool.domain.comment import Comment, CommentState
from caretool.domain.roles import Ability
from caretool.errors import NotFound, UsageProblem

_ABILITIES: Mapping[CommentState, Ability] = {"closed": "close", "snoozed": "snooze", "waiting": "reopen"}


def comments_meant(desk: Desk, ids: Sequence[str], states: Sequence[CommentState] = ("waiting",)) -> list[str]:
    """The comments meant: a group stands for those of it in these states. NotFound where there are none."""
    found: list[str] = []
    for typed in ids:
        resolved = desk.store.resolve(typed, ("c", "g"))
        if resolved.startswith("c"):
            found.append(resolved)
            continue
        members = [comment.id for comment in desk.store.comments.of_group(resolved) if comment.state in states]
        if not members:
            said = " or ".join(states)
            raise NotFound(f"Nothing in {resolved} is {said}: {outdated.whereabouts(desk, resolved)}")
        found += members
    return list(dict.fromkeys(found))


def close(desk: Desk, ids: Sequence[str], because: str) -> list[Comment]:
    """These need no answer; the reason is kept as a note. A draft that waits for a yes answers them no more; if it now
    answers nobody, it is withdrawn."""
    comments = comments_meant(desk, ids)
    return _move(desk, comments, "closed", was=("waiting", "snoozed"), action="comment-closed", because=because)


def reopen(desk: Desk, ids: Sequence[str], because: str) -> list[Comment]:
    """These wait again (closed, snoozed or answered too quickly; or seen as deleted, and there after all)."""
    was: tuple[CommentState, ...] = ("closed", "snoozed", "answered", "gone")
    comments = comments_meant(desk, ids, ("closed", "snoozed"))
    return _move(desk, comments, "waiting", was=was, action="comment-reopened", because=because)


def snooze(desk: Desk, ids: Sequence[str], until: datetime) -> list[Comment]:
    """Out of the inbox until a time; they come back however late somebody looks."""
    if until <= desk.clock():
        raise UsageProblem("Snooze until a time that is still to come.")
    comments = comments_meant(desk, ids)
    return _move(desk, comments, "snoozed", was=("waiting", "snoozed"), action="comment-snoozed", until=until)


def note(desk: Desk, typed: str, text: str) -> str:
    """Leave a note on a comment, group, person, reply, promise or case; its whole id."""
    agent = desk.agent()
    subject = desk.store.resolve(typed, ("c", "g", "u", "r", "p", "t", "k"))
    now = desk.clock()
    with desk.store.writing():
        desk.store.journal.note(subject, text, agent=agent.id, at=now)
        desk.store.journal.write("noted", [subject], agent=agent.id, at=now)
    return subject


def _move(
    desk: Desk,
    comments: Sequence[str],
    state: CommentState,
    *,
    was: Sequence[CommentState],
    action: str,
    because: str | None = None,
    until: datetime | None = None,
) -> list[Comment]:
    agent = desk.agent()
    now = desk.clock()
    withdrawn: list[str] = []
    with desk.store.writing():
        meant = desk.store.comments.by_ids(comments)
        permitting.demand_for(desk, agent, _ABILITIES[state], meant)
        if state != "waiting":
            claiming.respect(desk, comments, agent.id)
        for comment in meant:
            if comment.own:
                raise UsageProblem(f"{comment.id} is our own: it waits for nobody.")
            if comment.state not in was:
                raise UsageProblem(f"{comment.id} is {comment.state}: it cannot be {action.removeprefix('comment-')}.")
        if state == "waiting":
            triaging.wait_again(desk, comments, was=was)
        else:
            desk.store.comments.set_state(comments, state, was=was, until=until)
            triaging.leave_groups(desk, comments)
        if state == "closed" and because is not None:
            withdrawn = withdrawing.withdraw(desk, comments, because, agent.id, now)
        if because:
            for comment_id in comments:
                desk.store.journal.note(comment_id, because, agent=agent.id, at=now)
        desk.store.journal.write(action, comments, agent=agent.id, at=now)
    for sentence in withdrawn:
        desk.say(sentence)
    return desk.store.comments.by_ids(comments)
