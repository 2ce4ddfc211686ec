"""Who has a name or a handle of thousands of characters spoils no screen; JSON and what is posted have it as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from caretool.domain.harmless import LONGEST_NAME
from tests.cli.conftest import CONSOLE, LATE, row, write_comments
from tests.cli.program import Program

HANDLE, NAME, OURS = "h" * 5_000, "N" * 5_000, "o" * 5_000
_RUN = re.compile(r"h{20,}|N{20,}|o{20,}")
TEXT = "Buongiorno, sono Dario: verifico e le rispondo qui entro martedì 24 novembre alle 18:00."
OUR_POST = {**row("ours", "Buongiorno, verifichiamo.", "x", **CONSOLE), "author": OURS, "author_name": OURS}


@pytest.fixture
def desk(fresh: Program) -> Program:
    """Two people with endless handles, one of them with an endless name, too; one was answered and writes again."""
    path = fresh.folder / "accounts.toml"
    path.write_text(path.read_text("utf-8").replace('"bottegablu"', f'"{OURS}"'), encoding="utf-8")
    first = {**row("first", LATE, "x", **CONSOLE), "author": HANDLE, "author_name": ""}
    again = {**first, "id": "again", "text": f"{LATE} Sono stufo.", "reply_to": "ours"}
    named = {**row("named", "La lampada è arrivata rotta.", "x"), "author": f"{HANDLE}2", "author_name": NAME}
    spam = {**named, "id": "spam", "text": "Guadagna 500 euro al giorno da casa!!! http://soldi.example/x"}
    write_comments(fresh.folder, "page", [first, {**OUR_POST, "reply_to": "first"}, again, named, spam])
    write_comments(fresh.folder, "short", [])
    fresh.done("fetch")
    return fresh


def longest(text: str) -> int:
    """How much of a name stands in one place."""
    return max((len(found[0]) for found in _RUN.finditer(text)), default=0)


def ids(desk: Program) -> dict[str, str]:
    """The ids of the comments that wait, and of their groups and people, by native id."""
    found = {}
    for group in desk.groups():
        for comment in group["comments"]:
            found |= {comment["native_id"]: comment["id"], f"group of {comment['native_id']}": group["id"]}
    return found


def test_no_screen_shows_more_of_it_than_a_name_has(desk: Program, tmp_path: Path) -> None:
    known = ids(desk)
    again, named, spam = known["again"], known["named"], known["spam"]
    commands = [
        ("inbox",),
        ("show", known["group of again"]),
        ("show", again),
        ("show", named),
        ("account", "list"),
        ("person", "show", HANDLE),
        ("moderate",),
        ("note", named, "x"),
        ("snooze", spam, "--until", "2 days"),
        ("reply", named, "--yes", "--text", TEXT),
        ("show", named),
        ("promise", "list"),
        ("case", "list"),
        ("report", "promises", "--since", "30 days"),
        ("report", "today"),
        ("report", "overdue", "--as-of", "2026-11-24 09:00"),
        ("reply", again, "--yes", "--text", TEXT.replace("Dario", "Tom"), "--as", "tom"),
        ("approve",),
    ]
    spoiled = {}
    for words in commands:
        ran = desk.run(*words)
        assert ran.code in (0, 8), (words[0], ran.told)
        if longest(ran.told) > LONGEST_NAME:
            spoiled[" ".join(words)[:60]] = longest(ran.told)
    assert spoiled == {}


def test_who_is_not_found_or_could_be_several_is_told_shortly(desk: Program) -> None:
    assert longest(desk.run("person", "show", "h" * 4_000).told) <= 60
    assert longest(desk.run("person", "link", HANDLE, f"{HANDLE}2", "--because", "x").told) <= LONGEST_NAME


def test_json_has_it_whole_and_so_has_what_is_posted(desk: Program) -> None:
    authors = [one["author"] for group in desk.groups() for one in group["comments"]]
    assert {"handle": f"{HANDLE}2", "name": NAME} in authors
    accounts = desk.done("account", "list", "--json").json()["accounts"]
    assert accounts[0]["handle"] == OURS
    known = ids(desk)
    text = f"Buongiorno {HANDLE}, sono Dario: verifico e le rispondo qui entro martedì 24 novembre alle 18:00."
    desk.done("reply", known["again"], "--yes", "--text", text)
    assert HANDLE in (desk.folder / "page-replies.jsonl").read_text("utf-8")
