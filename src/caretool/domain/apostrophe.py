"""Apostrophes: telephones and word processors bend them, and whoever looks for a word types them straight."""

from __future__ import annotations

_STRAIGHT = str.maketrans("’‘`´ʼ", "'''''")


def straight(text: str) -> str:
    """The text with each of them as a keyboard has it; as long as it was."""
    return text.translate(_STRAIGHT)
