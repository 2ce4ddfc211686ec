"""Windows that shut: due in time, refused after, and no promise left behind (R4, DESIGN §4.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from caretool.desk import approving, listing, replying, sending, showing
from caretool.domain.limits import Limits
from caretool.errors import PlatformFailed
from caretool.platforms.platform import Looked
from tests.desk.stage import CALLBACK, MONDAY, Stage, at, comment

SOON = MONDAY + timedelta(minutes=20)
TOGETHER = "Buongiorno {{ people }}, sono {{ agent.name }}, mi scuso: vi richiamo {{ promises.callback.when }}."


def closing(native_id: str, closes_at: datetime | None = SOON, private_until: datetime | None = None, **more: object):  # type: ignore[no-untyped-def]
    """A comment with its windows."""
    return replace(comment(native_id, **more), closes_at=closes_at, private_until=private_until)  # type: ignore[arg-type]


def test_an_answer_is_due_when_the_platform_closes_if_that_comes_first(stage: Stage) -> None:
    stage.fetch(comment("free"), closing("near", at(23, 9, 20)), closing("far", at(24, 9)))
    assert stage.comment("near").due_at == stage.comment("near").closes_at == at(23, 9, 20)
    assert stage.comment("far").due_at == stage.comment("free").due_at
    (group,) = stage.look().groups
    assert (group.group.due_at, group.group.closes_at, group.urgency) == (at(23, 9, 20), at(23, 9, 20), "soon")
    assert "the platform takes no answer after Mon 23 Nov 09:20" in group.why


def test_what_never_could_be_answered_there_is_not_late_from_the_first_moment(stage: Stage) -> None:
    written_at = MONDAY - timedelta(minutes=5)
    stage.fetch(comment("free", written_at=written_at), closing("never", written_at, written_at=written_at, thread="x"))
    assert stage.comment("never").due_at == stage.comment("free").due_at
    found = stage.look()
    assert (found.late, {listed.windows.shut for listed in found.groups}) == (0, {0, 1})
    (refusal,) = [one for one in stage.reply("never", text=CALLBACK).refusals if one.check == "window-closed"]
    assert "takes no answer any more" in refusal.why


def test_what_no_answer_is_due_has_no_date_by_its_window(stage: Stage) -> None:
    stage.fetch(closing("spam", text="Guadagna 5000 euro da casa!!! www.soldi-facili.example", author="x"))
    stage.store.comments.correct(stage.comment("spam").id, {"kind": "spam"}, ["kind"], None)
    from caretool.desk import triaging

    triaging.read_again(stage.desk())
    assert stage.comment("spam").due_at is None


def test_one_whose_window_has_closed_is_late_and_is_told_as_such(stage: Stage) -> None:
    stage.fetch(closing("a", at(23, 9, 20)), comment("b"))
    stage.clock.says(23, 9, 25)
    found = stage.look(late=True)
    assert (found.late, len(found.groups), found.groups[0].windows.shut) == (1, 1, 1)
    assert found.groups[0].why[0].startswith("its window closed for 1 of 2, the first Mon 23 Nov 09:20: close it")
    shown = showing.show(stage.desk(), stage.group_of("a")).group
    assert shown is not None
    assert shown.windows.shut == 1


def test_a_window_that_moves_moves_what_is_due(stage: Stage) -> None:
    stage.fetch(closing("a", at(23, 9, 20)))
    stage.fetch(closing("a", at(23, 9, 40)))
    assert (stage.comment("a").closes_at, stage.comment("a").due_at) == (at(23, 9, 40), at(23, 9, 40))
    assert stage.look().groups[0].group.closes_at == at(23, 9, 40)
    assert stage.rows("SELECT count(*) FROM revision") == [(0,)]
    stage.fetch(closing("a", None))
    assert stage.comment("a").due_at == at(23, 10)


def test_a_date_that_is_in_no_calendar_is_none(stage: Stage) -> None:
    stage.fetch(closing("a", datetime.max.replace(tzinfo=SOON.tzinfo), datetime.min.replace(tzinfo=SOON.tzinfo)))
    assert (stage.comment("a").closes_at, stage.comment("a").private_until) == (None, None)


@pytest.mark.parametrize("private", [False, True])
def test_an_answer_after_the_window_is_refused_with_what_would_pass(stage: Stage, private: bool) -> None:
    stage.fetch(closing("a"), comment("b"))
    stage.clock.says(23, 9, 32)
    outcome = stage.reply("a", text=CALLBACK, private=private)
    (refusal,) = outcome.refusals
    assert refusal.check == "window-closed"
    assert "closed Mon 23 Nov 09:32" in refusal.why
    assert "--by-hand" in (refusal.suggest or "")
    assert "--private it is" not in (refusal.suggest or "")
    assert (stage.states("a", "b"), stage.promise_states(), stage.reply_states()) == (["waiting", "waiting"], [], [])


def test_a_private_answer_has_a_window_of_its_own(stage: Stage) -> None:
    stage.fetch(closing("late", None, at(23, 9, 20)), closing("open", at(23, 9, 20), at(24, 9)))
    stage.clock.says(23, 9, 25)
    (late,) = stage.reply("late", text=CALLBACK, private=True).refusals
    assert (late.check, late.suggest) == ("window-closed", late.suggest)
    assert "no private answer" in late.why
    assert (late.suggest or "").startswith("Without --private it is taken")
    assert stage.reply("late", text=CALLBACK).state == "approved"
    (public,) = stage.reply("open", text=CALLBACK).refusals
    assert (public.suggest or "").startswith("With --private it is taken until Tue 24 Nov 09:00")
    assert stage.reply("open", text=CALLBACK, private=True).state == "approved"


def test_private_is_not_offered_where_the_platform_has_none(stage: Stage) -> None:
    stage.page.limits = replace(stage.page.limits, private_replies=False)
    stage.fetch(closing("a", at(23, 9, 20), at(24, 9)))
    stage.clock.says(23, 9, 25)
    (refusal,) = stage.reply("a", text=CALLBACK).refusals
    assert (refusal.suggest or "").startswith(f"Answer {stage.comment('a').id} elsewhere and say --by-hand URL")


def test_a_person_answers_by_hand_what_the_desk_no_longer_can(stage: Stage) -> None:
    stage.fetch(closing("a"))
    stage.clock.says(23, 10)
    assert stage.reply("a", text=CALLBACK, by_hand="https://example.org/1").state == "posted"
    assert (stage.states("a"), stage.promise_states()) == (["answered"], ["running"])
    assert stage.page.attempts == 0


def test_one_answer_together_leaves_out_whom_it_cannot_reach(stage: Stage) -> None:
    stage.fetch(closing("shut", at(23, 9, 20)), *(comment(f"o{number}") for number in range(3)))
    stage.clock.says(23, 9, 25)
    outcome = stage.reply("shut", "o0", "o1", "o2", text=TOGETHER, mode="together")
    assert outcome.state == "approved"
    assert stage.states("shut", "o0", "o1", "o2") == ["waiting", "queued", "queued", "queued"]
    (said,) = [remark for remark in outcome.composed.remarks if "left out" in remark]
    assert said.startswith(f"{stage.comment('shut').id} left out: its window closed Mon 23 Nov 09:20")
    assert len(stage.promise_states()) == 3


def test_one_answer_together_to_nobody_it_can_reach_is_refused(stage: Stage) -> None:
    stage.fetch(closing("a"), closing("b"))
    stage.clock.says(23, 10)
    outcome = stage.reply("a", "b", text=TOGETHER, mode="together")
    assert {one.check for one in outcome.refusals} == {"window-closed"}
    assert len(outcome.refusals) == 2


def test_a_draft_whose_window_closed_while_it_waited_is_not_approved(stage: Stage) -> None:
    stage.fetch(closing("a"))
    outcome = stage.reply("a", text=CALLBACK, agent="tom")
    draft = approving.find(stage.desk(), outcome.replies[0].draft)
    stage.clock.says(23, 10)
    composed = approving.consider(stage.desk(), draft)
    assert [one.check for one in composed.refusals] == ["window-closed"]
    assert [one.check for one in approving.approve(stage.desk(), draft, shown=None).refusals] == ["window-closed"]
    assert (stage.promise_states(), stage.states("a")) == ([], ["waiting"])


def _failed(stage: Stage, sent: sending.Sent, why: str) -> None:
    """The reply failed for good, nothing was asked of the platform, and nothing of it holds any more."""
    assert (len(sent.failed), sent.posted, sent.exit_code) == (1, [], 1)
    assert why in str(sent.problems[0])
    assert stage.page.attempts == 0
    assert (stage.reply_states(), stage.promise_states()) == (["failed"], ["void"])
    assert stage.send().failed == []


def test_a_reply_whose_window_closed_fails_before_any_request_its_promise_void(stage: Stage) -> None:
    stage.fetch(closing("a"))
    assert stage.reply("a", text=CALLBACK).state == "approved"
    stage.clock.says(23, 9, 32)

    def never(native_ids: object) -> Looked:
        raise AssertionError("it was asked for")

    stage.page.look = never  # type: ignore[method-assign, assignment]
    _failed(stage, stage.send(), "its window closed Mon 23 Nov 09:32")
    assert stage.states("a") == ["waiting"]
    assert stage.look().groups[0].why[0].startswith("its window closed Mon 23 Nov 09:32")


def test_a_window_that_closes_while_the_platform_is_looked_at_still_stops_it(stage: Stage) -> None:
    stage.fetch(closing("a"))
    stage.reply("a", text=CALLBACK)
    look = stage.page.look

    def slowly(native_ids: list[str]) -> Looked:
        stage.clock.says(23, 9, 32)
        return look(native_ids)

    stage.page.look = slowly  # type: ignore[method-assign, assignment]
    _failed(stage, stage.send(), "its window closed")


def test_a_private_reply_fails_with_its_own_window(stage: Stage) -> None:
    stage.fetch(closing("a", None, SOON))
    stage.reply("a", text=CALLBACK, private=True)
    stage.clock.says(23, 9, 32)
    _failed(stage, stage.send(), "takes no private answer any more")


def test_a_reply_to_several_leaves_as_long_as_it_reaches_one(stage: Stage) -> None:
    stage.fetch(closing("a"), comment("b"))
    stage.reply("a", "b", text=TOGETHER, mode="together")
    stage.clock.says(23, 9, 32)
    assert len(stage.send().posted) == 1


def test_a_deleted_comment_fails_the_reply_and_its_promise_too(stage: Stage) -> None:
    stage.fetch(comment("a"))
    stage.reply("a", text=CALLBACK)
    stage.page.deleted.add("a")
    _failed(stage, stage.send(), "deleted on the platform")
    assert stage.states("a") == ["gone"]


def test_what_may_be_public_never_fails_and_what_surely_is_not_does(stage: Stage) -> None:
    stage.fetch(closing("a"))
    stage.reply("a", text=CALLBACK)
    stage.page.next_posts = ["lost before"]
    assert len(stage.send().unsure) == 1
    stage.clock.says(23, 9, 40)
    assert len(stage.send().unsure) == 1
    assert stage.promise_states() == ["running"]
    stage.clock.says(23, 9, 45)
    sent = stage.send()
    assert (len(sent.failed), stage.page.attempts) == (1, 1)
    assert (stage.reply_states(), stage.promise_states(), stage.states("a")) == (["failed"], ["void"], ["waiting"])


def test_what_is_public_is_found_after_its_window(stage: Stage) -> None:
    stage.fetch(closing("a"))
    stage.reply("a", text=CALLBACK)
    stage.page.next_posts = ["lost after"]
    stage.send()
    stage.clock.says(23, 10)
    assert len(stage.send().posted) == 1
    assert (stage.promise_states(), stage.states("a")) == (["running"], ["answered"])


def _look(stage: Stage, agent: str, *, program: bool = False) -> list[str]:
    desk = stage.desk(agent)
    found = listing.inbox(desk, listing.Wanted(), stage.clock(), with_comments=program)
    return [one.id for one in found.failed]


def test_the_next_inbox_of_who_wrote_it_tells_them_once(stage: Stage) -> None:
    stage.fetch(closing("a"))
    reply = stage.reply("a", text=CALLBACK, agent="giulia").replies[0]
    stage.clock.says(23, 9, 32)
    stage.send()
    assert _look(stage, "dario") == []
    assert _look(stage, "giulia", program=True) == [reply.id]
    assert _look(stage, "giulia") == [reply.id]
    assert _look(stage, "giulia") == []


def test_whatever_fails_a_reply_is_told(stage: Stage) -> None:
    stage.fetch(comment("a"))
    reply = stage.reply("a", text=CALLBACK).replies[0]
    stage.page.next_posts = [PlatformFailed("comments are closed there")]
    stage.send()
    assert _look(stage, "dario") == [reply.id]


def test_what_does_not_leave_now_is_told_by_when_it_has_to(stage: Stage) -> None:
    stage.fetch(closing("a"), closing("b", at(24, 9)), comment("c"))
    replies = [stage.reply(native_id, text=CALLBACK).replies[0] for native_id in ("a", "b", "c")]
    (said,) = sending.not_yet(stage.desk(), replies)
    assert said == f"{replies[0].id} has to leave by Mon 23 Nov 09:32: then page takes no answer any more."


def test_nothing_waives_a_window(stage: Stage) -> None:
    from caretool.desk import waiving
    from caretool.errors import UsageProblem

    with pytest.raises(UsageProblem, match="window-closed cannot be waived"):
        waiving.named(["window-closed"])


def test_who_has_no_window_is_asked_for_as_ever(stage: Stage) -> None:
    stage.page.limits = Limits(together="names")
    stage.fetch(comment("a"))
    composed = replying.consider(stage.desk(), stage.ask("a", text=CALLBACK))
    assert composed.refusals == ()
