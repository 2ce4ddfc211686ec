"""The pages tell the truth: what they link, name, show and list is there. `make check` also runs their commands."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

from caretool.domain.comment import CommentState, Form, Kind, Tone
from caretool.domain.draft import Check, Mode, ReplyState
from caretool.domain.ids import KINDS
from caretool.domain.policy import Action, Role
from caretool.domain.promise import PromiseState
from caretool.settings import reference
from tests import documents
from tests.commands import below, command_pages, every, program, take
from tests.documents import BLOCK, COMMANDS, ROOT, pages

SOURCE = ROOT / "src" / "caretool"
STARTER = SOURCE / "starter"
README, REPLYING, GLOSSARY = ROOT / "README.md", ROOT / "docs" / "replying.md", ROOT / "docs" / "glossary.md"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FILE = re.compile(r"[\w.*/-]+\.(?:py|md|toml|jsonl|csv|txt)|(?:[\w.-]+/)+")
# What other programs are told in these pages: make, pip, pipx, python.
_OTHERS_OPTIONS = {"--check", "--tests", "--editable", "--quick"}


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
    return list(dict.fromkeys(re.findall(r"CARETOOL_[A-Z_]*[A-Z]", text_of(page))))


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def calls(line: str) -> Iterator[list[str]]:
    """The words of each call of caretool in a line of shell, without what a comment, a pipe or `&&` adds."""
    words = shlex.split(line.removeprefix("$ "), comments=True)
    for start in (at for at, word in enumerate(words) if word == "caretool"):
        ends = [at for at in range(start, len(words)) if words[at] in ("&&", "|", ">", ";")]
        yield words[start + 1 : min(ends, default=len(words))]


def test_the_reference_is_what_the_models_say() -> None:
    assert text_of(ROOT / "docs" / "reference.md") == reference.page()


def test_the_pages_of_the_commands_are_what_help_prints() -> None:
    assert {page.name: text_of(page) for page in COMMANDS.iterdir()} == command_pages()


@pytest.mark.parametrize(("page", "link"), cases(links))
def test_a_link_leads_somewhere(page: Path, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    assert target.exists()
    assert not anchor or anchor in anchors(target)


@pytest.mark.parametrize(("page", "name"), cases(files_named))
def test_a_file_that_is_named_is_there(page: Path, name: str) -> None:
    pattern = name.strip("/").replace("NAME", "*").removeprefix("src/caretool/")
    made_by_the_desk = {".locks", ".secrets", "backups", "unsent"}
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
        take(words)


@pytest.mark.parametrize(("page", "span"), cases(commands_named))
def test_a_command_that_is_named_exists(page: Path, span: str) -> None:
    inner = below(program())
    for word in span.split()[1:]:
        if not inner or word.startswith("-"):
            break
        assert word in inner
        inner = below(inner[word])


@cache
def known_options() -> set[str]:
    commands = [program(), *(command for _, command in every())]
    return {"--help"} | {name for command in commands for parameter in command.params for name in parameter.opts}


@pytest.mark.parametrize(("page", "option"), cases(options_named))
def test_an_option_that_is_named_exists(page: Path, option: str) -> None:
    assert option in known_options() | _OTHERS_OPTIONS


@pytest.mark.parametrize(("page", "name"), cases(variables_named))
def test_a_variable_that_is_named_is_read(page: Path, name: str) -> None:
    samples = (sample for page in pages() for sample in blocks(page, "toml"))
    named_by_us = any(f'env = "{name}"' in sample for sample in samples)
    assert named_by_us or any(f'"{name}"' in text_of(path) for path in SOURCE.rglob("*.py"))


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_mark_opens_a_block_that_is_written_anew(page: Path) -> None:
    assert len(re.findall("<!-- (?:demo|tests|session)", text_of(page))) == len(BLOCK.findall(text_of(page)))


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


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a few of the pages, as `make check` and `make docs` would find it."""
    texts = {"README.md": _PAGE, "docs/reference.md": reference.page()}
    texts |= {f"docs/commands/{name}": text for name, text in command_pages().items()}
    (tmp_path / "docs" / "commands").mkdir(parents=True)
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(documents, "ROOT", tmp_path)
    monkeypatch.setattr(documents, "COMMANDS", tmp_path / "docs" / "commands")
    return tmp_path


_PAGE = """\
<!-- session: empty -->
```console
$ caretool init desk
new  accounts.toml
… 37 more lines

$ cd desk
$ caretool show gk3f2 # exit 2
No group has an id that begins with 'gk3f2'.
```
<!-- /session -->
"""


def test_a_check_finds_nothing_where_nothing_was_touched(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert documents.main(["--check"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("page", "old", "new"),
    [
        ("README.md", "begins with", "starts with"),
        ("README.md", "# exit 2", "# exit 5"),
        ("docs/reference.md", "platform", "plattform"),
        ("docs/commands/reply.md", "--text", "--words"),
        ("docs/commands/README.md", "| [`reply`]", "| [`answer`]"),
    ],
)
def test_a_check_names_the_page_that_was_tampered_with(
    copy: Path, capsys: pytest.CaptureFixture[str], page: str, old: str, new: str
) -> None:
    text = text_of(copy / page)
    assert old in text
    (copy / page).write_text(text.replace(old, new, 1), encoding="utf-8")
    assert documents.main(["--check"]) == 1
    assert capsys.readouterr().out.startswith(f"{page}: ")


def test_a_page_of_a_command_that_is_gone_is_named_and_removed(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone, missing = copy / "docs" / "commands" / "sell.md", copy / "docs" / "commands" / "reply.md"
    gone.write_text("# caretool sell\n", encoding="utf-8")
    missing.unlink()
    assert documents.main(["--check"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "docs/commands/reply.md: missing, run `make docs`",
        "docs/commands/sell.md: superfluous, run `make docs`",
    ]
    assert documents.main([]) == 0
    assert missing.exists()
    assert not gone.exists()
    assert documents.main(["--check"]) == 0


_SERVED = """\
<!-- session: mastodon http://127.0.0.1:3000 -->
```console
$ curl -s http://127.0.0.1:3000/api/v1/apps -d client_name=caretool -d redirect_uris=urn:ietf:wg:oauth:2.0:oob
$ caretool init desk
… 38 lines

$ cd desk
$ curl -s -X POST http://127.0.0.1:3000/oauth/token -d grant_type=client_credentials
```
<!-- /session -->

<!-- session: mastodon file=accounts.toml -->
```toml
[accounts.fediverse]
platform = "file"
comments = "http://127.0.0.1:3000/comments.csv"
```
<!-- /session -->

<!-- session: mastodon -->
```console
$ caretool policy check
```
<!-- /session -->
"""


def test_a_page_that_needs_a_server_gets_one_and_keeps_its_own_port_and_secrets(copy: Path) -> None:
    page = copy / "docs" / "served.md"
    page.write_text(_SERVED, encoding="utf-8")
    assert documents.main([]) == 0
    first = text_of(page)
    assert '"client_id":"' in first
    assert "invalid_client" in first
    assert "All is sound: 2 accounts" in first
    assert documents.main(["--check"]) == 0
    assert set(re.findall(r"127\.0\.0\.1:\d+", first)) == {"127.0.0.1:3000"}
    page.write_text(first.replace("invalid_client", "unknown_client"), encoding="utf-8")
    assert documents.main(["--check"]) == 1


def test_a_page_asks_no_server_but_one_on_this_computer(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = copy / "docs" / "served.md"
    page.write_text(_SERVED.replace("127.0.0.1:3000/oauth", "social.example/oauth"), encoding="utf-8")
    assert documents.main(["--check"]) == 1
    assert "social.example/oauth/token" in capsys.readouterr().out


def test_make_check_compares_the_documents() -> None:
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", text_of(ROOT / "Makefile"), re.MULTILINE)
    assert recipe is not None
    assert "-m tests.documents --check" in recipe[1]
