"""Shells in which the pages' commands are run: `caretool` in this process, at a fixed moment, and a few others."""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from unittest import mock

from caretool import workspace
from caretool.cli.main import main as caretool
from tests.curl import curl

NOW = "2026-11-23T09:12:00+01:00"

# What a server makes up: in JSON, or a code on a page.
_SECRET = re.compile(r'(access_token|client_id|client_secret|vapid_key|code)(?:": ?"|>)([^"<\s]+)')
_WIDEST = 140
_FOLDED = 116
_JSON_LINE = re.compile(rf".{{1,{_FOLDED - 1}}}(?:,|$)|.+?(?:,|$)")


_KEPT = ("--set", "token.env=CARETOOL_MASTODON_TOKEN")


class Stale(Exception):
    """A page shows a command that no longer does what the page says of it."""


class Session:
    """A shell of few words: `caretool`, run in this process in `folder`, `cd`, `export`, `curl`."""

    def __init__(self, folder: Path, variables: Mapping[str, str], shown: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._variables = {"CARETOOL_NOW": NOW, "CARETOOL_AGENT": "dario", **variables}
        self._shown = dict(shown or {})  # what differs from run to run → how the page shows it

    def replay(self, body: str) -> str:
        """A console block with what its commands print now, an empty line after each that prints something."""
        lines: list[str] = []
        for typed, printed in _commands(body):
            found = self._as_shown(self._done(self._as_it_is(typed)), printed)
            cut = next((at for at, line in enumerate(printed) if line.startswith("… ")), len(found))
            if len(found) > cut + 1:
                found = [*found[:cut], f"… {len(found) - cut} more lines"]
            lines += [typed, *fitted(found), *([""] if found else [])]
        return "\n".join(lines).rstrip() + "\n"

    def add_to_file(self, name: str, text: str) -> None:
        """What a reader does who copies a sample to the end of a file."""
        with (self._folder / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{self._as_it_is(text)}")

    def _as_it_is(self, text: str) -> str:
        for real, shown in self._shown.items():
            text = text.replace(shown, real)
        return text

    def _as_shown(self, lines: list[str], before: Iterable[str]) -> list[str]:
        """Lines as the page shows them: a secret that the server has just made up looks as it did on the page."""
        on_the_page = dict(_SECRET.findall("\n".join(before)))
        for name, real in _SECRET.findall("\n".join(lines)):
            self._shown.setdefault(real, on_the_page.get(name, real))
        for real, shown in self._shown.items():
            lines = [line.replace(real, shown) for line in lines]
        return lines

    def _done(self, typed: str) -> list[str]:
        command = typed.removeprefix("$ ").replace("\\\n", "")
        words = shlex.split(command, comments=True)
        if words[0] == "cd":
            self._folder /= words[1]
        elif words[0] == "export":
            self._variables.update({name: value for name, _, value in (word.partition("=") for word in words[1:])})
        elif words[0] == "caretool":
            printed, code = self.run(*words[1:])
            expected = re.search(r"# exit (\d)$", command)
            if code != int(expected[1] if expected else 0):
                raise Stale(f"`{command}` exits {code}: {printed.strip()}")
            return printed.rstrip().splitlines()
        elif words[0] == "curl":
            try:
                return curl(words[1:]).splitlines()
            except (ValueError, OSError) as problem:
                raise Stale(f"`{command}`: {problem}") from None
        else:
            raise Stale(f"`{command}` is nothing that a page can run")
        return []

    def run(self, *words: str) -> tuple[str, int]:
        """What a command prints on both streams, and its exit code."""
        said = io.StringIO()
        code = 0
        with (
            contextlib.chdir(self._folder),
            mock.patch.dict(os.environ, self._variables),
            mock.patch.object(sys, "argv", ["caretool", *words]),
            mock.patch.object(sys.modules["__main__"], "__package__", None),  # else it calls itself python -m …
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            try:
                caretool()
            except SystemExit as leaving:
                code = int(leaving.code or 0)
        return said.getvalue(), code


@contextlib.contextmanager
def session(words: str) -> Iterator[Session]:
    """A session of the kind a mark names, in a folder that is gone afterwards.

    A kind that needs a server has it on this computer; the address the mark shows stands for its own.
    """
    kind, *more = words.split()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="caretool-documents-")))
        if kind in _SERVERS:
            address = stack.enter_context(_SERVERS[kind]())
            shown = next((word for word in more if "://" in word), address)
            yield Session(folder, {}, {address: shown})
        elif kind == "watching":
            yield stack.enter_context(_watching(folder / "desk"))
        elif kind == "empty":
            yield Session(folder, {})
        else:
            yield workspace_in(shutil.copytree(prepared(kind), folder / "desk"))


@contextlib.contextmanager
def _mastodon(*, forgets: bool = True) -> Iterator[str]:
    """The practice server; it `forgets` its token, so that a page shows how one is made."""
    from tests.platforms.fake_mastodon import FakeMastodon
    from tests.platforms.fake_mastodon_practice import furnish, serve

    fake = FakeMastodon(clock=lambda: datetime.fromisoformat(NOW))
    if forgets:
        fake.tokens.clear()
    furnish(fake)
    with serve(fake) as address:
        yield address


_SERVERS = {"mastodon": _mastodon}


@contextlib.contextmanager
def _watching(folder: Path) -> Iterator[Session]:
    """Where the page about Mastodon ends: the practice server is an account, and was fetched."""
    from tests.platforms.fake_mastodon import TOKEN

    workspace.create(folder)
    with _mastodon(forgets=False) as address:
        shell = Session(folder, {"CARETOOL_WORKSPACE": str(folder), "CARETOOL_MASTODON_TOKEN": TOKEN})
        for words in (
            ("account", "add", "mastodon", "fediverse", "--set", f"url={address}", *_KEPT),
            ("fetch", "fediverse"),
        ):
            printed, code = shell.run(*words)
            if code:
                raise Stale(f"`caretool {words[0]}` exits {code}: {printed.strip()}")
        yield shell


@cache
def prepared(kind: str) -> str:
    """A workspace as a session of this kind begins with; the folder is gone when the process ends."""
    folder = tempfile.mkdtemp(prefix="caretool-documents-")
    atexit.register(shutil.rmtree, folder)
    {"starter": workspace.create, "demo": workspace.lay_demo}[kind](Path(folder))
    for words in (("fetch",), ("inbox", "--limit", "999")):
        printed, code = workspace_in(Path(folder)).run(*words)
        if code:
            raise Stale(f"`caretool {words[0]}` exits {code}: {printed.strip()}")
    return folder


def workspace_in(folder: Path) -> Session:
    """A session in a workspace that is there."""
    return Session(folder, {"CARETOOL_WORKSPACE": str(folder)})


def _commands(body: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block, as typed (perhaps over several lines), with the lines below it."""
    typed, printed = "", list[str]()
    for line in body.splitlines():
        if typed.endswith("\\"):
            typed += f"\n{line}"
        elif line.startswith("$ "):
            if typed:
                yield typed, printed
            typed, printed = line, []
        else:
            printed.append(line)
    if typed:
        yield typed, printed


def fitted(lines: Iterable[str]) -> Iterator[str]:
    """What is too long for a page: a reply's text and JSON are folded, as a terminal does it, a table's row is cut."""
    for line in lines:
        if line.startswith("  ") and len(line) > _FOLDED:
            indent = " " * (len(line) - len(line.lstrip()))
            yield from textwrap.wrap(line, _FOLDED, subsequent_indent=indent, break_on_hyphens=False)
        elif line.startswith(('{"', "[{")) and len(line) > _FOLDED:
            yield from _JSON_LINE.findall(line)
        else:
            yield line if len(line) <= _WIDEST or line.startswith("$ ") else f"{line[: _WIDEST - 1]}…"
