"""What the pages and the starter show as a file loads as one; what they show as an export is read without a word."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from caretool import workspace
from caretool.domain.policy import Settings
from caretool.errors import SettingsProblem
from caretool.platforms.file.connector import FileSettings
from caretool.settings.accounts import AccountsFile
from caretool.settings.policies import PoliciesFile
from caretool.settings.templates import TemplateFile
from tests.cli.program import Program
from tests.documents import pages
from tests.test_documents import STARTER, blocks

_FILES = {
    "accounts.toml": AccountsFile,
    "policies.toml": PoliciesFile,
    "templates/replies/parcel-damaged.toml": TemplateFile,
}
# A line to be uncommented: a table's heading, or a key and its value.
_OFFERED = re.compile(r"^# ?(\[+[\w.\"-]+\]+|[\w.-]+ = [^\n]*)", re.MULTILINE)

# The second account of the shop on the pages.
_FEDIVERSE = """
[accounts.fediverse]
platform = "mastodon"
url = "https://social.example"
token = { env = "CARETOOL_MASTODON_TOKEN" }
"""

Table = dict[str, Any]


@pytest.fixture
def desk(tmp_path: Path) -> Program:
    """A workspace as `init` makes it."""
    workspace.create(tmp_path / "desk")
    return Program(tmp_path / "desk")


def samples() -> Iterator[Any]:
    for page in pages():
        for number, sample in enumerate(blocks(page, "toml"), 1):
            yield pytest.param(sample, id=f"{page.name} {number}")


def merged(base: Table, sample: Table) -> Table:
    """`base` with the keys of `sample` in their places."""
    whole = deepcopy(base)
    for key, value in sample.items():
        old = whole.get(key)
        whole[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return whole


def loaded(folder: Path, sample: str) -> tuple[str, Settings]:
    """The sample, whole or in part, in its place in a workspace; the file it belongs to is the one it loads in."""
    table = tomllib.loads(sample)
    wrong = [f"no file has all of {sorted(table)}"]
    for name, model in _FILES.items():
        if not table.keys() <= model.model_fields.keys():
            continue
        path = folder / name
        before = path.read_text(encoding="utf-8")
        path.write_text(tomli_w.dumps(merged(tomllib.loads(before), table)), encoding="utf-8")
        try:
            return name, workspace.settings_of(folder)
        except SettingsProblem as problem:
            wrong.append(str(problem))
            path.write_text(before, encoding="utf-8")
    raise AssertionError("\n".join(wrong))


@pytest.mark.parametrize("sample", list(samples()))
def test_a_sample_of_toml_loads(desk: Program, sample: str) -> None:
    accounts = desk.folder / "accounts.toml"
    accounts.write_text(accounts.read_text(encoding="utf-8") + _FEDIVERSE, encoding="utf-8")
    loaded(desk.folder, sample)


@pytest.mark.parametrize(
    ("sample", "file"),
    [
        ('[accounts.b]\nplatform = "file"\ncomments = "b.csv"', "accounts.toml"),
        ('[reply]\ntogether_from = 3', "policies.toml"),
        ('[reply.it]\npublic = "Sono {{ agent.name }}. {{ procedure.says }}"', "templates/replies/parcel-damaged.toml"),
    ],
)  # fmt: skip
def test_the_file_of_a_sample_is_found(desk: Program, sample: str, file: str) -> None:
    assert loaded(desk.folder, sample)[0] == file


@pytest.mark.parametrize(
    "sample",
    [
        '[accounts.b]\nplatform = "file"\ncoments = "b.csv"',
        '[promises.pickup]\nowner = "nobody"',
        '[promises.pickup]\nearliest = "2 workdays"',
        '[acounts.b]\nplatform = "file"',
        '[[promises]]\nkind = "hope"',
    ],
)
def test_a_sample_with_a_mistake_does_not_load(desk: Program, sample: str) -> None:
    with pytest.raises(AssertionError):
        loaded(desk.folder, sample)


def test_what_the_starter_offers_in_comments_can_be_uncommented(desk: Program) -> None:
    accounts = desk.folder / "accounts.toml"
    text, offered = _OFFERED.subn(r"\1", accounts.read_text(encoding="utf-8"))
    assert offered >= 6
    accounts.write_text(text, encoding="utf-8")
    known = workspace.settings_of(desk.folder).accounts
    assert "bottegablu" in {account.handle for account in known.values()}


def test_a_new_workspace_passes_its_own_checks(desk: Program) -> None:
    desk.done("policy", "check")
    desk.done("policy", "test")
    desk.done("template", "check")


@pytest.mark.parametrize("lay", [workspace.create, workspace.lay_demo])
def test_the_samples_of_exports_are_read_without_a_word_but_of_missing_dates(tmp_path: Path, lay: Any) -> None:
    lay(tmp_path / "desk") if lay is workspace.create else lay(_made(tmp_path / "desk"))
    ran = Program(tmp_path / "desk").done("fetch", "--json")
    assert [one for one in ran.json()["accounts"] if one["skipped"] or not one["new"]] == []
    assert [line for line in ran.stderr.splitlines() if "without a date" not in line] == []


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_the_page_of_exports_shows_an_account_that_reads_them(desk: Program) -> None:
    sample = blocks(next(page for page in pages() if page.as_posix().endswith("platforms/file.md")), "toml")[0]
    _, settings = loaded(desk.folder, sample)
    account = settings.accounts["console-page"]
    assert isinstance(account.settings, FileSettings)
    columns = account.settings.columns
    table = io.StringIO()
    csv.writer(table).writerows([list(columns.values()), ["1", "anna", "<b>Ciao</b>", "2026-11-23"]])
    (desk.folder / account.settings.comments).write_text(table.getvalue(), encoding="utf-8")
    assert desk.done("fetch", "console-page", "--json").json()["new"] == 1


@pytest.mark.parametrize("path", sorted(STARTER.rglob("*.jsonl")), ids=lambda path: path.name)
def test_every_line_of_a_sample_is_json(path: Path) -> None:
    assert all(json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines())
