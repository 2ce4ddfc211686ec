"""case: started by an answer or by hand, taken on step by step, drawn where it stands; and its JSON."""

from __future__ import annotations

import pytest

from tests.cli.program import Program
from tests.cli.shapes import PROMISE, Or, Time, conforms, one

STEP = {
    "name": str, "does": Or(str), "owner": str, "waits_for": one("us", "customer"),
    "state": one("ahead", "now", "done", "skipped", "dropped"), "began_at": Or(Time), "due_at": Or(Time),
    "late": bool, "expected_at": Or(Time), "remind_at": Or(Time), "close_at": Or(Time), "ended_at": Or(Time),
    "evidence": Or(str), "because": Or(str), "promise_kind": Or(str), "promises": [PROMISE],
}  # fmt: skip
CASE = {
    "id": str, "procedure": str, "person": {"id": str, "name": str}, "comment": Or(str),
    "state": one("running", "done", "closed"), "late": bool, "step": Or(str), "owner": Or(str), "due_at": Or(Time),
    "started_at": Time, "ended_at": Or(Time), "because": Or(str), "steps": [STEP],
}  # fmt: skip
AFTERNOON = "2026-11-23T15:30:00+01:00"


@pytest.fixture
def case(desk: Program) -> str:
    """Chiara's lamp: answered with the template, waiting for the photo."""
    desk.done("reply", desk.group("parcel-damaged"), "--yes")
    (found,) = desk.done("case", "list", "--json").json()["cases"]
    return str(found["id"])


def comment_of(desk: Program, case: str) -> str:
    """The comment that a case is about; answered, it no longer waits."""
    return str(desk.done("show", case, "--json").json()["comments"][0]["id"])


def drawn(program: Program, subject: str) -> list[str]:
    """The first words of each step's line, as `show` draws it."""
    lines = program.done("show", subject).stdout.splitlines()
    steps = ("photo", "courier", "pickup", "callback")
    return [" ".join(line.split()[:2]) for line in lines if line.split()[1:2] and line.split()[1] in steps]


def test_an_answer_starts_a_case_that_every_look_draws(desk: Program, case: str) -> None:
    promise = desk.promises()[0]["id"]
    person = desk.done("case", "list", "--json").json()["cases"][0]["person"]["id"]
    for subject in (case, case[:3], comment_of(desk, case), person, promise):
        assert drawn(desk, subject) == ["NOW photo", "next courier", "next pickup", "next callback"]
    shown = desk.done("show", case).stdout
    assert f"{case}  damaged-parcel for Chiara Longo · running" in shown
    assert f"Next: caretool case done {case} photo" in shown
    assert f"{promise} reply by Tue 24 Nov 18:00, running" in shown
    assert "pickup: not said yet" in shown


def test_a_late_step_is_drawn_in_words_and_its_promise_is_at_risk_before_it_is_overdue(
    desk: Program, case: str
) -> None:
    desk.done("case", "done", case, "photo")
    later = desk.at(AFTERNOON)
    shown = later.done("show", case).stdout
    assert "· running · LATE" in shown
    assert "LATE: due 1 h ago" in shown
    assert "reply by Tue 24 Nov 18:00, at risk" in shown
    assert "At risk (1)" in later.done("report", "overdue").stdout
    (found,) = later.done("case", "list", "--late", "--json").json()["cases"]
    assert (found["late"], found["step"], found["owner"]) == (True, "courier", "desk")
    assert later.done("promise", "list", "--json").json()["promises"][0]["at_risk"]


def test_a_case_goes_from_the_photo_to_the_call_back(desk: Program, case: str) -> None:
    desk.done("case", "done", case, "photo")
    desk.done("case", "done", case, "courier", "--evidence", "case 88231")
    comment = comment_of(desk, case)
    desk.done("promise", "add", "pickup", "--for", comment, "--due", "2026-11-26")
    desk.done("promise", "add", "callback", "--for", comment, "--due", "2026-11-28")
    desk.at("2026-11-26T17:00:00+01:00").done("case", "done", case, "pickup", "--evidence", "receipt 7731")
    last = desk.at("2026-11-27T16:00:00+01:00").done("case", "done", case, "callback", "--json").json()
    conforms(last, CASE)
    assert (last["state"], last["step"]) == ("done", None)
    assert {p["state"] for step in last["steps"] for p in step["promises"]} == {"kept"}
    assert desk.done("case", "list").stdout == "No case is running.\n"


def test_every_command_has_its_shape(desk: Program, case: str) -> None:
    conforms(desk.done("case", "list", "--json").json(), {"cases": [CASE]})
    conforms(desk.done("show", case, "--json").json()["cases"], [CASE])
    conforms(desk.done("case", "skip", case, "photo", "--because", "in the shop", "--json").json(), CASE)
    conforms(desk.done("case", "close", case, "--because", "refunded", "--json").json(), CASE)
    started = desk.done("case", "start", "damaged-parcel", "--for", desk.comment("price"), "--json").json()
    conforms(started, CASE)
    assert len(desk.done("case", "list", "--all", "--json").json()["cases"]) == 2


def test_what_was_promised_and_is_left_behind_is_told(desk: Program, case: str) -> None:
    promise = desk.promises()[0]["id"]
    closed = desk.done("case", "close", case, "--because", "refunded")
    assert f"Still promised: {promise}." in closed.stderr
    assert "because refunded" in closed.stdout
    assert "dropped" in closed.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("done", "CASE", "courier"), "'courier' comes later in CASE: now it is the turn of 'photo'."),
        (("done", "CASE", "fotto"), "has no step 'fotto'"),
        (("done", "kzzzzzz", "photo"), "No case has an id that begins with 'kzzzzzz'."),
        (("start", "damaged-parcle", "--for", "COMMENT"), "did you mean 'damaged-parcel'?"),
        (("start", "damaged-parcel", "--for", "COMMENT"), "runs for them already: caretool show CASE"),
        (("skip", "CASE", "photo", "--because", " "), "say why in a few words"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_can(
    desk: Program, case: str, words: tuple[str, ...], said: str
) -> None:
    meant = {"CASE": case, "COMMENT": comment_of(desk, case)}
    ran = desk.run("case", *(meant.get(word, word) for word in words))
    assert ran.code == 2
    assert ran.stdout == ""
    assert said.replace("CASE", case) in ran.stderr


def test_after_a_time_without_a_word_the_list_says_to_ask_again_and_then_to_close(desk: Program, case: str) -> None:
    said = [desk.at(f"2026-{day}T10:00:00+01:00").done("case", "list").stdout for day in ("11-24", "11-25", "12-10")]
    assert "ask again" not in said[0]
    assert "waits for the customer: ask again" in said[1]
    assert "waits for the customer: close it" in said[2]
    assert all("LATE" not in text for text in said)


def test_a_note_on_a_case_is_shown_with_it(desk: Program, case: str) -> None:
    desk.done("note", case, "prefers mornings")
    assert "prefers mornings" in desk.done("show", case).stdout
