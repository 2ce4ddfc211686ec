"""Watch words and exchanges at the command line, against a server on a socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import write_comments
from tests.cli.program import Program, Ran
from tests.cli.shapes import FETCH, INBOX, conforms
from tests.platforms.fake_mastodon import TOKEN, FakeMastodon
from tests.platforms.fake_mastodon_practice import furnish, serve
from tests.platforms.mastodon_harness import VARIABLE

NOON = datetime(2026, 11, 23, 8, tzinfo=UTC)
WATCH = """
[[watch]]
name = "brand"
words = ["Bottega Blu", "#bottegablu"]
"""


PAGE = '[accounts.page]\nplatform = "file"\ncomments = "page.jsonl"\nhandle = "bottegablu"\n'


def only_account(desk: Program, table: str) -> None:
    """The shop's people, and this account alone."""
    file = desk.folder / "accounts.toml"
    text = file.read_text("utf-8")
    file.write_text(table + text[text.index("[agents.") :], encoding="utf-8")


def fetch(desk: Program, *words: str) -> Ran:
    """In a process of its own: its connections end with it."""
    ran = desk.process("fetch", *words)
    assert ran.code == 0, ran.stderr
    return ran


@pytest.fixture
def server() -> FakeMastodon:
    """One mention, one post that names us without speaking to us, one with a hashtag."""
    fake = FakeMastodon(clock=lambda: NOON + timedelta(minutes=12))
    late = "il mio pacco non è ancora arrivato"
    fake.write("anna", f"@bottegablu {late}", at=NOON, id="m1")
    fake.write("bruno", f"Compro da Bottega Blu, e {late}!", at=NOON, id="w1", tells_us=False)
    fake.write("carla", "Le lampade di #bottegablu sono bellissime, grazie!", at=NOON, id="w2", tells_us=False)
    return fake


@pytest.fixture
def desk(fresh: Program, server: FakeMastodon) -> Iterator[Program]:
    """A desk that watches that server."""
    with serve(server) as address:
        only_account(
            fresh, f'[accounts.fediverse]\nplatform = "mastodon"\nurl = "{address}"\ntoken = {{ env = "{VARIABLE}" }}\n'
        )
        with (fresh.folder / "policies.toml").open("a", encoding="utf-8") as policies:
            policies.write(WATCH)
        fresh.environment[VARIABLE] = TOKEN
        yield fresh


def test_what_is_found_is_told_apart_all_the_way(desk: Program) -> None:
    fetched = fetch(desk, "--json").json()
    conforms(fetched, FETCH)
    assert (fetched["new"], fetched["accounts"][0]["found"]) == (3, 2)
    inbox = desk.done("inbox", "--json").json()
    conforms(inbox, INBOX)
    watches = {one["native_id"]: one["watch"] for group in inbox["groups"] for one in group["comments"]}
    assert watches == {"m1": None, "w1": "brand", "w2": "brand"}
    found = desk.done("inbox", "--json", "--watch", "brand").json()["groups"]
    assert {group["watch"] for group in found} == {"brand"}
    assert "watch brand: fediverse" in desk.done("inbox", "--watch", "brand").stdout
    shown = desk.done("show", desk.comment("w1"))
    assert "because watch brand: found, not said to us" in shown.stdout
    assert "watch: brand" in shown.stdout
    assert "0 new." in fetch(desk).stdout


def test_a_search_that_is_refused_is_told_and_the_mentions_are_there(desk: Program, server: FakeMastodon) -> None:
    server.tokens[TOKEN] = (server.us, ("read:accounts", "read:notifications", "read:statuses"))
    ran = desk.process("fetch")
    assert ran.code == 6
    assert "fediverse, watch brand:" in ran.stderr
    assert "read:search" in ran.stderr
    assert "partly" in ran.stdout
    assert desk.comment("m1")
    assert "read:search" in desk.done("account", "list").stdout


def test_a_watch_that_is_not_there_and_one_that_finds_nothing_are_told(desk: Program) -> None:
    assert "No [[watch]] is called 'brands': policies.toml has brand." in desk.run("inbox", "--watch", "brands").stderr
    assert "watch" not in desk.done("policy", "check").stderr
    with (desk.folder / "accounts.toml").open("a", encoding="utf-8") as accounts:
        accounts.write(PAGE)
    policies = desk.folder / "policies.toml"
    text = policies.read_text("utf-8").replace('name = "brand"', 'name = "brand"\naccounts = ["page"]')
    policies.write_text(text, encoding="utf-8")
    said = desk.done("policy", "check").stderr
    assert "[[watch]] brand: page cannot be searched: there is no search on file." in said


def test_the_inbox_shows_the_exchange_in_a_line_each(desk: Program) -> None:
    rows = [
        {"id": "x1", "author": "anna", "author_name": "Anna", "text": "Il pacco?\nMai visto. Tel. 333 1234567"},
        {"id": "x2", "author": "bottegablu", "text": "Buongiorno, verifico.", "reply_to": "x1"},
        {"id": "x3", "author": "anna", "author_name": "Anna", "text": "il mio pacco non è ancora arrivato: allora?"},
    ]
    rows[2]["reply_to"] = "x2"
    for minute, one in enumerate(rows):
        one |= {"thread": "post", "written_at": f"2026-11-23T08:0{minute}:00+01:00"}
    write_comments(desk.folder, "page", rows)
    only_account(desk, PAGE)
    fetch(desk)
    lines = desk.done("inbox").stdout.splitlines()
    before = [number for number, line in enumerate(lines) if "verifico" in line]
    assert lines[before[0] - 1] == "    Mon 23 Nov 08:00  Anna: Il pacco? Mai visto. Tel. ‹number›"
    assert lines[before[0]] == "    Mon 23 Nov 08:01  we (bottegablu): Buongiorno, verifico."
    (waiting,) = [one for group in desk.groups() for one in group["comments"] if one["native_id"] == "x3"]
    assert [(turn["own"], turn["by"]) for turn in waiting["exchange"]] == [(False, "Anna"), (True, "bottegablu")]
    assert "333 1234567" in waiting["exchange"][0]["text"]
    shown = desk.done("show", waiting["id"]).stdout
    assert shown.index("Mai visto") < shown.index("verifico") < shown.index("allora?")
    assert "333 1234567" not in shown
    assert "333 1234567" in desk.done("show", waiting["id"], "--unmasked").stdout
    assert json.loads(desk.done("show", waiting["id"], "--json").stdout)["comments"][0]["exchange"]


def test_strangers_words_in_an_exchange_are_data(desk: Program, server: FakeMastodon) -> None:
    evil = "[bold]ciao[/bold] \x1b[31mrosso\u202e {{ agent.name }}"
    server.write("mallory", f"@bottegablu {evil}", at=NOON, id="e1")
    answer = server.write("bottegablu", "Buongiorno, verifico.", reply_to="e1", at=NOON, tells_us=False)
    server.write("mallory", "@bottegablu il mio pacco non è ancora arrivato", at=NOON, reply_to=answer, id="e2")
    fetch(desk)
    shown = desk.done("inbox").stdout + desk.done("show", desk.comment("e2")).stdout
    assert "[bold]ciao[/bold]" in shown
    assert "{{ agent.name }}" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_the_practice_server_has_something_to_find(desk: Program, server: FakeMastodon) -> None:
    furnish(server)
    policies = desk.folder / "policies.toml"
    policies.write_text(policies.read_text("utf-8") + 'without = ["Bottega Blu Milano"]\n', encoding="utf-8")
    fetch(desk)
    found = [one["author"]["name"] for group in desk.groups("--watch", "brand") for one in group["comments"]]
    assert {"Marta Ferri", "Nadia Conti", "Oliver Shaw"} <= set(found)
    assert "Dario Ricci" not in found
