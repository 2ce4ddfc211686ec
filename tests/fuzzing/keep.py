"""Take what a run reached into the repository: `python -m tests.fuzzing.keep FOLDER`.

Of each group's corpus, and of what is committed, those few inputs that between them walk over every line of caretool
that any of them walked over; the shortest first, and all that were ever a finding (`found-*`).
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fuzzing.groups import GROUPS
from tests.fuzzing.oracles import Group

_MOST, _LARGEST = 120, 300_000
_OURS = f"{Path(__file__).parents[2] / 'src' / 'caretool'}/"

Step = tuple[str, int, int]


def walked(group: Group, data: bytes) -> frozenset[Step]:
    """Every step from line to line in caretool while it is read; none where it is a finding."""
    steps: set[Step] = set()
    try:
        with _watched(steps):
            group.judge(data)
    except Exception:
        return frozenset()
    return frozenset(steps)


@contextmanager
def _watched(steps: set[Step]) -> Iterator[None]:
    last: dict[int, int] = {}

    def line(frame: FrameType, event: str, _: Any) -> Any:
        steps.add((frame.f_code.co_filename, last.get(id(frame), 0), frame.f_lineno))
        last[id(frame)] = frame.f_lineno
        return line

    def call(frame: FrameType, event: str, _: Any) -> Any:
        return line if frame.f_code.co_filename.startswith(_OURS) else None

    sys.settrace(call)
    try:
        yield
    finally:
        sys.settrace(None)


def chosen(group: Group, inputs: list[bytes]) -> list[bytes]:
    """The one that adds most by its length, again and again, until none adds anything or there are enough."""
    group.warm()
    left = {data: steps for data in inputs if (steps := walked(group, data))}
    kept: list[bytes] = []
    seen: set[Step] = set()
    size = 0
    while left and len(kept) < _MOST:
        best = max(left, key=lambda data: len(left[data] - seen) / (50 + len(data)))
        steps = left.pop(best)
        if size + len(best) > _LARGEST or not steps - seen:
            continue
        kept.append(best)
        size += len(best)
        seen |= steps
        left = {data: steps for data, steps in left.items() if steps - seen}
    return kept


def main(folder: Path) -> None:
    """All groups."""
    for group in GROUPS.values():
        places = (folder / "corpus" / group.name, group.corpus)
        found = sorted(path for path in group.corpus.glob("found-*"))
        inputs = {path.read_bytes() for place in places for path in place.glob("*") if path not in found}
        kept = chosen(group, sorted(inputs, key=lambda data: (len(data), data)))
        group.corpus.mkdir(parents=True, exist_ok=True)
        for path in group.corpus.iterdir():
            if path not in found:
                path.unlink()
        for data in kept:
            (group.corpus / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)
        print(f"{group.name}: {len(kept)} of {len(inputs)}, {sum(map(len, kept)):,} bytes, {len(found)} found once")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
