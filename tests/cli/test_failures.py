"""What goes wrong is one line on stderr that says what to do, an exit code, and nothing on stdout."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import row, write_comments
from tests.cli.program import COMMAND, Program, Ran


def assert_told(ran: Ran, code: int, *hints: str) -> None:
    """That a failure was told in plain words."""
    assert (ran.code, ran.stdout) == (code, ""), ran.told
    assert "Traceback" not in ran.stderr
    for hint in hints:
        assert hint in ran.stderr


@pytest.mark.parametrize(
    "words",
    [("fetch",), ("inbox",), ("show", "g1"), ("reply", "g1", "--yes"), ("promise", "list"), ("report", "overdue"),
     ("policy", "check"), ("policy", "show"), ("template", "list"), ("send",), ("close", "c1", "--because", "x")],
)  # fmt: skip
def test_where_there_is_no_workspace_it_says_how_to_make_one(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert_told(Program(tmp_path / "nowhere").run(*words, "--json"), 2, "caretool init")


def test_the_workspace_is_found_upwards_or_by_the_environment(desk: Program, tmp_path: Path) -> None:
    below = desk.folder / "templates" / "replies"
    for folder, variables in ((below, {}), (tmp_path, {"CARETOOL_WORKSPACE": str(desk.folder)})):
        environment = desk.variables() | variables
        words = [*COMMAND, "promise", "list", "--json"]
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, check=True)
        assert done.stdout == b'{"promises": []}\n'
    lost = subprocess.run(
        [*COMMAND, "inbox"], cwd=tmp_path, env=desk.variables(), capture_output=True, check=False, text=True
    )
    assert (lost.returncode, lost.stdout) == (2, "")
    assert "caretool init DIR" in lost.stderr


@pytest.mark.parametrize("name", ["accounts.toml", "policies.toml", "templates/replies/thanks.toml"])
@pytest.mark.parametrize("broken", [b"\n[[[\n", b"\n\xff\xfe\n", b"\nnonesuch = 1\n"])
def test_a_broken_file_is_named_with_its_line(desk: Program, name: str, broken: bytes) -> None:
    path = desk.folder / name
    path.write_bytes(path.read_bytes() + broken)
    for words in (("inbox", "--json"), ("policy", "check"), ("policy", "check", "--json")):
        assert_told(desk.run(*words), 2, f"{name}:")


def test_a_missing_settings_file_is_named(desk: Program) -> None:
    (desk.folder / "policies.toml").unlink()
    assert_told(desk.run("inbox", "--json"), 2, "policies.toml", "caretool init")


@pytest.mark.parametrize(
    "words",
    [("show", "czzzzzz"), ("show", "gzzzzz"), ("show", "pzzzzzz"), ("show", "!"), ("show", ""), ("show", "c%"),
     ("reply", "gzzzzz", "--yes"), ("close", "czzzzzz", "--because", "x"), ("approve", "dzzzzz", "--yes"),
     ("note", "xyz", "x"), ("promise", "keep", "pzzzzzz"), ("triage", "gzzzzz", "--kind", "praise"),
     ("fetch", "nosuch"), ("inbox", "--account", "nosuch"), ("reply", "c", "--yes")],
)  # fmt: skip
def test_an_id_that_is_not_there_or_not_clear_is_told(desk: Program, words: tuple[str, ...]) -> None:
    assert_told(desk.run(*words, "--json"), 2)


def test_an_ambiguous_id_lists_what_it_could_be(desk: Program) -> None:
    comments = sorted(comment["id"] for group in desk.groups() for comment in group["comments"])
    ran = desk.run("show", "c", "--json")
    assert_told(ran, 2, "one more letter", *comments[:8])
    assert comments[8] not in ran.stderr


def test_an_agent_who_is_not_there_is_told_with_those_who_are(desk: Program) -> None:
    comment = desk.comment("damaged")
    words = ("reply", comment, "--text", "x", "--yes", "--json")
    assert_told(desk.run(*words, "--as", "bob"), 2, "bob", "dario", "giulia", "tom")
    assert_told(desk.by("bob").run(*words), 2, "bob")
    assert_told(desk.by(None).run(*words), 2, "--as", "CARETOOL_AGENT")


def test_where_there_is_one_agent_nobody_needs_to_say_who(desk: Program) -> None:
    accounts = (desk.folder / "accounts.toml").read_text("utf-8")
    start, end = accounts.index("[agents.giulia]"), accounts.index("[owners.desk]")
    (desk.folder / "accounts.toml").write_text(accounts[:start] + accounts[end:], encoding="utf-8")
    alone = desk.by(None)
    alone.done("reply", alone.group("parcel-damaged"), "--yes")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("inbox", "--as-of", "soon"), "2 working days"),
        (("inbox", "--as-of", "2026-02-30"), "2026-02-30"),
        (("inbox", "--as-of", ""), "is not a time"),
        (("inbox", "--as-of", "9999999999999 days"), "is not a time"),
        (("inbox", "--as-of", "٣h"), "is not a time"),
        (("inbox", "--limit", "0"), "--limit"),
        (("reply", "g1", "--set", "order", "--yes"), "NAME=VALUE"),
        (("reply", "g1", "--set", "=4711", "--yes"), "NAME=VALUE"),
        (("reply", "g1", "--mode", "both", "--yes"), "together"),
        (("reply",), "ID"),
        (("nosuch",), "nosuch"),
        (("report", "overdue", "--format", "pdf"), "markdown"),
    ],
)
def test_an_option_that_makes_no_sense_is_told_with_what_would(
    desk: Program, words: tuple[str, ...], hint: str
) -> None:
    assert_told(desk.run(*words), 2, hint)


@pytest.mark.parametrize(
    ("option", "hint"),
    [("callback", "KIND@TIME"), ("callback@", "is not a time"), ("callback@soon", "is not a time"), ("@3h", "callback"),
     ("calback@3h", "callback")],
)  # fmt: skip
def test_a_promise_that_cannot_be_read_is_told(desk: Program, option: str, hint: str) -> None:
    words = ("reply", desk.comment("damaged"), "--text", "x", "--promise", option, "--yes", "--json")
    assert_told(desk.run(*words), 2, hint)


@pytest.mark.parametrize(
    "text", ["{{ person.name", "{% for a in b %}", "{{ 7*7 }}", "{{ person.__class__ }}", "{{ x() }}"]
)
def test_a_text_that_is_no_template_is_told(desk: Program, text: str) -> None:
    ran = desk.run("reply", desk.comment("damaged"), "--text", f"{text} sono Dario", "--yes")
    assert ran.code in (2, 5)
    assert ran.stdout == ""
    assert "Traceback" not in ran.stderr
    assert desk.posted() == []


def test_a_missing_export_is_told_with_where_it_belongs(desk: Program) -> None:
    (desk.folder / "page.jsonl").unlink()
    assert_told(desk.run("fetch", "page", "--json"), 1, str(desk.folder / "page.jsonl"), "accounts.page.comments")
    assert desk.run("fetch", "page").stdout.endswith("\n0 new.\n")


def test_something_else_in_place_of_the_database_is_told(desk: Program) -> None:
    for path in desk.folder.glob("caretool.db*"):
        path.unlink()
    database = desk.folder / "caretool.db"
    database.write_text("this is no database, it is a shopping list\n" * 50, encoding="utf-8")
    assert_told(desk.run("inbox", "--json"), 1, "caretool.db")
    assert database.read_text("utf-8").startswith("this is no database")
    database.unlink()
    database.mkdir()
    assert_told(desk.run("inbox", "--json"), 1, "caretool.db")


def test_a_moment_that_is_none_is_told(desk: Program) -> None:
    for wrong in ("soon", "2026-11-23", "2026-11-23T09:12:00"):
        assert_told(desk.at(wrong).run("inbox", "--json"), 2, "CARETOOL_NOW")


@pytest.mark.parametrize(
    "language", [{"LANG": "C"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_it_runs_under_a_locale_without_letters(desk: Program, language: dict[str, str]) -> None:
    shown = desk.process("inbox", **language)
    assert (shown.code, shown.stderr) == (0, "")
    assert "Quanto costa la console" in shown.stdout
    ran = desk.process("reply", desk.group("parcel-damaged"), "--dry-run", **language)
    assert ran.code == 0, ran.told


def test_whoever_stops_reading_gets_no_traceback(desk: Program) -> None:
    command = " ".join([*COMMAND, "-C", str(desk.folder)])
    for words, reader in (("inbox", "true"), ("inbox --json", "head -c 1")):
        done = subprocess.run(
            ["/bin/sh", "-c", f"{command} {words} | {reader}"],
            env=desk.variables(), capture_output=True, check=False, text=True,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), words


def test_a_workspace_that_was_moved_works_where_it_is_now(desk: Program, tmp_path: Path) -> None:
    moved = Program(Path(shutil.move(desk.folder, tmp_path / "a folder with spaces")))
    assert len(moved.groups()) > 1
    moved.done("reply", moved.group("parcel-damaged"), "--yes")
    assert len(moved.posted()) == 1


def test_a_reader_who_leaves_early_changes_no_exit_code(desk: Program) -> None:
    rows = [row(f"many{number}", "Ottimo negozio, complimenti!", f"Persona {number}") for number in range(300)]
    write_comments(desk.folder, "page", rows)
    desk.done("fetch")
    command = " ".join(map(shlex.quote, [*COMMAND, "-C", str(desk.folder), "inbox", "--json", "--limit", "999"]))
    done = subprocess.run(
        ["bash", "-c", f"{command} | head -c 1; echo ${{PIPESTATUS[0]}}"],
        env=desk.variables(), capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert done.stdout.endswith("0\n")
    assert done.stderr == ""


def test_an_output_that_cannot_be_written_is_one_line(desk: Program) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            [*COMMAND, "-C", str(desk.folder), "inbox"], env=desk.variables(), stdout=full, stderr=subprocess.PIPE,
            check=False, text=True,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "The output cannot be written (No space left on device).\n"
