"""Who writes again while a promise to them runs stands at the top of the inbox, alone, with the promise (DESIGN §6)."""

from __future__ import annotations

from datetime import timedelta

from caretool.desk import claiming, closing, promising, retracting, showing
from caretool.domain.comment import Comment
from caretool.domain.group import Group
from caretool.reports import shapes
from tests.desk.stage import CALLBACK, LATE, MONDAY, Stage, at, comment

_ANNA = "anna"


def _again(stage: Stage, native_id: str) -> str | None:
    return stage.comment(native_id).again


def _promised(stage: Stage) -> str:
    """Anna was promised a call by Tuesday evening; four others wait for their parcels."""
    others = [comment(f"o{n}") for n in range(4)]
    stage.fetch(comment("c1", author=_ANNA), *others)
    stage.reply("c1", text=CALLBACK)
    stage.send()
    return str(stage.rows("SELECT id FROM promise")[0][0])


def _top(stage: Stage) -> tuple[Group, list[Comment]]:
    first = stage.look().groups[0]
    return first.group, list(first.comments)


def test_who_writes_again_stands_alone_above_all_others_with_the_promise(stage: Stage) -> None:
    promise = _promised(stage)
    stage.clock.goes(hours=3)  # the others are late by now
    stage.fetch(comment("c2", LATE, author=_ANNA, written_at=stage.clock()))
    listed = stage.look().groups[0]
    assert (listed.urgency, listed.people, listed.group.again, listed.group.suggestion) == ("again", 1, promise, None)
    assert [one.native_id for one in listed.comments] == ["c2"]
    assert listed.why[0] == f"writes again: promise {promise} runs to Tue 24 Nov 18:00"
    assert stage.look().groups[1].urgency == "late"


def test_who_is_at_work_on_it_does_not_take_the_place_of_the_promise(stage: Stage) -> None:
    _promised(stage)
    stage.fetch(comment("c2", author=_ANNA))
    claiming.claim(stage.desk(), stage.group_of("c2"))
    first, second = stage.look().groups[0].why[:2]
    assert first.startswith("writes again: promise")
    assert second.startswith("dario is at work on it")


def test_on_the_day_itself_the_hour_is_enough(stage: Stage) -> None:
    promise = _promised(stage)
    stage.clock.says(24, 9)
    stage.fetch(comment("c2", author=_ANNA))
    assert stage.look().groups[0].why[0] == f"writes again: promise {promise} runs to 18:00"
    stage.clock.says(25, 9)
    assert stage.look().groups[0].why[0] == f"writes again: promise {promise} ran to Tue 24 Nov 18:00"


def test_only_what_goes_to_the_manager_stands_above(stage: Stage) -> None:
    _promised(stage)
    stage.fetch(comment("c2", author=_ANNA), comment("x", "mi sono ustionata con la lampada"))
    assert [listed.urgency for listed in stage.look().groups][:2] == ["escalated", "again"]
    stage.fetch(comment("c3", "mi sono ustionata con la lampada", author=_ANNA))
    assert [listed.urgency for listed in stage.look().groups][:3] == ["escalated", "escalated", "again"]
    why = next(listed.why for listed in stage.look().groups if listed.comments[0].native_id == "c3")
    assert any("writes again" in reason for reason in why)


def test_the_comment_and_its_group_show_the_promise(stage: Stage) -> None:
    promise = _promised(stage)
    stage.fetch(comment("c2", author=_ANNA))
    new = stage.comment("c2")
    assert shapes.comment(new)["why"][0] == f"writes again while promise {promise} runs"
    for subject in (new.id, stage.group_of("c2")):
        assert [one.id for one in showing.show(stage.desk(), subject).promises] == [promise]


def test_what_was_known_when_it_was_promised_is_no_writing_again(stage: Stage) -> None:
    stage.fetch(comment("c1", author=_ANNA), comment("c2", "ok", author=_ANNA))
    stage.reply("c1", text=CALLBACK)
    stage.send()
    assert _again(stage, "c2") is None
    closing.reopen(stage.desk(), [stage.comment("c1").id], "once more")
    assert _again(stage, "c1") is None


def test_no_clock_is_asked_whether_it_came_later(stage: Stage) -> None:
    promise = _promised(stage)
    stage.clock.goes(days=-3)
    stage.fetch(comment("c2", author=_ANNA, written_at=MONDAY - timedelta(days=3)))
    assert _again(stage, "c2") == promise


def test_a_promise_that_is_not_public_yet_is_none(stage: Stage) -> None:
    stage.fetch(comment("c1", author=_ANNA))
    stage.reply("c1", text=CALLBACK)
    stage.fetch(comment("c2", author=_ANNA))
    assert _again(stage, "c2") is None
    stage.send()
    assert _again(stage, "c2") is not None
    assert _top(stage)[0].again is not None


def test_of_several_the_one_that_falls_due_first_is_told(stage: Stage) -> None:
    first = _promised(stage)
    person = stage.comment("c1").id
    later = promising.add(stage.desk(), "callback", person, at(26, 18), None).promises[0].id
    stage.fetch(comment("c2", author=_ANNA))
    assert _again(stage, "c2") == first
    promising.keep(stage.desk(), [first], None)
    assert _again(stage, "c2") == later
    assert _top(stage)[0].again == later


def test_when_the_promise_ends_the_comment_goes_back_among_the_others(stage: Stage) -> None:
    promise = _promised(stage)
    stage.fetch(comment("c2", author=_ANNA))
    promising.keep(stage.desk(), [promise], None)
    assert _again(stage, "c2") is None
    assert stage.group_of("c2") == stage.group_of("o1")
    (group,) = stage.look().groups
    assert (group.group.size, group.group.again) == (5, None)
    assert stage.store.counts.differences() == ()


def test_a_move_that_was_told_carries_on_where_they_write_again_after_it(stage: Stage) -> None:
    promise = _promised(stage)
    new = promising.move(stage.desk(), promise, at(26, 18), "ill", told=True).promises[1].id
    stage.fetch(comment("c2", author=_ANNA))
    assert _again(stage, "c2") == new


def test_a_reply_taken_back_takes_its_promise_from_the_inbox(stage: Stage) -> None:
    promise = _promised(stage)
    stage.fetch(comment("c2", author=_ANNA))
    assert _again(stage, "c2") == promise
    reply = stage.rows("SELECT id FROM reply")[0][0]
    retracting.retract(stage.desk(), reply, "wrong person", by_hand=True)
    assert _again(stage, "c2") is None


def test_a_reply_that_turns_out_never_to_have_been_posted_leaves_nothing_running(stage: Stage) -> None:
    stage.fetch(comment("c1", author=_ANNA))
    stage.reply("c1", text=CALLBACK)
    stage.page.next_posts = ["lost before"]
    stage.send()
    stage.fetch(comment("c2", author=_ANNA))
    assert _again(stage, "c2") is not None  # it may be public
    stage.clock.says(28, 9)
    stage.send()
    stage.clock.goes(seconds=61)
    stage.send()
    assert stage.promise_states() == ["void"]
    assert _again(stage, "c2") is None


def test_others_and_other_people_are_not_touched(stage: Stage) -> None:
    _promised(stage)
    stage.fetch(comment("c2", author="bruno"))
    assert [stage.comment(n).again for n in ("c2", "o1", "o2")] == [None, None, None]
    assert stage.group_of("c2") == stage.group_of("o1")


def test_what_they_write_is_answered_like_anything_and_changes_no_promise(stage: Stage) -> None:
    promise = _promised(stage)
    stage.fetch(comment("c2", "ok grazie", author=_ANNA))
    assert stage.promise_states() == ["running"]
    stage.look()
    stage.reply(groups=[stage.group_of("c2")], text="Grazie {{ person.name }}, un saluto da {{ agent.name }}.")
    stage.send()
    assert (stage.states("c2"), stage.promise_states()) == (["answered"], ["running"])
    assert promise == stage.store.promises.open()[0].id
