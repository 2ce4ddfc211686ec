from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from caretool.settings.positions import Positions
from caretool.settings.problems import Path
from tests.settings.shop import ACCOUNTS, DELIVERY_LATE, POLICIES

ODD = """\
# a comment
"a\\u0062.c" . 'x y' = [ # another
  1, # one
  {d = 2, e.f = [3]},
]
s = \"\"\"
[fake]
x = 1
\"\"\"
2026-12-13 = true # a key that looks like a date

[[m]] # first
name = "x"
[m.when]
kind = "y"

[[m]]
name = 1
  [[m.sub]]
  q = 1
  [[m.sub]]
  q = 2

[p.q]
z = 1
[p]
k = { a = "x", b = { c = 1 } }
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("ab.c", "x y"), 2),
        (("ab.c", "x y", 0), 3),
        (("ab.c", "x y", 1, "e", "f", 0), 4),
        (("s",), 6),
        (("2026-12-13",), 10),
        (("m",), 12),
        (("m", 0), 12),
        (("m", 0, "when", "kind"), 15),
        (("m", 1), 17),
        (("m", 1, "sub", 0, "q"), 20),
        (("m", 1, "sub", 1, "q"), 22),
        (("p", "q", "z"), 25),
        (("p",), 26),
        (("p", "k", "b", "c"), 27),
    ],
)
def test_a_path_leads_to_its_line(path: Path, line: int) -> None:
    assert Positions(ODD).line(path) == line


def test_what_is_missing_is_on_the_line_of_its_table() -> None:
    positions = Positions(ODD)
    assert positions.line(("m", 1, "when")) == 17
    assert positions.line(("p", "k", "nothing", "there")) == 27
    assert positions.line(("nowhere",)) == 1
    assert positions.line(()) == 1


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from leaves(entry, (*path, key))
    elif isinstance(value, list):
        for position, entry in enumerate(value):
            yield from leaves(entry, (*path, position))


@pytest.mark.parametrize("text", [ACCOUNTS, POLICIES, DELIVERY_LATE])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_key_of_a_file_is_found_on_a_line_that_bears_it(text: str, newline: str) -> None:
    positions = Positions(text.replace("\n", newline))
    lines = text.splitlines()
    for path in leaves(tomllib.loads(text)):
        key = next(part for part in reversed(path) if isinstance(part, str))
        assert key in lines[positions.line(path) - 1], path


def test_a_key_of_a_thousand_dots_costs_nothing() -> None:
    assert Positions(f"x = 1\n{'.'.join('a' * 3000)} = 1\n").line(("a", "a")) == 2
