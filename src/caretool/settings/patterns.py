"""The company's own regular expressions: refused where they do not compile or could hang on a hostile comment."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

from pydantic import AfterValidator

from caretool.settings.problems import shown

_LONGEST = 200
_MANY = 10
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)


def check(pattern: str) -> str:
    """The pattern itself; ValueError where it does not compile, matches nothing at all, or repeats a repetition."""
    if len(pattern) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST} characters: say it more simply, or in two patterns")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compiled = re.compile(pattern)
            parsed = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise ValueError(f"{shown(pattern)} is not a regular expression: {error}") from None
    if compiled.match(""):
        raise ValueError(f"{shown(pattern)} matches where nothing is: it would refuse every text")
    if _explosive(parsed):
        raise ValueError(
            f"{shown(pattern)} repeats what repeats or varies, and could take for ever on a long comment: "
            "say how often, like {1,4}, instead of the outer * or +"
        )
    return pattern


safe = AfterValidator(check)


def _explosive(parsed: Iterable[Any]) -> bool:
    """Whether an open repetition stands around something that can match the same text in several ways."""
    for operation, argument in parsed:
        if operation in _REPEATS and _open(argument) and _varies(argument[2]):
            return True
        if any(_explosive(inner) for inner in _inside(argument)):
            return True
    return False


def _varies(parsed: Iterable[Any]) -> bool:
    for operation, argument in parsed:
        if operation is _constants.BRANCH or (operation in _REPEATS and argument[0] != argument[1]):
            return True
        if any(_varies(inner) for inner in _inside(argument)):
            return True
    return False


def _open(argument: tuple[int, int, object]) -> bool:
    return argument[1] - argument[0] > _MANY


def _inside(argument: object) -> Iterable[Iterable[Any]]:
    """The sub-patterns of an operation, however deep its argument holds them."""
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, list | tuple):
        for part in argument:
            yield from _inside(part)
