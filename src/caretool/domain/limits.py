"""What a platform lets a reply be, as a value that checks and packing use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from caretool.domain.policy import Together

# Whom a platform lets us answer: anybody, only who speaks to us (not what a watch word found), or nobody by program.
Answerable = Literal["anybody", "who-spoke-to-us", "nobody"]


@dataclass(frozen=True, slots=True)
class Limits:
    """`length` is counted by `measure` as the platform counts (None: no limit). A private reply to a public comment is
    no longer than `private_length` by `private_measure` (None: the same as any other).

    `mention_needed`: only who is named by `@handle` in the text is told of the answer. `key_protects`: for how long
    after a first attempt posting again with the same key cannot post twice. `listing_trustworthy`: what `find` does not
    list after a while was not posted. `keep`: for how long at most its rules let us store what was fetched.
    `unread_replies` is False where its rules want a person to choose the words of every reply. `replies_left`: how many
    can still be posted until what limits them begins anew, at `replies_until` (None: it does not say, or sets no such
    limit). `handed_to`: the file in which a reply is written down for a person to post (None: it is posted).
    """

    length: int | None = None
    measure: Callable[[str], int] = len
    together: Together = "no"
    private_replies: bool = False
    private_length: int | None = None
    private_measure: Callable[[str], int] = len
    mention_needed: bool = False
    key_protects: timedelta = timedelta(0)
    listing_trustworthy: bool = False
    keep: timedelta | None = None
    answerable: Answerable = "anybody"
    unread_replies: bool = True
    replies_left: int | None = None
    replies_until: datetime | None = None
    handed_to: str | None = None

    def of_one(self, *, private: bool) -> Limits:
        """What counts for a reply of one kind."""
        if not private or self.private_length is None:
            return self
        return replace(self, length=self.private_length, measure=self.private_measure)

    def beside(self, warning: str | None) -> Limits:
        """What is left for the text beside a content warning, which counts towards the length."""
        if not warning or self.length is None:
            return self
        return replace(self, length=max(self.length - self.measure(warning), 0))
