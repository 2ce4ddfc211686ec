"""`caretool check`: the checks on a text that answers nothing yet, for people, for other programs, for a pipeline."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.program import Program
from tests.cli.shapes import REFUSAL, Or, Time, conforms

SHAPE = {
    "commitments": [{"excerpt": str, "promise_kind": str, "due_at": Or(Time), "vague": bool, "conditional": bool}],
    "refused": [REFUSAL],
}
TOMORROW = "Buongiorno, sono Dario: domani passa il corriere."


def lines(ran: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.stdout.splitlines()]


def jsonl(*values: Any) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def test_what_cannot_be_kept_is_refused_with_what_would_pass(desk: Program) -> None:
    ran = desk.run("check", TOMORROW, "--json")
    assert ran.code == 5
    found = ran.json()
    conforms(found, SHAPE)
    (commitment,) = found["commitments"]
    assert (commitment["excerpt"], commitment["promise_kind"]) == ("domani passa il corriere", "pickup")
    assert commitment["due_at"] == "2026-11-24T17:00:00Z"
    (refused,) = found["refused"]
    assert refused["check"] == "too-early"
    assert "entro mercoledì 25 novembre alle 18:00" in refused["suggest"]


def test_a_text_that_passes_exits_0_and_says_what_it_promises(desk: Program) -> None:
    ran = desk.done("check", "Buongiorno, sono Dario: la richiamo entro domani alle 12.")
    assert "callback by Tue 24 Nov 12:00" in ran.stdout
    assert "All checks pass." in ran.stdout


def test_nothing_is_written(desk: Program) -> None:
    desk.run("check", TOMORROW)
    desk.run("check", "la richiamo entro domani alle 12")
    assert desk.promises("--all") == []
    assert desk.done("log", "--action", "reply-refused", "--json").json()["log"] == []


def test_a_text_is_counted_from_the_moment_of_posting(desk: Program) -> None:
    found = desk.run("check", "la richiamo domani", "--json", "--as-of", "2026-12-03T10:00:00+01:00").json()
    assert found["commitments"][0]["due_at"][:10] == "2026-12-04"


def test_what_is_already_promised_counts(desk: Program) -> None:
    policies = desk.folder / "policies.toml"
    text = policies.read_text("utf-8")
    policies.write_text(text.replace("per_day = 40", "per_day = 1"), encoding="utf-8")
    due = "2026-11-25 18:00"
    desk.done("promise", "add", "pickup", "--for", desk.comment("damaged"), "--due", due)
    ran = desk.run("check", "il corriere passa entro mercoledì 25 novembre alle 18:00", "--json")
    assert [refused["check"] for refused in ran.json()["refused"]] == ["no-room"]


@pytest.mark.parametrize(
    ("words", "check"),
    [
        (("Il suo ordine 4711-22 è partito, la chiami al 333 1234567",), "personal-data"),
        (("Risponderemo nel minor tempo possibile",), "stock-phrase"),
        (("x" * 501, "--account", "short"), "too-long"),
        (("Buongiorno {{ person.name }}",), "missing-value"),
        (("{% if x %}",), "missing-value"),
        (("Buongiorno, grazie.", "--as", "dario"), "no-agent-name"),
    ],
)
def test_every_check_that_needs_no_comment_is_made(desk: Program, words: tuple[str, ...], check: str) -> None:
    ran = desk.by(None).run("check", *words, "--json")
    assert ran.code == 5
    assert check in {refused["check"] for refused in ran.json()["refused"]}


def test_one_person_may_read_what_the_public_may_not(desk: Program) -> None:
    assert desk.run("check", "Il suo numero è 333 1234567").code == 5
    desk.done("check", "--private", "Il suo numero è 333 1234567")


def test_nobody_need_be_at_the_desk(desk: Program) -> None:
    desk.by(None).done("check", "Grazie a voi!")


def test_a_text_can_be_piped_in(desk: Program) -> None:
    assert desk.run("check", "--json", stdin=f"{TOMORROW}\n").json()["refused"]


def test_lines_come_back_with_their_ids_in_their_order(desk: Program) -> None:
    texts = [{"id": 7, "text": TOMORROW}, {"id": "b", "text": "Grazie!"}, {"id": None, "text": "we'll look into it"}]
    ran = desk.run("check", "--jsonl", stdin=jsonl(*texts))
    assert ran.code == 5
    answers = lines(ran)
    assert [found["id"] for found in answers] == [7, "b", None]
    for found in answers:
        conforms(found, SHAPE)
    assert [bool(found["refused"]) for found in answers] == [True, False, True]


def test_a_line_says_its_own_moment_account_language_and_privacy(desk: Program) -> None:
    texts = [
        {"id": 1, "text": "la richiamo domani", "posted_at": "2026-12-03T10:00:00+01:00"},
        {"id": 2, "text": "x" * 501, "account": "short"},
        {"id": 3, "text": "333 1234567", "private": True},
        {"id": 4, "text": "tomorrow the courier comes", "language": "en"},
    ]
    first, second, third, fourth = lines(desk.run("check", "--jsonl", stdin=jsonl(*texts)))
    assert first["commitments"][0]["due_at"][:10] == "2026-12-04"
    assert [refused["check"] for refused in second["refused"]] == ["too-long"]
    assert third["refused"] == []
    assert "Wednesday 25 November" in fourth["refused"][0]["suggest"]


@pytest.mark.parametrize(
    "bad",
    [
        "nonsense", "[]", '{"id": 1}', '{"text": "x"}', '{"id": 1, "text": 2}', '{"id": 1, "text": "x", "private": 1}',
        '{"id": 1, "text": "x", "posted_at": "2026-11-23"}', '{"id": 1, "text": "x", "account": "nowhere"}',
    ],
)  # fmt: skip
def test_a_line_that_is_none_is_told_by_number_and_stops_no_other(desk: Program, bad: str) -> None:
    ran = desk.run("check", "--jsonl", stdin=f"{bad}\n\n{jsonl({'id': 2, 'text': 'Grazie!'})}")
    assert ran.code == 6
    assert [found["id"] for found in lines(ran)] == [2]
    assert ran.stderr.startswith("line 1: ")
    assert len(ran.stderr.splitlines()) == 1


def test_bytes_that_are_no_text_are_harmless(desk: Program) -> None:
    ran = desk.run("check", "--jsonl", stdin='{"id": "\\u001b[31m", "text": "\\ud800 \\u0000 \\u202e domani"}\n')
    assert "\x1b" not in ran.told
    assert lines(ran)[0]["id"] == "\x1b[31m"
