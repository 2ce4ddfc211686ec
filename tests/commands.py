"""The program's commands as they are registered: walked, parsed, and shown as docs/commands.

Nothing here knows a command by its name: one that is new gets its page and its tests by being there.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import typer

from caretool.cli.main import app
from tests.sessions import Session, Stale

_COLUMNS = 100
_WRITTEN = "<!-- written by `make docs` from what `--help` prints -->"

Words = tuple[str, ...]


@cache
def program() -> Any:
    """The tree of commands, as typer makes it."""
    return typer.main.get_command(app)


def below(command: Any) -> dict[str, Any]:
    """The commands of a group by name, in the order of its help; empty for a command."""
    if not hasattr(command, "list_commands"):
        return {}
    with command.make_context("caretool", [], resilient_parsing=True) as context:
        return {name: command.get_command(context, name) for name in command.list_commands(context)}


def every(command: Any = None, path: Words = ()) -> Iterator[tuple[Words, Any]]:
    """Every command that does something, with the words that call it."""
    command = command if path else program()
    inner = below(command)
    if not inner:
        yield path, command
    for name, part in inner.items():
        yield from every(part, (*path, name))


def take(words: list[str]) -> None:
    """Take the words as the program would, up to where the command would run; its own error if it would not."""
    command, name, parent = program(), "caretool", None
    while True:
        context = command.make_context(name, words, parent=parent)
        if not hasattr(command, "list_commands"):
            return
        name, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
        parent = context


def help_of(path: Words) -> str:
    """What `caretool PATH --help` prints, 100 columns wide. Raises Stale if it does not."""
    with tempfile.TemporaryDirectory(prefix="caretool-documents-") as folder:
        printed, code = Session(Path(folder), {"COLUMNS": str(_COLUMNS)}).run(*path, "--help")
    if code:
        raise Stale(f"`caretool {' '.join(path)} --help` exits {code}: {printed.strip()}")
    return printed.rstrip()


def summary(command: Any) -> str:
    """The first sentence of a command's help."""
    first = " ".join((command.help or "").split("\n\n")[0].split())
    return re.split(r"(?<=\.) ", first)[0]


def command_pages() -> dict[str, str]:
    """docs/commands: file name → text. A page a command or group of commands of the program, and one that lists all."""
    pages = {}
    rows = []
    for name, command in below(program()).items():
        pages[f"{name}.md"] = _page(name, command)
        rows.append(_row((name,), command, name))
        rows += [_row((name, inner), part, name) for inner, part in below(command).items()]
    listed = ["# Commands", "", _WRITTEN, "", "| command | does |", "|---|---|", *rows, "", _shown(()), ""]
    return {**pages, "README.md": "\n".join(listed)}


def _page(name: str, command: Any) -> str:
    parts = [f"# caretool {name}", _WRITTEN, "[All commands](README.md)", _shown((name,))]
    for inner in below(command):
        parts += [f"## caretool {name} {inner}", _shown((name, inner))]
    return "\n\n".join(parts) + "\n"


def _row(path: Words, command: Any, page: str) -> str:
    words = " ".join(path)
    anchor = f"#caretool-{'-'.join(path)}" if len(path) > 1 else ""
    return f"| [`{words}`]({page}.md{anchor}) | {summary(command).replace('|', chr(92) + '|')} |"


def _shown(path: Words) -> str:
    return f"```text\n$ caretool {' '.join((*path, '--help'))}\n{help_of(path)}\n```"
