"""A trainee's reply waits for somebody else, reserves nothing and is checked again (DESIGN §4.5, R3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from caretool.desk import approving
from caretool.desk.replying import Outcome
from caretool.domain.draft import Draft
from caretool.errors import NotFound, UsageProblem
from tests.desk.stage import CALLBACK, PICKUP, Stage, at, comment, with_kind


def _drafted(stage: Stage, *native_ids: str, text: str = CALLBACK) -> Draft:
    outcome = stage.reply(*(native_ids or ("c1",)), text=text, agent="tom", mode="each")
    assert outcome.state == "awaiting"
    return approving.find(stage.desk(), outcome.replies[0].draft)


def _approve(stage: Stage, draft: Draft, agent: str = "giulia") -> Outcome:
    return approving.approve(stage.desk(agent), draft, shown=None)


def test_a_trainees_reply_waits_and_nothing_leaves_nothing_is_promised(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    _drafted(stage)
    assert (stage.reply_states(), stage.promise_states(), stage.states("c1")) == (["awaiting"], [], ["waiting"])
    assert stage.send().posted == []


def test_what_was_approved_leaves_under_the_trainees_name(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    draft = _drafted(stage)
    assert _approve(stage, draft).state == "approved"
    stage.send()
    assert "sono Tom" in stage.page.wall[0].text
    assert (stage.reply_states(), stage.promise_states(), stage.states("c1")) == (["posted"], ["running"], ["answered"])
    assert stage.store.journal.about([draft.id])[0].agent == "tom"


def test_a_draft_reserves_no_room_and_is_checked_again(stage: Stage) -> None:
    stage.settings = with_kind(stage.settings, "pickup", per_day=1)
    stage.fetch(comment("c1"), comment("c2"))
    draft = _drafted(
        stage, text="{{ person.name }}, sono Tom, mi scuso: il corriere passa mercoledì 25 novembre alle 18:00."
    )
    given = (("pickup", at(25, 18).isoformat()),)
    assert stage.reply("c2", text=PICKUP, promises=given).state == "approved"
    outcome = _approve(stage, draft)
    assert [refusal.check for refusal in outcome.refusals] == ["no-room"]
    assert (stage.reply_states().count("awaiting"), stage.states("c1")) == (1, ["waiting"])


def test_the_times_of_a_draft_are_fixed_when_it_is_approved(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    draft = _drafted(stage)
    stage.clock.says(25, 9)
    outcome = _approve(stage, draft)
    assert outcome.promises[0].due_at == at(26, 18)
    assert "giovedì 26 novembre" in outcome.replies[0].text


def test_a_draft_that_reads_differently_now_is_shown_again_first(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    draft = _drafted(stage)
    shown = approving.consider(stage.desk(), draft)
    stage.clock.says(25, 9)
    assert approving.approve(stage.desk(), draft, shown=shown).state is None
    assert stage.reply_states() == ["awaiting"]


def test_a_comment_answered_meanwhile_is_not_answered_again(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    first, second = _drafted(stage), _drafted(stage)
    assert _approve(stage, first).state == "approved"
    assert [refusal.check for refusal in _approve(stage, second).refusals] == ["already-answered"]


def test_a_comment_deleted_meanwhile_is_seen_before_the_approval(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    draft = _drafted(stage, "c1", "c2")
    stage.page.deleted = {"c1"}
    approving.consider(stage.desk("giulia"), draft)
    assert stage.states("c1") == ["gone"]
    outcome = _approve(stage, draft)
    assert [refusal.check for refusal in outcome.refusals] == ["already-answered"]
    assert stage.states("c2") == ["waiting"]


def test_a_rejected_draft_is_never_sent_and_its_comment_waits(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    draft = _drafted(stage)
    approving.reject(stage.desk("giulia"), draft, "too cold")
    assert (stage.reply_states(), stage.states("c1")) == (["rejected"], ["waiting"])
    assert stage.send().posted == []
    found = stage.store.replies.draft(draft.id)
    assert found is not None
    assert (found.state, found.because, found.decided_by) == ("rejected", "too cold", "giulia")


def test_a_draft_is_decided_once(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    draft = _drafted(stage)
    approving.reject(stage.desk("giulia"), draft, "no")
    with pytest.raises(UsageProblem, match="meanwhile"):
        _approve(stage, draft)
    with pytest.raises(UsageProblem, match="meanwhile"):
        approving.reject(stage.desk(), draft, "no")
    with pytest.raises(UsageProblem, match="does not wait"):
        approving.find(stage.desk(), draft.id)
    assert stage.reply_states() == ["rejected"]


def test_nobody_decides_on_their_own_draft_and_no_trainee_on_any(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    draft = _drafted(stage)
    for decide in (lambda: _approve(stage, draft, "tom"), lambda: approving.reject(stage.desk("tom"), draft, "x")):
        with pytest.raises(UsageProblem, match="other than its writer"):
            decide()


def test_who_is_no_trainee_any_more_still_does_not_decide_on_their_own_draft(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    draft = _drafted(stage)
    agents = dict(stage.settings.agents)
    agents["tom"] = replace(agents["tom"], role="manager")
    stage.settings = replace(stage.settings, agents=agents)
    with pytest.raises(UsageProblem, match="other than its writer"):
        _approve(stage, draft, "tom")


def test_what_became_a_matter_for_the_manager_meanwhile_is_not_approved_by_an_agent(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    draft = _drafted(stage)
    stage.fetch(comment("c1", "Il pacco è arrivato e mi sono ustionata"))
    with pytest.raises(UsageProblem, match="only a manager"):
        _approve(stage, draft)
    assert [refusal.check for refusal in _approve(stage, draft, "dario").refusals] == ["group-changed"]


def test_a_draft_is_found_by_its_reply_and_by_its_group(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    stage.look(agent="tom")
    group = stage.group_of("c1")
    outcome = stage.reply(groups=[group], text=CALLBACK, agent="tom")
    for typed in (outcome.replies[0].id, group, outcome.replies[0].draft):
        assert approving.find(stage.desk(), typed or "").id == outcome.replies[0].draft
    stage.reply(groups=[group], text=CALLBACK, agent="tom")
    with pytest.raises(NotFound, match="Several drafts"):
        approving.find(stage.desk(), group)


def test_who_joined_the_group_since_is_not_part_of_the_draft(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    stage.look(agent="tom")
    outcome = stage.reply(groups=[stage.group_of("c1")], text=CALLBACK, agent="tom")
    stage.fetch(comment("c2"))
    _approve(stage, approving.find(stage.desk(), outcome.replies[0].draft))
    assert stage.states("c1", "c2") == ["queued", "waiting"]
