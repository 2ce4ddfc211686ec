"""Until when a platform takes an answer (pure). After that a person can only give it by hand, somewhere else."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from caretool.domain.comment import Comment

Way = Literal["public", "private"]


def due(due_at: datetime | None, closes_at: datetime | None, written_at: datetime) -> datetime | None:
    """By when an answer is due that the platform takes until `closes_at`; None: none is wanted. What was written where
    it took none already is answered elsewhere, in the time that is usual."""
    if due_at is None or closes_at is None or closes_at <= written_at:
        return due_at
    return min(due_at, closes_at)


def shuts_at(comment: Comment, *, privately: bool) -> datetime | None:
    """From when on the platform takes no such answer to it; None: it sets no end. `privately` asks for a private one,
    which to a private comment is the only one there is."""
    if privately and not comment.private and comment.private_until is not None:
        return comment.private_until
    return comment.closes_at


def is_shut(comment: Comment, now: datetime, *, privately: bool) -> bool:
    """Whether the platform takes no such answer any more."""
    at = shuts_at(comment, privately=privately)
    return at is not None and at <= now


def other_way(comment: Comment, now: datetime, *, privately: bool) -> Way | None:
    """How else the platform would still take an answer to it, in public or in private; None: not at all, or it does not
    say."""
    if comment.private:
        return None
    if privately:
        return None if is_shut(comment, now, privately=False) else "public"
    return "private" if comment.private_until is not None and comment.private_until > now else None
