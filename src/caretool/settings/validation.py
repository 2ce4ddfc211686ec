"""A table of a file through its model: what it says, or what is wrong with it in the words of who wrote it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from caretool.settings.known import Known
from caretool.settings.problems import Path, Problem, instead, one_of, shown

Model = TypeVar("Model", bound=BaseModel)

_KEY = "[key]"
_CHOICE = re.compile(r"'([^']*)'")
_SENTENCES = {
    "string_type": "must be a text in quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list between [ and ]",
    "tuple_type": "must be a list between [ and ]",
    "set_type": "must be a list between [ and ]",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "path_type": "must be text, the path of a file",
    "model_attributes_type": "must be a table",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "must be at least {}"),
    "greater_than": ("gt", "must be more than {}"),
    "less_than_equal": ("le", "must be at most {}"),
    "less_than": ("lt", "must be less than {}"),
    "too_short": ("min_length", "must have at least {} entries"),
    "too_long": ("max_length", "must have at most {} entries"),
    "string_too_short": ("min_length", "must have at least {} characters"),
    "string_too_long": ("max_length", "must have at most {} characters"),
}


def validated(
    model: type[Model],
    data: Any,
    known: Known,
    *,
    file: str,
    at: Path = (),
    discreet: bool = False,
    also: Sequence[str] = (),
) -> tuple[Model | None, list[Problem]]:
    """The model of `data`, or None and everything that is wrong with it. `at` is where in the file the data stands.

    `discreet`: no text of the file is repeated (it could be a secret). `also` are keys that are valid here, too.
    """
    try:
        return model.model_validate(data, context=known), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    problems = {
        (path, what): Problem(file, (*at, *path), what)
        for path, what in ((_path(data, detail), _sentence(model, detail, discreet, also)) for detail in details)
    }
    return None, list(problems.values())


def keys(model: type[BaseModel]) -> list[str]:
    """The keys a table of this model takes, as they are written."""
    return [field.alias or name for name, field in model.model_fields.items()]


def table_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside an annotation such as `dict[str, Model] | None`; None: there is none."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return annotation if issubclass(annotation, BaseModel) else None
    return next((found for part in get_args(annotation) if (found := table_in(part))), None)


def _path(data: Any, error: ErrorDetails) -> Path:
    """Where it is in the file: without what only the model knows (the branch of a union, the index of a lone text)."""
    path: list[str | int] = []
    loc = [part for part in error["loc"] if part != _KEY]
    for depth, part in enumerate(loc, start=1):
        inside, there = _entry(data, part)
        if there or (error["type"] == "missing" and depth == len(loc)):
            path.append(part)
            data = inside
    return tuple(path)


def _entry(data: Any, key: str | int) -> tuple[Any, bool]:
    if isinstance(data, Mapping):
        return data.get(key), key in data
    if isinstance(data, list) and isinstance(key, int) and key < len(data):
        return data[key], True
    return None, False


def _sentence(model: type[BaseModel], error: ErrorDetails, discreet: bool, also: Sequence[str]) -> str:
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    if kind == "value_error":
        return str(context.get("error", error["msg"]))
    if kind == "missing":
        return f"is missing{_meaning(model, error)}"
    if kind == "string_pattern_mismatch" and (means := _meaning(model, error)):
        return f"will not do{means}"
    if kind == "extra_forbidden":
        options = list(dict.fromkeys([*also, *_options(model, error["loc"][:-1])]))
        return f"there is no such key here: {instead(str(error['loc'][-1]), options)}"
    if kind == "literal_error":
        options = _CHOICE.findall(str(context.get("expected", "")))
        return _not_among(value, options, discreet)
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        bound = context.get(name)
        if bound == 1 and name == "min_length":
            return "must not be empty"
        return words.format(bound) + (f", not {shown(value)}" if isinstance(value, int | float) else "")
    said = _SENTENCES.get(kind) or _plain(error["msg"])
    return said if discreet and isinstance(value, str) else f"{said}, not {shown(value)}"


def _plain(message: str) -> str:
    """What a model of a connector says in a way of its own: pydantic's words for it."""
    return message.replace("Input should", "must").replace("Value error, ", "")


def _not_among(value: object, options: list[str], discreet: bool) -> str:
    listed = one_of(options)
    if not isinstance(value, str):
        return f"{shown(value)} is not {listed}"
    hint = instead(value, options)
    near = f": {hint}" if hint.startswith("did") else ""
    return f"is not {listed}{near}" if discreet else f"{shown(value)} is not {listed}{near}"


def _meaning(model: type[BaseModel], error: ErrorDetails) -> str:
    field = _field(_model_at(model, error["loc"][:-1]), error["loc"][-1])
    means = field.description if field is not None else None
    return f": {means}" if means else ""


def _options(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    found = _model_at(model, loc)
    return keys(found) if found is not None else []


def _model_at(model: type[BaseModel] | None, loc: tuple[int | str, ...]) -> type[BaseModel] | None:
    """The model that a place in the data belongs to: names of fields lead on, other keys and indexes stay."""
    inside: Any = None
    for part in loc:
        field = _field(model, part) if inside is None else None
        if field is not None:
            inside, model = _container(field.annotation), table_in(field.annotation)
        elif inside is not None:
            inside = _container(inside)
    return model


def _container(annotation: Any) -> Any:
    """What a list or a table of names holds, if that is a container again or a model is behind it; None: a model."""
    if get_origin(annotation) in (list, tuple, dict):
        return get_args(annotation)[-1]
    return next((found for part in get_args(annotation) if (found := _container(part)) is not None), None)


def _field(model: type[BaseModel] | None, key: int | str) -> FieldInfo | None:
    if model is None:
        return None
    return next((field for name, field in model.model_fields.items() if (field.alias or name) == key), None)
