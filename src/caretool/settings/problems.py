"""What is wrong with the files, one line each: file, line, TOML path, what it is and how to fix it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a person has to change. `file` is relative to the workspace, `path` the keys that lead to it.

    `line` (from 1) is known where the file could not be read as TOML; else it is found from the path.
    """

    file: str
    path: Path
    what: str
    line: int | None = None


def one_line(problem: Problem, line: int | None) -> str:
    """`policies.toml:41 promises.pickup.earliest: '2 wrking days' is not a length of time: write …`."""
    where = f"{printable(problem.file)}:{line}" if line is not None else printable(problem.file)
    said = printable(" ".join(problem.what.split()))
    return f"{where} {dotted(problem.path)}: {said}" if problem.path else f"{where}: {said}"


def dotted(path: Path) -> str:
    """The path as TOML writes it; the entries of a list are counted from 1: `moderation[2].when.kind`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += ("." if text else "") + (part if _BARE.fullmatch(part) else quoted(part))
    return text


def shown(value: object) -> str:
    """A value from a file, short and on one line; what is not a simple value is named by its sort."""
    if isinstance(value, str):
        return repr(shortened(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**20 else "such a large number"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a table"
    return str(value)


def shortened(text: str) -> str:
    """At most 60 characters of it."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def quoted(text: str) -> str:
    """A key or name between double quotes, short, its odd characters escaped."""
    return json.dumps(printable(shortened(text)), ensure_ascii=False)


def printable(text: str) -> str:
    """The text with what a terminal could take for a command, or cannot show, escaped."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def one_of(options: Iterable[str]) -> str:
    """`one of a, b, c`, or what there is to say of an empty or endless choice."""
    known = list(options)
    if not known:
        return "there is none yet"
    return f"one of {', '.join(known[:_MOST])}{', …' if len(known) > _MOST else ''}"


def instead(wrong: str, options: Sequence[str]) -> str:
    """What would have been right: the nearest option, else all of them."""
    from difflib import get_close_matches

    by_folded = {option.casefold(): option for option in options}
    folded = shortened(wrong).casefold()
    swapped = [option for option in by_folded if sorted(option) == sorted(folded)]
    near = get_close_matches(folded, list(by_folded), n=1) or swapped
    return f"did you mean {by_folded[near[0]]!r}?" if near else one_of(options)


_MOST = 30
