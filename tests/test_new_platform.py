"""`make platform NAME=x`: the files of a new connector, sound as they are, and red until they are filled."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.new_platform.__main__ import FILES, REGISTRY, ROOT, TEMPLATES, class_name, entered, main

NAME = "google_play"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a connector touches, with a new one in it."""
    root = tmp_path_factory.mktemp("tree")
    without = shutil.ignore_patterns("__pycache__", "*.pyc")
    for part in ("src", "tests/platforms", "docs/platforms"):
        shutil.copytree(ROOT / part, root / part, ignore=without)
    for file in ("pyproject.toml", "tests/__init__.py"):
        shutil.copyfile(ROOT / file, root / file)
    told = main([NAME], root)
    assert all(f"new  {path.format(name=NAME)}" in told for path in FILES.values())
    return root


def run(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A program in the copy."""
    there = {**os.environ, "PYTHONPATH": f"{tree / 'src'}{os.pathsep}{tree}"}
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=tree, env=there, capture_output=True, text=True, check=False, timeout=120)


def code() -> list[str]:
    """What was written of Python."""
    return [path.format(name=NAME) for path in FILES.values() if path.endswith("}.py")] + [str(REGISTRY)]


def test_what_is_written_needs_no_tidying(tree: Path) -> None:
    files = [*code(), f"tests/platforms/{NAME}_harness.py"]
    for words in (("check",), ("format", "--check")):
        done = run(tree, "ruff", *words, "--no-cache", *files)
        assert done.returncode == 0, done.stdout + done.stderr


def test_its_contract_is_red_and_says_what_is_not_written_yet(tree: Path) -> None:
    done = run(tree, "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "-q", f"tests/platforms/test_{NAME}.py")
    assert done.returncode == 1, done.stdout + done.stderr
    failed = len(re.findall(r"^FAILED", done.stdout, re.MULTILINE))
    assert failed > 10
    told = re.findall(r"^E +(\w+Error.*)$", done.stdout, re.MULTILINE)
    assert len(told) == failed
    assert {one.partition(":")[0] for one in told} == {"NotImplementedError"}
    assert all(one.endswith("is not written yet") for one in told)


def test_its_settings_and_its_page_are_what_every_platform_has(tree: Path) -> None:
    every = ("tests/platforms/test_every_platform.py", "tests/platforms/test_registry.py")
    done = run(tree, "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "-q", *every, "-k", NAME)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "words", [[], [""], ["a", "b"], ["class"], ["Google"], ["google-play"], ["../x"], ["1x"], ["è"], ["x" * 40]]
)
def test_what_is_no_name_of_a_module_is_refused(tree: Path, words: list[str]) -> None:
    with pytest.raises(ValueError, match="make platform NAME=x"):
        main(words, tree)


@pytest.mark.parametrize("name", [NAME, "file", "mastodon", "html", "platform", "registry"])
def test_what_is_there_is_never_written_over(tree: Path, name: str) -> None:
    before = {path: path.read_bytes() for path in tree.rglob("*.py")}
    with pytest.raises(ValueError, match="nothing was written"):
        main([name], tree)
    assert {path: path.read_bytes() for path in tree.rglob("*.py")} == before


def test_the_registry_takes_one_more_however_its_table_is_laid_out() -> None:
    for table in ('{"file": _file}', '{\n    "file": _file,\n}'):
        text = entered(f"before\n_CONNECTORS: Mapping = {table}\nafter\n", "x")
        assert text.startswith("before\ndef _x() -> Connector:")
        assert '"file": _file, "x": _x' in text
        assert text.endswith("}\nafter\n")
        with pytest.raises(ValueError, match="already"):
            entered(text, "x")


def test_every_template_is_used() -> None:
    assert {path.name for path in TEMPLATES.iterdir()} == set(FILES)
    assert class_name("google_play") == "GooglePlay"
