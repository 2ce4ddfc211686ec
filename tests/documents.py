"""What the documents show is what the program prints.

`python -m tests.documents` runs the commands that the pages show and writes down what came of them. `--check` compares
and names the pages that are stale (exit 1). `--tests` also runs the whole test suite, for the README's line about it.
Written anew are docs/reference.md and, on every page, the console blocks between these marks:

    <!-- demo -->…<!-- /demo -->        what `make demo` prints, long passages cut (`<!-- demo: whole -->`: not cut)
    <!-- tests -->…<!-- /tests -->      the last line of `make test`; only with `--tests`, and never compared
    <!-- session: KIND ID=TOPIC … -->…<!-- /session -->
                                        every `$ caretool …` line is run, in the order of the page, in a workspace made
                                        for the page: `empty` (nothing yet), `starter`, `demo` (fetched and looked at)

Sessions stand at a fixed moment. `cd` and `export NAME=VALUE` do in them what they do in a shell. A command that does
not exit 0 says so at its end (`# exit 5`), else the page is not written. Where a block has a line `… N more lines`, its
output stays cut there. The IDs named in a mark are those of the largest group of their topic: where samples are read
differently than before, the page gets the new ones.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from unittest import mock

from caretool import workspace
from caretool.cli.main import main as caretool
from caretool.settings import reference

ROOT = Path(__file__).resolve().parent.parent
NOW = "2026-11-23T09:12:00+01:00"

_WIDEST = 140
_FOLDED = 116
_FEW = 5
BLOCK = re.compile(
    r"(<!-- (?P<name>demo|tests|session)(?:: (?P<words>[^>]+?))? -->\n```console\n)"
    r"(?P<body>.*?)(```\n<!-- /(?P=name) -->)",
    re.DOTALL,
)
_ID = re.compile(r"\b(g[0-9a-z]{5})=([\w-]+)")


class Stale(Exception):
    """A page shows a command that no longer does what the page says of it."""


def pages() -> list[Path]:
    """Every page of the project."""
    return [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]


def renewed(page: Path, tests: str | None = None) -> str:
    """A page as it should read now; `tests` is the line about the test suite, None: as it stands. Raises Stale."""
    if page == ROOT / "docs" / "reference.md":
        return reference.page()
    text = _with_new_ids(page.read_text(encoding="utf-8"))
    with contextlib.ExitStack() as open_sessions:
        sessions: dict[str, Session] = {}

        def block(found: re.Match[str]) -> str:
            name, words, body = found["name"], found["words"] or "", found["body"]
            if name == "demo":
                body = f"$ make demo\n{demo() if words == 'whole' else _shortened(demo())}"
            elif name == "tests" and tests is not None:
                body = f"$ make test\n…\n{tests}\n"
            elif name == "session":
                kind = words.split()[0]
                if kind not in sessions:
                    sessions[kind] = open_sessions.enter_context(session(kind))
                body = sessions[kind].replay(body)
            return f"{found[1]}{body}{found[5]}"

        return BLOCK.sub(block, text)


class Session:
    """A shell with one command: `caretool`, run in this process in `folder`."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._folder = folder
        self._variables = {"CARETOOL_NOW": NOW, "CARETOOL_AGENT": "dario", **variables}

    def replay(self, body: str) -> str:
        """A console block with what its commands print now, an empty line after each that prints something."""
        lines: list[str] = []
        for typed, printed in _commands(body):
            found = self._done(typed)
            cut = next((at for at, line in enumerate(printed) if line.startswith("… ")), len(found))
            if len(found) > cut + 1:
                found = [*found[:cut], f"… {len(found) - cut} more lines"]
            lines += [typed, *_fitted(found), *([""] if found else [])]
        return "\n".join(lines).rstrip() + "\n"

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
        return []

    def run(self, *words: str) -> tuple[str, int]:
        """What a command prints on both streams, and its exit code."""
        said = io.StringIO()
        code = 0
        with (
            contextlib.chdir(self._folder),
            mock.patch.dict(os.environ, self._variables),
            mock.patch.object(sys, "argv", ["caretool", *words]),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            try:
                caretool()
            except SystemExit as leaving:
                code = int(leaving.code or 0)
        return said.getvalue(), code


@contextlib.contextmanager
def session(kind: str) -> Iterator[Session]:
    """A session of one of the kinds, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="caretool-documents-") as name:
        folder = Path(name)
        if kind == "empty":
            yield Session(folder, {})
        else:
            yield _workspace(shutil.copytree(_prepared(kind), folder / "desk"))


@cache
def _prepared(kind: str) -> str:
    """A workspace as a session of this kind begins with; the folder is gone when the process ends."""
    folder = tempfile.mkdtemp(prefix="caretool-documents-")
    atexit.register(shutil.rmtree, folder)
    {"starter": workspace.create, "demo": workspace.lay_demo}[kind](Path(folder))
    for words in (("fetch",), ("inbox", "--limit", "999")):
        printed, code = _workspace(Path(folder)).run(*words)
        if code:
            raise Stale(f"`caretool {words[0]}` exits {code}: {printed.strip()}")
    return folder


def _workspace(folder: Path) -> Session:
    return Session(folder, {"CARETOOL_WORKSPACE": str(folder)})


@cache
def demo() -> str:
    """What `caretool demo` prints into a pipe."""
    done = subprocess.run(
        [sys.executable, "-m", "caretool.cli.main", "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise Stale(f"`caretool demo` exits {done.returncode}: {done.stdout[-500:]}")
    return done.stdout


def tests_line() -> str:
    """The last line of the whole test suite, which has to pass."""
    command = [sys.executable, "-m", "pytest", "-n", "auto"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", check=False)
    last = done.stdout.rstrip().splitlines()[-1]
    if done.returncode:
        raise Stale(f"the tests do not pass: {last}")
    return last


def main(arguments: list[str]) -> int:
    """Write the pages anew, or compare; the exit code."""
    check = "--check" in arguments
    stale = 0
    for page in pages():
        try:
            line = tests_line() if page.name == "README.md" and "--tests" in arguments else None
            text = renewed(page, line)
        except Stale as problem:
            stale += 1
            sys.stdout.write(f"{page.relative_to(ROOT)}: {problem}\n")
            continue
        if text != page.read_text(encoding="utf-8"):
            stale += check
            sys.stdout.write(f"{page.relative_to(ROOT)}: {'stale, run `make docs`' if check else 'written'}\n")
            if not check:
                page.write_text(text, encoding="utf-8")
    return 1 if stale else 0


def _with_new_ids(text: str) -> str:
    marks = [found["words"] for found in BLOCK.finditer(text) if found["name"] == "session"]
    now = {old: _groups(mark.split()[0]).get(topic, old) for mark in marks for old, topic in _ID.findall(mark)}
    if all(old == new for old, new in now.items()):
        return text
    return re.sub(rf"\b({'|'.join(now)})\b", lambda found: now[found[0]], text)


@cache
def _groups(kind: str) -> dict[str, str]:
    """The id of the largest group of every topic in a workspace of a kind."""
    shell = _workspace(Path(_prepared("starter" if kind == "empty" else kind)))
    listed = json.loads(shell.run("inbox", "--json", "--limit", "999")[0])["groups"]
    return {group["topic"]: group["id"] for group in sorted(listed, key=lambda group: group["people"])}


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


def _shortened(text: str) -> str:
    """Of each command's output the first lines."""
    lines: list[str] = []
    for passage in text.split("\n\n"):
        start = 1 + max((at for at, line in enumerate(passage.splitlines()) if line.startswith("$ ")), default=0)
        shown = passage.splitlines()
        if len(shown) > start + _FEW + 1:
            shown = [*shown[: start + _FEW], f"… {len(shown) - start - _FEW} more lines"]
        lines += [*_fitted(shown), ""]
    return "\n".join(lines[:-1]) + "\n"


def _fitted(lines: Iterable[str]) -> Iterator[str]:
    """What is too long for a page: a reply's text is folded, as a terminal does it, a table's row is cut."""
    for line in lines:
        if line.startswith("  ") and len(line) > _FOLDED:
            indent = " " * (len(line) - len(line.lstrip()))
            yield from textwrap.wrap(line, _FOLDED, subsequent_indent=indent, break_on_hyphens=False)
        else:
            yield line if len(line) <= _WIDEST or line.startswith("$ ") else f"{line[: _WIDEST - 1]}…"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
