"""What a platform lets a reply be, as a value that checks and packing use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from caretool.domain.policy import Together


@dataclass(frozen=True, slots=True)
class Limits:
    """`length` is counted by `measure` as the platform counts (None: no limit).

    `mention_needed`: only who is named by `@handle` in the text is told of the answer. `key_protects`: for how long
    after a first attempt posting again with the same key cannot post twice. `listing_trustworthy`: what `find` does not
    list after a while was not posted. `keep`: for how long at most its rules let us store what was fetched.
    """

    length: int | None = None
    measure: Callable[[str], int] = len
    together: Together = "no"
    private_replies: bool = False
    mention_needed: bool = False
    key_protects: timedelta = timedelta(0)
    listing_trustworthy: bool = False
    keep: timedelta | None = None

    def beside(self, warning: str | None) -> Limits:
        """What is left for the text beside a content warning, which counts towards the length."""
        if not warning or self.length is None:
            return self
        return replace(self, length=max(self.length - self.measure(warning), 0))
