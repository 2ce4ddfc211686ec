"""promise room, promise foresee, and the word about it when the rules change."""

from __future__ import annotations

import pytest

from tests.cli.program import Program
from tests.cli.shapes import PROMISE, Or, Time, conforms

ROOM = {
    "kind": str, "as_of": Time,
    "days": [{"day": str, "capacity": Or(int), "taken": int, "left": Or(int), "why": Or(str)}],
}  # fmt: skip
FORESEEN = {
    "as_of": Time,
    "foreseen": [{"promise": PROMISE, "why": str, "new_due_at": Or(Time), "comment": Or(str), "text": Or(str)}],
}
STRIKE = 'blackouts = [{ from = "2026-11-25", until = "2026-11-26", why = "courier on strike" }]\n'


def strike(desk: Program) -> None:
    path = desk.folder / "policies.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("[promises.pickup]\n", f"[promises.pickup]\n{STRIKE}"), "utf-8")


@pytest.fixture
def promised(desk: Program) -> str:
    """A pickup until Thursday."""
    words = ("add", "pickup", "--for", desk.comment("damaged"), "--due", "2026-11-26")
    return str(desk.done("promise", *words, "--json").json()["promises"][0]["id"])


def test_the_room_of_a_kind_is_shown_by_day(desk: Program, promised: str) -> None:
    found = desk.done("promise", "room", "pickup", "--json").json()
    conforms(found, ROOM)
    assert (found["kind"], len(found["days"])) == ("pickup", 14)
    assert found["days"][2] == {"day": "2026-11-25", "capacity": 40, "taken": 1, "left": 39, "why": None}
    assert found["days"][5]["why"] == "closed"
    shown = desk.done("promise", "room", "pickup", "--until", "2026-11-26").stdout
    assert "Wed 25 Nov  40     1      39" in shown
    assert "Fri 27 Nov" not in shown


def test_a_blackout_is_the_reason_of_its_days(desk: Program) -> None:
    strike(desk)
    days = desk.done("promise", "room", "pickup", "--json").json()["days"]
    assert {day["why"] for day in days[2:4]} == {"no pickup 25–26 Nov: courier on strike"}
    assert {day["capacity"] for day in days[2:4]} == {0}
    refused = desk.run("promise", "add", "pickup", "--for", desk.comment("damaged"), "--due", "2026-11-26")
    assert refused.code == 5
    assert "no pickup 25–26 Nov: courier on strike" in refused.stderr


@pytest.mark.parametrize("words", [("picup",), ("pickup", "--until", "2026-11-20"), ("pickup", "--until", "soon")])
def test_what_cannot_be_shown_is_told(desk: Program, words: tuple[str, ...]) -> None:
    ran = desk.run("promise", "room", *words, "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr


def test_a_changed_policy_says_once_what_it_makes_impossible(desk: Program, promised: str) -> None:
    strike(desk)
    checked = desk.done("policy", "check", "--json")
    assert checked.json()["foreseen"] == 1
    said = "1 open promise can no longer be kept in time: `caretool promise foresee`"
    assert said in checked.stderr
    assert said in desk.done("inbox").stderr
    assert said not in desk.done("inbox").stderr
    found = desk.done("promise", "foresee", "--json").json()
    conforms(found, FORESEEN)
    (one,) = found["foreseen"]
    assert (one["promise"]["id"], one["new_due_at"]) == (promised, "2026-11-27T17:00:00Z")
    assert "Mi scuso" in one["text"]
    shown = desk.done("promise", "foresee").stdout
    assert f"caretool promise move {promised} --due '2026-11-27 18:00'" in shown
    assert "Il corriere passa a ritirare il pacco entro venerdì 27 novembre alle 18:00." in shown


def test_where_all_is_well_nothing_is_foreseen(desk: Program, promised: str) -> None:
    checked = desk.done("policy", "check", "--json")
    assert (checked.json()["foreseen"], checked.stderr) == (0, "")
    assert desk.done("promise", "foresee", "--json").json()["foreseen"] == []
    assert "can be kept" in desk.done("promise", "foresee").stdout


def test_a_policy_is_checked_where_no_ledger_is_yet(desk: Program) -> None:
    (desk.folder / "caretool.db").unlink()
    assert desk.done("policy", "check", "--json").json()["foreseen"] == 0
    assert not (desk.folder / "caretool.db").exists()
