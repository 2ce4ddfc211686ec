from __future__ import annotations

from tests.cli.program import Program
from tests.cli.shapes import REPLY, conforms


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
