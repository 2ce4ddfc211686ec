from __future__ import annotations

from pathlib import Path
from unittest import mock

import pexpect
import pytest

from tests.cli.conftest import CONSOLE, PAGE, row, write_comments
from tests.cli.program import Program, Ran
from tests.cli.shapes import PROMISES, REPLY, conforms
from tests.cli.test_terminal import terminal

PROMISED = "Buongiorno {{ person.name }}, sono Dario. Mi scuso: la richiamo entro martedì 24 novembre alle 18:00."
TOMORROW = "Buongiorno {{ people }}, sono Dario, mi scuso: domani passa il corriere a ritirare i pacchi."


def page_group(desk: Program) -> str:
    """The six people who wait for their parcels on the page."""
    found = desk.groups("--account", "page", "--topic", "delivery-late")
    return str(found[0]["id"])


def untouched(desk: Program) -> bool:
    """Whether nothing was written: nothing posted, promised or answered."""
    return desk.posted() == [] and desk.promises("--all") == [] and sum(g["size"] for g in desk.groups()) == 32


def assert_refused(ran: Ran, *checks: str) -> None:
    """That the checks refused it, with the shape on stdout."""
    assert ran.code == 5, ran.told
    found = ran.json()
    conforms(found, REPLY)
    assert {refusal["check"] for refusal in found["refused"]} >= set(checks)
    assert {one["id"] for one in found["replies"] + found["promises"]} <= {None}


def test_one_answer_together_serves_all_names_everybody_once_and_promises_to_each(desk: Program) -> None:
    group = page_group(desk)
    ran = desk.done("reply", group, "--yes", "--json")
    found = ran.json()
    conforms(found, REPLY)
    (reply,) = found["replies"]
    assert (reply["state"], reply["mode"], reply["private"], reply["account"]) == ("posted", "together", False, "page")
    assert reply["to"] == [f"late{number}" for number in range(1, 7)]
    for name in ("Anna Neri (@anna.late1)", "Bruno Gallo", "Carla Riva", "Davide Conti", "Anna Neri (@anna.late5)"):
        assert reply["text"].count(name) == 1
    assert {promise["state"] for promise in found["promises"]} == {"running"}
    assert len({promise["person"]["id"] for promise in found["promises"]}) == 6
    assert [line["text"] for line in desk.posted()] == [reply["text"]]
    assert {promise["id"] for promise in desk.promises()} == {promise["id"] for promise in found["promises"]}
    assert group not in {one["id"] for one in desk.groups()}


def test_one_answer_each_is_as_many_replies_as_people(desk: Program) -> None:
    found = desk.done("reply", page_group(desk), "--mode", "each", "--yes", "--json").json()
    conforms(found, REPLY)
    assert [reply["mode"] for reply in found["replies"]] == ["each"] * 6
    assert [reply["to"] for reply in found["replies"]] == [[f"late{number}"] for number in range(1, 7)]
    assert "Bruno Gallo" in found["replies"][1]["text"]
    assert len(desk.posted()) == 6


def test_where_the_place_is_short_everybody_is_still_named_once(desk: Program) -> None:
    found = desk.done("reply", desk.group("delivery-late"), "--mode", "together", "--yes", "--json").json()
    assert len(found["replies"]) > 1
    assert all(len(reply["text"]) <= 500 for reply in found["replies"])
    whole = " ".join(reply["text"] for reply in found["replies"])
    assert all(whole.count(f"Nome{chr(96 + number)} ") == 1 for number in range(1, 21))
    assert len(found["promises"]) == 20
    assert "answering" not in desk.run("send").stdout


def test_a_dry_run_shows_everything_and_writes_nothing(desk: Program) -> None:
    group = page_group(desk)
    found = desk.done("reply", group, "--dry-run", "--json").json()
    conforms(found, REPLY)
    assert {one["id"] for one in found["replies"] + found["promises"]} == {None}
    assert len(found["promises"]) == 6
    shown = desk.done("reply", group, "--dry-run").stdout
    assert found["replies"][0]["text"] in shown
    assert "Promises: reply to 6 people by Tue 24 Nov 18:00, kept by desk" in shown
    assert "Nothing was written" in shown
    assert untouched(desk)


def test_later_leaves_it_in_the_outbox_until_send(desk: Program) -> None:
    found = desk.done("reply", desk.group("parcel-damaged"), "--later", "--yes", "--json").json()
    conforms(found, REPLY)
    assert [reply["state"] for reply in found["replies"]] == ["approved"]
    assert [promise["state"] for promise in found["promises"]] == ["logged"]
    assert desk.posted() == []
    sent = desk.done("send", "--json").json()
    assert sent["posted"] == [found["replies"][0]["id"]]
    assert [line["to"] for line in desk.posted()] == ["damaged"]
    assert [promise["state"] for promise in desk.promises()] == ["running"]
    assert "Nothing waits" in desk.done("send").stdout


def test_posted_by_hand_is_answered_promised_and_not_posted_again(desk: Program) -> None:
    url = "https://page.example/c/1"
    text = "Buongiorno Chiara Longo, sono Dario, mi scuso: le rispondo qui entro martedì 24 novembre alle 18:00."
    words = ("reply", desk.group("parcel-damaged"), "--by-hand", url, "--text", text, "--yes", "--json")
    found = desk.done(*words).json()
    conforms(found, REPLY)
    assert [(reply["state"], reply["url"], reply["text"]) for reply in found["replies"]] == [("posted", url, text)]
    assert [promise["state"] for promise in found["promises"]] == ["running"]
    desk.done("send")
    assert desk.posted() == []


def test_what_was_posted_by_hand_is_not_taken_from_a_suggestion_without_a_look(desk: Program) -> None:
    by_hand = ("reply", desk.group("parcel-damaged"), "--by-hand", "https://page.example/c/1")
    for words in ((), ("--template", "parcel-damaged"), ("--json",)):
        ran = desk.run(*by_hand, "--yes", *words)
        assert (ran.code, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
        assert "--text" in ran.stderr
        assert "Nothing was written" in ran.stderr
    assert untouched(desk)
    assert "sono Dario" in desk.done(*by_hand, "--dry-run").stdout


def test_what_was_posted_by_hand_may_be_written_in_the_editor(desk: Program, tmp_path: Path) -> None:
    text = "Buongiorno Chiara Longo, sono Dario, mi scuso: le rispondo qui entro martedì 24 novembre alle 18:00."
    writing = desk.with_editor(f"echo '{text}' > \"$1\"", tmp_path)
    words = ("reply", desk.group("parcel-damaged"), "--by-hand", "https://page.example/c/1", "--edit", "--yes")
    assert writing.done(*words, "--json").json()["replies"][0]["text"] == text


def test_posted_by_hand_needs_an_address_and_somebody_who_may_speak(desk: Program) -> None:
    group = desk.by("tom").group("parcel-damaged")
    ran = desk.run("reply", group, "--include-new", "--by-hand", "on the page", "--yes", "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert "https://" in ran.stderr
    ran = desk.by("tom").run("reply", group, "--by-hand", "https://page.example/c/1", "--yes", "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert untouched(desk)


@pytest.mark.parametrize(("name", "mode"), [("{{ people }}", "each"), ("{{ person.name }}", "together")])
def test_a_text_made_for_the_other_mode_is_told_how_to_speak_to_them(desk: Program, name: str, mode: str) -> None:
    text = f"Buongiorno {name}, sono Dario: vi rispondo qui entro martedì 24 novembre alle 18:00."
    ran = desk.run("reply", page_group(desk), "--text", text, "--mode", mode, "--yes", "--json")
    assert_refused(ran, "missing-value")
    suggest = ran.json()["refused"][0]["suggest"]
    assert "--set" not in suggest
    assert "--mode" in suggest


def test_a_public_comment_is_answered_in_private_where_asked(desk: Program) -> None:
    words = ("reply", desk.group("parcel-damaged"), "--private", "--yes", "--json")
    found = desk.done(*words, "--text", "Buongiorno {{ person.name }}, sono Dario: ho letto il suo messaggio.").json()
    assert [reply["private"] for reply in found["replies"]] == [True]
    assert desk.posted()[0]["private"] is True


def test_a_private_comment_is_answered_in_private_with_the_value_its_template_needs(desk: Program) -> None:
    group = next(one["id"] for one in desk.groups() if one["comments"][0]["native_id"] == "private")
    words = ("reply", group, "--template", "order-change", "--yes", "--json")
    ran = desk.run(*words)
    assert_refused(ran, "missing-value")
    assert "order" in ran.json()["refused"][0]["suggest"]
    found = desk.done(*words, "--set", "order=BB-4711").json()
    assert found["replies"][0]["private"] is True
    assert "BB-4711" in found["replies"][0]["text"]


def test_typed_words_are_rendered_like_a_template(desk: Program) -> None:
    text = "Buongiorno {{ people }}, sono {{ agent.name }}: mi scuso, vi rispondo qui {{ promises.reply.when }}."
    found = desk.done("reply", page_group(desk), "--text", text, "--yes", "--json").json()
    (reply,) = found["replies"]
    assert reply["mode"] == "together"
    assert reply["text"].endswith(
        "e Franco Villa, sono Dario: mi scuso, vi rispondo qui entro martedì 24 novembre alle 18:00."
    )
    assert {promise["kind"] for promise in found["promises"]} == {"reply"}


def test_a_promise_typed_freely_is_in_the_ledger_with_its_time(desk: Program) -> None:
    found = desk.done("reply", desk.comment("damaged"), "--text", PROMISED, "--yes", "--json").json()
    (promise,) = found["promises"]
    assert (promise["kind"], promise["due_at"]) == ("callback", "2026-11-24T17:00:00Z")
    assert promise["reply"] == found["replies"][0]["id"]
    assert promise["person"]["name"] == "Chiara Longo"
    listed = desk.done("promise", "list", "--json").json()
    conforms(listed, PROMISES)
    assert listed["promises"] == [promise]


def test_a_time_that_cannot_be_kept_is_refused_with_one_that_would_pass(desk: Program) -> None:
    group = page_group(desk)
    ran = desk.run("reply", group, "--text", TOMORROW, "--yes", "--json")
    assert_refused(ran, "too-early")
    refusal = next(one for one in ran.json()["refused"] if one["check"] == "too-early")
    assert (refusal["promise_kind"], refusal["fits"]) == ("pickup", 0)
    assert refusal["earliest_due_at"] == "2026-11-25T17:00:00Z"
    assert "mercoledì 25 novembre alle 18:00" in refusal["suggest"]
    told = desk.run("reply", group, "--text", TOMORROW, "--yes")
    assert (told.code, told.stdout) == (5, "")
    assert 'Refused (too-early): "domani passa il corriere' in told.stderr
    assert 'Would pass: "il corriere passa a ritirare il pacco entro mercoledì 25' in told.stderr
    assert told.stderr.endswith("Nothing was written.\n")
    assert untouched(desk)


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("Buongiorno {{ person.name }}, sono Dario: risolviamo nel minor tempo possibile.", "stock-phrase"),
        ("Buongiorno {{ person.name }}, sono Dario: le rispondo a breve.", "vague"),
        ("Buongiorno {{ person.name }}, sono Dario: la richiamo.", "no-time"),
        ("Buongiorno {{ person.name }}, sono Dario: grazie.", "no-commitment"),
        ("Buongiorno {{ person.name }}: le rispondo qui entro martedì 24 novembre alle 18:00.", "no-agent-name"),
        (f"{PROMISED} È stata colpa del corriere.", "blame"),
        (f"{PROMISED} Mi scriva a mario.rossi@posta.example.", "personal-data"),
        ("Buongiorno {{ person.name }}, sono Dario: {{ discount }}", "missing-value"),
    ],
)
def test_each_check_refuses_and_writes_nothing(desk: Program, text: str, check: str) -> None:
    assert_refused(desk.run("reply", desk.comment("damaged"), "--text", text, "--yes", "--json"), check)
    assert untouched(desk)


def test_a_text_too_long_for_the_place_is_refused(desk: Program) -> None:
    text = "Buongiorno {{ person.name }}, sono Dario. " + "Mi scuso. " * 60
    assert_refused(desk.run("reply", desk.comment("s1"), "--text", text, "--yes", "--json"), "too-long")


def test_a_promise_given_by_hand_is_added_or_contradicted(desk: Program) -> None:
    comment = desk.comment("damaged")
    text = "Buongiorno {{ person.name }}, sono Dario: mi scuso e la richiamo {{ promises.callback.when }}."
    given = desk.run("reply", comment, "--text", text, "--promise", "callback@2026-11-25 12:00", "--dry-run", "--json")
    assert [promise["due_at"] for promise in given.json()["promises"]] == ["2026-11-25T11:00:00Z"]
    assert "mercoledì 25 novembre alle 12:00" in given.json()["replies"][0]["text"]
    other = desk.run("reply", comment, "--text", PROMISED, "--promise", "callback@2026-11-25 12:00", "--yes", "--json")
    assert_refused(other, "mismatch")
    early = desk.run("reply", comment, "--text", text, "--promise", "callback@09:30", "--yes", "--json")
    assert_refused(early, "too-early")


def test_words_that_are_said_to_be_no_promise_are_not_logged(desk: Program) -> None:
    group = next(one["id"] for one in desk.groups() if one["comments"][0]["native_id"] == "praise")
    text = "Grazie {{ person.name }}, sono Dario: la richiamo entro martedì 24 novembre alle 18:00."
    words = ("reply", group, "--text", text, "--dry-run", "--json")
    assert len(desk.done(*words).json()["promises"]) == 1
    assert desk.done(*words, "--not-a-promise", "la richiamo entro martedì 24 novembre").json()["promises"] == []


def test_yes_takes_a_suggestion_only_where_it_is_sure(desk: Program) -> None:
    chatter = next(one["id"] for one in desk.groups() if one["comments"][0]["native_id"] == "chatter")
    ran = desk.run("reply", chatter, "--yes", "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert "--template" in ran.stderr
    group = page_group(desk)
    unsure = ("delivery-late", False, ("parcel-damaged",))
    with mock.patch("caretool.desk.replying.suggestion_for", return_value=unsure):
        ran = desk.run("reply", group, "--yes", "--json")
        assert (ran.code, ran.stdout) == (2, "")
        assert "--template delivery-late or --template parcel-damaged" in ran.stderr
        looked = desk.run("reply", group, "--dry-run")
        assert looked.code == 0
        assert "--yes alone would not take it; say --template delivery-late" in looked.stderr
    assert untouched(desk)


def test_yes_for_two_subjects_names_what_answers_each(desk: Program) -> None:
    ran = desk.run("reply", desk.group("price"), desk.group("parcel-damaged"), "--yes")
    assert ran.code == 2
    assert "(price, parcel-damaged)" in ran.stderr
    assert "one after the other" in ran.stderr


def test_without_a_terminal_and_without_yes_nothing_is_written(desk: Program) -> None:
    ran = desk.run("reply", page_group(desk), "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert "--yes" in ran.stderr
    assert "--dry-run" in ran.stderr
    assert untouched(desk)


def test_a_group_that_grew_since_it_was_shown_is_looked_at_again_first(desk: Program) -> None:
    group = page_group(desk)
    write_comments(desk.folder, "page", [*PAGE, row("late7", f"{PAGE[0]['text']} (7)", "Gino Sala", **CONSOLE)])
    desk.done("fetch")
    ran = desk.run("reply", group, "--yes", "--json")
    assert_refused(ran, "group-changed")
    told = desk.run("reply", group, "--yes").stderr
    assert f"caretool show {group}" in told
    assert 'Would pass: "Look' not in told
    desk.done("show", group)
    assert len(desk.done("reply", group, "--dry-run", "--json").json()["replies"][0]["to"]) == 7
    assert desk.by("giulia").run("reply", group, "--yes").code == 5
    assert desk.by("giulia").run("reply", group, "--yes", "--include-new").code == 0


def test_what_is_answered_already_is_not_answered_twice(desk: Program) -> None:
    comment = desk.comment("damaged")
    desk.done("reply", comment, "--text", PROMISED, "--yes")
    assert_refused(desk.run("reply", comment, "--text", PROMISED, "--yes", "--json"), "already-answered")
    assert len(desk.posted()) == 1


def test_what_is_the_managers_is_not_answered_by_others_or_by_a_template(desk: Program) -> None:
    legal = desk.comment("legal")
    text = "Buongiorno {{ person.name }}, sono Giulia: le rispondo qui entro martedì 24 novembre alle 18:00."
    other = desk.by("giulia").run("reply", legal, "--text", text, "--yes")
    assert (other.code, other.stdout) == (2, "")
    assert "manager" in other.stderr
    template = desk.run("reply", legal, "--template", "refund-late", "--yes")
    assert template.code == 2
    assert "--edit" in template.stderr
    desk.done("reply", legal, "--text", text.replace("Giulia", "Dario"), "--yes")


def test_together_is_refused_where_there_is_no_thread(desk: Program) -> None:
    ran = desk.run("reply", desk.comment("praise"), "--template", "praise", "--mode", "together", "--yes")
    assert (ran.code, ran.stdout) == (2, "")
    assert "--mode each" in ran.stderr


def test_a_reply_that_cannot_be_written_down_yet_waits_in_the_outbox_with_its_promises(desk: Program) -> None:
    in_the_way = desk.folder / "page-replies.jsonl"
    in_the_way.mkdir()
    ran = desk.run("reply", page_group(desk), "--yes", "--json")
    assert (ran.code, ran.stdout) == (1, "")
    assert "page-replies.jsonl" in ran.stderr
    assert {promise["state"] for promise in desk.promises("--all")} == {"logged"}
    in_the_way.rmdir()
    desk.done("send")
    assert {promise["state"] for promise in desk.promises("--all")} == {"running"}
    assert desk.posted()


def test_where_one_account_fails_the_other_is_posted_and_exit_is_6(desk: Program) -> None:
    (desk.folder / "page-replies.jsonl").mkdir()
    comments = (desk.comment("damaged"), desk.comment("s1"))
    ran = desk.run("reply", *comments, "--text", PROMISED, "--yes", "--json")
    assert ran.code == 6
    found = ran.json()
    conforms(found, REPLY)
    assert {reply["account"]: reply["state"] for reply in found["replies"]} == {"page": "approved", "short": "posted"}
    assert {promise["state"] for promise in found["promises"]} == {"logged", "running"}


def test_a_template_shifts_its_wish_to_what_can_be_kept_and_says_so(desk: Program) -> None:
    policies = desk.folder / "policies.toml"
    text = policies.read_text("utf-8")
    policies.write_text(text.replace("per_day = 400, saturday = 200", "per_day = 3"), encoding="utf-8")
    ran = desk.done("reply", page_group(desk), "--yes", "--json")
    assert "does not pass" in ran.stderr
    due = {promise["due_at"] for promise in ran.json()["promises"]}
    assert len(due) == 1
    assert due != {"2026-11-24T17:00:00Z"}


def test_what_waited_too_long_in_the_outbox_fails_with_a_time_that_would_pass(desk: Program) -> None:
    desk.done("reply", desk.comment("damaged"), "--text", PROMISED, "--later", "--yes")
    later = desk.at("2026-11-30T09:30:00+01:00")
    ran = later.run("send", "--json")
    assert (ran.code, ran.stdout) == (1, "")
    assert "which is past" in ran.stderr
    assert "earliest that would pass" in ran.stderr
    assert later.posted() == []
    assert [promise["state"] for promise in later.promises("--all")] == ["void"]
    assert "damaged" in {comment["native_id"] for group in later.groups() for comment in group["comments"]}


def test_who_is_there_is_asked_whether_these_words_stand_there(desk: Program) -> None:
    words = ("reply", desk.group("parcel-damaged"), "--by-hand", "https://page.example/c/1")
    for answer, state in (("n", "waiting"), ("y", "answered")):
        with terminal(desk, *words) as child:
            child.expect("sono Dario")
            child.expect(r"Are these the words that stand there\?")
            child.sendline(answer)
            child.expect(pexpect.EOF)
        counted = {comment["native_id"] for group in desk.groups() for comment in group["comments"]}
        assert ("damaged" in counted) == (state == "waiting")
