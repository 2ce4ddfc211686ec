"""How long a text is, where several platforms count alike."""

from __future__ import annotations

import regex


def graphemes(text: str) -> int:
    """How many characters a reader sees."""
    return len(regex.findall(r"\X", text))


def utf8(text: str) -> int:
    """How many bytes it is; what no encoding has (a lone surrogate) counts as what stands in its place."""
    return len(text.encode("utf-8", "replace"))


def graphemes_and_bytes(text: str) -> int:
    """Where 300 graphemes and 3,000 bytes are both a limit, as one measure: each ten bytes begun count for one."""
    return max(graphemes(text), -(-utf8(text) // 10))
