"""Our own posts as a fetch shows them: an answer that left from here answers what it was written for, no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from caretool.desk import closing
from caretool.errors import PlatformBusy
from tests.desk.stage import CALLBACK, MONDAY, Stage, comment

TOGETHER = "Buongiorno {{ people }}, sono Dario: vi richiamo entro domani."


def _ours(stage: Stage, native_id: str, reply_to: str) -> None:
    stage.fetch(comment(native_id, "Buongiorno, sono Dario.", author="bottegablu", reply_to=reply_to))


def test_an_answer_given_on_the_page_takes_its_comment_out_of_the_inbox(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    _ours(stage, "o1", "c1")
    assert stage.states("c1") == ["answered"]


def test_an_answer_to_others_below_a_complaint_does_not_answer_the_complaint(stage: Stage) -> None:
    stage.fetch(comment("post"), *(comment(f"c{n}") for n in range(3)))
    stage.reply("c0", "c1", "c2", text=TOGETHER, mode="together")
    assert len(stage.send().posted) == 1
    _ours(stage, stage.rows("SELECT native_id FROM reply")[0][0], "post")
    assert stage.states("post", "c0") == ["waiting", "answered"]


def test_nor_while_that_answer_is_on_its_way(stage: Stage) -> None:
    stage.fetch(comment("post"), *(comment(f"c{n}") for n in range(3)))
    stage.reply("c0", "c1", "c2", text=TOGETHER, mode="together")
    stage.page.next_posts = ["lost after"]
    stage.send()
    _ours(stage, "theirs-1", "post")
    assert stage.states("post") == ["waiting"]


def test_a_comment_reopened_after_our_answer_stays_open_when_that_answer_is_fetched(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    stage.reply("c1", text=CALLBACK)
    stage.send()
    closing.reopen(stage.desk(), [stage.comment("c1").id], "the number was wrong")
    _ours(stage, stage.rows("SELECT native_id FROM reply")[0][0], "c1")
    assert stage.states("c1") == ["waiting"]


def test_what_was_edited_into_a_matter_waits_for_the_manager_whatever_is_on_its_way(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    stage.reply("c1", text=CALLBACK)
    stage.page.next_posts = ["lost after"]
    stage.send()
    stage.fetch(comment("c1", "mi sono ustionata"))
    _ours(stage, "o1", "c1")
    assert stage.comment("c1").escalation == "injury"
    assert [stage.states("c1"), stage.reply_states()] == [["waiting"], ["unsure"]]
    assert len(stage.send().posted) == 1
    assert [stage.states("c1"), stage.reply_states()] == [["waiting"], ["posted"]]


@pytest.mark.parametrize("year", [1, 1969, 2027, 9999])
def test_a_date_that_cannot_be_is_the_moment_of_the_fetch(stage: Stage, year: int) -> None:
    stage.fetch(comment("c1", written_at=datetime(year, 12, 31, 23, 30, tzinfo=UTC)), comment("c2"))
    (strange, usual) = (stage.comment("c1"), stage.comment("c2"))
    assert (strange.written_at, strange.dated) == (MONDAY, False)
    assert usual.dated
    assert stage.look().waiting == 2


def test_a_clock_that_is_a_little_behind_takes_no_date_for_a_false_one(stage: Stage) -> None:
    stage.fetch(comment("c1", written_at=MONDAY + timedelta(hours=3)))
    assert stage.comment("c1").dated


def test_what_was_seen_as_deleted_can_be_opened_again(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    stage.fetch(deleted=["c1"])
    assert stage.states("c1") == ["gone"]
    closing.reopen(stage.desk(), [stage.comment("c1").id], "it stands there")
    assert stage.states("c1") == ["waiting"]


def test_a_second_part_put_off_is_not_failed_by_the_first_ones_being_fetched(stage: Stage) -> None:
    stage.fetch(comment("post", author="first"), *(comment(f"c{n}") for n in range(2)))
    stage.reply("c0", "c1", text=TOGETHER, mode="together")
    stage.reply("post", text=CALLBACK)
    stage.page.next_posts = ["", PlatformBusy("later", 60)]
    stage.send()
    assert sorted(stage.reply_states()) == ["approved", "posted"]
    _ours(stage, stage.rows("SELECT native_id FROM reply WHERE state = 'posted'")[0][0], "post")
    assert len(stage.send().posted) == 1
