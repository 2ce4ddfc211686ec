"""Overhear: where a platform lets no program answer what was not said to us, a person does it there (R16)."""

from __future__ import annotations

from collections.abc import Sequence

from caretool.desk.desk import Desk
from caretool.desk.request import Target
from caretool.domain.comment import Comment
from caretool.domain.draft import Refusal, Reply
from caretool.domain.harmless import one_line
from caretool.domain.waiver import INSTEAD

_LONGEST, _LONGEST_ADDRESS = 60, 300
_INSTEAD = f"{INSTEAD['by-hand-only'][0].upper()}{INSTEAD['by-hand-only'][1:]}"
_WHY = {
    "who-spoke-to-us": "did not speak to us: a watch word found it, and the platform lets no program answer that",
    "nobody": "can be answered by no program: the platform lets none",
}


def refusals(desk: Desk, targets: Sequence[Target]) -> list[Refusal]:
    """One for each account on which some of these may be answered only by hand."""
    comments = [comment for target in targets for comment in target.comments]
    found: list[Refusal] = []
    for account in dict.fromkeys(comment.account for comment in comments):
        only_by_hand = _barred(desk, account, [one for one in comments if one.account == account])
        if only_by_hand is not None:
            first, why = only_by_hand
            found.append(Refusal("by-hand-only", first.masked[:_LONGEST], why, _instead(first)))
    return found


def barred(desk: Desk, reply: Reply) -> str | None:
    """Why an approved reply may not leave: what may be answered by program has changed since. None: it may."""
    asked = [comment for comment in desk.store.comments.by_ids(reply.comments) if comment.state == "queued"]
    found = _barred(desk, reply.account, asked)
    return f"{found[1]} {_INSTEAD}." if found is not None else None


def _barred(desk: Desk, account: str, comments: Sequence[Comment]) -> tuple[Comment, str] | None:
    """The first of these, all of one account, that may be answered only by hand, and a sentence about all of them."""
    answerable = desk.open_platform(desk.account(account)).limits.answerable
    if answerable == "anybody":
        return None
    theirs = [one for one in comments if answerable == "nobody" or one.watch]
    if not theirs:
        return None
    more = f" and {len(theirs) - 1} more" if len(theirs) > 1 else ""
    return theirs[0], f"{theirs[0].id}{more} on {account} {_WHY[answerable]}."


def _instead(comment: Comment) -> str:
    """What helps, with where that is."""
    there = one_line(comment.url or "")
    return _INSTEAD.replace("yourself,", f"yourself, at {there},") if 0 < len(there) <= _LONGEST_ADDRESS else _INSTEAD
