"""docs/reference.md, written from the models: `python -m caretool.settings.reference > docs/reference.md`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from caretool.settings.accounts import AccountsFile, AccountTable
from caretool.settings.policies import PoliciesFile
from caretool.settings.templates import TemplateFile
from caretool.settings.validation import table_in
from caretool.settings.values import Takes

_HEAD = """\
# Reference: what stands in the files

This page is generated from the models that read the files (`python -m caretool.settings.reference`); every key is here,
and a key that is not here is an error. A problem is told as `file:line path: what is wrong: how to put it right`, all
problems of all files at once; entries of a list are counted from 1 (`moderation[2].when`).

- **A length of time**: `90m`, `3h` are elapsed time; `2 days` keeps the hour of the day; `4 working hours` and
  `2 working days` run on a calendar, which then has to be named.
- **A list of hours**: `["09:00-13:00", "14:00-18:00"]`, in order; `24:00` is an end, midnight belongs to the next day.
- **A date**: `"2026-12-24"`. **A language**: its code, `it` or `en`.
- **A name**: letters, digits, `-`, `_` and `.`. **A cue**: words as they are written, a `*` at the end of a word for
  whatever follows (`ritir*`); several words are found in this order.
- **A regular expression**: Python's, at most 200 characters; one that repeats a repetition is refused.
"""
_TEMPLATES = "templates/replies/NAME.toml"
_PRIMITIVES = {str: "text", int: "a whole number", bool: "`true` or `false`", NoneType: ""}


def page() -> str:
    """The whole page, Markdown."""
    return "\n".join(
        (
            _HEAD,
            *_file("accounts.toml: where we are and who we are", AccountsFile),
            *_file("policies.toml: the rules everyone respects", PoliciesFile),
            *_file(f"{_TEMPLATES}: the Q&A entries", TemplateFile),
        )
    )


def _file(title: str, model: type[BaseModel]) -> Iterator[str]:
    yield f"## {title}\n"
    own = [name for name in model.model_fields if _table(model, name) is None]
    if own:
        yield from _keys(model, own)
    for name in model.model_fields:
        table = _table(model, name)
        if table is not None:
            yield from _section(*table)


def _section(heading: str, model: type[BaseModel]) -> Iterator[str]:
    """A table with its keys, then the tables inside it."""
    yield f"### `{heading}`\n"
    yield f"{inspect.getdoc(model)}\n"
    yield from _keys(model, list(model.model_fields))
    for name in model.model_fields:
        inner = table_in(_hint(model, name))
        if inner is not None:
            brackets = ("[[", "]]") if get_origin(_bare(_hint(model, name))) is list else ("[", "]")
            yield from _section(f"{heading.strip('[]')}.{name}".join(brackets), inner)


def _keys(model: type[BaseModel], names: list[str]) -> Iterator[str]:
    yield "| key | takes | left out | means |"
    yield "|---|---|---|---|"
    for name in names:
        field = model.model_fields[name]
        takes, default = _takes(_hint(model, name)), _default(field)
        yield f"| `{field.alias or name}` | {takes} | {default} | {field.description or ''} |"
    yield ""


def _table(model: type[BaseModel], name: str) -> tuple[str, type[BaseModel]] | None:
    """The heading and the model of a file's table; None where the key is a plain value."""
    if model is AccountsFile and name == "accounts":
        return "[accounts.NAME]", AccountTable
    hint = _bare(_hint(model, name))
    inner = table_in(hint)
    if inner is None:
        return None
    if get_origin(hint) is list:
        return f"[[{name}]]", inner
    if get_origin(hint) is dict:
        return f"[{name}.{'LANGUAGE' if _takes(get_args(hint)[0]) == 'language' else 'NAME'}]", inner
    return f"[{name}]", inner


def _hint(model: type[BaseModel], name: str) -> Any:
    return get_type_hints(model, include_extras=True)[name]


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _takes(hint: Any) -> str:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        said = [extra.words for extra in parts[1:] if isinstance(extra, Takes)]
        return said[-1] if said else _takes(parts[0])
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(words for part in parts if (words := _takes(part))))
    if origin is Literal:
        return ", ".join(f"`{choice}`" if choice else '`""`' for choice in parts)
    if origin is list:
        return f"a list: {_takes(parts[0])}"
    if origin is dict:
        return f"a table: {_takes(parts[0])} = {_takes(parts[1])}"
    return _PRIMITIVES.get(hint, "a table")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value in ((), [], {}) or isinstance(value, BaseModel):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    sys.stdout.write(page())
