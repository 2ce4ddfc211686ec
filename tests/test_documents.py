"""The pages tell the truth: what they link, name, show and list is there. `make check` also runs their commands."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from caretool.cli.main import app
from caretool.domain.comment import CommentState, Form, Kind, Tone
from caretool.domain.draft import Check, Mode, ReplyState
from caretool.domain.ids import KINDS
from caretool.domain.policy import Action, Role
from caretool.domain.promise import PromiseState
from caretool.settings import reference
from tests.documents import BLOCK, ROOT, pages

SOURCE = ROOT / "src" / "caretool"
STARTER = SOURCE / "starter"
README, REPLYING, GLOSSARY = ROOT / "README.md", ROOT / "docs" / "replying.md", ROOT / "docs" / "glossary.md"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FILE = re.compile(r"[\w.*/-]+\.(?:py|md|toml|jsonl|csv|txt)|(?:[\w.-]+/)+")
# What other programs are told in these pages: make, pip, pipx, python.
_OTHERS_OPTIONS = {"--check", "--tests", "--editable"}


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, *languages: str) -> list[str]:
    return [body for language, body in _FENCE.findall(text_of(page)) if language in languages]


def spans(page: Path) -> list[str]:
    """What stands between single backticks, outside of blocks."""
    return _CODE.findall(re.sub(r"\n(?=\S)", " ", _FENCE.sub("", text_of(page))))


def cases(function: Any) -> list[Any]:
    """A parameter for each page and what `function` finds in it."""
    return [pytest.param(page, found, id=f"{page.name}: {found}"[:90]) for page in pages() for found in function(page)]


def links(page: Path) -> list[str]:
    found = _LINK.findall(_CODE.sub("", _FENCE.sub("", text_of(page))))
    return [link for link in dict.fromkeys(found) if "://" not in link]


def files_named(page: Path) -> list[str]:
    return [span for span in dict.fromkeys(spans(page)) if _FILE.fullmatch(span) and "/" in span]


def names_in_code(page: Path) -> list[str]:
    return [span for span in dict.fromkeys(spans(page)) if re.fullmatch(r"[\w/]+\.py:[\w.]+", span)]


def command_lines(page: Path) -> list[str]:
    """The lines of blocks that call caretool, those that go on after a backslash put together."""
    whole = "\n".join(blocks(page, "", "console")).replace("\\\n", "")
    return [line for line in whole.splitlines() if re.match(r"(\$ |\d[\d *,-]+ )?caretool( |$)", line)]


def commands_named(page: Path) -> list[str]:
    return [span for span in dict.fromkeys(spans(page)) if span.startswith("caretool ")]


def options_named(page: Path) -> list[str]:
    found = [word for span in spans(page) for word in re.findall(r"(?<![\w-])--[a-z][a-z-]+", span)]
    return list(dict.fromkeys(found))


def variables_named(page: Path) -> list[str]:
    return list(dict.fromkeys(re.findall(r"CARETOOL_[A-Z]+", text_of(page))))


def toml_samples(page: Path) -> list[str]:
    return blocks(page, "toml")


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@cache
def commands() -> Any:
    """The tree of commands, as typer makes it."""
    return typer.main.get_command(app)


def parse(words: list[str]) -> None:
    """Take the words as the program would, up to where the command would run; its own error if it would not."""
    command, name, parent = commands(), "caretool", None
    while True:
        context = command.make_context(name, words, parent=parent)
        if not hasattr(command, "commands"):
            return
        name, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
        parent = context


def calls(line: str) -> Iterator[list[str]]:
    """The words of each call of caretool in a line of shell, without what a comment, a pipe or `&&` adds."""
    words = shlex.split(line.removeprefix("$ "), comments=True)
    for start in (at for at, word in enumerate(words) if word == "caretool"):
        ends = [at for at in range(start, len(words)) if words[at] in ("&&", "|", ">", ";")]
        yield words[start + 1 : min(ends, default=len(words))]


def test_the_reference_is_what_the_models_say() -> None:
    assert text_of(ROOT / "docs" / "reference.md") == reference.page()


@pytest.mark.parametrize(("page", "link"), cases(links))
def test_a_link_leads_somewhere(page: Path, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    assert target.exists()
    assert not anchor or anchor in anchors(target)


@pytest.mark.parametrize(("page", "name"), cases(files_named))
def test_a_file_that_is_named_is_there(page: Path, name: str) -> None:
    pattern = name.strip("/").replace("NAME", "*").removeprefix("src/caretool/")
    made_by_the_desk = {".locks", ".secrets", "unsent"}
    assert pattern in made_by_the_desk or any(
        next(iter(folder.glob(pattern)), None) for folder in (ROOT, SOURCE, STARTER, page.parent)
    )


@pytest.mark.parametrize(("page", "name"), cases(names_in_code))
def test_a_name_in_the_code_is_there(page: Path, name: str) -> None:
    path, _, dotted = name.partition(":")
    body: Any = ast.parse(text_of(SOURCE / path))
    for part in dotted.split("."):
        named = (node for node in body.body if getattr(node, "name", None) == part)
        body = next(named, None)
        assert body is not None


@pytest.mark.parametrize(("page", "line"), cases(command_lines))
def test_a_command_line_is_one_that_the_program_takes(page: Path, line: str) -> None:
    for words in calls(line):
        parse(words)


@pytest.mark.parametrize(("page", "span"), cases(commands_named))
def test_a_command_that_is_named_exists(page: Path, span: str) -> None:
    command = commands()
    for word in span.split()[1:]:
        if not hasattr(command, "commands") or word.startswith("-"):
            break
        assert word in command.commands
        command = command.commands[word]


@pytest.mark.parametrize(("page", "option"), cases(options_named))
def test_an_option_that_is_named_exists(page: Path, option: str) -> None:
    def known(command: Any) -> set[str]:
        own = {name for parameter in command.params for name in parameter.opts}
        return own.union(*(known(inner) for inner in getattr(command, "commands", {}).values()))

    assert option in known(commands()) | {"--help"} | _OTHERS_OPTIONS


@pytest.mark.parametrize(("page", "name"), cases(variables_named))
def test_a_variable_that_is_named_is_read(page: Path, name: str) -> None:
    assert any(f'"{name}"' in text_of(path) for path in SOURCE.rglob("*.py"))


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_mark_opens_a_block_that_is_written_anew(page: Path) -> None:
    assert len(re.findall("<!-- (?:demo|tests|session)", text_of(page))) == len(BLOCK.findall(text_of(page)))


@pytest.mark.parametrize(("page", "sample"), cases(toml_samples))
def test_a_sample_of_toml_is_toml(page: Path, sample: str) -> None:
    assert tomllib.loads(sample)


def test_every_check_has_its_example_and_no_other_is_told() -> None:
    told = re.findall(r"^### `([\w-]+)`$", text_of(REPLYING), re.MULTILINE)
    assert sorted(told) == sorted(get_args(Check))
    examples = "\n".join(blocks(REPLYING, "console"))
    assert set(re.findall(r"^Refused \(([\w-]+)\)", examples, re.MULTILINE)) == set(told)


@pytest.mark.parametrize("codes", [CommentState, Kind, Tone, Form, ReplyState, Mode, PromiseState, Check, Action, Role])
def test_the_glossary_has_every_code(codes: Any) -> None:
    assert set(get_args(codes)) <= set(spans(GLOSSARY))


def test_the_glossary_has_every_letter_of_an_id() -> None:
    line = next(line for line in text_of(GLOSSARY).splitlines() if line.startswith("`c` comment"))
    assert dict(re.findall(r"`(\w)` (\w+)", line)) == KINDS


def test_the_readme_has_every_exit_code_and_no_other() -> None:
    assert set(re.findall(r"^\| `(\d)` \|", text_of(README), re.MULTILINE)) == {str(code) for code in exit_codes()}


def exit_codes() -> set[int]:
    """The numbers with which the program leaves, as its code has them; 0 where nothing went wrong."""
    found = {0}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(text_of(path))):
            values: list[Any] = []
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "exit_code":
                values = [node.value]
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("typer.Exit", "sys.exit"):
                values = node.args
            elif isinstance(node, ast.FunctionDef) and node.name in ("failure", "exit_code"):
                values = [leaf for inner in ast.walk(node) if isinstance(inner, ast.Return) for leaf in ast.walk(inner)]
            found |= {v.value for v in values if isinstance(v, ast.Constant) and type(v.value) is int}
    return found


def test_the_starter_is_counted_right() -> None:
    templates = len(list((STARTER / "templates" / "replies").glob("*.toml")))
    comments = len(text_of(STARTER / "comments.jsonl").splitlines())
    for page in (README, ROOT / "docs" / "starter.md"):
        assert f"{templates} Q&A replies" in text_of(page)
        assert f"{comments} comments" in text_of(page)
