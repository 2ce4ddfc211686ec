"""What a platform lets a reply be, as a value that checks and packing use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from caretool.domain.policy import Together


@dataclass(frozen=True, slots=True)
class Limits:
    """`length` is counted by `measure` as the platform counts (None: no limit).

    `key_protects`: posting again with the same key cannot post twice. `listing_trustworthy`: what `find` does not list
    after a while was not posted.
    """

    length: int | None = None
    measure: Callable[[str], int] = len
    together: Together = "no"
    private_replies: bool = False
    key_protects: bool = False
    listing_trustworthy: bool = False
