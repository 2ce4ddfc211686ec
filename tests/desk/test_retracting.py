"""What we said can be taken back: there, in the ledger, and for the people who wait again."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from caretool.desk import promising, retracting
from caretool.desk.retracting import Retraction
from caretool.domain.limits import Limits
from caretool.domain.promise import Promise
from caretool.errors import CaretoolError, PlatformFailed, UsageProblem
from tests.desk.stage import CALLBACK, TROUBLES, FakePlatform, Stage, at, comment

ALL = "Buongiorno {{ people }}, sono {{ agent.name }}, mi scuso: vi richiamo {{ promises.callback.when }}."
MOVED = (
    "Buongiorno {{ person.name }}, sono {{ agent.name }}, mi scuso: la richiamo entro mercoledì 25 novembre alle 18."
)


@dataclass
class Erasable(FakePlatform):
    """A place on which what we posted can be deleted. `next_retracts` are what becomes of the next deletions."""

    next_retracts: list[BaseException] = field(default_factory=list)

    def retract(self, native_id: str) -> None:
        self.wall = [posted for posted in self.wall if f"our-{posted.key}" != native_id]
        if self.next_retracts:
            raise self.next_retracts.pop(0)


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """Three people wait on a page that lets us delete."""
    stage.page = Erasable(stage.clock, Limits(together="names", private_replies=True, listing_trustworthy=True))
    stage.fetch(comment("1"), comment("2"), comment("3"))
    return stage


def posted(stage: Stage, *native_ids: str, text: str = CALLBACK, **asked: str) -> str:
    """A reply that is out; its id."""
    outcome = stage.reply(*native_ids, text=text, **asked)
    assert outcome.refusals == ()
    stage.send()
    return outcome.replies[0].id


def retract(stage: Stage, reply: str, *, by_hand: bool = False, agent: str = "dario") -> Retraction:
    """As `caretool retract --yes` does."""
    desk = stage.desk(agent)
    planned = retracting.consider(desk, reply, by_hand=by_hand)
    return retracting.retract(desk, planned.reply.id, "the wrong customer", by_hand=by_hand)


def moved(stage: Stage) -> tuple[str, str, Promise, Promise]:
    """A promise whose new time a second reply has told: both replies, the old promise and the new one."""
    first = posted(stage, "1")
    desk = stage.desk()
    (old,) = stage.store.promises.of_replies([first])
    new = promising.move(desk, old.id, at(25, 18), "no room", told=False).promises[-1]
    with stage.store.writing():
        stage.store.comments.set_state([stage.comment("1").id], "waiting", was=("answered",))
    second = posted(stage, "1", text=MOVED)
    old, new = stage.store.promises.by_ids([old.id, new.id])
    assert (old.state, new.state, new.reply) == ("moved", "running", second)
    return first, second, old, new


def test_it_is_deleted_there_its_promises_are_released_and_its_people_wait_again(stage: Stage) -> None:
    reply = posted(stage, "1")
    done = retract(stage, reply)
    assert isinstance(stage.page, Erasable)
    assert stage.page.wall == []
    assert done.reply.state == "retracted"
    assert [(one.state, one.because) for one in done.released] == [("released", "the wrong customer")]
    assert stage.states("1") == ["waiting"]
    assert stage.comment("1").id in {one.id for group in stage.look().groups for one in group.comments}
    actions = [line.action for line in stage.store.journal.about([reply, done.released[0].id])]
    assert actions[-2:] == ["reply-retracted", "promise-released"]
    assert stage.store.counts.differences() == ()


def test_nothing_is_written_before_the_yes(stage: Stage) -> None:
    reply = posted(stage, "1")
    planned = retracting.consider(stage.desk(), reply[:4], by_hand=False)
    assert [one.id for one in planned.comments] == [stage.comment("1").id]
    assert len(planned.released) == 1
    assert (stage.reply_states(), stage.promise_states()) == (["posted"], ["running"])


@pytest.mark.parametrize("trouble", [*TROUBLES, ValueError("a bug")])
def test_where_the_platform_does_not_do_it_nothing_is_written_and_trying_again_ends_it(
    stage: Stage, trouble: Exception
) -> None:
    reply = posted(stage, "1")
    assert isinstance(stage.page, Erasable)
    stage.page.next_retracts = [trouble]
    with pytest.raises(CaretoolError) as told:
        retract(stage, reply)
    assert (stage.reply_states(), stage.promise_states(), stage.states("1")) == (["posted"], ["running"], ["answered"])
    assert f"caretool retract {reply}" in "\n".join([*stage.said[-1:], str(told.value)])
    assert retract(stage, reply).reply.state == "retracted"


def test_a_crash_between_platform_and_ledger_is_made_good_by_doing_it_again(stage: Stage) -> None:
    reply = posted(stage, "1")
    assert isinstance(stage.page, Erasable)
    stage.page.next_retracts = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        retract(stage, reply)
    assert stage.page.wall == []
    assert stage.reply_states() == ["posted"]
    retract(stage, reply)
    assert (stage.reply_states(), stage.promise_states(), stage.states("1")) == (
        ["retracted"], ["released"], ["waiting"],
    )  # fmt: skip


def test_a_promise_that_was_kept_stays_kept(stage: Stage) -> None:
    reply = posted(stage, "1")
    promising.keep(stage.desk(), [stage.store.promises.of_replies([reply])[0].id], "called at noon")
    done = retract(stage, reply)
    assert (done.released, stage.promise_states()) == ((), ["kept"])


def test_a_comment_that_another_reply_answers_too_or_that_is_gone_does_not_wait(stage: Stage) -> None:
    first = posted(stage, "1", "2", "3", text=ALL, mode="together")
    with stage.store.writing():
        stage.store.comments.set_state([stage.comment("1").id], "waiting", was=("answered",))
        stage.store.comments.set_state([stage.comment("2").id], "gone", was=("answered",))
    posted(stage, "1")
    done = retract(stage, first)
    assert [one.native_id for one in done.comments] == ["3"]
    assert stage.states("1", "2", "3") == ["answered", "gone", "waiting"]


def test_of_an_answer_in_parts_only_one_part_goes(stage: Stage) -> None:
    stage.page.limits = Limits(length=100, together="names", listing_trustworthy=True)
    outcome = stage.reply("1", "2", "3", text=ALL, mode="together")
    stage.send()
    assert len(outcome.replies) > 1
    done = retract(stage, outcome.replies[0].id)
    theirs = set(outcome.replies[0].comments)
    assert {one.id for one in done.comments} == theirs
    assert {one.id for one in done.staying} == {reply.id for reply in outcome.replies[1:]}
    assert stage.promise_states().count("released") == len(theirs)
    assert stage.promise_states().count("running") == 3 - len(theirs)


def test_taking_back_the_new_time_lets_the_promise_run_to_the_old_one(stage: Stage) -> None:
    _, second, old, new = moved(stage)
    done = retract(stage, second)
    assert [(one.id, one.state, one.moved_to) for one in done.resumed] == [(old.id, "running", None)]
    assert [(one.id, one.state) for one in done.released] == [(new.id, "released")]
    assert stage.store.counts.differences() == ()


def test_a_comment_answered_by_an_earlier_reply_does_not_wait_when_the_later_goes(stage: Stage) -> None:
    _, second, _, _ = moved(stage)
    assert retract(stage, second).comments == ()


def test_taking_back_the_old_reply_leaves_the_new_time_running(stage: Stage) -> None:
    first, _, old, new = moved(stage)
    done = retract(stage, first)
    assert (done.released, done.resumed) == ((), ())
    assert [one.state for one in stage.store.promises.by_ids([old.id, new.id])] == ["moved", "running"]


def test_with_both_replies_taken_back_nothing_runs(stage: Stage) -> None:
    first, second, old, new = moved(stage)
    retract(stage, first)
    done = retract(stage, second)
    assert done.resumed == ()
    assert [one.state for one in stage.store.promises.by_ids([old.id, new.id])] == ["moved", "released"]
    assert stage.states("1") == ["waiting"]


def test_a_new_time_that_nobody_was_told_goes_with_the_promise(stage: Stage) -> None:
    reply = posted(stage, "1")
    (old,) = stage.store.promises.of_replies([reply])
    promising.move(stage.desk(), old.id, at(25, 18), "no room", told=False)
    (released,) = retract(stage, reply).released
    assert (stage.promise_states(), released.moved_to) == (["released", "void"], None)
    assert stage.store.counts.differences() == ()


def test_a_new_time_that_a_reply_in_the_outbox_says_runs_once_it_is_said(stage: Stage) -> None:
    reply = posted(stage, "1")
    (old,) = stage.store.promises.of_replies([reply])
    promising.move(stage.desk(), old.id, at(25, 18), "no room", told=False)
    with stage.store.writing():
        stage.store.comments.set_state([stage.comment("1").id], "waiting", was=("answered",))
    stage.reply("1", text=MOVED)
    done = retract(stage, reply)
    assert stage.promise_states() == ["released", "logged"]
    assert (done.comments, stage.states("1")) == ((), ["queued"])
    stage.send()
    assert stage.promise_states() == ["released", "running"]


def test_what_is_not_posted_cannot_be_taken_back(stage: Stage) -> None:
    approved = stage.reply("1", text=CALLBACK).replies[0].id
    with pytest.raises(UsageProblem, match="approved"):
        retract(stage, approved)
    stage.page.next_posts = ["lost after"]
    stage.send()
    with pytest.raises(UsageProblem, match="caretool send"):
        retract(stage, approved)
    stage.send()
    retract(stage, approved)
    with pytest.raises(UsageProblem, match="retracted already"):
        retract(stage, approved)


def test_a_trainee_takes_nothing_back(stage: Stage) -> None:
    reply = posted(stage, "1")
    with pytest.raises(UsageProblem, match="tom"):
        retract(stage, reply, agent="tom")
    assert stage.reply_states() == ["posted"]


def test_where_the_platform_cannot_a_person_deletes_it_and_says_so(stage: Stage) -> None:
    stage.page = FakePlatform(stage.clock)
    reply = posted(stage, "1")
    with pytest.raises(UsageProblem, match=f"page cannot.*caretool retract {reply} --by-hand"):
        retract(stage, reply)
    assert retract(stage, reply, by_hand=True).reply.state == "retracted"
    assert (stage.promise_states(), stage.states("1")) == (["released"], ["waiting"])


def test_what_a_person_posted_a_person_deletes(stage: Stage) -> None:
    reply = stage.reply("1", text=CALLBACK, by_hand="https://page.example/1").replies[0].id
    with pytest.raises(UsageProblem, match=r"https://page\.example/1.*--by-hand"):
        retract(stage, reply)
    retract(stage, reply, by_hand=True)
    assert (stage.reply_states(), stage.promise_states(), stage.states("1")) == (
        ["retracted"], ["released"], ["waiting"],
    )  # fmt: skip


def test_by_hand_asks_the_platform_nothing(stage: Stage) -> None:
    reply = posted(stage, "1")
    assert isinstance(stage.page, Erasable)
    stage.page.next_retracts = [PlatformFailed("asked")]
    retract(stage, reply, by_hand=True)
    assert len(stage.page.wall) == 1


def test_who_waits_again_can_be_answered_again(stage: Stage) -> None:
    retract(stage, posted(stage, "1"))
    again = posted(stage, "1")
    assert stage.store.replies.by_ids([again])[0].state == "posted"
    assert stage.promise_states() == ["released", "running"]
