from __future__ import annotations

from datetime import datetime, timedelta

import pexpect
import pytest

from tests.cli.program import Program
from tests.cli.shapes import COMMENT, conforms
from tests.cli.test_terminal import terminal


def waiting(desk: Program) -> set[str]:
    """Native ids of what waits."""
    return {comment["native_id"] for group in desk.groups() for comment in group["comments"]}


def group_of(desk: Program, native_id: str) -> str:
    """The group a waiting comment is in."""
    found = (group for group in desk.groups() if native_id in {one["native_id"] for one in group["comments"]})
    return str(next(found)["id"])


def test_a_closed_group_no_longer_waits_and_is_reopened_by_its_id(desk: Program) -> None:
    group = group_of(desk, "chatter")
    closed = desk.done("close", group, "--because", "chatter among fans", "--json").json()["comments"]
    conforms(closed, [COMMENT])
    assert [(comment["native_id"], comment["state"]) for comment in closed] == [("chatter", "closed")]
    assert "chatter" not in waiting(desk)
    assert "chatter among fans" in desk.done("show", closed[0]["id"]).stdout
    opened = desk.done("reopen", group, "--because", "a question after all", "--json").json()["comments"]
    assert [(comment["native_id"], comment["state"]) for comment in opened] == [("chatter", "waiting")]
    assert "chatter" in waiting(desk)


def test_a_group_in_which_nobody_waits_is_told_not_passed_over(desk: Program) -> None:
    group = group_of(desk, "chatter")
    desk.done("close", group, "--because", "chatter")
    for words in (("close", "--because", "x"), ("snooze", "--until", "3h"), ("triage", "--kind", "praise")):
        ran = desk.run(words[0], group, *words[1:], "--json")
        assert (ran.code, ran.stdout) == (2, ""), words
        assert group in ran.stderr


def test_an_answer_that_missed_the_question_is_reopened(desk: Program) -> None:
    comment = desk.comment("damaged")
    desk.done("reply", desk.group("parcel-damaged"), "--yes")
    desk.done("reopen", comment, "--because", "the answer missed the question")
    assert "damaged" in waiting(desk)


def test_what_is_snoozed_comes_back_however_late_somebody_looks(desk: Program) -> None:
    comment = desk.comment("damaged")
    ran = desk.done("snooze", comment, "--until", "2026-11-24 09:00", "--json")
    assert "Tue 24 Nov 09:00" in ran.stderr
    snoozed = ran.json()["comments"]
    assert [(one["state"], one["snoozed_until"]) for one in snoozed] == [("snoozed", "2026-11-24T08:00:00Z")]
    assert "damaged" not in waiting(desk)
    assert "damaged" not in waiting(desk.at("2026-11-24T08:59:00+01:00"))
    assert "damaged" in waiting(desk.at("2027-03-01T09:00:00+01:00"))


def test_a_look_at_the_inbox_of_another_day_wakes_nobody_today(desk: Program) -> None:
    comment = desk.comment("damaged")
    desk.done("snooze", comment, "--until", "2026-11-26 09:00")
    desk.done("inbox", "--as-of", "2026-12-01")
    assert "damaged" not in waiting(desk)
    assert desk.done("show", comment, "--json").json()["comments"][0]["state"] == "snoozed"


def test_snoozing_into_the_past_is_refused(desk: Program) -> None:
    ran = desk.run("snooze", desk.comment("damaged"), "--until", "2026-11-20", "--json")
    assert (ran.code, ran.stdout) == (2, "")


@pytest.mark.parametrize(
    ("typed", "until"),
    [
        ("3h", "2026-11-23T12:12:00+01:00"),
        ("18:00", "2026-11-23T18:00:00+01:00"),
        ("2026-11-24", "2026-11-24T18:00:00+01:00"),
        ("2026-11-24 09:30", "2026-11-24T09:30:00+01:00"),
        ("2026-11-24T09:30:00Z", "2026-11-24T10:30:00+01:00"),
        ("2 working days", "2026-11-25T18:00:00+01:00"),
    ],
)
def test_a_time_is_typed_as_one_likes(desk: Program, typed: str, until: str) -> None:
    desk.done("snooze", desk.comment("damaged"), "--until", typed)
    moment = datetime.fromisoformat(until)
    assert "damaged" not in waiting(desk.at((moment - timedelta(minutes=1)).isoformat()))
    assert "damaged" in waiting(desk.at(until))


def test_a_note_is_kept_with_what_it_is_about(desk: Program) -> None:
    comment = desk.comment("damaged")
    person = desk.done("show", comment, "--json").json()["comments"][0]["person"]
    for subject in (comment, person, desk.group("parcel-damaged")):
        assert desk.done("note", subject, "asked for a photo", "--json").json() == {"id": subject}
        assert "asked for a photo" in desk.done("show", subject).stdout


def test_a_correction_moves_a_comment_to_the_group_it_belongs_to(desk: Program) -> None:
    comment = desk.comment("chatter")
    words = ("triage", comment, "--kind", "question", "--topic", "price", "--tone", "pleased", "--json")
    corrected = desk.done(*words).json()["comments"]
    conforms(corrected, [COMMENT])
    (one,) = corrected
    assert (one["kind"], one["topic"], one["tone"]) == ("question", "price", "pleased")
    assert any("corrected" in reason for reason in one["why"])
    assert group_of(desk, "chatter") == group_of(desk, "price")


def test_what_a_person_corrected_is_no_longer_explained_by_what_was_read(desk: Program) -> None:
    comment = desk.comment("damaged")
    (before,) = desk.done("show", comment, "--json").json()["comments"]
    assert any(reason.startswith("complaint:") for reason in before["why"])
    desk.done("triage", comment, "--kind", "praise")
    (after,) = desk.done("show", comment, "--json").json()["comments"]
    assert not any(reason.startswith("complaint:") for reason in after["why"])
    assert "kind: corrected by a person" in after["why"]
    assert any(reason.startswith("topic:") for reason in after["why"])


@pytest.mark.parametrize("words", [("--kind", "rant"), ("--tone", "furious"), ("--topic", "no-such-topic"), ()])
def test_a_correction_into_what_there_is_not_is_refused(desk: Program, words: tuple[str, ...]) -> None:
    ran = desk.run("triage", desk.comment("chatter"), *words, "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert group_of(desk, "chatter") != group_of(desk, "price")


@pytest.mark.parametrize("words", [("close",), ("close", "--json")])
def test_a_script_has_to_say_why(desk: Program, words: tuple[str, ...]) -> None:
    ran = desk.run(*words, group_of(desk, "chatter"))
    assert (ran.code, ran.stdout) == (2, "")
    assert "--because" in ran.stderr


def test_at_a_terminal_it_is_asked_why(desk: Program) -> None:
    group = group_of(desk, "chatter")
    with terminal(desk, "close", group) as child:
        child.expect("Why, in a few words")
        child.sendline("chatter among fans")
        child.expect(pexpect.EOF)
    assert "chatter" not in waiting(desk)
    with terminal(desk, "reopen", group) as child:
        child.expect("Why, in a few words")
        child.send("\x03")
        child.expect(pexpect.EOF)
    assert "chatter" not in waiting(desk)


def test_a_draft_that_somebody_withdrew_is_not_called_its_writers_no(desk: Program) -> None:
    tom = desk.by("tom")
    comment = desk.comment("damaged")
    reply = tom.done("reply", tom.group("parcel-damaged"), "--yes", "--json").json()["replies"][0]["id"]
    desk.done("close", comment, "--because", "solved by phone")
    assert f"{reply}  our reply by tom, withdrawn  Mon 23 Nov" in desk.done("show", reply).stdout
