from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import typer

from caretool.cli.main import app
from tests.cli.program import Program

# They print files and a story.
WITHOUT_JSON = {("demo",)}  # a show, not a result
EXAMPLE = re.compile(r"^ +(?:\S+ \S+ \S+ \S+ \S+  )?caretool (.*)$", re.MULTILINE)


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of the program with the words that call it."""
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
        return
    for name, part in below.items():
        yield from commands(part, (*path, name))


EVERY = dict(commands(typer.main.get_command(app)))
IDS = [" ".join(path) for path in EVERY]


@pytest.mark.parametrize("path", EVERY, ids=IDS)
def test_a_command_teaches_with_an_example_that_can_be_typed(tmp_path: Path, path: tuple[str, ...]) -> None:
    shown = Program(tmp_path).done(*path, "--help").stdout
    assert "Example" in shown
    called = []
    for example in EXAMPLE.findall(shown):
        words = shlex.split(re.split(r"   | && | \| | > ", example)[0])
        words = words[2:] if words[0] == "-C" else words
        command = next(known for known in EVERY if tuple(words[: len(known)]) == known)
        options = {name for option in EVERY[command].params for name in option.opts}
        assert {word for word in words if word.startswith("-")} <= options
        called.append(command)
    assert path in called


@pytest.mark.parametrize("path", EVERY, ids=IDS)
def test_a_command_can_print_json(path: tuple[str, ...]) -> None:
    options = {name for option in EVERY[path].params for name in option.opts}
    assert ("--json" in options) != (path in WITHOUT_JSON)


@pytest.mark.parametrize("path", EVERY, ids=IDS)
def test_every_option_and_argument_is_explained(path: tuple[str, ...]) -> None:
    assert [option.name for option in EVERY[path].params if not option.help] == []


def test_help_fits_on_a_terminal_of_a_hundred_columns(tmp_path: Path) -> None:
    for path in (*EVERY, ()):
        shown = Program(tmp_path).done(*path, "--help").stdout
        assert max(map(len, shown.splitlines())) <= 100, path


def test_the_program_alone_shows_where_to_begin(tmp_path: Path) -> None:
    shown = " ".join(Program(tmp_path).run("--help").stdout.split())
    assert "caretool demo" in shown
    assert "caretool init" in shown
    assert all(name in shown for name in ("fetch", "inbox", "reply", "promise", "report"))


def test_the_version_is_one_line(tmp_path: Path) -> None:
    with mock.patch("importlib.metadata.version", return_value="1.2.3"):
        assert Program(tmp_path).done("--version").stdout == "caretool 1.2.3\n"
