"""What was and what is, side by side: as much of two texts as shows where they differ."""

from __future__ import annotations

from itertools import takewhile

_BEFORE = 20


def side_by_side(before: str, now: str, width: int = 80) -> tuple[str, str]:
    """Both texts, each at most `width` characters, from a little before the first difference on; "…" stands where
    something is left out. Two that say the same come back alike."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, now, strict=False)))
    start = 0 if same <= _BEFORE or max(len(before), len(now)) <= width else same - _BEFORE
    return _cut(before, start, width), _cut(now, start, width)


def _cut(text: str, start: int, width: int) -> str:
    head = "…" if start else ""
    rest = text[start:]
    room = width - len(head)
    return head + (rest if len(rest) <= room else f"{rest[: room - 1]}…")
