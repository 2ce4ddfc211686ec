"""The pages that messages and settings name are there on every installation."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import caretool
from caretool import pages
from caretool.platforms import registry

SOURCE = Path(caretool.__file__).parent
PROJECT = SOURCE.parent.parent
_NAMED = re.compile(r"\bdocs/((?:platforms/)?\w+\.md)|\bpage\(f?[\"']((?:platforms/)?\w+\.md)[\"']\)")


def test_in_a_checkout_they_are_those_that_are_worked_on() -> None:
    assert pages.folder() == PROJECT / "docs"


def test_out_of_a_wheel_they_lie_in_the_package(tmp_path: Path) -> None:
    package = tmp_path / "lib" / "python3" / "site-packages" / "caretool"
    assert pages.folder(package) == package / "docs"


def test_out_of_a_wheel_that_lies_in_a_project_of_somebody_they_are_still_ours(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    package = tmp_path / "vendor" / "caretool"
    (package / "docs").mkdir(parents=True)
    assert pages.folder(package) == package / "docs"


def test_a_wheel_takes_them_to_where_they_are_looked_for(tmp_path: Path) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "docs" in wheel["only-include"]
    assert wheel["sources"]["docs"] == str(pages.folder(tmp_path / "caretool").relative_to(tmp_path))


@pytest.mark.parametrize("platform", registry.KNOWN)
def test_every_platform_has_one(platform: str) -> None:
    assert Path(pages.page(f"platforms/{platform}.md")).is_file()


def test_whatever_is_named_is_there() -> None:
    files = [file for end in ("py", "toml") for file in SOURCE.rglob(f"*.{end}")]
    named = {one for file in files for found in _NAMED.findall(file.read_text("utf-8")) for one in found if one}
    assert {"log.md", "rewards.md", "platforms/wordpress.md", "roles.md"} <= named
    assert [one for one in sorted(named) if not Path(pages.page(one)).is_file()] == []
