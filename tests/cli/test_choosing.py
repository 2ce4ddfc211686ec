"""Which template answers: what is said where none is taken for all, where one is for something else, what it needs."""

from __future__ import annotations

import pexpect

from tests.cli.program import Program
from tests.cli.test_terminal import terminal


def group_with(desk: Program, native_id: str) -> str:
    """The group in which a comment waits."""
    return next(str(one["id"]) for one in desk.groups() if native_id in {c["native_id"] for c in one["comments"]})


def test_groups_that_are_answered_differently_are_to_be_answered_one_after_the_other(desk: Program) -> None:
    late, damaged = desk.group("delivery-late"), desk.group("parcel-damaged")
    ran = desk.run("reply", late, damaged, "--yes")
    assert (ran.code, ran.stdout) == (2, "")
    assert "answered differently (delivery-late, parcel-damaged)" in ran.stderr
    assert f"caretool reply {late}, then caretool reply {damaged}" in ran.stderr
    assert "--template" not in ran.stderr
    comment = desk.comment("damaged")
    assert f"then caretool reply {comment}" in desk.run("reply", late, comment, "--yes").stderr


def test_for_spam_to_close_it_is_offered_and_no_template(desk: Program) -> None:
    desk.done("triage", desk.comment("chatter"), "--kind", "spam")
    group = group_with(desk, "chatter")
    ran = desk.run("reply", group, "--yes")
    assert ran.code == 2
    assert f"caretool close {group} --because spam" in ran.stderr
    assert "--template" not in ran.stderr


def test_a_template_for_something_else_is_posted_with_a_remark(desk: Program) -> None:
    remark = "delivery-late is for delivery-late; this is about parcel-damaged.\n"
    damaged = desk.group("parcel-damaged")
    assert remark in desk.done("reply", damaged, "--template", "delivery-late", "--dry-run").stderr
    assert desk.done("reply", damaged, "--template", "delivery-late", "--yes").stderr.count(remark) == 1
    for group, template in ((desk.group("delivery-late"), "delivery-late"), (group_with(desk, "praise"), "praise")):
        assert " is for " not in desk.done("reply", group, "--template", template, "--yes").stderr
    assert " is for " not in desk.run("reply", group_with(desk, "price"), "--text", "Costa 400 euro.", "--yes").stderr


def test_what_a_template_needs_is_asked_for_with_what_it_answers_and_no_empty_answer_is_taken(desk: Program) -> None:
    with terminal(desk, "reply", group_with(desk, "private"), "--template", "order-change") as child:
        child.expect("Ugo Riva: Vorrei cambiare")
        child.expect("The template order-change needs: order")
        child.expect(r"order\?")
        child.sendline("")
        child.expect("order is needed; Ctrl-C leaves")
        child.expect(r"order\?")
        child.send("\x03")
        child.expect("Nothing was written")
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 2
    assert desk.posted() == []


def test_of_an_account_of_files_it_is_said_that_a_person_pastes_the_replies(desk: Program) -> None:
    told = desk.done("reply", desk.comment("damaged"), "--template", "parcel-damaged", "--yes").stdout
    assert "1 reply written to page-replies.jsonl, answering 1 comment: paste it there.\n" in told
    desk.done("reply", desk.group("delivery-late"), "--mode", "each", "--later", "--yes")
    sent = desk.done("send").stdout
    assert " written to " in sent
    assert sent.rstrip().endswith("paste them there")
    assert "posted" not in told + sent
