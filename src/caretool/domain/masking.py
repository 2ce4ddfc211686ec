"""Personal data of strangers, masked on screen and in reports unless somebody asks for it (R8)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

Exposed = tuple[int, int, str]
"""Where a piece of personal data begins and ends in a text, and what it is (see `reading.PersonalData`)."""

READ: Final = 5_000
"""So many characters of a text are read."""

# From the first of its digits, and from the first letter of its word, so that each is tried once.
_NUMBER = re.compile(r"(?<!\d)\d(?:[ ./()-]{0,2}\d){4,}")
_ADDRESS = re.compile(r"(?<![^\s@])[^\s@]{1,200}@[^\s@]{1,200}")


def masked(text: str, exposed: Sequence[Exposed] | None) -> str:
    """The text with each piece of personal data as what it is: "call me at ‹phone›".

    `exposed` is what a reading found in the first `READ` characters; what nobody has read yet is masked roughly.
    """
    if exposed is None:
        return roughly_masked(text)
    parts: list[str] = []
    at = 0
    for start, end, what in sorted(exposed):
        if end > at:
            parts += [text[at:start], f"‹{what}›"]
            at = end
    return "".join([*parts, text[at:READ], roughly_masked(text[max(at, READ) :])])


def roughly_masked(text: str) -> str:
    """The text without anything that looks like a number of five digits or more, or like an address with an @."""
    return _NUMBER.sub("‹number›", _ADDRESS.sub("‹address›", text))
