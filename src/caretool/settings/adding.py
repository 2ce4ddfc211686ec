"""What somebody says of an account that is not in accounts.toml yet, key by key, held against its connector's model."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from caretool.errors import UsageProblem
from caretool.secrets import Secret
from caretool.settings.accounts import AccountTable, read_account
from caretool.settings.known import Known
from caretool.settings.problems import Path, dotted
from caretool.settings.validation import table_in

_KEY = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", re.ASCII)
_LARGEST = 10_000


@dataclass(frozen=True, slots=True)
class Question:
    """A key of an account, what it means, whether there is no account without it; `secret`: it says where one is
    kept."""

    key: str
    means: str
    required: bool
    secret: bool


@dataclass(slots=True)
class Answers:
    """An account of a `platform` on its way into accounts.toml. `model` is its connector's; `name` None: not said."""

    platform: str
    model: type[BaseModel]
    name: str | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def questions(self) -> list[Question]:
        """Every key that it may have and that was not answered yet: the connector's own, then those of any account."""
        asked = [(key, one) for model in (self.model, AccountTable) for key, one in model.model_fields.items()]
        found: dict[str, Question] = {}
        for name, one in asked:
            key = one.alias or name
            if key != "platform" and key not in self.values and key not in found:
                secret = table_in(one.annotation) is Secret and not _takes_text(one.annotation)
                found[key] = Question(key, one.description or "", one.is_required(), secret)
        return list(found.values())

    def lacking(self) -> list[Question]:
        """Those without which there is no account."""
        return [one for one in self.questions() if one.required]

    def take(self, key: str, value: object) -> None:
        """An answer; a text may stand for what TOML writes otherwise (500, true, ["a", "b"]). UsageProblem with the
        model's own sentence where it will not do, or where there is one already."""
        path = _path(key)
        if path == ("platform",):
            raise UsageProblem("platform is said by the first word, not by --set.")
        readings = self._readings(path, value) if isinstance(value, str) else [value]
        refused: list[str] = []
        for reading in readings:
            values = _put(self.values, path, reading)
            # What is wrong with several keys together is told once all are there.
            wrong = [told for at, told in self._problems(values) if at and at[: len(path)] == path[: len(at)]]
            if not wrong:
                self.values = values
                return
            refused = refused or wrong
        raise UsageProblem("\n".join(refused))

    def table(self) -> dict[str, Any]:
        """The account as it will stand there. UsageProblem with all that is wrong with it."""
        if problems := [told for _, told in self._problems(self.values)]:
            raise UsageProblem("\n".join(problems))
        order = [name for model in (self.model, AccountTable) for name in model.model_fields]
        values = sorted(self.values.items(), key=lambda entry: order.index(entry[0]) if entry[0] in order else 0)
        return {"platform": self.platform, **dict(values)}

    def variables(self) -> tuple[str, ...]:
        """The environment variables in which it looks for secrets."""
        return tuple(_variables(self.values))

    def _readings(self, path: tuple[str, ...], text: str) -> list[object]:
        """What a text may stand for, the likeliest first."""
        if len(text) > _LARGEST or not text.isprintable():
            raise UsageProblem(f"{dotted(path)}: is too long, or holds a character that cannot be printed.")
        try:
            read = tomllib.loads(f"v = {text}")
        except (tomllib.TOMLDecodeError, RecursionError, ValueError):
            return [text]
        if list(read) != ["v"]:
            return [text]
        return [text, read["v"]] if _takes_text(_annotation(self.model, path)) else [read["v"], text]

    def _problems(self, values: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
        table = {"platform": self.platform, **values}
        known = Known(platforms=(self.platform,))
        _, problems = read_account("", "new", table, known, {self.platform: self.model})
        for problem in problems:
            at = problem.path[2:]
            yield at, f"{dotted(at) or self.platform}: {problem.what}"


def _variables(table: Mapping[str, Any]) -> Iterator[str]:
    for value in table.values():
        if isinstance(value, Mapping):
            yield from [str(value["env"])] if list(value) == ["env"] else _variables(value)


def _path(key: str) -> tuple[str, ...]:
    if not _KEY.fullmatch(key):
        raise UsageProblem("--set takes KEY=VALUE, KEY such as url or token.env: caretool account add PLATFORM --help")
    return tuple(key.split("."))


def _put(values: Mapping[str, Any], path: Sequence[str], value: object) -> dict[str, Any]:
    """A copy with one more value. UsageProblem where there is one."""
    first, *rest = path
    inside = values.get(first)
    if rest and (inside is None or isinstance(inside, Mapping)):
        return {**values, first: _put(inside or {}, rest, value)}
    if first in values:
        raise UsageProblem(f"{first} is said twice.")
    return {**values, first: value}


def _annotation(model: type[BaseModel], path: Sequence[str]) -> Any:
    """What a key takes, as its model says; None: it does not."""
    fields = {**AccountTable.model_fields, **model.model_fields}
    found = next((one.annotation for name, one in fields.items() if (one.alias or name) == path[0]), None)
    for key in path[1:]:
        table = table_in(found)
        if table is not None:
            found = table.model_fields[key].annotation if key in table.model_fields else None
        else:
            found = next((get_args(one)[1] for one in _options(found) if get_origin(one) is dict), None)
    return found


def _options(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return _options(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [option for part in get_args(annotation) for option in _options(part)]
    return [annotation]


def _takes_text(annotation: Any) -> bool:
    return any(
        one is Any
        or (isinstance(one, type) and issubclass(one, str | PurePath))
        or (get_origin(one) is Literal and any(isinstance(choice, str) for choice in get_args(one)))
        for one in _options(annotation)
    )
