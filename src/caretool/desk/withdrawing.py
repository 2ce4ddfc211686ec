"""Withdraw: a draft that waits for a yes goes back to its writer once somebody has closed what it answers (R3); of
several answers only those go whose comments are closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from caretool.desk import deciding
from caretool.desk.desk import Desk
from caretool.desk.request import Request
from caretool.domain.draft import Draft, Reply


def withdraw(desk: Desk, closed: Sequence[str], because: str, agent: str, now: datetime) -> list[str]:
    """Take back the answers for which nobody waits any more, now that these comments are closed; a sentence for each
    draft.

    Inside the transaction that closed them. A draft of which nothing is left goes back to its writer; reopening does
    not bring it back: its writer finds it in the inbox, with the reason. Of one answer to several people, some of whom
    still wait, a person has to say whether they get its words: it stays, and that it can no longer be approved is told.
    """
    answering = [reply for reply in desk.store.replies.of_comments(closed) if reply.state == "awaiting"]
    told = []
    for draft_id in dict.fromkeys(reply.draft for reply in answering):
        draft, replies = desk.store.replies.draft(draft_id), desk.store.replies.of_draft(draft_id)
        if draft is None:
            continue
        comments = desk.store.comments.by_ids([comment for reply in replies for comment in reply.comments])
        became = {comment.id: deciding.done(draft, comment.state) for comment in comments}
        over = [reply for reply in replies if all(became[comment] for comment in reply.comments)]
        if len(over) == len(replies):
            words = deciding.stale(draft, [comment.state for comment in comments])
            told.append(_take_back(desk, draft, replies, f"what it answers was {words}: {because}", agent, now))
            continue
        if alone := [reply for reply in over if reply.mode == "each"]:
            told.append(_shorten(desk, draft, len(replies), alone, agent, now))
            comments = [one for one in comments if not any(one.id in reply.comments for reply in alone)]
        if words := deciding.stale(draft, [comment.state for comment in comments]):
            back = deciding.rejecting(draft)
            told.append(f"{draft.id} by {draft.agent} can no longer be approved ({words} meanwhile): {back}")
    return told


def _take_back(desk: Desk, draft: Draft, replies: Sequence[Reply], why: str, agent: str, now: datetime) -> str:
    desk.store.replies.decide(draft.id, "rejected", by=agent, at=now, because=why)
    for reply in replies:
        desk.store.replies.change(reply.id, "rejected", was=("awaiting",), error=f"withdrawn by {agent}: {why}")
    desk.store.journal.write("draft-withdrawn", [draft.id], agent=agent, at=now)
    return f"{draft.id} by {draft.agent}, which waited for approval, is withdrawn."


def _shorten(desk: Desk, draft: Draft, replies: int, over: Sequence[Reply], agent: str, now: datetime) -> str:
    """The draft without these of its answers; the others stay as they were written."""
    request = Request.from_json(draft.request)
    out = {comment for reply in over for comment in reply.comments}
    shorter = replace(
        request,
        comments=tuple(comment for comment in request.comments if comment not in out),
        said={comment: said for comment, said in request.said.items() if comment not in out},
        read={comment: read for comment, read in request.read.items() if comment not in out},
        turns={comment: turn for comment, turn in request.turns.items() if comment not in out},
    )
    desk.store.replies.keep_request(draft.id, shorter.to_json())
    desk.store.replies.drop([reply.id for reply in over])
    desk.store.journal.write("draft-shortened", [draft.id], agent=agent, at=now, codes={"replies": len(over)})
    left = replies - len(over)
    stay = "1 of its replies stays" if left == 1 else f"{left} of its replies stay"
    ids = ", ".join(comment for comment in request.comments if comment in out)
    return f"{draft.id} by {draft.agent}, which waits for approval, no longer answers {ids}: {stay}."
