from __future__ import annotations

from typing import Any

from tests.cli.program import Program
from tests.cli.shapes import CHANGED, PROMISES, conforms


def changed(desk: Program, *words: str) -> list[dict[str, Any]]:
    """The promises after a change of the ledger that has to succeed."""
    found = desk.done("promise", *words, "--json").json()
    conforms(found, CHANGED)
    assert found["refused"] == []
    promises: list[dict[str, Any]] = found["promises"]
    return promises


def refused(desk: Program, *words: str) -> dict[str, Any]:
    """The one refusal of a change, which wrote nothing."""
    before = desk.promises("--all")
    ran = desk.run("promise", *words, "--json")
    assert ran.code == 5
    found = ran.json()
    conforms(found, CHANGED)
    assert found["promises"] == []
    assert desk.promises("--all") == before
    (refusal,) = found["refused"]
    assert isinstance(refusal, dict)
    return refusal


def callback(desk: Program, due: str = "2026-11-24 12:00", comment: str = "damaged") -> str:
    """A call promised on the phone."""
    (promise,) = changed(desk, "add", "callback", "--for", desk.comment(comment), "--due", due)
    return str(promise["id"])


def test_a_promise_made_elsewhere_is_logged_and_runs_at_once(desk: Program) -> None:
    (promise,) = changed(desk, "add", "callback", "--for", desk.comment("damaged"), "--due", "2026-11-24 12:00")
    assert (promise["kind"], promise["state"], promise["due_at"]) == ("callback", "running", "2026-11-24T11:00:00Z")
    assert (promise["person"]["name"], promise["owner"], promise["reply"]) == ("Chiara Longo", "desk", None)
    listed = desk.done("promise", "list", "--json").json()
    conforms(listed, PROMISES)
    assert listed["promises"] == [promise]
    shown = desk.done("promise", "list").stdout
    assert promise["id"] in shown
    assert "Tue 24 Nov 12:00" in shown


def test_a_day_alone_means_its_closing_hour(desk: Program) -> None:
    (promise,) = changed(desk, "add", "callback", "--for", desk.comment("damaged"), "--due", "2026-11-24")
    assert promise["due_at"] == "2026-11-24T17:00:00Z"
    (promise,) = changed(desk, "add", "callback", "--for", desk.comment("s1"), "--due", "2 working days")
    assert promise["due_at"] == "2026-11-25T17:00:00Z"


def test_what_cannot_be_kept_is_refused_with_the_earliest_that_can(desk: Program) -> None:
    refusal = refused(desk, "add", "pickup", "--for", desk.comment("damaged"), "--due", "2026-11-24 12:00")
    assert (refusal["check"], refusal["promise_kind"]) == ("too-early", "pickup")
    assert refusal["asked_due_at"] == "2026-11-24T11:00:00Z"
    assert refusal["earliest_due_at"] == "2026-11-25T17:00:00Z"
    told = desk.run("promise", "add", "pickup", "--for", desk.comment("damaged"), "--due", "2026-11-24 12:00")
    assert (told.code, told.stdout) == (5, "")
    assert "Would pass" in told.stderr
    late = refused(desk, "add", "callback", "--for", desk.comment("damaged"), "--due", "2027-02-01 12:00")
    assert late["check"] == "too-late"


def test_a_kept_promise_remembers_its_evidence_and_leaves_the_list(desk: Program) -> None:
    promise = callback(desk)
    (kept,) = changed(desk, "keep", promise, "--evidence", "called at 11:40, spoke to Ms Longo")
    assert (kept["id"], kept["state"]) == (promise, "kept")
    assert desk.promises() == []
    assert [one["state"] for one in desk.promises("--all")] == ["kept"]
    assert "called at 11:40" in desk.done("show", promise).stdout
    assert "No promise is open" in desk.done("promise", "list").stdout


def test_what_was_kept_cannot_end_a_second_time(desk: Program) -> None:
    promise = callback(desk)
    changed(desk, "keep", promise)
    for words in (("keep", promise), ("break", promise, "--because", "x"), ("release", promise, "--because", "x")):
        ran = desk.run("promise", *words, "--json")
        assert (ran.code, ran.stdout) == (2, "")
        assert "it is kept" in ran.stderr


def test_broken_and_released_need_a_reason_and_say_it_again(desk: Program) -> None:
    for verb, state in (("break", "broken"), ("release", "released")):
        promise = callback(desk)
        ran = desk.run("promise", verb, promise, "--json")
        assert (ran.code, ran.stdout) == (2, "")
        (ended,) = changed(desk, verb, promise, "--because", "cancelled the order")
        assert ended["state"] == state
        assert "cancelled the order" in desk.done("show", promise).stdout


def test_a_moved_promise_runs_on_until_the_customer_was_told(desk: Program) -> None:
    promise = callback(desk)
    ran = desk.done("promise", "move", promise, "--due", "2026-11-26 12:00", "--because", "line down", "--json")
    conforms(ran.json(), CHANGED)
    old, new = ran.json()["promises"]
    assert (old["id"], old["state"], new["state"]) == (promise, "running", "logged")
    assert new["due_at"] == "2026-11-26T11:00:00Z"
    assert "tell the customer" in ran.stderr
    assert new["id"] in desk.done("show", promise).stdout
    again = desk.run("promise", "move", promise, "--due", "2026-11-26 16:00", "--because", "x")
    assert again.code == 2
    assert new["id"] in again.stderr
    text = "Buongiorno {{ person.name }}, sono Dario. Mi scuso: la richiamo entro giovedì 26 novembre alle 12:00."
    desk.done("reply", desk.comment("damaged"), "--text", text, "--yes")
    states = {one["id"]: one["state"] for one in desk.promises("--all")}
    assert states == {promise: "moved", new["id"]: "running"}


def test_a_customer_told_on_the_phone_ends_the_old_promise_at_once(desk: Program) -> None:
    promise = callback(desk)
    words = ("move", promise, "--due", "2026-11-26 12:00", "--because", "line down", "--told")
    assert [one["state"] for one in changed(desk, *words)] == ["moved", "running"]


def test_a_move_to_a_time_that_cannot_be_kept_is_refused(desk: Program) -> None:
    promise = callback(desk)
    assert refused(desk, "move", promise, "--due", "2026-11-23 09:30", "--because", "x")["check"] == "too-early"


def test_several_are_kept_at_once_or_none(desk: Program) -> None:
    first, second = callback(desk), callback(desk, comment="s1")
    ran = desk.run("promise", "keep", first, "pnosuch", "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert {one["state"] for one in desk.promises()} == {"running"}
    assert {one["state"] for one in changed(desk, "keep", first, second)} == {"kept"}


def test_a_kind_or_person_that_is_not_there_is_named(desk: Program) -> None:
    for words, hint in (
        (("add", "calback", "--for", desk.comment("damaged"), "--due", "3h"), "callback"),
        (("add", "callback", "--for", "unosuch", "--due", "3h"), "unosuch"),
        (("add", "callback", "--for", desk.comment("damaged"), "--due", "soon"), "2 working days"),
        (("keep", "nosuch"), "caretool promise list"),
    ):
        ran = desk.run("promise", *words, "--json")
        assert (ran.code, ran.stdout) == (2, ""), words
        assert hint in ran.stderr, words


def test_the_list_is_cut_where_asked(desk: Program) -> None:
    desk.done("reply", desk.group("delivery-late"), "--yes")
    assert len(desk.promises("--limit", "3")) == 3
    assert len(desk.promises()) == 20
