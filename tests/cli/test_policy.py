from __future__ import annotations

import tomllib

import pytest

from tests.cli.program import Program
from tests.cli.shapes import EXPLAINED, conforms


def append(desk: Program, name: str, text: str) -> None:
    """Write more into one of the workspace's files."""
    with (desk.folder / name).open("a", encoding="utf-8") as file:
        file.write(text)


def test_a_sound_policy_is_counted(desk: Program) -> None:
    found = desk.done("policy", "check", "--json").json()
    assert (found["accounts"], found["problems"]) == (2, 0)
    assert "2 accounts" in desk.done("policy", "check").stdout


def test_every_problem_of_every_file_is_told_at_once_with_its_line(desk: Program) -> None:
    append(desk, "policies.toml", '\n[promises.gift]\nearliest = "2 moons"\nowner = "nobody"\n')
    append(desk, "accounts.toml", '\n[agents.eva]\nname = "Eva"\nrole = "queen"\n')
    append(desk, "templates/replies/thanks.toml", '\n[[promises]]\nkind = "calback"\n')
    ran = desk.run("policy", "check")
    assert (ran.code, ran.stdout) == (2, "")
    for part in ("policies.toml:", "promises.gift.earliest", "accounts.toml:", "manager", "thanks.toml:", "callback"):
        assert part in ran.stderr
    assert desk.run("policy", "check", "--json").stdout == ""
    assert desk.run("inbox", "--json").code == 2


def test_a_rule_that_could_silence_a_complaint_does_not_load(desk: Program) -> None:
    append(desk, "policies.toml", '\n[[moderation]]\nname = "quiet"\nwhen = { kind = "complaint" }\naction = "hide"\n')
    ran = desk.run("policy", "check")
    assert ran.code == 2
    assert "moderation" in ran.stderr


def test_explain_says_what_would_be_done_and_why(desk: Program) -> None:
    text = "Vergogna, il pacco non è ancora arrivato e nessuno risponde!"
    found = desk.done("policy", "explain", text, "--json").json()
    conforms(found, EXPLAINED)
    assert (found["kind"], found["tone"], found["topic"]) == ("complaint", "angry", "delivery-late")
    assert (found["language"], found["action"], found["rule"]) == ("it", "leave", None)
    shown = desk.done("policy", "explain", text).stdout
    assert "delivery-late" in shown
    assert "because" in shown


@pytest.mark.parametrize("piped", ["", " \n"])
def test_there_is_no_verdict_on_nothing(desk: Program, piped: str) -> None:
    ran = desk.run("policy", "explain", stdin=piped)
    assert (ran.code, ran.stdout, ran.stderr) == (2, "", "Give a TEXT, or pipe one in.\n")


def test_explain_names_the_rule_that_would_hide(desk: Program) -> None:
    text = "Guadagna 500 euro al giorno da casa!!! Clicca qui http://guadagni-facili.example/bonus"
    found = desk.done("policy", "explain", "--json", stdin=text).json()
    assert (found["kind"], found["action"]) == ("spam", "hide")
    assert found["rule"]
    assert desk.run("policy", "explain", text, "--account", "nowhere").code == 2


def test_the_worked_examples_pass_save_the_one_that_expects_something_else(desk: Program) -> None:
    append(desk, "policies.toml", '\n[[examples]]\ntext = "Quanto costa la lampada?"\nexpect = { kind = "praise" }\n')
    ran = desk.run("policy", "test", "--json")
    assert ran.code == 1
    (failed,) = ran.json()["failed"]
    assert ran.json()["examples"] > 20
    assert failed["misses"] == [{"key": "kind", "expected": "praise", "found": "question"}]


def test_the_policy_in_force_is_toml_and_loads_again(desk: Program) -> None:
    text = desk.done("policy", "show").stdout
    assert tomllib.loads(text)["company"]["name"] == "Bottega Blu"
    (desk.folder / "policies.toml").write_text(text, encoding="utf-8")
    desk.done("policy", "check")
    assert desk.done("policy", "show", "--json").json()["company"]["name"] == "Bottega Blu"


def test_the_templates_are_listed_with_what_they_promise(desk: Program) -> None:
    found = desk.done("template", "list", "--json").json()["templates"]
    late = next(one for one in found if one["id"] == "delivery-late")
    assert late["languages"] == ["it", "en"]
    assert late["promises"] == [{"kind": "reply", "due": "1 working day"}]
    assert all(one["id"] in desk.done("template", "list").stdout for one in found)


def test_every_template_passes_its_checks(desk: Program) -> None:
    found = desk.done("template", "check", "--json").json()["texts"]
    assert {one["template"] for one in found} >= {"delivery-late", "parcel-damaged"}
    assert [one for one in found if one["refused"]] == []


def test_a_template_that_says_tomorrow_is_refused(desk: Program) -> None:
    text = 'public = "Buongiorno {{ person.name }}, sono {{ agent.name }}: la richiamo domani."'
    path = desk.folder / "templates" / "replies" / "tomorrow.toml"
    path.write_text(f'topic = "tomorrow"\nkinds = ["complaint"]\n[examples]\nit = ["domani"]\n[reply.it]\n{text}\n')
    ran = desk.run("template", "check", "tomorrow")
    assert ran.code in (2, 5)
    assert "domani" in ran.told


def test_a_preview_reads_as_it_would_now(desk: Program) -> None:
    shown = desk.done("template", "preview", "delivery-late").stdout
    assert "entro martedì 24 novembre alle 18:00" in shown
    assert "{{" not in shown


@pytest.mark.parametrize("verb", ["check", "preview"])
def test_a_template_that_is_not_there_is_told_with_the_nearest(desk: Program, verb: str) -> None:
    near = desk.run("template", verb, "delivery-lat")
    assert (near.code, near.stdout) == (2, "")
    assert "delivery-late" in near.stderr
    far = desk.run("template", verb, "xyzzy")
    assert far.code == 2
    assert "template list" in far.stderr
