"""Look again: how comments stand on their platform before they are answered. What was deleted is gone, what was edited
is read anew (DESIGN §4.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from caretool.desk import triaging
from caretool.desk.desk import Desk
from caretool.desk.request import Request
from caretool.domain.comment import Comment
from caretool.domain.draft import Draft


@dataclass(frozen=True, slots=True)
class Seen:
    """Ids of the comments that were found deleted, and of those found to say something else than before."""

    gone: frozenset[str] = frozenset()
    edited: frozenset[str] = frozenset()


def look(desk: Desk, comments: Sequence[Comment]) -> Seen:
    """Ask the platforms of these comments, outside of any transaction; what is found is in the store afterwards."""
    gone: set[str] = set()
    edited: set[str] = set()
    for account in dict.fromkeys(comment.account for comment in comments):
        ours = {comment.native_id: comment.id for comment in comments if comment.account == account}
        looked = desk.open_platform(desk.account(account)).look(list(ours))
        gone |= {ours[native_id] for native_id in looked.gone if native_id in ours}
        with desk.store.writing():
            edited |= set(desk.store.arrivals.revise(account, looked.edited, desk.clock()))
    if gone:
        with desk.store.writing():
            desk.store.comments.set_state(sorted(gone), "gone", was=("waiting", "snoozed", "closed", "queued"))
            triaging.leave_groups(desk, sorted(gone))
    if edited:
        triaging.read_these(desk, sorted(edited))
    return Seen(frozenset(gone), frozenset(edited))


def said(desk: Desk, ids: Sequence[str]) -> dict[str, str]:
    """A digest of what each of these comments says now, and to whom."""
    return {comment.id: digest_of(comment.text, comment.private) for comment in desk.store.comments.by_ids(ids)}


def digest_of(text: str, private: bool | int) -> str:
    """A digest of a comment's words, and of whether all can read them."""
    return hashlib.blake2b(f"{int(private)} {text}".encode(), digest_size=8).hexdigest()


def edited_since(desk: Desk, draft: Draft, ids: Sequence[str]) -> list[str]:
    """Those of these comments that say something else than what a draft answers. Clocks are put back, and another reply
    may have had them read: only the words themselves tell."""
    before, now = Request.from_json(draft.request).said, said(desk, ids)
    unknown = [comment for comment in now if comment not in before]  # the draft was kept by an earlier caretool
    changed = [comment for comment in now if comment in before and before[comment] != now[comment]]
    return [*changed, *desk.store.comments.edited_since(unknown, draft.made_at)]
