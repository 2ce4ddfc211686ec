from __future__ import annotations

from pathlib import Path

import pexpect

from tests.cli.program import Program
from tests.cli.shapes import REPLY, conforms
from tests.cli.test_terminal import terminal


def drafted(desk: Program) -> tuple[str, str]:
    """A trainee's draft for the damaged lamp: the group and one of its replies."""
    tom = desk.by("tom")
    group = tom.group("parcel-damaged")
    found = tom.done("reply", group, "--yes", "--json").json()
    conforms(found, REPLY)
    assert [reply["state"] for reply in found["replies"]] == ["awaiting"]
    assert found["promises"] == []
    return group, found["replies"][0]["id"]


def draft_id(desk: Program) -> str:
    """The only draft in the inbox."""
    (draft,) = desk.done("inbox", "--json").json()["drafts"]
    return str(draft["id"])


def test_a_trainees_reply_waits_posts_nothing_and_reserves_nothing(desk: Program) -> None:
    group, _ = drafted(desk)
    assert desk.posted() == []
    assert desk.promises() == []
    assert desk.done("send", "--json").json()["posted"] == []
    shown = desk.done("inbox").stdout
    assert "1 draft to approve" in shown
    assert f"caretool approve {draft_id(desk)}" in shown
    assert group in {one["id"] for one in desk.groups()}


def test_somebody_else_approves_it_and_it_is_posted_under_the_trainees_name(desk: Program) -> None:
    _, reply = drafted(desk)
    found = desk.by("giulia").done("approve", reply, "--yes", "--json").json()
    conforms(found, REPLY)
    assert [one["state"] for one in found["replies"]] == ["posted"]
    assert "sono Tom" in found["replies"][0]["text"]
    assert [promise["state"] for promise in desk.promises()] == ["running"]
    assert len(desk.posted()) == 1
    assert desk.run("approve", reply, "--yes").code == 2


def test_its_times_are_fixed_anew_when_it_is_approved(desk: Program) -> None:
    _, reply = drafted(desk)
    later = desk.at("2026-11-25T10:00:00+01:00")
    found = later.done("approve", reply, "--yes", "--json").json()
    assert [promise["due_at"] for promise in found["promises"]] == ["2026-11-26T17:00:00Z"]
    assert "giovedì 26 novembre" in found["replies"][0]["text"]


def test_approved_for_later_it_waits_in_the_outbox(desk: Program) -> None:
    _, reply = drafted(desk)
    found = desk.done("approve", reply, "--yes", "--later", "--json").json()
    assert [one["state"] for one in found["replies"]] == ["approved"]
    assert desk.posted() == []
    assert len(desk.done("send", "--json").json()["posted"]) == 1


def test_a_trainee_approves_nothing_not_even_their_own(desk: Program) -> None:
    group, reply = drafted(desk)
    for subject in (group, reply, draft_id(desk)):
        ran = desk.by("tom").run("approve", subject, "--yes", "--json")
        assert (ran.code, ran.stdout) == (2, "")
    assert desk.posted() == []


def test_a_rejected_draft_is_gone_and_its_comments_still_wait(desk: Program) -> None:
    group, reply = drafted(desk)
    ran = desk.done("reject", draft_id(desk), "--because", "promise a pickup too", "--json")
    assert ran.json()["state"] == "rejected"
    assert group in {one["id"] for one in desk.groups()}
    assert desk.done("inbox", "--json").json()["drafts"] == []
    for subject in (group, reply):
        assert "rejected by dario: promise a pickup too" in desk.by("tom").done("show", subject).stdout
    assert desk.done("show", reply, "--json").json()["replies"][0]["state"] == "rejected"
    assert desk.run("approve", reply, "--yes").code == 2
    assert desk.run("reject", reply, "--because", "again").code == 2


def test_without_a_terminal_approving_needs_yes(desk: Program) -> None:
    _, reply = drafted(desk)
    ran = desk.run("approve", reply, "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert "--yes" in ran.stderr
    assert desk.posted() == []


def test_a_draft_that_no_longer_passes_is_refused_when_approved(desk: Program) -> None:
    tom = desk.by("tom")
    text = "Buongiorno {{ person.name }}, sono Tom. Mi scuso: la richiamo entro martedì 24 novembre alle 18:00."
    reply = tom.done("reply", tom.comment("damaged"), "--text", text, "--yes", "--json").json()["replies"][0]["id"]
    ran = desk.at("2026-11-25T10:00:00+01:00").run("approve", reply, "--yes", "--json")
    assert ran.code == 5
    conforms(ran.json(), REPLY)
    assert [refusal["check"] for refusal in ran.json()["refused"]] == ["too-early"]
    assert desk.posted() == []


def test_one_reply_in_the_singular(desk: Program) -> None:
    tom = desk.by("tom")
    assert "1 reply to 1 comment waits for approval" in tom.done("reply", tom.group("parcel-damaged"), "--yes").stdout


def test_what_waits_is_listed_for_whoever_may_decide(desk: Program) -> None:
    group, reply = drafted(desk)
    for words in ((), ("--list",), (reply, "--list")):
        shown = desk.by("giulia").done("approve", *words).stdout
        assert "Chiara Longo" in shown
        assert "tom is a trainee" in shown
        assert f"Next: caretool approve {draft_id(desk)}" in shown
    (found,) = desk.by("giulia").done("approve", "--json").json()["drafts"]
    assert (found["agent"], found["group"], found["by"], found["yours"]) == ("tom", group, "agent", True)
    assert (found["made_at"], found["who"]) == ("2026-11-23T08:12:00Z", ["dario", "giulia"])
    assert [person["name"] for person in found["people"]] == ["Chiara Longo"]
    mine = desk.by("tom").done("approve").stdout
    assert "Nothing waits for your approval." in mine
    assert "waits for dario, giulia" in mine
    assert "1 draft waits for others" in desk.by("tom").done("inbox").stdout
    assert "to approve" not in desk.by("tom").done("inbox").stdout


def test_a_stale_draft_is_marked_and_the_way_to_give_it_back_is_told(desk: Program) -> None:
    group, _ = drafted(desk)
    draft = draft_id(desk)
    giulia = desk.by("giulia")
    giulia.done("reply", group, "--yes", "--include-new")
    shown = giulia.done("approve").stdout
    assert "stale: answered meanwhile" in shown
    assert f"{draft} can no longer be approved: caretool reject {draft} --because TEXT" in shown
    assert "Next: caretool approve" not in shown
    assert "(stale: answered meanwhile)" in desk.by("tom").done("approve").stdout
    (found,) = giulia.done("approve", "--json").json()["drafts"]
    assert found["stale"] == "answered"
    ran = giulia.run("approve", draft, "--yes")
    assert ran.code == 5
    assert f"caretool reject {draft} --because TEXT" in ran.stderr
    assert "out;" not in ran.stderr
    giulia.done("reject", draft, "--because", "answered meanwhile")
    assert giulia.done("approve").stdout == "Nothing waits for your approval.\n"


def test_a_draft_is_stale_only_once_nobody_it_answers_waits(desk: Program) -> None:
    drafted(desk)
    assert desk.by("giulia").done("approve", "--json").json()["drafts"][0]["stale"] is None


def test_who_may_not_decide_is_told_so_before_a_yes_is_asked_for(desk: Program) -> None:
    _, reply = drafted(desk)
    told = desk.by("tom").run("approve", reply).stderr
    assert "Nobody is here" not in told
    assert "tom may not decide" in told


def test_whatever_refuses_a_draft_the_way_to_give_it_back_is_told(desk: Program) -> None:
    tom = desk.by("tom")
    text = "Buongiorno {{ person.name }}, sono Tom. Mi scuso: la richiamo entro martedì 24 novembre alle 18:00."
    reply = tom.done("reply", tom.comment("damaged"), "--text", text, "--yes", "--json").json()["replies"][0]
    ran = desk.at("2026-11-25T10:00:00+01:00").run("approve", reply["id"], "--yes")
    assert f"To give it back to its writer: caretool reject {draft_id(desk)} --because TEXT" in ran.stderr


def test_who_writes_what_somebody_has_drafted_is_told_that_it_waits(desk: Program) -> None:
    group, _ = drafted(desk)
    waits = f"{draft_id(desk)} by tom waits for approval already, and answers c"
    assert waits in desk.by("giulia").run("reply", group, "--dry-run", "--include-new").stderr
    assert waits in desk.by("tom").run("reply", group, "--yes").stderr


def test_what_came_back_names_its_group_and_drafts_to_approve_stand_together(desk: Program) -> None:
    group, _ = drafted(desk)
    draft = draft_id(desk)
    tom = desk.by("tom")
    tom.done("reply", tom.group("praise"), "--yes")
    lines = desk.done("inbox").stdout.splitlines()
    places = [place for place, line in enumerate(lines) if line.startswith("To approve: ")]
    assert len(places) == 2
    assert places[1] == places[0] + 1
    desk.done("reject", draft, "--because", "say more")
    assert f"{draft} for {group} came back from dario: say more" in tom.done("inbox").stdout


def test_with_nothing_waiting_there_is_nothing_to_list(desk: Program) -> None:
    assert desk.done("approve").stdout == "Nothing waits for your approval.\n"
    assert desk.done("approve", "--json").json() == {"drafts": []}


def test_who_approves_sees_what_it_answers_and_why_it_waits(desk: Program) -> None:
    _, reply = drafted(desk)
    with terminal(desk.by("giulia"), "approve", reply) as child:
        child.expect("by tom, Mon 23 Nov 09:12, waits because tom is a trainee")
        child.expect("La lampada è arrivata rotta")
        child.expect("sono Tom")
        child.expect("Promises: reply to 1 person")
        child.expect(r"Approve it\?")
        child.sendline("y")
        child.expect("1 reply written to page-replies.jsonl")
        child.expect(pexpect.EOF)
    assert len(desk.posted()) == 1


def test_at_a_terminal_a_rejection_is_shown_and_asked_first(desk: Program) -> None:
    _, reply = drafted(desk)
    for answer, left in (("n", 1), ("y", 0)):
        with terminal(desk, "reject", reply, "--because", "too cold") as child:
            child.expect("La lampada è arrivata rotta")
            child.expect("sono Tom")
            child.expect(r"Give it back to tom\?")
            child.sendline(answer)
            child.expect(pexpect.EOF)
        assert len(desk.done("inbox", "--json").json()["drafts"]) == left


def test_a_rejected_draft_comes_back_to_its_writer(desk: Program) -> None:
    group, _ = drafted(desk)
    draft = draft_id(desk)
    desk.done("reject", draft, "--because", "promise a pickup too")
    tom = desk.by("tom")
    assert f"{draft} for {group} came back from dario: promise a pickup too" in tom.done("inbox").stdout
    (back,) = tom.done("inbox", "--json").json()["given_back"]
    assert back == {"id": draft, "group": group, "by": "dario", "because": "promise a pickup too"}
    assert "promise a pickup too" in tom.done("show", draft).stdout
    assert desk.done("inbox", "--json").json()["given_back"] == []
    tom.done("reply", group, "--yes")
    assert tom.done("inbox", "--json").json()["given_back"] == []


RULE = """
[[approval]]
name = "collections"
when = { promise = "pickup" }
by = "agent"
"""


def with_rule(desk: Program, rule: str = RULE) -> Program:
    policies = Path(desk.folder / "policies.toml")
    policies.write_text(policies.read_text("utf-8") + rule, encoding="utf-8")
    return desk


PICKUP = "Buongiorno {{ person.name }}, sono Dario, mi scuso: il corriere passa {{ promises.pickup.when }}."


def test_what_a_rule_asks_for_waits_and_says_for_whom(desk: Program) -> None:
    with_rule(desk)
    comment = desk.comment("damaged")
    dry = desk.done("reply", comment, "--text", PICKUP, "--dry-run")
    assert "It takes an agent's or a manager's yes (giulia): rule collections: promise pickup." in dry.stdout
    found = desk.done("reply", comment, "--text", PICKUP, "--yes", "--json").json()
    conforms(found, REPLY)
    assert found["awaits"] == {"by": "agent", "who": ["giulia"], "why": ["rule collections: promise pickup"]}
    assert (desk.posted(), desk.promises()) == ([], [])
    assert desk.run("approve", found["replies"][0]["id"], "--yes").code == 2
    desk.by("giulia").done("approve", found["replies"][0]["id"], "--yes")
    assert "sono Dario" in desk.posted()[0]["text"]


def test_what_would_wait_is_asked_as_that(desk: Program) -> None:
    with_rule(desk)
    with terminal(desk, "reply", desk.comment("damaged"), "--text", PICKUP) as child:
        child.expect("It takes an agent's or a manager's yes")
        child.expect(r"Leave it for approval\?")
        child.sendline("y")
        child.expect("waits for approval")
        child.expect(pexpect.EOF)


def test_what_must_wait_is_not_posted_by_hand(desk: Program) -> None:
    with_rule(desk)
    words = ("reply", desk.comment("damaged"), "--text", PICKUP, "--by-hand", "https://x.example/1")
    for more in ("--yes", "--dry-run"):
        ran = desk.run(*words, more)
        assert (ran.code, ran.stdout) == (2, "")
        assert "rule collections" in ran.stderr
    assert desk.promises() == []


def test_a_matter_of_the_managers_is_left_for_them(desk: Program) -> None:
    giulia = desk.by("giulia")
    legal = next(one["id"] for one in desk.groups() if one["escalation"])
    giulia.groups()
    text = "Gentile Rita Sanna, sono Giulia: mi scuso e le rispondo qui {{ promises.reply.when }}."
    refused = giulia.run("reply", legal, "--text", text, "--yes")
    assert refused.code == 2
    assert "only a manager answers it (dario)" in refused.stderr
    assert "--draft" in refused.stderr
    found = giulia.done("reply", legal, "--text", text, "--yes", "--draft", "--json").json()
    assert (found["awaits"]["by"], found["awaits"]["who"]) == ("manager", ["dario"])
    desk.done("approve", found["replies"][0]["id"], "--yes")
    assert "sono Giulia" in desk.posted()[0]["text"]


def test_a_stale_draft_tells_what_it_said_and_says(desk: Program) -> None:
    from tests.cli.conftest import PAGE, row, write_comments

    _, reply = drafted(desk)
    edited = row(
        "damaged", "La lampada è arrivata rotta, ma ho già risolto con il negozio.", "Chiara Longo", thread="lamp"
    )
    write_comments(desk.folder, "page", [edited if one["id"] == "damaged" else one for one in PAGE])
    desk.done("fetch")
    ran = desk.run("approve", reply, "--yes")
    assert ran.code == 5
    assert "it said “La lampada è arrivata rotta, la scatola era sfondata.”" in ran.stderr
    assert "this is how it reads now: “La lampada è arrivata rotta, ma ho già risolto" in ran.stderr
    assert desk.posted() == []


def late_draft(desk: Program, mode: str) -> tuple[str, list[str]]:
    """A trainee's draft for the people whose parcel is late: its id and their comments."""
    tom = desk.by("tom")
    group = next(one for one in tom.groups() if one["topic"] == "delivery-late" and one["account"] == "page")
    tom.done("reply", group["id"], "--mode", mode, "--yes", "--include-new")
    return draft_id(desk), [one["id"] for one in group["comments"]]


def test_closing_one_of_several_leaves_a_draft_that_can_be_approved(desk: Program) -> None:
    draft, comments = late_draft(desk, "each")
    ran = desk.done("close", comments[0], "--because", "he phoned")
    assert f"{draft} by tom, which waits for approval, no longer answers {comments[0]}" in ran.stderr
    assert "stale" not in desk.done("approve").stdout
    assert f"caretool approve {draft}" in desk.done("inbox").stdout
    assert "draft-shortened" in desk.done("show", draft).stdout
    desk.done("approve", draft, "--yes")
    assert len(desk.posted()) == len(comments) - 1


def test_a_draft_that_can_no_longer_be_approved_is_told_so_wherever_it_is_named(desk: Program) -> None:
    draft, comments = late_draft(desk, "together")
    back = f"caretool reject {draft} --because TEXT"
    told = desk.done("close", *comments[:2], "--because", "they phoned").stderr
    assert f"{draft} by tom can no longer be approved (2 of {len(comments)} closed meanwhile)" in told
    assert back in told
    stale = f"2 of {len(comments)} closed"
    shown = desk.done("inbox").stdout
    assert f"{draft} by tom can no longer be approved ({stale} meanwhile): {back}" in shown
    assert f"caretool approve {draft}" not in shown
    assert "to approve" not in shown
    assert f"{draft} is stale" in shown
    assert [one["stale"] for one in desk.done("inbox", "--json").json()["drafts"]] == [stale]
    listed = desk.done("approve").stdout
    assert f"stale: {stale} meanwhile" in listed
    assert back in listed
    ran = desk.run("approve", draft, "--yes")
    assert ran.code == 5
    assert ran.stderr.count("Refused") == 1
    assert f"{comments[0]}, {comments[1]} are closed: dario" in ran.stderr
    assert back in ran.stderr


def test_drafts_are_named_where_no_group_is_listed(desk: Program) -> None:
    drafted(desk)
    draft = draft_id(desk)
    for one in desk.groups():
        for comment in one["comments"]:
            desk.done("snooze", comment["id"], "--until", "2 days")
    shown = desk.done("inbox").stdout
    assert "Nobody waits here." in shown
    assert f"To approve: {draft}, 1 reply by tom" in shown
