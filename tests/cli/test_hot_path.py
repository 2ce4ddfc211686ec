"""What is looked at all day long starts quickly: it imports nothing that it does not need."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.program import Program

HEAVY = ("httpx", "pydantic", "jinja2", "numpy", "rich", "tree_sitter", "babel", "phonenumbers", "py3langid")
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
