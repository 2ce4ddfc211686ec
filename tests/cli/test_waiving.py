"""`--waive`: what a check refuses goes out under the name of who answers for it."""

from __future__ import annotations

import pytest

from tests.cli.conftest import row, write_comments
from tests.cli.hostile import TERMINAL
from tests.cli.program import Program
from tests.cli.shapes import REFUSAL, REPLY, conforms
from tests.cli.test_completion import values

LOUD = "Grazie {{ person.name }}, UN SALUTO DA TUTTI, {{ agent.name }}."
STOCK = "Grazie {{ person.name }}, nel minor tempo possibile, {{ agent.name }}."


@pytest.fixture
def group(desk: Program) -> str:
    for agent in ("giulia", "tom"):
        desk.by(agent).group("praise")
    return desk.group("praise")


def test_a_refusal_says_how_it_can_be_waived(desk: Program, group: str) -> None:
    ran = desk.run("reply", group, "--text", LOUD, "--yes")
    assert ran.code == 5
    assert ran.stderr.splitlines()[-1] == "To answer for it all the same: --waive shouting"
    assert "Nothing was written." in ran.stderr


def test_where_something_is_refused_that_nobody_waives_no_way_is_shown(desk: Program, group: str) -> None:
    ran = desk.run("reply", group, "--text", f"{LOUD} La richiamo a breve.", "--yes")
    assert ran.code == 5
    assert "--waive" not in ran.stderr
    ran = desk.by("giulia").run("reply", group, "--text", STOCK, "--yes")
    assert "--waive" not in ran.stderr


def test_a_waived_reply_is_posted_shown_and_logged(desk: Program, group: str) -> None:
    ran = desk.done("reply", group, "--text", LOUD, "--waive", "shouting", "--yes", "--json")
    found = ran.json()
    conforms(found, REPLY)
    assert found["refused"] == []
    (waived,) = found["waived"]
    conforms(waived, REFUSAL)
    assert (waived["check"], waived["excerpt"]) == ("shouting", "UN SALUTO DA TUTTI")
    assert "UN SALUTO DA TUTTI" in desk.posted()[-1]["text"]
    reply = found["replies"][0]["id"]
    assert 'waived by dario: shouting "UN SALUTO DA TUTTI"' in desk.done("show", reply).stdout
    shown = desk.done("show", reply, "--json").json()["waived"]
    assert shown == [{"check": "shouting", "excerpt": "UN SALUTO DA TUTTI", "by": "dario", "asked": False}]
    (line,) = desk.done("log", "--action", "check-waived", "--json").json()["log"]
    assert (line["agent"], line["subject"], line["codes"]) == ("dario", reply, {"shouting": 1})


def test_it_stands_beside_the_question(desk: Program, group: str) -> None:
    ran = desk.done("reply", group, "--text", LOUD, "--waive", "shouting", "--dry-run")
    assert 'Waived by dario: shouting "UN SALUTO DA TUTTI"' in ran.stdout
    assert desk.posted() == []


def test_what_was_not_refused_is_a_remark_and_no_error(desk: Program, group: str) -> None:
    ran = desk.done("reply", group, "--yes", "--waive", "sarcasm")
    assert "--waive sarcasm: it had refused nothing." in ran.stderr


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("vague", "vague cannot be waived: say a day and an hour, or --not-a-promise"),
        ("group-changed", "add --include-new"),
        ("shuoting", "did you mean shouting?"),
        *((text, "--waive") for text in TERMINAL[:3]),
    ],
)
def test_what_is_no_waivable_check_exits_2_with_the_proper_way(
    desk: Program, group: str, typed: str, said: str
) -> None:
    ran = desk.run("reply", group, "--yes", f"--waive={typed}")
    assert (ran.code, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert desk.posted() == []


def test_who_may_not_waive_it_is_refused_and_told_who_may(desk: Program, group: str) -> None:
    ran = desk.by("giulia").run("reply", group, "--text", STOCK, "--yes", "--waive", "stock-phrase")
    assert ran.code == 5
    assert "giulia is agent: only a manager waives stock-phrase (dario)." in ran.stderr


def test_a_trainees_waiver_is_a_wish(desk: Program, group: str) -> None:
    asked = desk.by("tom").done("reply", group, "--text", LOUD, "--yes", "--waive", "shouting", "--json").json()
    assert asked["replies"][0]["state"] == "awaiting"
    draft = asked["replies"][0]["id"]
    assert 'tom asks to waive shouting "UN SALUTO DA TUTTI"' in desk.done("show", draft).stdout
    ran = desk.by("giulia").run("approve", draft, "--yes")
    assert ran.code == 5
    assert "tom asks to waive shouting: add --waive shouting to answer for it." in ran.stderr
    done = desk.by("giulia").done("approve", draft, "--yes", "--waive", "shouting", "--json").json()
    assert done["replies"][0]["state"] == "posted"
    assert [one["check"] for one in done["waived"]] == ["shouting"]
    shown = desk.done("show", done["replies"][0]["id"]).stdout
    assert "waived by giulia: shouting" in shown
    assert "asks to waive" not in shown


def test_a_question_that_is_passed_over_is_shown_harmlessly(desk: Program) -> None:
    asked = "Quanto costa \x1b[31mla \u202elampada[red]?"
    write_comments(desk.folder, "page", [row("ask", asked, "Pia Serra")])
    desk.done("fetch")
    ran = desk.run("reply", desk.comment("ask"), "--yes", "--text", "Grazie {{ person.name }}, un saluto da Dario.")
    assert ran.code == 5
    assert "Refused (unanswered-question)" in ran.stderr
    assert "\x1b" not in ran.stderr
    assert "\u202e" not in ran.stderr


@pytest.mark.parametrize("command", ["reply", "approve"])
def test_the_checks_that_can_be_waived_are_offered(desk: Program, command: str) -> None:
    assert values(desk, f"{command} d1 --waive s") == ["shouting", "sarcasm", "stock-phrase"]
    assert "vague" not in values(desk, f"{command} d1 --waive ")


def test_the_policy_in_force_names_who_waives_what(desk: Program) -> None:
    assert 'unanswered-question = "agent"' in desk.done("policy", "show").stdout
