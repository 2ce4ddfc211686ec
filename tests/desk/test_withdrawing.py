"""A draft that waits for a yes is withdrawn once somebody has closed what it answers (R3)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from caretool.desk import approving, closing, deciding, undoing
from caretool.desk.request import Request
from caretool.domain.draft import Draft
from caretool.errors import NotFound, UsageProblem
from tests.desk.guarded import HIDE_SPAM, SPAM, GuardedStage
from tests.desk.stage import CALLBACK, Stage, at, comment


def drafted(stage: Stage, *native_ids: str, **asked: object) -> Draft:
    """A trainee's draft."""
    outcome = stage.reply(*native_ids, text=CALLBACK, agent="tom", **asked)  # type: ignore[arg-type]
    assert outcome.state == "awaiting", outcome.refusals
    return approving.find(stage.desk(), outcome.replies[0].draft)


def close(stage: Stage, *native_ids: str, agent: str = "giulia") -> None:
    """As `caretool close` does."""
    closing.close(stage.desk(agent), [stage.comment(one).id for one in native_ids], "they called us")


def waiting(stage: Stage) -> list[str]:
    """The drafts that wait, as the inbox and `approve` list them."""
    listed = [one.draft.id for one in approving.waiting(stage.desk())]
    assert [one.draft.id for one in stage.look().drafts] == listed
    return listed


def actions(stage: Stage, draft: Draft) -> list[tuple[str, str]]:
    """What the log says of a draft."""
    return [(line.action, line.agent) for line in stage.store.journal.about([draft.id])]


def test_a_draft_goes_with_the_comment_that_is_closed(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    draft, other = drafted(stage, "c1"), drafted(stage, "c2")
    close(stage, "c1")
    assert waiting(stage) == [other.id]
    assert actions(stage, draft) == [("draft-awaiting", "tom"), ("draft-withdrawn", "giulia")]
    assert stage.reply_states() == ["rejected", "awaiting"]
    assert f"{draft.id} by tom, which waited for approval, is withdrawn." in stage.said


def test_a_closed_group_takes_its_draft_along(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    group = stage.group_of("c1")
    stage.look(agent="tom")
    draft = approving.find(stage.desk(), stage.reply(groups=[group], text=CALLBACK, agent="tom").replies[0].draft)
    closing.close(stage.desk("tom"), [group], "chatter")
    assert waiting(stage) == []
    for typed in (draft.id, group, stage.store.replies.of_draft(draft.id)[0].id):
        with pytest.raises((UsageProblem, NotFound), match=r"tom gave it back .*what it answers was closed: chatter"):
            approving.find(stage.desk("giulia"), typed)


def test_approving_it_afterwards_says_who_closed_what_it_answers_when_and_why(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    draft = drafted(stage, "c1")
    close(stage, "c1")
    with pytest.raises(UsageProblem) as told:
        approving.find(stage.desk(), draft.id)
    why = "giulia gave it back Mon 23 Nov 09:12: what it answers was closed: they called us"
    assert str(told.value) == f"{draft.id} does not wait for approval: {why}."


def test_a_rejected_draft_says_so_in_the_same_way(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    draft = drafted(stage, "c1")
    approving.reject(stage.desk("giulia"), draft, "too cold")
    with pytest.raises(UsageProblem, match=r"giulia gave it back Mon 23 Nov 09:12: too cold\.$"):
        approving.find(stage.desk(), draft.id)


TOGETHER = "Buongiorno {{ people }}, sono {{ agent.name }}, mi scuso: vi richiamo {{ promises.callback.when }}."


def test_one_of_several_answers_goes_with_its_comment_and_the_others_can_be_approved(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"), comment("c3"))
    draft = drafted(stage, "c1", "c2", "c3", include_new=True)
    before = {reply.to: reply.text for reply in stage.store.replies.of_draft(draft.id)}
    close(stage, "c1")
    assert waiting(stage) == [draft.id]
    closed = f"no longer answers {stage.comment('c1').id}: 2 of its replies stay."
    assert stage.said[-1] == f"{draft.id} by tom, which waits for approval, {closed}"
    assert actions(stage, draft) == [("draft-awaiting", "tom"), ("draft-shortened", "giulia")]
    kept = stage.store.replies.of_draft(draft.id)
    assert {reply.to: reply.text for reply in kept} == {to: text for to, text in before.items() if to != ("c1",)}
    shorter = approving.find(stage.desk(), draft.id)
    assert approving.since(stage.desk(), shorter, approving.consider(stage.desk(), shorter)) == []
    outcome = approving.approve(stage.desk(), shorter, shown=None)
    assert [promise.kind for promise in outcome.promises] == ["callback", "callback"]
    assert stage.states("c1", "c2", "c3") == ["closed", "queued", "queued"]


def test_the_last_of_them_takes_the_draft_along(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    draft = drafted(stage, "c1", "c2", include_new=True)
    close(stage, "c1")
    close(stage, "c2")
    assert waiting(stage) == []
    assert actions(stage, draft)[-1] == ("draft-withdrawn", "giulia")


def test_what_was_answered_meanwhile_is_left_out_along_with_what_is_closed(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"), comment("c3"))
    draft = drafted(stage, "c1", "c2", "c3", include_new=True)
    stage.reply("c1", text=CALLBACK)
    close(stage, "c2")
    shorter = approving.find(stage.desk(), draft.id)
    assert approving.approve(stage.desk(), shorter, shown=None).state == "approved"
    assert stage.states("c3") == ["queued"]


def test_a_reply_to_somebody_who_still_waits_for_it_stays_and_its_draft_cannot_be_approved(stage: Stage) -> None:
    stage.fetch(comment("c1", author="ada"), comment("c2", author="ada"), comment("c3"))
    draft = drafted(stage, "c1", "c2", "c3", include_new=True)
    close(stage, "c1")
    assert waiting(stage) == [draft.id]
    assert stage.said[-1] == (
        f"{draft.id} by tom can no longer be approved (1 of 3 closed meanwhile): "
        f"caretool reject {draft.id} --because TEXT"
    )
    assert approving.about(stage.desk(), draft).stale == "1 of 3 closed"
    assert [one.stale for one in stage.look().drafts] == ["1 of 3 closed"]


def test_one_answer_to_all_stays_with_its_refusal_and_that_is_told(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"), comment("c3"))
    outcome = stage.reply("c1", "c2", "c3", text=TOGETHER, mode="together", agent="tom", include_new=True)
    draft = approving.find(stage.desk(), outcome.replies[0].draft)
    close(stage, "c1", "c2")
    assert waiting(stage) == [draft.id]
    assert "(2 of 3 closed meanwhile)" in stage.said[-1]
    (refusal,) = approving.consider(stage.desk(), draft).refusals
    both = ", ".join(stage.comment(one).id for one in ("c1", "c2"))
    assert refusal.why.startswith(f"{both} are closed: giulia, Mon 23 Nov 09:12 decided")
    assert "they called us" in refusal.why
    assert actions(stage, draft) == [("draft-awaiting", "tom")]
    closing.reopen(stage.desk(), [stage.comment(one).id for one in ("c1", "c2")], "they wait after all")
    assert [one.stale for one in stage.look().drafts] == [None]
    assert approving.approve(stage.desk(), draft, shown=None).state == "approved"


def test_of_one_answer_to_many_and_one_beside_it_only_that_one_goes(stage: Stage) -> None:
    many = [f"c{number}" for number in range(1, 6)]
    stage.fetch(*(comment(one) for one in many), comment("p1", private=True, thread=None))
    asked = {"template": "delivery-late", "text": None, "include_new": True}
    outcome = stage.reply(*many, "p1", agent="tom", **asked)
    draft = approving.find(stage.desk(), outcome.replies[0].draft)
    assert [reply.mode for reply in outcome.replies] == ["together", "each"]
    close(stage, "p1", "c1")
    assert approving.about(stage.desk(), draft).stale == "1 of 5 closed"
    assert [reply.mode for reply in stage.store.replies.of_draft(draft.id)] == ["together"]
    closing.reopen(stage.desk(), [stage.comment("c1").id], "she waits after all")
    assert approving.approve(stage.desk(), approving.find(stage.desk(), draft.id), shown=None).state == "approved"
    assert stage.states(*many, "p1") == ["queued"] * 5 + ["closed"]


def test_of_two_answers_to_many_neither_goes_alone(stage: Stage) -> None:
    stage.fetch(*(comment(one, thread=thread) for one, thread in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b"))))
    asked = {"text": TOGETHER, "mode": "together", "include_new": True}
    outcome = stage.reply("a1", "a2", "b1", "b2", agent="tom", **asked)
    close(stage, "a1", "a2")
    assert [one.stale for one in approving.waiting(stage.desk())] == ["2 of 4 closed"]
    assert len(stage.store.replies.of_draft(outcome.replies[0].draft)) == 2


def test_a_further_answer_to_what_was_answered_is_not_stale(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    draft = drafted(stage, "c1")
    assert deciding.stale(draft, ["answered"]) == "answered"
    assert deciding.stale(draft, ["answered", "closed", "waiting", "snoozed"]) == "2 of 4 answered or closed"
    further = replace(draft, request=replace(Request.from_json(draft.request), further=True).to_json())
    assert deciding.stale(further, ["answered", "waiting"]) is None
    assert deciding.stale(further, ["answered", "gone"]) == "1 of 2 deleted"


def test_a_yes_to_all_that_comes_as_one_is_closed_is_refused(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    draft = drafted(stage, "c1", "c2", include_new=True)
    shown = approving.consider(stage.desk(), draft)
    close(stage, "c1")
    (refusal,) = approving.approve(stage.desk(), draft, shown=shown).refusals
    assert "they called us" in refusal.why
    assert stage.states("c2") == ["waiting"]


def test_what_somebody_answered_before_counts_as_done(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    draft = drafted(stage, "c1", "c2", include_new=True)
    stage.reply("c1", text=CALLBACK)
    close(stage, "c2")
    assert waiting(stage) == []
    with pytest.raises(UsageProblem, match="what it answers was answered or closed"):
        approving.find(stage.desk(), draft.id)


def test_reopening_does_not_bring_it_back_but_tells_its_writer(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    draft = drafted(stage, "c1")
    close(stage, "c1")
    assert stage.look(agent="tom").given_back == ()
    closing.reopen(stage.desk(), [stage.comment("c1").id], "a question after all")
    assert waiting(stage) == []
    (back,) = stage.look(agent="tom").given_back
    assert (back.id, back.decided_by) == (draft.id, "giulia")
    assert back.because == "what it answers was closed: they called us"
    with pytest.raises(UsageProblem, match="gave it back"):
        approving.find(stage.desk(), draft.id)
    again = drafted(stage, "c1")
    assert (waiting(stage), stage.look(agent="tom").given_back) == ([again.id], ())


def test_who_sleeps_comes_back_and_their_draft_waits_for_that(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    draft = drafted(stage, "c1")
    closing.snooze(stage.desk(), [stage.comment("c1").id], at(25, 9))
    assert waiting(stage) == [draft.id]
    assert approving.approve(stage.desk(), draft, shown=None).state == "approved"


def test_a_closing_that_is_refused_withdraws_nothing(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    draft = drafted(stage, "c1")
    stage.reply("c2", text=CALLBACK)
    with pytest.raises(UsageProblem, match="is queued"):
        close(stage, "c1", "c2")
    assert (waiting(stage), stage.states("c1")) == ([draft.id], ["waiting"])
    assert not [said for said in stage.said if "withdrawn" in said]


def test_a_yes_that_comes_at_the_same_moment_is_refused(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    draft = drafted(stage, "c1")
    shown = approving.consider(stage.desk(), draft)
    close(stage, "c1")
    (refusal,) = approving.approve(stage.desk(), draft, shown=shown).refusals
    assert "they called us" in refusal.why
    assert stage.reply_states() == ["rejected"]


def test_what_is_hidden_takes_its_draft_along_and_undoing_tells_its_writer(tmp_path: Path) -> None:
    stage = GuardedStage(tmp_path)
    stage.rules(HIDE_SPAM)
    stage.fetch(comment("c1", SPAM))
    draft = drafted(stage, "c1")
    (done,) = stage.moderate().done
    assert waiting(stage) == []
    assert actions(stage, draft)[-1] == ("draft-withdrawn", "dario")
    undoing.undo(stage.desk(), done.id, "a joke", by_hand=False)
    (back,) = stage.look(agent="tom").given_back
    assert back.because == "what it answers was closed: hidden, spam"
    stage.store.close()
