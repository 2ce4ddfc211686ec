"""Windows that shut: what a platform lets nobody answer any more, or not so, and what would still pass."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from caretool.desk.desk import Desk
from caretool.desk.request import Target
from caretool.domain.comment import Comment
from caretool.domain.draft import Refusal, Reply
from caretool.domain.moment import stamp
from caretool.domain.windows import is_shut, other_way, shuts_at

# What waits in the outbox, or for somebody's yes, may not leave for as long.
_SOON = timedelta(hours=1)
_LONGEST = 60


def left_out(desk: Desk, members: Sequence[Comment], now: datetime) -> tuple[list[Comment], tuple[str, ...]]:
    """Those of these that one public answer together still reaches, and a sentence about the others. Where it reaches
    none, all of them: each is then refused."""
    reached = [comment for comment in members if not is_shut(comment, now, privately=False)]
    missed = len(members) - len(reached)
    if not reached or not missed:
        return list(members), ()
    first = next(comment for comment in members if comment not in reached)
    more = f" and {missed - 1} more" if missed > 1 else ""
    return reached, (f"{first.id}{more} left out: {_closed(desk, first, privately=False)}.",)


def refusals(desk: Desk, targets: Sequence[Target], now: datetime) -> list[Refusal]:
    """Why these are not answered so: the platform takes no such answer any more."""
    return [
        Refusal(
            "window-closed",
            comment.masked[:_LONGEST],
            f"{comment.id}: {_closed(desk, comment, privately=target.private)}.",
            _instead(desk, comment, now, privately=target.private),
        )
        for target in targets
        for comment in target.comments
        if is_shut(comment, now, privately=target.private)
    ]


def nobody_left(desk: Desk, reply: Reply, now: datetime) -> str | None:
    """Why a reply may not leave any more: the window of everybody it still answers has closed. None: it may."""
    asked = [comment for comment in desk.store.comments.by_ids(reply.comments) if comment.state == "queued"]
    if not asked or not all(is_shut(comment, now, privately=reply.private) for comment in asked):
        return None
    closed = _closed(desk, asked[0], privately=reply.private)
    return f"{closed}. Answer {asked[0].id} elsewhere, or close it."


def closing_soon(desk: Desk, replies: Sequence[Reply], now: datetime) -> list[str]:
    """A sentence for each of these replies, which do not leave now, whose window closes within the hour."""
    found = []
    for reply in replies:
        ends = [
            at
            for comment in desk.store.comments.by_ids(reply.comments)
            if (at := shuts_at(comment, privately=reply.private)) is not None
        ]
        if ends and min(ends) - now <= _SOON:
            end = stamp(min(ends), desk.zone)
            found.append(f"{reply.id} has to leave by {end}: then {reply.account} takes no answer any more.")
    return found


def _closed(desk: Desk, comment: Comment, *, privately: bool) -> str:
    at = shuts_at(comment, privately=privately)
    assert at is not None
    how = "private answer" if privately and not comment.private else "answer"
    return f"its window closed {stamp(at, desk.zone)}, {comment.account} takes no {how} any more"


def _instead(desk: Desk, comment: Comment, now: datetime, *, privately: bool) -> str:
    by_hand = (
        f"answer {comment.id} elsewhere and say --by-hand URL, or close it: caretool close {comment.id} --because TEXT"
    )
    way = other_way(comment, now, privately=privately)
    if way == "private" and desk.open_platform(desk.account(comment.account)).limits.private_replies:
        until = stamp(comment.private_until, desk.zone) if comment.private_until else ""
        return f"With --private it is taken until {until}; or {by_hand}"
    return f"Without --private it is taken; or {by_hand}" if way == "public" else f"{by_hand[0].upper()}{by_hand[1:]}"
