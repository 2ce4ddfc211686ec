from __future__ import annotations

import re

from tests.cli.conftest import PAGE, SHORT, row, write_comments
from tests.cli.program import Program
from tests.cli.shapes import FETCH, INBOX, conforms


def test_a_fetch_brings_everything_and_a_second_one_nothing(fresh: Program) -> None:
    first = fresh.done("fetch", "--json").json()
    conforms(first, FETCH)
    assert first["new"] == len(PAGE) + len(SHORT)
    again = fresh.done("fetch", "--json").json()
    assert again["new"] == 0
    assert [account["ok"] for account in again["accounts"]] == [True, True]


def test_a_fetch_of_one_account_leaves_the_others(fresh: Program) -> None:
    found = fresh.done("fetch", "short", "--json").json()
    assert [(account["account"], account["new"]) for account in found["accounts"]] == [("short", len(SHORT))]


def test_an_edited_comment_is_told_and_shown_with_what_it_said_before(desk: Program) -> None:
    damaged = desk.comment("damaged")
    edited = [one | {"text": one["text"] + " Ho le foto."} if one["id"] == "damaged" else one for one in PAGE]
    write_comments(desk.folder, "page", edited)
    page = next(one for one in desk.done("fetch", "--json").json()["accounts"] if one["account"] == "page")
    assert (page["new"], page["edited"]) == (0, 1)
    shown = desk.done("show", damaged).stdout
    assert "Ho le foto." in shown
    assert "before" in shown


def test_a_bad_row_is_told_by_its_line_and_the_rest_is_stored(fresh: Program) -> None:
    with (fresh.folder / "page.jsonl").open("a", encoding="utf-8") as export:
        export.write('{"id": "x1", "text": "nobody wrote this"}\nnot json\n')
    ran = fresh.run("fetch", "--json")
    assert ran.code == 0
    page = ran.json()["accounts"][0]
    assert (page["new"], page["skipped"]) == (len(PAGE), 2)
    assert f"line {len(PAGE) + 1}" in ran.stderr
    assert f"line {len(PAGE) + 2}" in ran.stderr


def test_one_account_that_fails_stops_no_other_and_is_told(fresh: Program) -> None:
    (fresh.folder / "page.jsonl").unlink()
    ran = fresh.run("fetch", "--json")
    assert ran.code == 6
    found = ran.json()
    conforms(found, FETCH)
    assert [(one["account"], one["ok"], one["new"]) for one in found["accounts"]] == [
        ("page", False, 0),
        ("short", True, len(SHORT)),
    ]
    assert "page.jsonl is not there" in ran.stderr


def test_where_every_account_fails_so_does_the_fetch(fresh: Program) -> None:
    (fresh.folder / "page.jsonl").unlink()
    (fresh.folder / "short.jsonl").unlink()
    ran = fresh.run("fetch", "--json")
    assert (ran.code, ran.stdout) == (1, "")
    assert ran.stderr.count("is not there") == 2
    assert fresh.run("fetch").code == 1


def test_the_inbox_is_one_json_value_of_the_contract(desk: Program) -> None:
    found = desk.done("inbox", "--json").json()
    conforms(found, INBOX)
    assert found["as_of"] == "2026-11-23T08:12:00Z"
    assert found["waiting"] == len(PAGE) + len(SHORT) == sum(group["size"] for group in found["groups"])
    assert {comment["native_id"] for group in found["groups"] for comment in group["comments"]} == {
        one["id"] for one in PAGE + SHORT
    }


def test_what_many_say_is_one_group_with_one_answer_suggested(desk: Program) -> None:
    group = next(one for one in desk.groups() if one["account"] == "page" and one["topic"] == "delivery-late")
    assert (group["size"], group["language"], group["thread"]["text"]) == (6, "it", PAGE[0]["thread_text"])
    assert group["suggestion"]["template"] == "delivery-late"
    assert group["suggestion"]["mode"] == "together"
    assert group["suggestion"]["sure"] is True


def test_what_only_the_manager_answers_is_on_top_without_a_template(desk: Program) -> None:
    first = desk.groups()[0]
    assert first["comments"][0]["native_id"] == "legal"
    assert first["suggestion"] is None
    assert "manager: legal" in desk.done("inbox").stdout.splitlines()[3]


def test_the_table_names_every_group_and_the_next_step(desk: Program) -> None:
    shown = desk.done("inbox").stdout
    groups = desk.groups()
    assert all(group["id"] in shown for group in groups)
    assert f"32 comments wait in {len(groups)} groups" in shown
    assert f"caretool show {groups[0]['id']}" in shown
    assert "La console è in offerta" in shown
    assert "delivery-late, together" in shown


def test_only_what_is_asked_for_is_listed(desk: Program) -> None:
    assert {group["account"] for group in desk.groups("--account", "short")} == {"short"}
    assert {group["topic"] for group in desk.groups("--topic", "price")} == {"price"}
    assert {group["kind"] for group in desk.groups("--kind", "praise")} == {"praise"}
    assert {c["native_id"] for g in desk.groups("--search", "lampada") for c in g["comments"]} == {"damaged"}
    assert desk.groups("--late") == []
    assert desk.groups("--late", "--as-of", "2026-11-24")
    assert len(desk.done("inbox", "--json", "--limit", "2").json()["groups"]) == 2


def test_what_was_taken_out_of_the_files_leaves_what_it_brought_and_what_was_never_there_is_refused(
    desk: Program,
) -> None:
    before = [group["id"] for group in desk.groups("--account", "short")]
    accounts = desk.folder / "accounts.toml"
    text = accounts.read_text(encoding="utf-8")
    section = re.compile(r"^\[accounts\.short\]\n(?:(?!\[).*\n)*", re.MULTILINE)
    accounts.write_text(section.sub("", text), encoding="utf-8")
    assert [group["id"] for group in desk.groups("--account", "short")] == before != []
    for words, why in (
        (("--account", "nowhere"), "accounts.toml has page"), (("--topic", "nothing"), "caretool template list"),
        (("--watch", "nobody"), "policies.toml has"), (("--account", "page", "--topic", "nothing"), "template list"),
    ):  # fmt: skip
        ran = desk.run("inbox", *words)
        assert (ran.code, ran.stdout) == (2, ""), words
        assert why in ran.stderr


def heading(desk: Program, *words: str) -> str:
    """What stands above the table, without the clock."""
    return desk.done("inbox", *words).stdout.splitlines()[0].rsplit("    ", 1)[0]


def test_the_heading_of_a_part_counts_that_part(desk: Program) -> None:
    groups = len(desk.groups())
    assert heading(desk) == f"32 comments wait in {groups} groups"
    assert heading(desk, "--limit", "2") == f"32 comments wait in {groups} groups"
    for words, comments in (
        (("--account", "short"), 20), (("--topic", "price"), 1), (("--kind", "praise"), 1), (("--search", "lampada"), 1)
    ):  # fmt: skip
        assert heading(desk, *words) == f"{comments} of 32 comments wait in 1 of {groups} groups", words
    assert heading(desk, "--late") == f"0 of 32 comments wait in 0 of {groups} groups"
    both = heading(desk, "--account", "page", "--limit", "1")
    assert both == f"12 of 32 comments wait in {groups - 1} of {groups} groups"


def test_the_heading_of_a_part_counts_who_is_late_in_it(desk: Program) -> None:
    groups = len(desk.groups())
    part = heading(desk, "--account", "short", "--as-of", "2026-11-23 18:00")
    assert part == f"20 of 32 comments wait in 1 of {groups} groups · 20 of 32 late"
    every = ("--as-of", "2026-11-23 18:00", "--late")
    assert heading(desk, *every) == f"32 comments wait in {groups} groups · 32 late"


def test_programs_get_the_whole_and_the_part(desk: Program) -> None:
    whole = desk.done("inbox", "--json", "--limit", "1").json()
    assert whole["matching"] == {"waiting": whole["waiting"], "late": whole["late"], "groups": len(desk.groups())}
    part = desk.done("inbox", "--json", "--account", "short", "--as-of", "2026-11-23 18:00").json()
    assert (part["waiting"], part["late"]) == (32, 32)
    assert part["matching"] == {"waiting": 20, "late": 20, "groups": 1}


def test_the_inbox_at_another_time_counts_what_is_late_then(desk: Program) -> None:
    found = desk.done("inbox", "--json", "--as-of", "2026-11-23 18:00").json()
    assert found["as_of"] == "2026-11-23T17:00:00Z"
    assert found["late"] == found["waiting"]
    assert all(group["late"] for group in found["groups"])
    assert "late" in desk.done("inbox", "--as-of", "2 days").stdout


def test_more_is_announced_only_where_there_is_more(desk: Program) -> None:
    assert "--limit" in desk.done("inbox", "--limit", "2").stdout
    assert "--limit" not in desk.done("inbox").stdout
    assert "--limit" not in desk.done("inbox", "--topic", "price").stdout


def test_a_name_that_is_not_there_is_no_empty_inbox(desk: Program) -> None:
    wrong = (("--account", "pagee", "page"), ("--kind", "complain", "complaint"), ("--topic", "nope", "template list"))
    for option, typed, hint in wrong:
        ran = desk.run("inbox", option, typed)
        assert (ran.code, ran.stdout) == (2, "")
        assert hint in ran.stderr


def test_an_empty_desk_says_that_nobody_waits(fresh: Program) -> None:
    assert "Nobody waits" in fresh.done("inbox").stdout
    found = fresh.done("inbox", "--json").json()
    assert (found["waiting"], found["late"], found["groups"]) == (0, 0, [])


def test_show_tells_each_kind_of_thing_with_its_history(desk: Program) -> None:
    group = desk.group("parcel-damaged")
    comment = desk.comment("damaged")
    desk.done("reply", group, "--yes")
    promise = desk.promises()[0]
    whole = desk.done("show", comment, "--json").json()
    assert whole["comments"][0]["state"] == "answered"
    assert whole["promises"][0]["id"] == promise["id"]
    reply = whole["replies"][0]
    for subject in (group, comment, reply["id"], promise["id"], promise["person"]["id"]):
        shown = desk.done("show", subject).stdout
        assert "La lampada è arrivata rotta" in shown, subject
        assert reply["text"][:40] in shown, subject
        assert promise["id"] in shown, subject
        assert "reply-posted" in shown, subject


def test_a_promise_to_one_of_many_is_shown_with_their_comment_only(desk: Program) -> None:
    desk.done("reply", desk.group("delivery-late"), "--yes")
    promise = desk.promises()[0]
    found = desk.done("show", promise["id"], "--json").json()
    assert [comment["person"] for comment in found["comments"]] == [promise["person"]["id"]]


def test_show_says_why_a_comment_was_read_so(desk: Program) -> None:
    shown = desk.done("show", desk.comment("damaged")).stdout
    assert "because topic: parcel-damaged" in shown
    thread = desk.groups("--topic", "price")[0]["thread"]["id"]
    assert "Quanto costa" in desk.done("show", thread).stdout


def test_a_prefix_is_enough_where_it_is_unique(desk: Program) -> None:
    group = desk.group("price")
    assert desk.done("show", group[:4], "--json").json()["id"] == group
    ran = desk.run("show", "g")
    assert (ran.code, ran.stdout) == (2, "")
    assert group in ran.stderr
    assert "one more letter" in ran.stderr


def test_a_comment_written_by_us_never_waits(fresh: Program) -> None:
    write_comments(fresh.folder, "page", [row("own", "Grazie a tutti!", "Bottega Blu", author="bottegablu")])
    fresh.done("fetch", "page")
    assert fresh.groups() == []


def test_what_says_the_same_is_shown_once_with_everybody_who_says_it(desk: Program) -> None:
    group = desk.groups("--account", "short")[0]
    shown = desk.done("show", group["id"]).stdout
    assert shown.count(SHORT[0]["text"]) == 1
    assert "19 others say the same" in shown
    assert all(comment["id"] in shown and comment["author"]["name"] in shown for comment in group["comments"])


def test_a_group_shows_what_became_of_it(desk: Program) -> None:
    tom = desk.by("tom")
    group = tom.group("parcel-damaged")
    tom.done("reply", group, "--yes")
    comment = desk.comment("damaged")
    draft = desk.done("inbox", "--json").json()["drafts"][0]["id"]
    desk.done("close", comment, "--because", "she phoned")
    shown = desk.done("show", group).stdout
    assert "note by dario, Mon 23 Nov 09:12: she phoned" in shown
    assert f"tom  draft-awaiting  {draft}" in shown
    assert f"dario  comment-closed  {comment}" in shown
    assert f"dario  draft-withdrawn  {draft}" in shown
    assert [one["text"] for one in desk.done("show", group, "--json").json()["notes"]] == ["she phoned"]


def test_the_history_of_a_group_tells_what_was_done_to_many_in_one_line(desk: Program) -> None:
    group = next(one for one in desk.groups() if one["topic"] == "delivery-late" and one["account"] == "page")
    members = [one["id"] for one in group["comments"]]
    desk.done("close", group["id"], "--because", "they phoned")
    shown = desk.done("show", group["id"]).stdout
    assert shown.count("comment-closed") == 1
    assert f"comment-closed  {', '.join(members)}" in shown
    assert shown.count("note by dario") == 1
    history = desk.done("show", group["id"], "--json").json()["history"]
    assert [one["subject"] for one in history if one["action"] == "comment-closed"] == members


def test_a_group_that_ended_names_the_one_in_which_its_comments_wait_now(desk: Program) -> None:
    group = desk.group("parcel-damaged")
    desk.done("close", group, "--because", "she phoned")
    desk.done("reopen", group, "--because", "she did not")
    again = desk.group("parcel-damaged")
    assert again != group
    assert f"nobody waits any more; the same waits in {again} now" in desk.done("show", group).stdout
    assert desk.done("show", group, "--json").json()["waits_in"] == again
    assert desk.done("show", again, "--json").json()["waits_in"] is None
    for words in (("close", "--because", "x"), ("reply", "--yes"), ("moderate", "--dry-run")):
        told = desk.run(words[0], group, *words[1:]).stderr
        assert f"the same waits in {again} now: caretool show {again}" in told, words
        assert "tells what became" not in told
