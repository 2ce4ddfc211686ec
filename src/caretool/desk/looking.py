"""Look again: how comments stand on their platform before they are answered. What was deleted is gone, what was edited
is read anew (DESIGN §4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from caretool.desk import triaging
from caretool.desk.desk import Desk
from caretool.domain.comment import Comment


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
