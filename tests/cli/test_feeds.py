"""From a feed to a promise that runs: what no program may answer is found, opened, answered there and told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from caretool import workspace
from tests.cli.program import Program
from tests.hostile.server import Hostile, says

ENTRY = "https://forum.example/t/77"
SECRET = "s3cret"
FEED = f"""<feed xmlns="http://www.w3.org/2005/Atom"><title>Google Alert</title><entry><id>1</id>
<title>Bottega Blu: il mio pacco non è ancora arrivato</title>
<link href="https://www.google.com/url?rct=j&amp;url={ENTRY}&amp;ct=ga"/>
<published>2026-11-23T07:40:00Z</published><author><name>Anna Rossi</name></author></entry></feed>""".encode()


@pytest.fixture
def server() -> Iterator[Hostile]:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(FEED)}\r\nConnection: close\r\n\r\n".encode()
    with Hostile(says(head, FEED)) as server:
        yield server


@pytest.fixture
def desk(server: Hostile, tmp_path: Path) -> Program:
    workspace.create(tmp_path / "desk")
    desk = Program(tmp_path / "desk", environment={"ALERT": f"{server.url}/alerts/{SECRET}"})
    desk.done("account", "add", "feed", "alerts", "--set", "url.env=ALERT", "--set", "everything=false")
    policies = desk.folder / "policies.toml"
    watch = '\n[[watch]]\nname = "brand"\nwords = ["Bottega Blu"]\n'
    policies.write_text(policies.read_text("utf-8") + watch, encoding="utf-8")
    return desk


def test_an_entry_is_found_opened_answered_there_and_its_promise_runs(desk: Program, server: Hostile) -> None:
    (fetched,) = desk.done("fetch", "alerts", "--json").json()["accounts"]
    assert (fetched["new"], fetched["found"]) == (1, 1)
    assert f"GET /alerts/{SECRET} HTTP/1.1".encode() in server.heard[0]
    (group,) = desk.done("inbox", "--json").json()["groups"]
    (comment,) = group["comments"]
    assert (comment["form"], comment["url"], comment["watch"]) == ("entry", ENTRY, "brand")
    assert f"\n    {ENTRY}\n" in desk.done("show", comment["id"]).stdout

    refused = desk.run("reply", comment["id"], "--yes", "--template", "delivery-late")
    assert refused.code == 5
    assert f"Answer it there yourself, at {ENTRY}, and say --by-hand URL" in refused.stderr
    words = ("reply", comment["id"], "--template", "delivery-late", "--by-hand", f"{ENTRY}#8")
    assert "Buongiorno Anna Rossi" in desk.done(*words, "--dry-run").told
    assert desk.run(*words, "--yes").code == 2
    text = "Buongiorno Anna Rossi, sono Dario, mi scuso: le rispondo qui entro martedì 24 novembre alle 18:00."
    told = desk.done(*words[:2], *words[4:], "--text", text, "--yes", "--json").json()
    assert [(one["state"], one["url"]) for one in told["replies"]] == [("posted", f"{ENTRY}#8")]
    assert [promise["state"] for promise in told["promises"]] == ["running"]

    assert desk.done("inbox", "--json").json()["waiting"] == 0
    assert desk.done("fetch", "alerts", "--json").json()["new"] == 0
    late = desk.at("2026-11-24T18:05:00+01:00").run("report", "overdue", "--json")
    assert (late.code, len(late.json()["overdue"])) == (8, 1)


def test_a_secret_address_is_left_nowhere(desk: Program) -> None:
    commands = ("account check alerts", "fetch alerts", "fetch alerts --json", "account list", "log")
    told = [desk.run(*words.split()).told for words in commands]
    nowhere = replace(desk, environment={"ALERT": f"http://127.0.0.1:9/alerts/{SECRET}"})
    told += [nowhere.run("fetch", "alerts").told, nowhere.run("account", "check", "alerts").told]
    assert [one for one in told if SECRET in one] == []
    kept = [path for path in desk.folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert kept == []
