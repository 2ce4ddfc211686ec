"""Withdraw: a draft that waits for a yes goes back to its writer once somebody has closed what it answers (R3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from caretool.desk import outdated
from caretool.desk.desk import Desk


def withdraw(desk: Desk, closed: Sequence[str], because: str, agent: str, now: datetime) -> list[str]:
    """Take back the drafts of which nobody waits any more, now that these comments are closed; a sentence for each.

    Inside the transaction that closed them. A draft that still answers somebody stays: whether they get its words is
    for a person to say. Reopening brings none back: its writer finds it in the inbox, with the reason.
    """
    answering = [reply for reply in desk.store.replies.of_comments(closed) if reply.state == "awaiting"]
    told = []
    for draft_id in dict.fromkeys(reply.draft for reply in answering):
        draft, replies = desk.store.replies.draft(draft_id), desk.store.replies.of_draft(draft_id)
        comments = desk.store.comments.by_ids([comment for reply in replies for comment in reply.comments])
        became = outdated.stale(draft, comments) if draft is not None else None
        if draft is None or became is None:
            continue
        why = f"what it answers was {became}: {because}"
        desk.store.replies.decide(draft.id, "rejected", by=agent, at=now, because=why)
        for reply in replies:
            desk.store.replies.change(reply.id, "rejected", was=("awaiting",), error=f"withdrawn by {agent}: {why}")
        desk.store.journal.write("draft-withdrawn", [draft.id], agent=agent, at=now)
        told.append(f"{draft.id} by {draft.agent}, which waited for approval, is withdrawn.")
    return told
