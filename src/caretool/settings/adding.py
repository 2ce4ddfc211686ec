"""What somebody says of an account that is not in accounts.toml yet, key by key, held against its connector's model."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from caretool.domain.duration import Duration
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
    kept; `instead`: the key that is asked for where this one is passed over."""

    key: str
    means: str
    required: bool
    secret: bool
    instead: str | None = None


@dataclass(slots=True)
class Answers:
    """An account of a `platform` on its way into accounts.toml. `model` is its connector's (of the keys that it calls
    `one_of` an account has one); `name` None: not said."""

    platform: str
    model: type[BaseModel]
    name: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    passed_over: set[str] = field(default_factory=set)

    def questions(self) -> list[Question]:
        """Every key that it may have and that was not answered yet: the connector's own, then those of any account."""
        found: dict[str, Question] = {}
        ways = self._ways()
        said = {"platform", *self.values, *(ways if any(way in self.values for way in ways) else ())}
        for model in (self.model, AccountTable):
            for one in _questions(model):
                if one.key not in said:
                    found.setdefault(one.key, one)
        return list(found.values())

    def lacking(self) -> list[Question]:
        """Those without which there is no account."""
        return [*(one for one in self.questions() if one.required), *self._one_way()]

    def pass_over(self, question: Question) -> None:
        """Do not ask for it: for the one that stands `instead`."""
        self.passed_over.add(question.key)

    def _ways(self) -> tuple[str, ...]:
        ways: tuple[str, ...] = getattr(self.model, "one_of", ())
        return ways

    def _one_way(self) -> list[Question]:
        """Of the keys of which it has one: what is still to be said of the one that is begun, else the first."""
        ways = [way for way in self._ways() if way in self.values]
        ways = ways or [way for way in self._ways() if way not in self.passed_over]
        if not ways:
            return []
        way = next(one for one in _questions(self.model) if one.key == ways[0])
        inside = table_in(self.model.model_fields[way.key].annotation)
        if inside is None or inside is Secret:
            return [] if way.key in self.values else [replace(way, required=True, instead=next(iter(ways[1:]), None))]
        said = self.values.get(way.key, {})
        return [
            replace(one, key=f"{way.key}.{one.key}")
            for one in _questions(inside)
            if one.required and isinstance(said, Mapping) and one.key not in said
        ]

    def take(self, key: str, value: object) -> None:
        """An answer; a text may stand for what TOML writes otherwise (500, true, ["a", "b"]). UsageProblem with the
        model's own sentence where it will not do, or where there is one already."""
        path = _path(key)
        if path == ("platform",):
            raise UsageProblem("platform is said by the first word, not by --set.")
        readings = self._readings(path, value) if isinstance(value, str) else [value]
        if isinstance(readings[0], str) and _is_secret(_annotation(self.model, path)):
            ways = f"{key}.env=NAME, or {key}.command, {key}.keyring"
            raise UsageProblem(f"{key}: a secret is not said here, only where it is kept: --set {ways}")
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
            yield at, f"{dotted(at) or self.name or self.platform}: {problem.what}"


def _questions(model: type[BaseModel]) -> Iterator[Question]:
    for name, one in model.model_fields.items():
        yield Question(one.alias or name, one.description or "", one.is_required(), _is_secret(one.annotation))


def _is_secret(annotation: Any) -> bool:
    """Whether only where it is kept can be said of it."""
    return table_in(annotation) is Secret and not _takes_text(annotation)


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
        or (isinstance(one, type) and issubclass(one, str | PurePath | Duration))
        or (get_origin(one) is Literal and any(isinstance(choice, str) for choice in get_args(one)))
        for one in _options(annotation)
    )
