"""What the documents show is what the program prints.

`python -m tests.documents` runs the commands that the pages show and writes down what came of them. `--check` compares
and names the pages that are stale (exit 1). `--tests` also runs the whole test suite, for the README's line about it.
Written anew are docs/reference.md, the pages of docs/commands (those of commands that are gone are removed) and, on
every page, the console blocks between these marks:

    <!-- demo -->…<!-- /demo -->        what `make demo` prints, long passages cut (`<!-- demo: whole -->`: not cut)
    <!-- tests -->…<!-- /tests -->      the last line of `make test`; only with `--tests`, and never compared
    <!-- session: KIND ID=TOPIC … -->…<!-- /session -->
                                        every `$ caretool …` line is run, in the order of the page, in a workspace made
                                        for the page: `empty` (nothing yet), `starter`, `demo` (fetched and looked at),
                                        `mastodon http://…` (nothing yet, and the practice server at that address),
                                        `watching` (that server is an account, and was fetched)
    <!-- session: KIND … file=NAME -->…<!-- /session -->
                                        a ```toml block, put at the end of the file when its turn comes

Sessions stand at a fixed moment. `curl` asks the practice server; what it makes up anew each time (its port, secrets in
JSON) stays as the page shows it. `cd` and `export NAME=VALUE` do in them what they do in a shell. A command that does
not exit 0 says so at its end (`# exit 5`), else the page is not written. Where a block has a line `… N more lines`, its
output stays cut there. The IDs named in a mark are those of the largest group of their topic: where samples are read
differently than before, the page gets the new ones.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

from caretool.settings import reference
from tests.commands import command_pages
from tests.sessions import Session, Stale, fitted, prepared, session, workspace_in

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ROOT / "docs" / "commands"

_FEW = 5
BLOCK = re.compile(
    r"(<!-- (?P<name>demo|tests|session)(?:: (?P<words>[^>]+?))? -->\n```(?P<fence>console|toml|csv)\n)"
    r"(?P<body>.*?)(```\n<!-- /(?P=name) -->)",
    re.DOTALL,
)
_ID = re.compile(r"\b(g[0-9a-z]{5})=([\w-]+)")


def pages() -> list[Path]:
    """Every page of the project."""
    return [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]


def renewed(page: Path, tests: str | None = None) -> str | None:
    """A page as it should read now, None: it should not be there. Raises Stale.

    `tests` is the line about the test suite, None: as it stands.
    """
    if page == ROOT / "docs" / "reference.md":
        return reference.page()
    if page.parent == COMMANDS:
        return made().get(page.name)
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
                    sessions[kind] = open_sessions.enter_context(session(words))
                if file := re.search(r"\bfile=(\S+)", words):
                    sessions[kind].add_to_file(file[1], body)
                else:
                    body = sessions[kind].replay(body)
            return f"{found[1]}{body}{found[6]}"

        return BLOCK.sub(block, text)


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


@cache
def made() -> dict[str, str]:
    """The pages of docs/commands: file name → text."""
    return command_pages()


def main(arguments: list[str]) -> int:
    """Write the pages anew, or compare; the exit code."""
    check = "--check" in arguments
    stale = 0
    for page in sorted({*pages(), *(COMMANDS / name for name in made())}):
        try:
            line = tests_line() if page == ROOT / "README.md" and "--tests" in arguments else None
            text = renewed(page, line)
        except Stale as problem:
            stale += 1
            sys.stdout.write(f"{page.relative_to(ROOT)}: {problem}\n")
            continue
        if text != (page.read_text(encoding="utf-8") if page.exists() else None):
            stale += check
            sys.stdout.write(f"{page.relative_to(ROOT)}: {_wrong(page, text) if check else _settle(page, text)}\n")
    return 1 if stale else 0


def _wrong(page: Path, text: str | None) -> str:
    what = "superfluous" if text is None else "stale" if page.exists() else "missing"
    return f"{what}, run `make docs`"


def _settle(page: Path, text: str | None) -> str:
    if text is None:
        page.unlink()
        return "removed"
    page.parent.mkdir(exist_ok=True)
    page.write_text(text, encoding="utf-8")
    return "written"


def _with_new_ids(text: str) -> str:
    marks = [found["words"] for found in BLOCK.finditer(text) if found["name"] == "session"]
    now = {old: _groups(mark.split()[0]).get(topic, old) for mark in marks for old, topic in _ID.findall(mark)}
    if all(old == new for old, new in now.items()):
        return text
    return re.sub(rf"\b({'|'.join(now)})\b", lambda found: now[found[0]], text)


@cache
def _groups(kind: str) -> dict[str, str]:
    """The id of the largest group of every topic in a workspace of a kind."""
    shell = workspace_in(Path(prepared("starter" if kind == "empty" else kind)))
    listed = json.loads(shell.run("inbox", "--json", "--limit", "999")[0])["groups"]
    return {group["topic"]: group["id"] for group in sorted(listed, key=lambda group: group["people"])}


def _shortened(text: str) -> str:
    """Of each command's output the first lines."""
    lines: list[str] = []
    for passage in text.split("\n\n"):
        start = 1 + max((at for at, line in enumerate(passage.splitlines()) if line.startswith("$ ")), default=0)
        shown = passage.splitlines()
        if len(shown) > start + _FEW + 1:
            shown = [*shown[: start + _FEW], f"… {len(shown) - start - _FEW} more lines"]
        lines += [*fitted(shown), ""]
    return "\n".join(lines[:-1]) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
