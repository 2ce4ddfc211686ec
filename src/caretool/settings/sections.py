"""A section put into accounts.toml: every byte that stands there stays, with its comments and in its order."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from caretool.errors import UsageProblem
from caretool.settings.positions import Section, sections

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_MARK = "\ufeff"


def with_account(text: str, name: str, table: Mapping[str, Any]) -> str:
    """The file with one more account behind the others; what it says beside that is the same. UsageProblem where it is
    written so that a section cannot be put in (an inline table): then a person does it, by `section`."""
    mark = _MARK if text.startswith(_MARK) else ""
    body = text.removeprefix(mark)
    end = "\r\n" if "\r\n" in body else "\n"
    lines = body.split("\n")
    at = _place(lines, sections(body))
    offset = sum(len(line) + 1 for line in lines[:at])
    before, after = body[:offset], body[offset:]
    added = section(name, table).replace("\n", end)
    gap = "" if not before or before.endswith("\n") else end
    gap += end if at and lines[at - 1].strip() else ""
    new = mark + before + gap + added + (end if after.split("\n", 1)[0].strip() else "") + after
    wanted = _with(_says(text), name, table)
    if wanted is None or _says(new) != wanted:
        raise UsageProblem(f"Its accounts are written so that none can be put beside them: do it by hand.\n\n{added}")
    return new


def section(name: str, table: Mapping[str, Any]) -> str:
    """The account's section as it is written, a key a line; tables inside it stay on their line."""
    keys = "".join(f"{_key(key)} = {_value(value)}\n" for key, value in table.items())
    return f"[accounts.{_key(name)}]\n{keys}"


def line_of(text: str, name: str) -> int:
    """The line (from 1) on which an account's section begins."""
    return next(one.first + 1 for one in sections(text.removeprefix(_MARK)) if one.path == ("accounts", name))


def _place(lines: Sequence[str], found: Sequence[Section]) -> int:
    """Before which line: behind the last account, and before the comment that stands above what follows it."""
    ours = [position for position, one in enumerate(found) if one.path[:1] == ("accounts",)]
    follows = ours[-1] + 1 if ours else 1
    if follows >= len(found):
        return len(lines) - (not lines[-1])
    free, at = found[follows - 1].last + 1, found[follows].first
    end = at
    while end > free and not lines[end - 1].strip():
        end -= 1
    first = end
    while first > free and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    attached = first == free and free > 0  # to what stands above it
    return at if attached else first


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    """JSON's strings are TOML's, save for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value)


def _says(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text.removeprefix(_MARK))
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _with(data: dict[str, Any] | None, name: str, table: Mapping[str, Any]) -> dict[str, Any] | None:
    accounts = (data or {}).get("accounts", {})
    if data is None or not isinstance(accounts, dict) or name in accounts:
        return None
    return {**data, "accounts": {**accounts, name: dict(table)}}
