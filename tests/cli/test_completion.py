"""Tab: what the shell is offered, by the protocols of the shells; and that a press of a key never hurts."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw
import pytest

from caretool.settings import names
from caretool.workspace import settings_of
from tests.cli.conftest import write_comments
from tests.cli.program import Program
from tests.commands import every
from tests.sessions import Session

_CALL = "import sys; sys.argv[0] = 'caretool'; from caretool.cli.main import main; main()"
HOSTILE = "$(touch pwned) `touch pwned` \\$(touch pwned) '; touch pwned; ' [red]x[/] a:b \x1b[31m \n \u202e ))"


def offered(program: Program, typed: str, shell: str = "fish") -> list[str]:
    """The lines a shell gets for what stands before the cursor."""
    words = {
        "bash": {"COMP_WORDS": f"caretool {typed}", "COMP_CWORD": str(len(f"caretool {typed}x".split()) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": f"caretool {typed}"},
        "fish": {"_TYPER_COMPLETE_ARGS": f"caretool {typed}", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    printed, code = Session(program.folder, {**words, "_CARETOOL_COMPLETE": f"complete_{shell}"}).run()
    assert code == 0
    return printed.splitlines()


def values(program: Program, typed: str) -> list[str]:
    return [line.split("\t")[0] for line in offered(program, typed) if line]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("fetch ", ["page", "short"]),
        ("inbox --account s", ["short"]),
        ("inbox --as ", ["dario", "giulia", "tom"]),
        ("inbox --kind sp", ["spam"]),
        ("promise hand-over --from w", ["warehouse"]),
        ("promise hand-over --to d", ["dario", "desk"]),
        ("case list --owner log", ["logistics"]),
        ("inbox --topic parcel", ["parcel-damaged"]),
        ("reply gk3f2 --template delivery-l", ["delivery-late"]),
        ("reply gk3f2 --mode to", ["together"]),
        ("reply gk3f2 --promise call", ["callback@"]),
        ("template preview parcel-", ["parcel-damaged"]),
        ("triage c --topic pri", ["price", "price-differs", "privacy-move-private"]),
        ("promise add pick", ["pickup"]),
        ("report overdue --format m", ["markdown"]),
        ("policy explain x --account p", ["page"]),
    ],
)
def test_names_are_offered_where_they_are_typed(desk: Program, typed: str, found: list[str]) -> None:
    assert sorted(values(desk, typed)) == found


def test_a_group_is_offered_with_how_many_and_what_about(desk: Program) -> None:
    group = desk.group("delivery-late")
    line = next(line for line in offered(desk, "reply ") if line.startswith(group))
    assert re.fullmatch(rf"{group}\t\d+ comments, delivery-late, (page|short)", line)
    assert set(values(desk, f"close {group[:3]}")) >= {group}


def test_ids_are_offered_by_the_letter_and_the_state_a_command_takes(desk: Program) -> None:
    desk.done("reply", desk.group("parcel-damaged"), "--yes")
    desk.done("reply", desk.group("praise"), "--yes", "--later")
    promise = desk.promises()[0]["id"]
    assert values(desk, "promise keep ") == [promise]
    assert values(desk, "promise keep c") == []
    answered = desk.done("show", promise, "--json").json()["comments"][0]["id"]
    assert answered in values(desk, "reopen c")
    assert answered not in values(desk, "close c")
    assert values(desk, f"show {answered[:4]}") == [answered]
    assert all(value[0] == "u" for value in values(desk, "promise add pickup --for "))
    assert values(desk, "show x") == []


def test_persons_are_offered_where_one_is_named(desk: Program) -> None:
    for command in ("show", "export", "forget", "link", "unlink"):
        found = values(desk, f"person {command} ")
        assert found
        assert {value[0] for value in found} == {"u"}


def test_a_draft_is_offered_to_whoever_approves(desk: Program) -> None:
    group = desk.by("tom").group("price")
    desk.by("tom").done("reply", group, "--yes")
    assert [value[0] for value in values(desk, "approve ")] == ["d"]
    assert [value[0] for value in values(desk, "reject r")] == ["r"]


def test_at_most_fifty_are_offered(desk: Program) -> None:
    rows = [{"id": f"more{n}", "author": f"a{n}", "text": f"Quanto costa il modello {n}?"} for n in range(80)]
    write_comments(desk.folder, "page", rows)
    desk.done("fetch")
    assert len(values(desk, "close c")) == 50


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script_and_its_words(desk: Program, shell: str) -> None:
    script = subprocess.run(
        [sys.executable, "-c", _CALL],
        env={**desk.variables(), "_CARETOOL_COMPLETE": f"source_{shell}"},
        capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    assert f"_CARETOOL_COMPLETE=complete_{shell}" in script
    assert "giulia" in "".join(offered(desk, "inbox --as g", shell))


@contextmanager
def installed(folder: Path) -> Iterator[Path]:
    """A folder for PATH in which `caretool` is a program."""
    program = folder / "bin" / "caretool"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "{_CALL}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    yield program.parent


def in_bash(program: Program, path: Path, typed: str) -> list[str]:
    """What bash has to offer once it has taken the script up and somebody presses Tab after `typed`."""
    words = ["caretool", *shlex.split(typed)]
    words += [""] if typed.endswith(" ") else []
    script = (
        'source <(_CARETOOL_COMPLETE=source_bash caretool); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        "$(complete -p caretool | sed 's/.*-F \\([^ ]*\\) .*/\\1/') caretool; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    variables = program.variables()
    ran = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", *words],
        env={**variables, "PATH": f"{path}{os.pathsep}{variables['PATH']}", "CARETOOL_WORKSPACE": str(program.folder)},
        cwd=program.folder, capture_output=True, check=True, encoding="utf-8", timeout=30,
    )  # fmt: skip
    assert ran.stderr == ""
    return ran.stdout.split()


def test_a_real_bash_offers_commands_options_names_and_ids(desk: Program, tmp_path: Path) -> None:
    assert shutil.which("bash")
    with installed(tmp_path) as path:
        assert {"reply", "report"} <= set(in_bash(desk, path, "re"))
        assert in_bash(desk, path, "reply --te") == ["--template", "--text"]
        assert in_bash(desk, path, "reply x --template parcel") == ["parcel-damaged"]
        group = desk.group("parcel-damaged")
        assert in_bash(desk, path, f"show {group[:4]}") == [group]


def test_the_workspace_named_with_c_is_the_one_that_is_asked(desk: Program, tmp_path: Path) -> None:
    elsewhere = Program(tmp_path)
    assert values(elsewhere, "inbox --as ") == []
    assert values(elsewhere, f"-C {shlex.quote(str(desk.folder))} inbox --as g") == ["giulia"]


def test_strangers_words_reach_no_shell(desk: Program, tmp_path: Path) -> None:
    write_comments(
        desk.folder,
        "page",
        [
            {
                "id": "evil",
                "author": "evil",
                "author_name": HOSTILE,
                "text": HOSTILE,
                "thread": "t",
                "thread_text": HOSTILE,
            }
        ],
    )
    desk.done("fetch")
    for typed in ("show u", "show t", "close c", "promise add pickup --for "):
        for shell in ("fish", "zsh", "bash"):
            text = "\n".join(offered(desk, typed, shell))
            assert not re.search(r"\$\(|`|\\\$|;|\x1b|\u202e|\[red", text), (typed, shell)
    line = next(line for line in offered(desk, "show u") if "pwned" in line)
    assert re.fullmatch(r"u\w+\t[\w., -]+…?", line)
    with installed(tmp_path) as path:
        assert all(re.fullmatch(r"u\w{6}", word) for word in in_bash(desk, path, "show u"))
    assert not list(tmp_path.rglob("pwned"))


def test_a_name_that_a_shell_would_take_apart_is_not_offered(desk: Program) -> None:
    with _database(desk) as database:
        (text,) = database.execute("SELECT value FROM kept WHERE key = 'settings'").fetchone()
        settings = json.loads(text)
        for name in (HOSTILE, "*", "a b", "~", "-rf", "a:b", "a\nb"):
            settings["agents"][name] = settings["agents"]["tom"]
        database.execute("UPDATE kept SET value = ? WHERE key = 'settings'", (json.dumps(settings),))
    assert values(desk, "inbox --as ") == ["dario", "giulia", "tom"]


@contextmanager
def _database(desk: Program) -> Iterator[apsw.Connection]:
    with closing(apsw.Connection(str(desk.folder / "caretool.db"))) as connection:
        yield connection


TYPED = ("inbox --as ", "reply ", "show p", "reply x --promise ")


def test_without_a_workspace_or_a_database_nothing_is_offered(fresh: Program, tmp_path: Path) -> None:
    for typed in TYPED:
        assert values(Program(tmp_path), typed) == []
        assert values(fresh, typed) == []
    assert not (fresh.folder / "caretool.db").exists()


def test_a_damaged_or_foreign_database_offers_nothing(desk: Program) -> None:
    path = desk.folder / "caretool.db"
    with _database(desk) as database:
        database.execute("DELETE FROM kept")
        database.execute("DROP TABLE promise")
    assert values(desk, "inbox --as ") == []
    assert values(desk, "show p") == []
    path.write_bytes(b"no database at all" * 1000)
    assert [values(desk, typed) for typed in TYPED] == [[]] * len(TYPED)


def test_settings_kept_by_another_version_offer_nothing(desk: Program) -> None:
    with _database(desk) as database:
        database.execute("UPDATE kept SET value = '{\"places\": []}' WHERE key = 'settings'")
    assert values(desk, "inbox --as ") == []
    assert values(desk, "reply ") != []


def test_a_locked_database_is_not_waited_for(desk: Program) -> None:
    with _database(desk) as database:
        database.execute("BEGIN IMMEDIATE")
        database.execute("DELETE FROM seen")
        assert values(desk, "reply ") != []
    with _database(desk) as database:
        database.execute("PRAGMA locking_mode = exclusive")
        database.execute("DELETE FROM seen")
        started = time.monotonic()
        assert values(desk, "reply ") == []
        assert time.monotonic() - started < 2


def test_looking_leaves_no_trace(desk: Program) -> None:
    before = {path: path.read_bytes() for path in desk.folder.rglob("*") if path.is_file()}
    for typed in TYPED:
        values(desk, typed)
    assert {path: path.read_bytes() for path in desk.folder.rglob("*") if path.is_file()} == before


HEAVY = ("httpx", "pydantic", "jinja2", "numpy", "peewee", "msgspec", "babel", "tree_sitter", "caretool.workspace")


@pytest.mark.parametrize("typed", ["reply ", "inbox --as "])
def test_it_loads_next_to_nothing(desk: Program, typed: str) -> None:
    look = f"import atexit, sys; atexit.register(lambda: print(*(n for n in {HEAVY!r} if n in sys.modules))); {_CALL}"
    ran = subprocess.run(
        [sys.executable, "-c", look],
        env={
            **desk.variables(), "_CARETOOL_COMPLETE": "complete_bash",
            "COMP_WORDS": f"caretool {typed}", "COMP_CWORD": str(len(typed.split()) + 1),
        },
        cwd=desk.folder, capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert len(ran.stdout.splitlines()) > 1
    assert ran.stdout.splitlines()[-1] == ""


def test_the_names_are_those_of_the_settings(desk: Program) -> None:
    settings = settings_of(desk.folder)
    with _database(desk) as database:
        (text,) = database.execute("SELECT value FROM kept WHERE key = 'settings'").fetchone()
    found = names.from_text(text)
    assert set(found.accounts) == set(settings.accounts)
    assert set(found.agents) == set(settings.agents)
    assert set(found.templates) == set(settings.templates)
    assert set(found.topics) == {template.topic for template in settings.templates.values()}
    assert set(found.promise_kinds) == set(settings.policy.promises)


def test_whatever_names_a_thing_can_be_completed() -> None:
    nothing = [
        (" ".join(path), parameter.name)
        for path, command in every()
        for parameter in command.params
        if (parameter.metavar or "").strip("[]…") in {"ID", "REPLY", "ACCOUNT", "AGENT", "T", "KIND", "KIND@TIME"}
        or parameter.name in {"account", "accounts", "agent", "topic", "template"}
        if not parameter._custom_shell_complete
    ]
    assert nothing == []
