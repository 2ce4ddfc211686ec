"""A draft that waits for a yes is withdrawn once somebody has closed what it answers (R3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from caretool.desk import approving, closing, undoing
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


def test_one_that_still_answers_somebody_stays_with_its_refusal(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    draft = drafted(stage, "c1", "c2", include_new=True)
    close(stage, "c1")
    assert waiting(stage) == [draft.id]
    (refusal,) = approving.consider(stage.desk(), draft).refusals
    assert "they called us" in refusal.why
    close(stage, "c2")
    assert waiting(stage) == []


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
