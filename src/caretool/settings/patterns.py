"""The company's own regular expressions: refused where they do not compile or take too long on a hostile comment."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

import regex
from pydantic import AfterValidator

from caretool.domain.harmless import one_line
from caretool.settings.problems import shown

_LONGEST = 200
# Seconds of processor time for one of the probes, each as long as the pieces a text is searched in (language/personal).
_TRIAL = 0.02
_PROBE = 1_000
_UNITS = ("a", "A", "0", " ", ".", "-", "@", "a ", "Aa0 ", "0 ", "0-", "ab", "aab")
_MOST_LETTERS = 12
# What is no literal text in a pattern: classes, groups' beginnings, counts, escapes of a letter, operators.
_NOT_LITERAL = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[^:)]*[:)]?|\{[\d,]*\}|\\[A-Za-z0-9]|[()|*+?.^$]")
_FUZZY = re.compile(r"(?<!\\)(?<!\\N)\{(?!\d*,?\d*\})")


def check(pattern: str) -> str:
    """The pattern itself; ValueError where it does not compile, matches nothing at all, or takes too long."""
    if len(pattern) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST} characters: say it more simply, or in two patterns")
    compiled = _compiled(pattern)
    try:
        if compiled.match("", timeout=_TRIAL):
            raise ValueError(f"{shown(pattern)} matches where nothing is: it would refuse every text")
        for probe in _probes(pattern):
            _tried(compiled, probe)
    except TimeoutError:
        raise ValueError(
            f"takes too long on long texts: {shown(pattern)}: say how often, like {{1,4}}, instead of * or +"
        ) from None
    return pattern


safe = AfterValidator(check)


def _compiled(pattern: str) -> regex.Pattern[str]:
    """By the syntax of Python's own `re`, which `regex` reads too; what would mean something else there is refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
            compiled = regex.compile(pattern, regex.V0)
    except (re.error, regex.error, OverflowError, RecursionError, Warning) as error:
        raise ValueError(f"{shown(pattern)} is not a regular expression: {one_line(str(error))}") from None
    if _FUZZY.search(pattern):
        raise ValueError(f"{shown(pattern)} is not a regular expression: write \\{{ for a brace that is no count")
    return compiled


def _tried(compiled: regex.Pattern[str], probe: str) -> None:
    """Search it through; a second time where it took too long, lest a hiccup of the machine be taken for it."""
    try:
        _ = compiled.findall(probe, timeout=_TRIAL)
    except TimeoutError:
        _ = compiled.findall(probe, timeout=_TRIAL)


def _probes(pattern: str) -> Iterator[str]:
    """Long texts of one sort of character or a few by turns, also after the pattern's own literal beginning, each with
    an end that spoils what has matched so far; once with the pattern's letters behind it, lest their absence be told
    at a glance."""
    literals = [part for part in _NOT_LITERAL.sub("\0", pattern).replace("\\", "").split("\0") if part]
    letters = list(dict.fromkeys("".join(literals)))[:_MOST_LETTERS]
    units = dict.fromkeys([*_UNITS, *literals, *letters])
    for beginning in dict.fromkeys(["", *literals[:1], "".join(literals)]):
        for unit in units:
            body = f"{beginning}{unit * _PROBE}"[:_PROBE]
            yield from (f"{body}!", f"{body}\x00\n{' '.join(literals)}\x00")
