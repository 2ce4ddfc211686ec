from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from caretool.desk import forgetting, moderating, proposing, triaging
from caretool.desk.surroundings import around
from caretool.domain.duration import Duration
from caretool.domain.policy import ModerationRule, When
from caretool.errors import PlatformBusy, PlatformFailed, Protected, TokenRefused, UsageProblem
from tests.desk.guarded import ABUSE, EXPOSED, FLOOD, HIDE_EXPOSED, HIDE_SPAM, SPAM, GuardedStage
from tests.desk.stage import CALLBACK, LATE, MONDAY, comment


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[GuardedStage]:
    stage = GuardedStage(tmp_path)
    stage.rules(HIDE_EXPOSED, HIDE_SPAM)
    yield stage
    assert stage.troubles() == []
    stage.store.close()


def test_spam_is_hidden_and_leaves_its_group_with_its_evidence_kept(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", SPAM, url="https://page.example/1"), comment("c2"))
    outcome = stage.moderate()
    assert [stage.page.actions, outcome.exit_code] == [[("hide", "c1")], 0]
    assert stage.states("c1", "c2") == ["closed", "waiting"]
    (done,) = outcome.done
    assert (done.action, done.ground, done.rule, done.state, done.was) == ("hide", "spam", "links", "done", "waiting")
    assert done.evidence is not None
    assert (done.evidence.text, done.evidence.url) == (SPAM, "https://page.example/1")
    assert done.evidence.hash == hashlib.sha256(f"c1\n{SPAM}".encode()).hexdigest()
    assert stage.look().waiting == 1
    assert stage.moderate().done == []


def test_what_is_done_is_in_the_log_by_ids_and_codes(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", SPAM))
    (done,) = stage.moderate().done
    lines = stage.store.journal.about([done.id])
    assert [line.action for line in lines] == ["moderation-begun", "moderation-done"]
    assert dict(lines[0].codes) == {"action": "hide", "ground": "spam", "comment": done.comment}


def test_exposed_data_is_hidden_and_the_complaint_is_answered_all_the_same(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", EXPOSED))
    (done,) = stage.moderate().done
    assert (done.ground, done.was, stage.states("c1")) == ("personal-data", None, ["waiting"])
    assert stage.propose().proposals == ()
    for action in ("delete", "mute", "ban"):
        for ground in ("personal-data", "spam", "abuse", "repeated"):
            with pytest.raises(Protected, match="Nothing was done"):
                stage.propose("c1", action=action, ground=ground, because="x")


def test_a_correction_to_a_complaint_protects_and_one_to_spam_is_a_ground(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", SPAM), comment("c2", "Che bella giornata"))
    first, second = stage.comment("c1").id, stage.comment("c2").id
    triaging.correct(stage.desk(), [first], {"kind": "complaint"})
    triaging.correct(stage.desk(), [second], {"kind": "spam"})
    assert [done.comment for done in stage.moderate().done] == [second]
    with pytest.raises(Protected, match="a complaint is never silenced"):
        stage.propose("c1", action="ban", ground="spam", because="x")


def test_what_became_a_complaint_between_the_question_and_the_yes_is_left(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", SPAM), comment("c2", SPAM + " subito"))
    plan = stage.propose()
    triaging.correct(stage.desk(), [stage.comment("c1").id], {"kind": "complaint"})
    outcome = moderating.moderate(stage.desk(), plan.ready, proposing.Asked())
    assert stage.page.actions == []
    assert [proposal.comment.native_id for proposal in outcome.left] == ["c1", "c2"]


def test_what_was_edited_there_into_a_complaint_is_left(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", SPAM))
    stage.page.edited["c1"] = comment("c1", LATE)
    outcome = stage.moderate()
    assert [outcome.exit_code, stage.page.actions, stage.done()] == [1, [], []]
    assert "not what it was" in str(outcome.problems[0])


def test_what_was_deleted_there_is_left(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", SPAM))
    stage.page.deleted.add("c1")
    assert stage.moderate().done == []
    assert [stage.page.actions, stage.states("c1")] == [[], ["gone"]]


def test_the_same_complaint_by_many_customers_is_no_flood(stage: GuardedStage) -> None:
    stage.rules(ModerationRule("flood", When(same_message_profiles=2, by="several"), "delete"))
    stage.fetch_both(
        [comment("c1", FLOOD), comment("c2", FLOOD + "!")], [comment("f1", FLOOD), comment("f2", FLOOD + " sempre")]
    )
    assert stage.would() == [("delete", "ready")] * 2 + [("delete", "unable")] * 2
    triaging.correct(stage.desk(), [stage.comment("f2").id], {"kind": "complaint"})
    assert stage.propose().proposals == ()
    assert "is a complaint in" in stage.propose("c1").proposals[0].decision.why[0]


def test_a_complaint_of_long_ago_protects_what_says_nearly_the_same(stage: GuardedStage) -> None:
    stage.rules(ModerationRule("flood", When(same_message_profiles=2, by="several"), "hide"))
    stage.fetch(comment("old", FLOOD + " davvero", written_at=MONDAY - timedelta(days=3)))
    triaging.correct(stage.desk(), [stage.comment("old").id], {"kind": "complaint"})
    stage.clock.goes(days=90)
    now = stage.clock()
    stage.fetch_both([comment("c1", FLOOD, written_at=now)], [comment("f1", FLOOD, written_at=now)])
    assert stage.propose().proposals == ()


def test_one_author_on_several_profiles_within_a_window(stage: GuardedStage) -> None:
    day = When(same_message_profiles=2, within=Duration(24, "hours"))
    stage.rules(ModerationRule("flood", day, "hide"))
    early = MONDAY - timedelta(hours=30)
    stage.fetch_both(
        [comment("c1", FLOOD, author="anna"), comment("c2", FLOOD + " ciao", author="bruno", written_at=early)],
        [comment("f1", FLOOD + " ok", author="anna"), comment("f2", FLOOD, author="bruno")],
    )
    assert sorted(one.comment.native_id for one in stage.propose().proposals) == ["c1", "f1"]


def test_two_pictures_without_a_word_are_no_copies(stage: GuardedStage) -> None:
    stage.rules(ModerationRule("flood", When(same_message_profiles=2), "hide"))
    stage.fetch_both([comment("c1", "", author="anna")], [comment("f1", "", author="anna")])
    assert stage.propose().proposals == ()


def test_an_authors_history_counts_what_holds_and_what_was_no_protection(stage: GuardedStage) -> None:
    stage.rules(HIDE_EXPOSED, ModerationRule("again", When(kind=("spam",), removed_before=1), "ban"), HIDE_SPAM)
    stage.fetch(comment("c0", EXPOSED, author="anna"), comment("c1", SPAM, author="anna"))
    assert sorted(done.action for done in stage.moderate().done) == ["hide", "hide"]
    stage.fetch(comment("c2", SPAM + " ora", author="anna"))
    assert stage.would() == [("ban", "ready")]
    stage.undo(stage.comment("c1").id)
    assert stage.would("c2") == [("hide", "ready")]


def test_the_first_comment_of_somebody_new(stage: GuardedStage) -> None:
    stage.rules(ModerationRule("newcomers", When(kind=("spam",), first_comment=True), "delete"))
    stage.fetch(comment("c1", SPAM, author="anna"), comment("c2", SPAM + " ora", author="bruno"))
    stage.fetch(comment("c3", "ciao", author="bruno"))
    assert [one.comment.native_id for one in stage.propose().proposals] == ["c1"]


def test_what_the_platform_cannot_do_makes_no_row_and_is_recorded_by_hand(stage: GuardedStage) -> None:
    stage.fetch_both([], [comment("f1", SPAM)])
    (proposal,) = stage.propose().proposals
    assert proposal.standing == "unable"
    assert "--by-hand" in proposal.told
    assert stage.done() == []
    (done,) = stage.moderate("f1", by_hand=True).done
    assert (done.by_hand, done.state, stage.states("f1")) == (True, "done", ["closed"])


def test_only_a_manager_bans_and_a_trainee_silences_nobody(stage: GuardedStage) -> None:
    stage.rules(ModerationRule("ban", When(kind=("abuse",)), "ban"), HIDE_SPAM)
    stage.fetch(comment("c1", ABUSE), comment("c2", SPAM))
    assert stage.would("c1", "c2", agent="giulia") == [("ban", "forbidden"), ("hide", "ready")]
    assert stage.would("c1", "c2", agent="tom") == [("ban", "forbidden"), ("hide", "forbidden")]
    assert stage.would("c1", "c2") == [("ban", "ready"), ("hide", "ready")]


def test_a_person_asks_only_on_grounds_that_hold(stage: GuardedStage) -> None:
    stage.rules()
    stage.fetch(comment("c1", "Che bella giornata"), comment("c2", ABUSE))
    with pytest.raises(Protected, match=r"caretool triage c\w+ --kind spam"):
        stage.propose("c1", action="hide", ground="spam", because="x")
    with pytest.raises(Protected, match="it has no ground"):
        stage.propose("c1", action="hide", because="x")
    (done,) = stage.moderate("c2", action="mute", because="again and again").done
    assert (done.ground, done.rule, done.because) == ("abuse", None, "again and again")


def test_who_is_muted_is_not_muted_again(stage: GuardedStage) -> None:
    stage.rules(ModerationRule("mute", When(kind=("abuse",)), "mute"))
    stage.fetch(comment("c1", ABUSE, author="anna"))
    stage.moderate()
    stage.fetch(comment("c2", ABUSE, author="anna"))
    assert stage.propose().proposals == ()
    assert stage.page.actions == [("mute", "anna")]


def test_a_comment_with_a_reply_on_its_way_is_left(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", SPAM))
    stage.reply("c1")
    assert stage.would("c1") == [("hide", "leave")]


def test_what_a_person_has_undone_is_done_again_only_by_its_id(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", SPAM))
    (done,) = stage.moderate().done
    undone = stage.undo(done.id)
    assert [one.state for one in undone.moderations] == ["undone"]
    assert [stage.page.actions[-1], stage.states("c1")] == [("unhide", "c1"), ["waiting"]]
    assert stage.propose().proposals == ()
    assert [one.state for one in stage.moderate("c1").done] == ["done"]


def test_undoing_a_ban_lets_the_person_in_once_for_all_it_was_for(stage: GuardedStage) -> None:
    stage.rules(ModerationRule("ban", When(kind=("abuse",)), "ban"))
    stage.fetch(comment("c1", ABUSE, author="anna"), comment("c2", ABUSE + " sul serio", author="anna"))
    stage.moderate()
    undone = stage.undo(stage.comment("c1").id)
    assert len(undone.moderations) == 2
    assert [stage.states("c1", "c2"), stage.page.actions.count(("unban", "anna"))] == [["waiting", "waiting"], 1]


def test_who_was_forgotten_is_let_in_again_by_hand(stage: GuardedStage) -> None:
    stage.rules(ModerationRule("ban", When(kind=("abuse",)), "ban"))
    stage.fetch(comment("c1", ABUSE, author="anna"))
    (done,) = stage.moderate().done
    desk = stage.desk()
    forgetting.forget(desk, forgetting.consider(desk, desk.store.persons.by_ids([done.person])[0]))
    with pytest.raises(UsageProblem, match="forgotten"):
        stage.undo(done.id)
    assert ("unban", "anna") not in stage.page.actions
    assert stage.undo(done.id, by_hand=True).moderations[0].state == "undone"


def test_what_has_no_way_back_says_so(stage: GuardedStage) -> None:
    stage.rules(
        ModerationRule("gone", When(kind=("spam",)), "delete"), ModerationRule("r", When(kind=("abuse",)), "report")
    )
    stage.fetch(comment("c1", SPAM), comment("c2", ABUSE))
    for done in stage.moderate().done:
        with pytest.raises(UsageProblem, match="there is no way back"):
            stage.undo(done.id)
    assert stage.states("c1", "c2") == ["closed", "waiting"]


def test_what_was_done_by_hand_is_undone_by_hand(stage: GuardedStage) -> None:
    stage.fetch_both([], [comment("f1", SPAM)])
    (done,) = stage.moderate("f1", by_hand=True).done
    with pytest.raises(UsageProblem, match="--by-hand"):
        stage.undo(done.id)
    assert stage.undo(done.id, by_hand=True).comments[0].state == "waiting"


@pytest.mark.parametrize("trouble", [PlatformFailed("no"), PlatformBusy("later", 30.0), TokenRefused("token")])
def test_what_the_platform_refuses_failed_and_is_tried_again(stage: GuardedStage, trouble: Exception) -> None:
    stage.fetch(comment("c1", SPAM), comment("c2", SPAM + " ora"))
    stage.page.next_actions = [trouble]
    outcome = stage.moderate()
    assert len(outcome.failed) == 1
    assert outcome.exit_code == (
        6 if isinstance(trouble, PlatformFailed) else 4 if isinstance(trouble, TokenRefused) else 1
    )
    assert len(stage.moderate().done) + len(outcome.done) == 2
    assert stage.states("c1", "c2") == ["closed", "closed"]


@pytest.mark.parametrize("trouble", ["lost before", "lost after", RuntimeError("a bug")])
def test_a_lost_answer_is_unsure_and_done_again_with_the_same_key(
    stage: GuardedStage, trouble: str | Exception
) -> None:
    stage.fetch(comment("c1", SPAM))
    stage.page.next_actions = [trouble]
    outcome = stage.moderate()
    assert [one.state for one in outcome.unsure] == ["unsure"]
    assert [outcome.exit_code, stage.states("c1")] == [1, ["waiting"]]
    assert [one.state for one in stage.moderate().done] == ["done"]
    assert len(set(stage.page.keys)) == len(stage.done()) == 1


@pytest.mark.parametrize("trouble", ["dies before", "dies after", "lost before", "lost after"])
def test_a_report_is_never_repeated_by_itself(stage: GuardedStage, trouble: str) -> None:
    stage.rules(ModerationRule("r", When(kind=("spam",)), "report"))
    stage.fetch(comment("c1", SPAM))
    stage.page.next_actions = [trouble]
    with suppress(KeyboardInterrupt):
        stage.moderate()
    reported = len(stage.page.actions)
    for ids in ((), ("c1",), ()):
        outcome = stage.moderate(*ids)
        assert [len(outcome.unsure), outcome.exit_code, len(stage.page.actions)] == [1, 1, reported]
    (row,) = stage.done()
    plan = proposing.consider(stage.desk(), [row.id], proposing.Asked(by_hand=True))
    assert moderating.moderate(stage.desk(), plan.ready, proposing.Asked(by_hand=True)).done[0].state == "done"
    assert len(stage.page.actions) == reported


def test_a_report_is_repeated_by_its_own_id(stage: GuardedStage) -> None:
    stage.rules(ModerationRule("r", When(kind=("spam",)), "report"))
    stage.fetch(comment("c1", SPAM))
    stage.page.next_actions = ["lost before"]
    (row,) = stage.moderate().unsure
    plan = proposing.consider(stage.desk(), [row.id], proposing.Asked())
    assert moderating.moderate(stage.desk(), plan.ready, proposing.Asked()).done[0].id == row.id
    assert stage.page.actions == [("report", "c1")]


def test_what_was_begun_about_what_is_a_complaint_by_now_is_not_done_again(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", SPAM))
    stage.page.next_actions = ["lost before"]
    stage.moderate()
    triaging.correct(stage.desk(), [stage.comment("c1").id], {"kind": "complaint"})
    (proposal,) = stage.propose().proposals
    assert proposal.standing == "settle"
    assert "caretool undo" in proposal.told
    stage.moderate()
    assert stage.page.actions == []


def test_a_rule_that_asks_names_the_person_who_decides(stage: GuardedStage) -> None:
    stage.rules(ModerationRule("look", When(kind=("abuse",)), "ask"))
    stage.fetch(comment("c1", ABUSE))
    assert stage.would() == [("ask", "decide")]
    assert stage.would("c1", action="hide", because="x") == [("hide", "ready")]


def test_a_group_and_a_person_stand_for_their_comments(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", SPAM, author="anna"), comment("c2", SPAM + " ora", author="anna"), comment("c3", SPAM))
    group = stage.propose(groups=(stage.group_of("c1"),))
    assert [proposal.named for proposal in group.proposals] == [False] * 3
    person = stage.propose(groups=(stage.comment("c1").person,))
    assert [(one.comment.native_id, one.named) for one in person.proposals] == [("c1", False), ("c2", False)]


def test_what_is_known_of_a_person_is_there_for_the_question(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", LATE, author="anna"), comment("c2", ABUSE, author="anna"), comment("c3", author="anna"))
    stage.reply("c1", text=CALLBACK)
    stage.send()
    known = proposing.known_of(stage.desk(), stage.comment("c2"))
    assert (known.comments, known.complaints_ever, len(known.promises), known.silenced) == (3, 2, 1, 0)
    assert known.complaints == (stage.comment("c3").id,)


def test_a_quick_count_is_what_would_be_listed(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", SPAM), comment("c2", EXPOSED), comment("c3"), comment("c4", ABUSE))
    assert proposing.count(stage.desk()) == len(stage.propose().proposals) == 2
    stage.moderate()
    assert proposing.count(stage.desk()) == 0
    stage.rules()
    assert proposing.count(stage.desk()) == 0


def test_near_copies_are_found_across_fetches(stage: GuardedStage) -> None:
    stage.rules(ModerationRule("flood", When(same_message_profiles=2), "hide"))
    stage.fetch(comment("c1", FLOOD, author="anna"))
    stage.clock.goes(hours=1)
    stage.fetch_both([], [comment("f1", FLOOD.replace("nuova", "nuova!! davvero"), author="anna")])
    found = around(stage.desk(), [stage.comment("c1")])[stage.comment("c1").id]
    assert {copy.account for copy in found.copies} == {"page", "fediverse"}


def test_a_rule_that_would_not_have_loaded_does_not_apply(stage: GuardedStage) -> None:
    every = [ModerationRule(f"{action}", When(), action) for action in ("ban", "delete", "hide", "mute", "report")]
    stage.rules(*every)
    stage.fetch(comment("c1"), comment("c2", "Che bella giornata"))
    assert stage.propose().proposals == ()


def test_an_account_that_is_no_longer_in_the_settings_is_left_alone(stage: GuardedStage) -> None:
    stage.fetch(comment("c1", SPAM))
    stage.settings = replace(stage.settings, accounts={})
    assert stage.would() == [("hide", "unable")]


@pytest.mark.parametrize("corrected", ["c1", "c2"])
def test_what_becomes_a_complaint_at_the_very_moment_is_left(stage: GuardedStage, corrected: str) -> None:
    """Itself, or a copy of it, after it was looked at once more and before it is written down."""
    stage.fetch(comment("c1", SPAM), comment("c2", SPAM))
    plan = stage.propose("c1")
    desk = stage.desk()
    other = stage.comment(corrected).id

    def meanwhile(_: str) -> None:
        triaging.correct(stage.desk(), [other], {"kind": "complaint"})

    desk.progress = meanwhile
    outcome = moderating.moderate(desk, plan.ready, proposing.Asked())
    assert [outcome.exit_code, stage.page.actions, stage.done()] == [1, [], []]
    assert "this very moment" in str(outcome.problems[0])
