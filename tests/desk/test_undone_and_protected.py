"""What somebody has undone, and what is a complaint, is not put before whoever moderates as if it were to be done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from caretool.desk import auditing, moderating, proposing, triaging
from caretool.domain.policy import Action, ModerationRule, When
from caretool.errors import Protected
from tests.desk.guarded import ABUSE, EXPOSED, FLOOD, HIDE_EXPOSED, HIDE_SPAM, SPAM, GuardedStage
from tests.desk.stage import LATE, comment

BAN_SPAM = ModerationRule("ban", When(kind=("spam",)), "ban")
ASK = ModerationRule("look", When(), "ask")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[GuardedStage]:
    stage = GuardedStage(tmp_path)
    stage.rules(HIDE_SPAM)
    yield stage
    assert stage.troubles() == []
    stage.store.close()


@pytest.mark.parametrize("action", ["ban", "delete", "mute", "report", "ask"])
def test_what_was_undone_is_not_proposed_again_by_another_rule(stage: GuardedStage, action: Action) -> None:
    stage.fetch(comment("c1", SPAM))
    (done,) = stage.moderate().done
    stage.undo(done.id)
    stage.rules(ModerationRule("another", When(kind=("spam",)), action))
    assert stage.propose().proposals == ()
    assert proposing.count(stage.desk()) == 0
    assert stage.propose(groups=(stage.group_of("c1"),)).ready == ()
    assert stage.propose(groups=(done.person,)).ready == ()


def test_by_its_own_id_it_is_told_who_has_undone_it(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", SPAM))
    (done,) = stage.moderate().done
    stage.undo(done.id, agent="giulia")
    stage.rules(BAN_SPAM)
    (proposal,) = stage.propose("c1").proposals
    assert (proposal.standing, proposal.action) == ("ready", "ban")
    assert proposal.undone is not None
    assert (proposal.undone.id, proposal.undone.undone_by) == (done.id, "giulia")


def test_what_was_done_again_after_an_undo_and_lost_its_answer_is_brought_to_its_end(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", SPAM))
    stage.undo(stage.moderate().done[0].id)
    stage.page.next_actions = ["lost before"]
    (again,) = stage.moderate("c1").unsure
    assert [one.id for one in stage.moderate().done] == [again.id]


def test_nobody_is_asked_to_decide_about_a_complaint(stage: GuardedStage) -> None:
    stage.rules(ASK)
    stage.fetch(comment("c1", LATE), comment("c2", SPAM), comment("c3", FLOOD))
    triaging.correct(stage.desk(), [stage.comment("c3").id], {"kind": "complaint"})
    plan = stage.propose()
    assert [one.comment.native_id for one in plan.proposals] == ["c2"]
    assert plan.protected == 2
    assert proposing.count(stage.desk()) == 1
    (named,) = stage.propose("c1").proposals
    assert (named.standing, "a complaint is never silenced" in named.decision.why[0]) == ("leave", True)


def test_a_person_decides_about_a_complaint_that_shows_personal_data(stage: GuardedStage) -> None:
    stage.rules(ASK)
    stage.fetch(comment("c1", EXPOSED))
    (proposal,) = stage.propose().proposals
    assert (proposal.standing, stage.propose().protected) == ("decide", 0)
    assert "--action hide" in proposal.told


def test_what_a_rule_that_asks_advises_is_not_refused(stage: GuardedStage) -> None:
    stage.rules(ASK)
    stage.fetch(comment("c1", "Che bella giornata"), comment("c2", ABUSE))
    told = {one.comment.native_id: one.told for one in stage.propose().proposals}
    assert "--action hide --because …" in told["c2"]
    assert "caretool triage" in told["c1"]


def test_protected_comments_are_counted_once_whatever_the_rule(stage: GuardedStage) -> None:
    stage.rules(HIDE_EXPOSED, ModerationRule("copies", When(same_message_profiles=2, by="several"), "delete"), ASK)
    stage.fetch_both([comment("c1", LATE)], [comment("f1", LATE)])
    plan = stage.propose()
    assert (plan.proposals, plan.protected) == ((), 2)


def test_what_r1_refuses_is_a_refusal_and_no_slip_of_the_keyboard(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", LATE))
    with pytest.raises(Protected) as refused:
        stage.propose("c1", action="ban", ground="abuse", because="rude")
    assert refused.value.exit_code == 5


def test_lifting_a_complaints_protection_is_in_the_log(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", LATE), comment("c2", SPAM))
    ids = [stage.comment(one).id for one in ("c1", "c2")]
    triaging.correct(stage.desk(), ids, {"kind": "spam"})
    triaging.correct(stage.desk(), ids[:1], {"tone": "angry"})
    codes = [dict(line.codes) for line in stage.store.journal.about(ids) if line.action == "triage-corrected"]
    assert sorted(codes, key=str) == sorted(
        [{"kind": "spam", "kind-was": "complaint"}, {"kind": "spam"}, {"tone": "angry"}], key=str
    )


def test_the_audit_shows_who_had_lifted_the_protection_of_what_was_moderated(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", LATE), comment("c2", "Vergogna, è arrivato rotto"), comment("c3", SPAM))
    first, second = stage.comment("c1").id, stage.comment("c2").id
    triaging.correct(stage.desk("giulia"), [first, second], {"kind": "spam"})
    stage.clock.goes(minutes=5)
    outcome = stage.moderate("c1", "c3")
    assert len(outcome.done) == 2
    (lifted,) = auditing.look_over(stage.desk(), None, stage.clock()).lifted
    assert (lifted.comment, lifted.agent, lifted.kind) == (first, "giulia", "spam")
    assert lifted.moderation in {one.id for one in outcome.done}


def test_the_audit_names_the_copy_of_a_message_whose_protection_was_lifted(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", FLOOD), comment("c2", FLOOD, author="bruno"))
    first, second = stage.comment("c1").id, stage.comment("c2").id
    for kind in ("complaint", "spam"):
        triaging.correct(stage.desk(), [first], {"kind": kind})
    triaging.correct(stage.desk(), [second], {"kind": "spam"})
    stage.moderate("c2")
    assert [one.comment for one in auditing.look_over(stage.desk(), None, stage.clock()).lifted] == [first]


def test_a_correction_after_it_was_moderated_lifted_nothing(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", SPAM))
    stage.moderate()
    stage.clock.goes(minutes=5)
    for kind in ("complaint", "spam"):
        triaging.correct(stage.desk(), [stage.comment("c1").id], {"kind": kind})
    assert auditing.look_over(stage.desk(), None, stage.clock()).lifted == ()


def test_what_a_connector_hands_to_a_person_is_written_down_as_that(stage: GuardedStage) -> None:
    stage.page.hands_to = "page-actions.jsonl"
    stage.fetch(comment("c1", SPAM))
    (done,) = stage.moderate().done
    assert (done.state, done.handed_to) == ("done", "page-actions.jsonl")
    assert stage.undo(done.id).handed_to == "page-actions.jsonl"


def test_by_hand_nothing_is_handed_to_anybody(stage: GuardedStage) -> None:
    stage.page.hands_to = "page-actions.jsonl"
    stage.fetch(comment("c1", SPAM))
    asked = proposing.Asked(by_hand=True)
    plan = proposing.consider(stage.desk(), [stage.comment("c1").id], asked)
    (done,) = moderating.moderate(stage.desk(), plan.ready, asked).done
    assert done.handed_to is None
    assert stage.undo(done.id, by_hand=True).handed_to is None
