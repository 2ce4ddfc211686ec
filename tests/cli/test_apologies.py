"""promise move, break and hand-over: what is drafted, copied, sent; report promises."""

from __future__ import annotations

import shlex

from tests.cli.program import Program
from tests.cli.shapes import CHANGED, conforms

_CALL = "Buongiorno {{ person.name }}, sono Dario. Mi scuso: la richiamo entro martedì 24 novembre alle 18:00."


def _said(desk: Program) -> str:
    """A call promised in public to Chiara, whose lamp came broken."""
    desk.done("reply", desk.comment("damaged"), "--text", _CALL, "--yes")
    return str(desk.promises()[0]["id"])


def _states(desk: Program) -> list[str]:
    return [one["state"] for one in desk.promises("--all")]


def test_a_move_prints_the_message_and_the_reply_to_copy(desk: Program) -> None:
    promise = _said(desk)
    ran = desk.done("promise", "move", promise, "--due", "2026-11-26", "--because", "ill")
    assert "Buongiorno Chiara Longo, sono Dario. Mi scuso" in ran.stderr
    assert "entro giovedì 26 novembre alle 18:00" in ran.stderr
    commands = [shlex.split(line) for line in ran.stderr.splitlines() if line.startswith("  caretool ")]
    assert [words[1] for words in commands] == ["reopen", "reply"]
    assert not any("Chiara" in word for words in commands for word in words)
    for words in commands:
        desk.done(*words[1:], *(["--yes"] if words[1] == "reply" else []))
    assert _states(desk) == ["moved", "running"]
    assert desk.posted()[-1]["text"].endswith("alle 18:00.")


def test_a_move_is_told_at_once_with_a_yes(desk: Program) -> None:
    promise = _said(desk)
    words = ("promise", "move", promise, "--due", "2026-11-26", "--because", "ill", "--send")
    ran = desk.run(*words)
    assert (ran.code, ran.stdout, _states(desk)) == (2, "", ["running"])
    found = desk.done(*words, "--yes", "--json").json()
    conforms(found, CHANGED)
    assert [one["state"] for one in found["promises"]] == ["moved", "running"]
    assert [reply["state"] for reply in found["replies"]] == ["posted"]
    assert desk.posted()[-1]["to"] == "damaged"


def test_a_message_that_may_not_go_out_moves_nothing(desk: Program) -> None:
    promise = _said(desk)
    ran = desk.run(
        "promise", "move", promise, "--due", "2026-11-23 09:20", "--because", "x", "--send", "--yes", "--json"
    )
    assert (ran.code, ran.json()["promises"]) == (5, [])
    assert ran.json()["refused"][0]["check"] == "too-early"
    assert (_states(desk), len(desk.posted())) == (["running"], 1)


def test_the_earliest_that_passes_is_proposed_and_taken_on_a_yes(desk: Program) -> None:
    promise = _said(desk)
    ran = desk.run("promise", "move", promise, "--because", "ill")
    assert (ran.code, _states(desk)) == (2, ["running"])
    assert "The earliest that passes" in ran.stderr
    assert "Wed 25 Nov 18:00" in ran.stderr
    found = desk.done("promise", "move", promise, "--because", "ill", "--yes", "--json").json()
    assert found["promises"][1]["due_at"] == "2026-11-25T17:00:00Z"
    assert found["messages"][0]["command"].startswith("caretool reply ")


def test_a_promise_made_on_the_phone_is_told_on_the_phone(desk: Program) -> None:
    person = desk.done("show", desk.comment("damaged"), "--json").json()["comments"][0]["person"]
    desk.done("promise", "add", "callback", "--for", person, "--due", "2026-11-24 12:00")
    promise = desk.promises()[0]["id"]
    ran = desk.done("promise", "move", promise, "--due", "2026-11-26", "--because", "ill")
    assert f"call them, then: caretool promise move {promise} --told" in ran.stderr
    sent = desk.run("promise", "break", promise, "--because", "x", "--send", "--yes")
    assert (sent.code, "call them" in sent.stderr) == (2, True)
    desk.done("promise", "move", promise, "--told", "--because", "called")
    assert _states(desk) == ["moved", "running"]


def test_a_broken_promise_is_told_with_what_happens_instead(desk: Program) -> None:
    promise = _said(desk)
    words = ("--because", "no longer made", "--instead", "La rimborsiamo entro venerdì 4 dicembre alle 18:00")
    found = desk.done("promise", "break", promise, *words, "--send", "--yes", "--json").json()
    assert [(one["kind"], one["state"]) for one in found["promises"]] == [("callback", "broken"), ("refund", "running")]
    assert "non possiamo mantenere quanto promesso" in desk.posted()[-1]["text"]


def test_a_break_alone_is_drafted(desk: Program) -> None:
    promise = _said(desk)
    ran = desk.done("promise", "break", promise, "--because", "no longer made")
    assert "Le rispondo qui entro" in ran.stderr
    assert _states(desk) == ["broken"]


def test_promises_change_hands_on_a_yes(desk: Program) -> None:
    promise = _said(desk)
    words = ("promise", "hand-over", "--from", "desk", "--to", "giulia")
    ran = desk.run(*words)
    assert (ran.code, desk.promises()[0]["owner"]) == (2, "desk")
    ran = desk.done(*words, "--because", "has left", "--yes", "--json")
    assert [(one["id"], one["owner"]) for one in ran.json()["promises"]] == [(promise, "giulia")]
    assert "policies.toml still names desk for " in ran.stderr
    assert "has left" in desk.done("show", promise).stdout


def test_who_writes_again_is_at_the_top_of_the_inbox(desk: Program) -> None:
    promise = _said(desk)
    with (desk.folder / "page.jsonl").open("a", encoding="utf-8") as rows:
        rows.write('{"id": "again", "author": "chiara.damaged", "text": "Allora? La lampada è ancora qui."}\n')
    desk.done("fetch")
    shown = desk.done("inbox").stdout
    assert f"writes again: promise {promise} runs to Tue 24 Nov 18:00" in shown
    assert f"(see {promise})" in shown
    groups = desk.groups()
    first = next(group for group in groups if group["urgency"] != "escalated")
    assert (first["urgency"], first["again"], first["suggestion"]) == ("again", promise, None)
    assert [comment["native_id"] for comment in first["comments"]] == ["again"]
    assert f"promise {promise}" in first["comments"][0]["why"][0]
    ran = desk.run("reply", first["id"], "--yes")
    assert ran.code == 2


def test_the_report_counts_what_was_kept_stopped_and_waived(desk: Program) -> None:
    promise = _said(desk)
    desk.done("promise", "keep", promise)
    early = "Buongiorno {{ person.name }}, sono Dario: il corriere passa domani."
    comment = desk.comment("price")
    assert desk.run("reply", comment, "--text", early, "--dry-run").code == 5
    assert desk.run("reply", comment, "--text", early, "--yes").code == 5
    waived = "Buongiorno {{ person.name }}, sono Dario: domani passa il circo."
    unasked = ("--not-a-promise", "domani passa il circo", "--waive", "unanswered-question")
    desk.done("reply", comment, "--text", waived, *unasked, "--yes")
    found = desk.done("report", "promises", "--json").json()
    assert (found["total"]["in_time"], found["total"]["rate"], found["suppliers"]) == (1, 1.0, [])
    assert found["checks"] == {"attempts_changed": 1, "approved": 2, "by_check": {"too-early": 1}}
    assert [waiver["excerpt"] for waiver in found["waivers"]] == ["domani passa il circo"]
    shown = desk.done("report", "promises", "--since", "2 days").stdout
    assert "Kept in time: 1 of 1 (100 %)" in shown
    assert "domani passa il circo" in shown
    assert desk.done("report", "promises", "--format", "csv").stdout.startswith("by,name,rate,in_time")
    for layout in ("markdown", "html"):
        assert "circo" in desk.done("report", "promises", "--format", layout).stdout


def test_a_refusal_that_only_was_looked_at_is_not_logged(desk: Program) -> None:
    early = "Buongiorno {{ person.name }}, sono Dario: il corriere passa domani."
    desk.run("reply", desk.comment("price"), "--text", early, "--dry-run")
    assert "reply-refused" not in desk.done("log").stdout
    desk.run("reply", desk.comment("price"), "--text", early, "--yes")
    assert "reply-refused" in desk.done("log").stdout
