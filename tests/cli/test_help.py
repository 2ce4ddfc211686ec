from __future__ import annotations

import inspect
import re
import shlex
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.cli.program import Program
from tests.commands import every, help_of, summary, take

# They print files and a story.
WITHOUT_JSON = {("demo",)}  # a show, not a result
# Ending a promise shares its words with moving it, but there is nothing to refuse.
NEVER_REFUSED = {("promise", "keep"), ("promise", "break"), ("promise", "release")}
EXAMPLE = re.compile(r"^ +(?:\S+ \S+ \S+ \S+ \S+  )?caretool (.*)$", re.MULTILINE)

EVERY = dict(every())
IDS = [" ".join(path) for path in EVERY]


@pytest.mark.parametrize("path", EVERY, ids=IDS)
def test_a_command_says_in_a_sentence_what_it_does(path: tuple[str, ...]) -> None:
    said = summary(EVERY[path])
    assert re.fullmatch(r"[A-Z].{9,}[^.]\.", said)
    assert len(said) <= 110


@pytest.mark.parametrize("path", EVERY, ids=IDS)
def test_a_command_teaches_with_examples_that_the_program_takes(path: tuple[str, ...]) -> None:
    shown = help_of(path)
    assert "Example" in shown
    typed = [part for example in EXAMPLE.findall(shown) for part in example.split(" && caretool ")]
    called = []
    for example in typed:
        words = shlex.split(re.split(r"   | && | \| | [<>] ?\S", example)[0])
        take(words)
        words = words[2:] if words[0] == "-C" else words
        called.append(tuple(words[: len(path)]))
    assert path in called


@pytest.mark.parametrize("path", EVERY, ids=IDS)
def test_a_command_names_its_unusual_exit_codes(path: tuple[str, ...]) -> None:
    told = {
        int(code)
        for listed in re.findall(r"\b[Ee]xits? ([^.]+)", help_of(path))
        for code in re.findall(r"\b\d\b", listed)
    }
    assert path in NEVER_REFUSED or exits(EVERY[path].callback) <= told


def exits(function: Any) -> set[int]:
    """The exit codes a command sets itself (not those of errors), also in the functions of its module it calls. One
    that is worked out is partly done: 6."""
    source = inspect.getsource(function)
    found = {int(code) if code.isdigit() else 6 for code in re.findall(r"\bExit\(([\w.]+)\)", source)}
    module = vars(sys.modules[function.__module__])
    called = {name for name in re.findall(r"\b(_\w+)\(", source) if inspect.isfunction(module.get(name))}
    return found.union(*(exits(module[name]) for name in called if module[name] is not function)) - {0, 2}


@pytest.mark.parametrize("path", EVERY, ids=IDS)
def test_a_command_can_print_json(path: tuple[str, ...]) -> None:
    options = {name for option in EVERY[path].params for name in option.opts}
    assert ("--json" in options) != (path in WITHOUT_JSON)


@pytest.mark.parametrize("path", EVERY, ids=IDS)
def test_every_option_and_argument_is_explained(path: tuple[str, ...]) -> None:
    assert [option.name for option in EVERY[path].params if not option.help] == []


def test_help_fits_on_a_terminal_of_a_hundred_columns() -> None:
    for path in (*EVERY, ()):
        shown = help_of(path)
        assert max(map(len, shown.splitlines())) <= 100, path


def test_the_program_alone_shows_where_to_begin(tmp_path: Path) -> None:
    shown = " ".join(Program(tmp_path).run("--help").stdout.split())
    assert "caretool demo" in shown
    assert "caretool init" in shown
    assert all(name in shown for name in ("fetch", "inbox", "reply", "promise", "report"))


def test_the_version_is_one_line(tmp_path: Path) -> None:
    with mock.patch("importlib.metadata.version", return_value="1.2.3"):
        assert Program(tmp_path).done("--version").stdout == "caretool 1.2.3\n"


def test_where_the_pages_lie_is_said(tmp_path: Path) -> None:
    folder = Path(Program(tmp_path).done("--docs").stdout.removesuffix("\n"))
    assert (folder / "roles.md").is_file()
