"""What is looked at all day long starts quickly: it imports nothing that it does not need."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
import typer
from typer.main import get_command

from caretool.cli.main import COMMANDS, Commands, app
from tests.cli.program import Program

HEAVY = (
    "httpx", "pydantic", "jinja2", "numpy", "sklearn", "textual", "rich", "tree_sitter", "babel", "phonenumbers",
    "py3langid", "holidays", "rapidfuzz", "selectolax", "stamina", "regex",
)  # fmt: skip
LOOK = """
import sys
from caretool.cli.main import main
try:
    main()
finally:
    print(*sorted(name for name in {heavy!r} if name in sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize("words", [("inbox",), ("inbox", "--json"), ("promise", "list"), ("promise", "list", "--json")])
def test_a_plain_look_imports_nothing_heavy(desk: Program, words: tuple[str, ...]) -> None:
    desk.done("reply", desk.group("parcel-damaged"), "--yes")
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(heavy=HEAVY), "-C", str(desk.folder), *words],
        env=desk.variables(), capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert done.stdout
    assert done.stderr.split() == []


def test_a_look_at_promises_that_are_planned_on_a_calendar_asks_no_library_for_its_holidays(desk: Program) -> None:
    person = desk.groups()[0]["comments"][0]["id"]
    for kind in ("pickup", "refund", "visit"):
        desk.done("promise", "add", kind, "--for", person, "--due", "5 days", "--json")
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(heavy=HEAVY), "-C", str(desk.folder), "promise", "list"],
        env=desk.variables(), capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert done.stdout.count("running") == 3
    assert done.stderr.split() == []


@pytest.mark.parametrize("words", [(), ("--account", "page"), ("--topic", "price"), ("--kind", "question")])
def test_an_inbox_with_something_in_it_reads_no_settings(desk: Program, words: tuple[str, ...]) -> None:
    """Its zone and its agents are kept by themselves: what decodes the whole takes a sixth of its time."""
    heavy = ("msgspec", "caretool.domain.policy", "caretool.settings.kept", "caretool.language", "caretool.platforms")
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(heavy=heavy), "-C", str(desk.folder), "inbox", *words],
        env=desk.variables(), capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert "\nNext: " in done.stdout
    assert done.stderr.split() == []


def test_an_inbox_with_drafts_in_it_reads_no_settings_either(desk: Program) -> None:
    tom = desk.by("tom")
    for topic in ("parcel-damaged", "praise"):
        tom.done("reply", tom.group(topic), "--yes")
    desk.done("reply", desk.group("praise"), "--yes")
    heavy = ("msgspec", "caretool.domain.policy", "caretool.settings.kept", "caretool.language", "caretool.platforms")
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(heavy=heavy), "-C", str(desk.folder), "inbox"],
        env=desk.variables(), capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert "can no longer be approved (answered meanwhile)" in done.stdout
    assert "\nTo approve: " in done.stdout
    assert done.stderr.split() == []


def test_show_and_the_report_import_no_settings_model_and_no_network(desk: Program) -> None:
    desk.done("reply", desk.group("parcel-damaged"), "--yes")
    for words in (("show", desk.promises()[0]["id"]), ("show", desk.group("price")), ("report", "overdue")):
        done = subprocess.run(
            [sys.executable, "-c", LOOK.format(heavy=("httpx", "pydantic")), "-C", str(desk.folder), *words],
            env=desk.variables(), capture_output=True, check=True, text=True,
        )  # fmt: skip
        assert done.stderr.split() == [], words


def test_help_touches_no_workspace_and_no_library_of_the_desk(desk: Program) -> None:
    heavy = (*HEAVY, "peewee", "apsw", "msgspec", "holidays")
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(heavy=heavy), "--help"],
        env=desk.variables(), capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert done.stderr.split() == []


def test_every_command_is_found_where_it_is_said_to_be() -> None:
    group = get_command(app)
    assert isinstance(group, Commands)
    context = typer.Context(group)
    assert {name: command and command.name for name in COMMANDS if (command := group.get_command(context, name))} == {
        name: name for name in COMMANDS
    }
    parts = {where for where in COMMANDS.values() if ":" not in where}
    registered = typer.Typer()
    for part in parts:
        import_module(f"caretool.cli.{part}").register(registered)
    names = {one.name or getattr(one.callback, "__name__", "") for one in registered.registered_commands}
    assert names == {name for name, where in COMMANDS.items() if ":" not in where}


def test_a_plain_look_at_the_ledger_reads_no_more_of_the_settings_than_what_can_be_promised(desk: Program) -> None:
    person = desk.groups()[0]["comments"][0]["id"]
    desk.done("promise", "add", "pickup", "--for", person, "--due", "5 days", "--json")
    heavy = ("caretool.domain.policy", "caretool.domain.person", "caretool.settings.kept", "caretool.language")
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(heavy=heavy), "-C", str(desk.folder), "promise", "list"],
        env=desk.variables(), capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert "running" in done.stdout
    assert done.stderr.split() == []
