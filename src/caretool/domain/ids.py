"""Short names for things: a letter for the type and a few base32 characters, fixed length, typeable (DESIGN §5)."""

from __future__ import annotations

from typing import Literal

Letter = Literal["c", "t", "u", "g", "r", "d", "p", "k", "m", "w"]

KINDS: dict[str, str] = {
    "c": "comment",
    "t": "thread",
    "u": "person",
    "g": "group",
    "r": "reply",
    "d": "draft",
    "p": "promise",
    "k": "case",
    "m": "moderation",
    "w": "reward",
}
# What stands in the place of a handle or a native id that was erased begins so.
FORGOTTEN = "forgotten:"
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = {"c": 6, "t": 6, "u": 6, "g": 5, "r": 6, "d": 5, "p": 6, "k": 6, "m": 6, "w": 6}
# Odd, so that multiplying by it modulo a power of two only shuffles: neighbours get unlike ids, none occurs twice.
_SHUFFLE = 0x2545F491


def make_id(letter: Letter, number: int) -> str:
    """The id of the `number`th thing of its type (from 1); ids do not repeat before 32 ** length of them."""
    length = _LENGTH[letter]
    shuffled = (number * _SHUFFLE) % (1 << 5 * length)
    digits = []
    for _ in range(length):
        shuffled, digit = divmod(shuffled, 32)
        digits.append(_ALPHABET[digit])
    return letter + "".join(digits)
