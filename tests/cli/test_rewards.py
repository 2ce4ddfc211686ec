"""reward, reply --reward, report rewards, report suggestions: as somebody at the desk types them."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import make_workspace, row, write_comments
from tests.cli.hostile import ATTACKS
from tests.cli.program import Program

REWARDS = """
[rewards.thanks]
form = "coupon"
codes = "codes/thanks.txt"
value = 10
currency = "EUR"
budget = { amount = 50, per = "month" }
kinds = ["praise", "suggestion", "fault"]
[rewards.thanks.says]
it = "Buongiorno {{ person.name }}, sono {{ agent.name }}: il codice {{ reward.code }} vale {{ reward.value }}."
en = "Hello {{ person.name }}, {{ agent.name }} here: the code {{ reward.code }} is worth {{ reward.value }}."

[rewards.mug]
form = "gift"
kinds = ["praise"]
[rewards.mug.says]
it = "Buongiorno {{ person.name }}, sono {{ agent.name }}: una tazza è per lei, con un grazie."
en = "Hello {{ person.name }}, {{ agent.name }} here: a mug is for you, with our thanks."
"""
PRAISE = "Bellissimo negozio, consegna veloce e personale gentilissimo: complimenti!"
IDEA = "Un consiglio: mettete le misure nella prima foto"
OTHER = "sarebbe bello poter pagare con satispay"
COMMENTS = [
    row("p1", PRAISE, "Sara Poli"),
    row("p2", PRAISE, "Nino Rota"),
    row("s1", IDEA, "Anna Neri", url="https://page.example/s1"),
    row("s2", f"{IDEA}!", "Bruno Gallo"),
    row("s3", f"{IDEA} 335 1234567", "Anna Neri"),
    row("s4", OTHER, "Carla Riva"),
    row("f1", "L'app si blocca quando apro il carrello, schermata bianca", "Leo Costa"),
]


@pytest.fixture(scope="module")
def _fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = make_workspace(tmp_path_factory.mktemp("rewards"))
    policies = program.folder / "policies.toml"
    policies.write_text(policies.read_text("utf-8") + REWARDS, encoding="utf-8")
    (program.folder / "codes").mkdir()
    (program.folder / "codes" / "thanks.txt").write_text("QXZ111\nQXZ222\nQXZ333\n", encoding="utf-8")
    write_comments(program.folder, "page", COMMENTS)
    write_comments(program.folder, "short", [])
    program.done("fetch")
    return program.folder


@pytest.fixture
def desk(_fetched: Path, tmp_path: Path) -> Program:
    return Program(Path(shutil.copytree(_fetched, tmp_path / "shop")))


def _id(desk: Program, native_id: str) -> str:
    groups = desk.done("inbox", "--limit", "90", "--json").json()["groups"]
    return next(str(c["id"]) for g in groups for c in g["comments"] if c["native_id"] == native_id)


def _given(desk: Program, native_id: str) -> str:
    """The comment, answered with the reward."""
    comment = _id(desk, native_id)
    desk.done("reply", comment, "--reward", "thanks", "--private", "--yes")
    return comment


def test_a_look_shows_the_place_of_the_code_and_what_would_be_given(desk: Program) -> None:
    ran = desk.done("reply", _id(desk, "p1"), "--reward", "thanks", "--private", "--dry-run")
    assert "il codice ‹code› vale 10,00\xa0€" in ran.stdout
    assert "Gives: thanks to 1 person" in ran.stdout
    planned = desk.done("reply", _id(desk, "p1"), "--reward", "thanks", "--private", "--dry-run", "--json").json()
    assert [(one["id"], one["kind"], one["state"]) for one in planned["rewards"]] == [(None, "thanks", "planned")]
    assert "QXZ" not in ran.stdout + ran.stderr + str(planned)


def test_a_yes_gives_it_and_everything_tells_of_it_but_the_code(desk: Program) -> None:
    comment = _given(desk, "p1")
    shown = desk.done("show", comment, "--json").json()
    (reward,) = shown["rewards"]
    assert (reward["kind"], reward["state"], reward["amount"], reward["currency"]) == ("thanks", "given", "10", "EUR")
    assert {"reward-given", "reply-posted"} <= {line["action"] for line in shown["history"]}
    for subject in (comment, reward["id"], reward["person"]["id"], reward["reply"]):
        assert f"{reward['id']}  thanks (10.00 EUR), given, by dario" in desk.done("show", subject).stdout
    listed = desk.done("reward", "list", "--json")
    assert [one["id"] for one in listed.json()["rewards"]] == [reward["id"]]
    assert [(one["kind"], one["left"], one["money_left"]) for one in listed.json()["kinds"]] == [
        ("thanks", 2, "40"), ("mug", None, None),
    ]  # fmt: skip
    for words in (("reward", "list"), ("report", "rewards", "--names"), ("log",), ("doctor",)):
        assert "QXZ" not in desk.run(*words).stdout


def test_in_public_it_exits_5_with_what_helps(desk: Program) -> None:
    ran = desk.run("reply", _id(desk, "p1"), "--reward", "thanks", "--yes")
    assert (ran.code, ran.stdout) == (5, "")
    assert "Refused (no-reward)" in ran.stderr
    assert "What helps: add --private" in ran.stderr


def test_it_is_given_later_to_who_had_an_answer(desk: Program) -> None:
    comment = _id(desk, "p1")
    ran = desk.run("reward", "give", "mug", comment, "--yes")
    assert (ran.code, "has no answer yet" in ran.stderr) == (2, True)
    desk.done("reply", comment, "--text", "Grazie {{ person.name }}, un saluto da {{ agent.name }}.", "--yes")
    given = desk.done("reward", "give", "mug", comment, "--yes", "--json").json()
    assert [(one["private"], one["state"]) for one in given["replies"]] == [(True, "posted")]
    assert given["rewards"][0]["kind"] == "mug"
    assert desk.run("reward", "give", "mug", comment, "--yes").code == 5


def test_without_a_yes_nobody_is_given_anything(desk: Program) -> None:
    desk.done("reply", _id(desk, "p1"), "--text", "Grazie da {{ agent.name }}, {{ person.name }}.", "--yes")
    comment = desk.done("inbox", "--json").json()["groups"][0]["comments"][0]["id"]
    assert desk.run("reply", comment, "--reward", "thanks", "--private").code == 2
    assert desk.done("reward", "list", "--json").json()["rewards"] == []


def test_the_report_is_written_in_every_format_and_names_nobody_unless_asked(desk: Program) -> None:
    _given(desk, "p1")
    for layout in ("table", "markdown", "html", "json", "csv"):
        said = desk.done("report", "rewards", "--format", layout).stdout
        assert "thanks" in said
        assert "Sara" not in said
        assert "QXZ" not in said
    assert "Sara Poli" in desk.done("report", "rewards", "--names").stdout
    lines = list(csv.DictReader(io.StringIO(desk.done("report", "rewards", "--format", "csv").stdout)))
    month = next(line for line in lines if line["by"] == "month")
    assert (month["name"], month["amount"], month["budget"]) == ("2026-11", "10", "50")


def test_the_doctor_warns_where_codes_run_out_or_their_file_is_gone(desk: Program) -> None:
    def said() -> tuple[str, str]:
        checks = desk.run("doctor", "--json").json()["checks"]
        found = next(one for one in checks if one["check"] == "reward thanks")
        return found["condition"], found["says"]

    assert said() == ("ok", "3 of 3 codes left")
    for native_id in ("p1", "p2", "s1"):
        _given(desk, native_id)
    assert said() == ("warning", "0 of 3 codes left")
    (desk.folder / "codes" / "thanks.txt").unlink()
    assert said()[0] == "wrong"
    assert desk.done("inbox").code == 0


def test_policy_check_tells_odd_lines_of_code_files(desk: Program) -> None:
    (desk.folder / "codes" / "thanks.txt").write_text("QXZ1\nQXZ1\na b\n", encoding="utf-8")
    ran = desk.done("policy", "check")
    assert "codes/thanks.txt: line 2 is the same as line 1" in ran.stderr
    assert "codes/thanks.txt: line 3 is no code" in ran.stderr
    assert "QXZ" not in ran.stderr


def test_suggestions_are_collected_by_what_they_say(desk: Program) -> None:
    found = desk.done("report", "suggestions", "--json").json()
    first = found["suggestions"][0]
    assert (first["kind"], first["times"], len(first["people"])) == ("suggestion", 3, 3)
    assert first["url"] == "https://page.example/s1"
    assert (first["answered"], first["thanked"]) == (0, 0)
    _given(desk, "s1")
    again = desk.done("report", "suggestions", "--json").json()["suggestions"][0]
    assert (again["answered"], again["thanked"]) == (1, 1)
    only = desk.done("report", "suggestions", "--kind", "fault", "--json").json()["suggestions"]
    assert {one["kind"] for one in only} <= {"fault"}


def test_suggestions_show_no_personal_data_and_no_markup_of_strangers(desk: Program) -> None:
    words = [text.encode("utf-8", "replace").decode() for text in ATTACKS if len(text) < 10_000]
    evil = [row(f"e{n}", f"Un consiglio: aggiungete {text} al sito", "Eva Sala") for n, text in enumerate(words)]
    phone = row("tel", "Un suggerimento: richiamate chi scrive, il mio numero è 335 1234567", "Ugo Riva")
    write_comments(desk.folder, "page", [phone, *evil])
    desk.done("fetch")
    for layout in ("table", "markdown", "html", "csv"):
        said = desk.done("report", "suggestions", "--format", layout).stdout
        assert "335 1234567" not in said
        assert "\x1b" not in said
        assert layout != "html" or "<script" not in said


def test_nobody_to_tell_is_told(desk: Program) -> None:
    ran = desk.run("report", "suggestions", "--notify", "product")
    assert (ran.code, "No owner is called 'product'" in ran.stderr) == (2, True)
    ran = desk.run("report", "suggestions", "--notify", "desk")
    assert (ran.code, "add notify" in ran.stderr) == (2, True)


def test_with_nothing_to_collect_a_pipe_stays_empty(desk: Program) -> None:
    assert desk.done("report", "suggestions", "--since", "2026-11-23T09:11:00+01:00").stdout == ""
