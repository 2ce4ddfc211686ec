from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import caretool
from caretool.errors import UsageProblem
from caretool.settings.files import digest, find
from tests.settings.shop import workspace


def test_the_digest_stays_while_the_files_do(tmp_path: Path) -> None:
    before = digest(workspace(tmp_path))
    assert len(before) == 64
    (tmp_path / "caretool.db").write_text("other")
    (tmp_path / "templates" / "replies" / ".#thanks.toml").write_text("an editor's")
    (tmp_path / "templates" / "replies" / "notes.txt").write_text("mine")
    assert digest(tmp_path) == before


@pytest.mark.parametrize("name", ["accounts.toml", "policies.toml", "templates/replies/thanks.toml"])
def test_one_changed_byte_changes_the_digest(tmp_path: Path, name: str) -> None:
    before = digest(workspace(tmp_path))
    with (tmp_path / name).open("a") as file:
        file.write(" ")
    assert digest(tmp_path) != before


def test_a_new_name_or_a_missing_file_changes_the_digest(tmp_path: Path) -> None:
    seen = {digest(workspace(tmp_path))}
    thanks = tmp_path / "templates" / "replies" / "thanks.toml"
    seen.add(digest(tmp_path) if thanks.rename(thanks.with_name("thank-you.toml")) else "")
    (tmp_path / "accounts.toml").unlink()
    seen.add(digest(tmp_path))
    (tmp_path / "accounts.toml").write_text("")
    seen.add(digest(tmp_path))
    assert len(seen) == 4


def test_what_cannot_be_read_still_has_a_digest(tmp_path: Path) -> None:
    assert digest(tmp_path / "nowhere")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "replies").write_text("")
    os.mkfifo(tmp_path / "accounts.toml")
    assert digest(tmp_path)


def test_the_digest_imports_the_standard_library_only() -> None:
    program = (
        "import sys; import caretool.settings.files;"
        "print(sorted({name.split('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)"
        " - {'caretool', '__main__'}))"
    )
    where = {"PYTHONPATH": str(Path(caretool.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-S", "-c", program], env=where, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_workspace_without_accounts_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CARETOOL_WORKSPACE", raising=False)
    monkeypatch.chdir(workspace(tmp_path) / "templates")
    (tmp_path / "accounts.toml").unlink()
    with pytest.raises(UsageProblem, match=r"has policies\.toml and no accounts\.toml"):
        find(None)
