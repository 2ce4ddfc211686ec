"""Without an answer: close, reopen, snooze, note; a snooze wakes however late somebody looks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from caretool.desk import closing
from caretool.errors import NotFound, UsageProblem
from tests.desk.stage import CALLBACK, Stage, at, comment


def _id(stage: Stage, native_id: str) -> str:
    return stage.comment(native_id).id


def test_what_is_closed_leaves_the_inbox_with_its_reason(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    closing.close(stage.desk(), [_id(stage, "c1")], "chatter")
    assert stage.states("c1", "c2") == ["closed", "waiting"]
    assert stage.look().groups[0].group.size == 1
    assert [note[2] for note in stage.store.journal.notes(_id(stage, "c1"))] == ["chatter"]


def test_a_whole_group_can_be_closed_and_opened_again(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    group = stage.group_of("c1")
    closing.close(stage.desk(), [group], "chatter")
    assert (stage.states("c1", "c2"), stage.look().groups) == (["closed", "closed"], ())
    closing.reopen(stage.desk(), [_id(stage, "c1"), _id(stage, "c2")], "not chatter")
    assert [listed.group.size for listed in stage.look().groups] == [2]


def test_what_an_answer_is_on_its_way_to_cannot_be_closed_and_nothing_of_the_rest_is(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    stage.reply("c1", text=CALLBACK)
    with pytest.raises(UsageProblem, match="is queued"):
        closing.close(stage.desk(), [_id(stage, "c2"), _id(stage, "c1")], "x")
    assert stage.states("c2") == ["waiting"]


def test_what_was_too_old_to_wait_is_read_when_somebody_opens_it(stage: Stage) -> None:
    stage.fetch(comment("c1", written_at=at(1, 9)))
    assert (stage.states("c1"), stage.comment("c1").topic) == (["closed"], None)
    closing.reopen(stage.desk(), [_id(stage, "c1")], "still matters")
    assert stage.comment("c1").topic == "delivery-late"
    assert stage.look().groups[0].group.size == 1


@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=3), timedelta(days=4000)])
def test_a_snooze_wakes_however_late_somebody_looks(stage: Stage, late: timedelta) -> None:
    stage.fetch(comment("c1"))
    closing.snooze(stage.desk(), [_id(stage, "c1")], at(25, 9))
    stage.clock.says(25, 8, 59)
    assert (stage.look().groups, stage.states("c1")) == ((), ["snoozed"])
    stage.clock.now = at(25, 9) + late
    assert [listed.group.size for listed in stage.look().groups] == [1]
    assert stage.states("c1") == ["waiting"]


def test_a_fetch_wakes_too(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    closing.snooze(stage.desk(), [_id(stage, "c1")], at(25, 9))
    stage.clock.says(26, 9)
    stage.fetch()
    assert stage.states("c1") == ["waiting"]


def test_what_was_edited_in_its_sleep_is_read_when_it_wakes(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    closing.snooze(stage.desk(), [_id(stage, "c1")], at(25, 9))
    stage.fetch(comment("c1", "bellissimo, lo adoro"))
    assert stage.states("c1") == ["snoozed"]
    stage.clock.says(26, 9)
    assert stage.look().groups[0].group.topic == "praise"


def test_looking_at_a_later_day_wakes_nobody_today(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    closing.snooze(stage.desk(), [_id(stage, "c1")], at(25, 9))
    from caretool.desk import listing

    listing.inbox(stage.desk(), listing.Wanted(), at(30, 9), with_comments=False)
    assert stage.states("c1") == ["snoozed"]


def test_our_reply_elsewhere_answers_what_sleeps(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    closing.snooze(stage.desk(), [_id(stage, "c1")], at(25, 9))
    stage.fetch(comment("o1", "fatto", author="bottegablu", reply_to="c1"))
    stage.clock.says(26, 9)
    stage.look()
    assert stage.states("c1") == ["answered"]


def test_nobody_sleeps_until_a_time_that_is_past(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    with pytest.raises(UsageProblem, match="still to come"):
        closing.snooze(stage.desk(), [_id(stage, "c1")], stage.clock())
    closing.snooze(stage.desk(), [_id(stage, "c1")], at(25, 9))
    closing.snooze(stage.desk(), [_id(stage, "c1")], at(26, 9))
    stage.clock.says(25, 12)
    assert stage.look().groups == ()


def test_a_note_stands_on_what_it_was_left_on_and_not_in_the_log(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    stage.reply("c1", text=CALLBACK)
    ids = [
        row[0] for table in ("comment", "reply", "promise", "person") for row in stage.rows(f"SELECT id FROM {table}")
    ]
    for subject in [*ids, stage.group_of("c1")]:
        assert closing.note(stage.desk(), subject, "secret") == subject
        assert [text for _, _, text in stage.store.journal.notes(subject)] == ["secret"]
    assert "secret" not in str(stage.rows("SELECT * FROM log"))


def test_a_group_that_is_empty_is_said_to_be(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    group = stage.group_of("c1")
    closing.close(stage.desk(), [group], "x")
    with pytest.raises(NotFound, match=group):
        closing.close(stage.desk(), [group], "x")
