"""What strangers wrote is data: it is shown, never obeyed (DESIGN §4.9)."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest

from tests.cli.conftest import CONSOLE, LATE, make_workspace, row, write_comments
from tests.cli.program import Program
from tests.cli.shapes import INBOX, OVERDUE, conforms

PAYLOADS = {
    "ansi": "\x1b[31mred\x1b[0m\x1b[2J",
    "osc": "\x1b]0;title\x07\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "c1": "\x9b31mred\x85next",
    "rich": "[bold red]rich[/bold red] [link=http://evil.example]x[/link]",
    "jinja": "{{ 7*7 }} {% for a in range(9) %}{{ a }}{% endfor %}",
    "bidi": "\u202egnp.exe\u202c \u2066iso\u2069",
    "invisible": "zero\u200bwidth\u2060 soft\xadhyphen\ufeff",
    "nul": "nul\x00byte\x7f",
    "formula": '=HYPERLINK("http://evil.example","x")',
    "markup": "<script>alert(1)</script> | a | b | ![x](http://evil.example/x.png)",
    "everyone": "@everyone",
    "long": "Anna " * 60,
    "comment": "# Refused\n# ---------------- >8 ----------------",
    "surrogate": "half \ud83d a face",
}
ORDER = tuple(PAYLOADS)


@pytest.fixture(scope="module")
def _hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = make_workspace(tmp_path_factory.mktemp("hostile"))
    rows = [
        row(f"{name}-id", f"{LATE} {payload}", "x y", author=f"{payload}{name}", author_name=payload, **thread)
        for name, payload in PAYLOADS.items()
        for thread in [CONSOLE | {"thread_text": " ".join(PAYLOADS.values())}]
    ]
    lines = "".join(json.dumps(one) + "\n" for one in rows)
    (program.folder / "page.jsonl").write_text(lines, encoding="utf-8")
    write_comments(program.folder, "short", [])
    assert program.done("fetch", "--json").json()["new"] == len(PAYLOADS)
    return program.folder


@pytest.fixture
def hostile(_hostile: Path, tmp_path: Path) -> Program:
    """A desk at which every comment, name, handle and thread is an attack."""
    import shutil

    return Program(Path(shutil.copytree(_hostile, tmp_path / "shop")))


def assert_harmless(text: str) -> None:
    """That nothing in it acts on a terminal or hides, and nothing was worked out."""
    unseen = {
        f"U+{ord(c):04X}" for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    }
    assert unseen == set()
    assert "49 " not in text
    assert "012345678" not in text


def late_group(desk: Program) -> str:
    """The group of all of them."""
    return str(max(desk.groups(), key=lambda group: group["size"])["id"])


def test_every_one_of_them_is_in_one_group(hostile: Program) -> None:
    (group,) = [one for one in hostile.groups() if one["topic"] == "delivery-late"]
    assert group["size"] >= len(PAYLOADS) - 2


def test_the_inbox_and_what_show_tells_are_harmless(hostile: Program) -> None:
    assert_harmless(hostile.done("inbox").told)
    group = late_group(hostile)
    shown = hostile.done("show", group).told
    assert_harmless(shown)
    assert "[bold red]rich[/bold red]" in shown
    assert "{{ 7*7 }}" in shown
    comment = hostile.groups()[0]["comments"][0]
    assert_harmless(hostile.done("show", comment["id"]).told)
    assert_harmless(hostile.done("show", comment["person"]).told)


def test_json_holds_what_was_written_with_nothing_that_acts_on_a_terminal(hostile: Program) -> None:
    ran = hostile.done("inbox", "--json")
    conforms(ran.json(), INBOX)
    assert_harmless(ran.stdout.replace("{{ 7*7 }}", ""))
    texts = {c["native_id"]: c["text"] for group in ran.json()["groups"] for c in group["comments"]}
    assert texts["bidi-id"] == f"{LATE} {PAYLOADS['bidi']}"
    assert texts["ansi-id"].startswith(f"{LATE} ")
    assert "\x00" not in texts["nul-id"]


def test_what_goes_out_in_public_names_nobody_by_an_attack(hostile: Program) -> None:
    found = hostile.done("reply", late_group(hostile), "--mode", "together", "--yes", "--json").json()
    for posted in (*(reply["text"] for reply in found["replies"]), *(line["text"] for line in hostile.posted())):
        assert_harmless(posted)
        assert "Anna " * 21 not in posted
    listed = hostile.done("promise", "list")
    assert_harmless(listed.told)
    assert max(map(len, listed.stdout.splitlines())) < 200


def test_a_preview_is_harmless_too(hostile: Program) -> None:
    assert_harmless(hostile.done("reply", late_group(hostile), "--mode", "each", "--dry-run").told)
    ran = hostile.run("reply", late_group(hostile), "--text", "{{ people }}", "--mode", "together", "--yes")
    assert ran.code == 5
    assert_harmless(ran.told)


def test_in_the_editor_their_words_stay_below_the_line_on_a_line_each(hostile: Program, tmp_path: Path) -> None:
    program = hostile.with_editor('cp "$1" "$0.buffer"', tmp_path)
    program.done("reply", late_group(hostile), "--mode", "together", "--edit", "--dry-run")
    buffer = (tmp_path / "editor.buffer").read_text("utf-8")
    assert_harmless(buffer)
    above, _, below = buffer.partition("# ----")
    assert above.strip().startswith("Buongiorno {{ people }}")
    assert all(line.startswith("#") for line in below.splitlines()[1:] if line)


@pytest.mark.parametrize("layout", ["table", "markdown", "json"])
def test_the_overdue_report_is_harmless_in_every_format(hostile: Program, layout: str) -> None:
    hostile.done("reply", late_group(hostile), "--mode", "together", "--yes")
    ran = hostile.at("2026-12-10T09:00:00+01:00").run("report", "overdue", "--format", layout)
    assert ran.code == 8
    assert_harmless(ran.told)
    if layout == "json":
        conforms(ran.json(), OVERDUE)
    if layout == "markdown":
        assert "<script>" not in ran.stdout
        assert "![x](" not in ran.stdout
        assert "@everyone" not in ran.stdout
        rows = [line for line in ran.stdout.splitlines() if line.startswith("| ")]
        assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows} == {7}


def test_what_an_agent_typed_is_shown_as_harmlessly(desk: Program) -> None:
    desk.done("note", desk.comment("damaged"), "\x1b[31m{{ 7*7 }}[red]\u202e")
    assert_harmless(desk.done("show", desk.comment("damaged")).told)
    ran = desk.run("show", "c\x1b[31m\u202e")
    assert ran.code == 2
    assert_harmless(ran.told)
