"""Two pairs of eyes: what the policy, the template or the writer asks to wait for somebody else's yes (R3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from caretool.desk import approving, seconding
from caretool.desk.replying import Outcome
from caretool.domain.approval import ApprovalRule, ApprovalWhen
from caretool.domain.draft import Draft
from caretool.domain.roles import Role
from caretool.errors import UsageProblem
from tests.desk.stage import CALLBACK, PICKUP, Stage, at, comment


def rule(stage: Stage, name: str, by: Role = "agent", **when: Any) -> None:
    """One more approval rule."""
    rules = (*stage.settings.policy.approvals, ApprovalRule(name, ApprovalWhen(**when), by))
    stage.settings = replace(stage.settings, policy=replace(stage.settings.policy, approvals=rules))


def reserve(stage: Stage, template: str) -> None:
    """Let a template be the manager's."""
    templates = dict(stage.settings.templates)
    templates[template] = replace(templates[template], reserved=True)
    stage.settings = replace(stage.settings, templates=templates)


def _draft(stage: Stage, outcome: Outcome) -> Draft:
    assert outcome.state == "awaiting", outcome.refusals
    return approving.find(stage.desk(), outcome.replies[0].draft)


def test_what_a_rule_matches_waits_whoever_wrote_it(stage: Stage) -> None:
    rule(stage, "collections", promise=("pickup",))
    stage.fetch(comment("c1"), comment("c2"))
    waits = stage.reply("c1", text=PICKUP)
    assert (waits.state, stage.promise_states(), stage.states("c1")) == ("awaiting", [], ["waiting"])
    assert waits.awaited is not None
    assert waits.awaited.why == ("rule collections: promise pickup",)
    assert waits.awaited.who == ("giulia",)
    assert stage.reply("c2", text=CALLBACK).state == "approved"
    assert stage.send().posted[0].to == ("c2",)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (f"{CALLBACK} Il corriere passa entro venerdì.", {"not_a_promise": ("Il corriere passa entro venerdì",)}),
        (
            "Buongiorno {{ person.name }}, sono Dario, mi scuso: il corriere passa venerdì 27 novembre alle 18:00.",
            {"promises": (("callback", at(27, 18).isoformat()),)},
        ),
        (f"{CALLBACK} Se mi manda il numero, il corriere passa entro venerdì.", {}),
    ],
    ids=["said to be none", "given another name", "on a condition"],
)
def test_a_rule_looks_at_the_words_whatever_their_writer_says_of_them(
    stage: Stage, text: str, asked: dict[str, Any]
) -> None:
    rule(stage, "collections", promise=("pickup",))
    stage.fetch(comment("c1"))
    waits = stage.reply("c1", text=text, **asked)
    assert waits.refusals == ()
    assert "pickup" not in [one.kind for one in waits.composed.promises]
    assert waits.awaited is not None
    assert waits.awaited.why == ("rule collections: promise pickup",)


def test_the_writer_never_says_the_second_yes_whatever_their_role(stage: Stage) -> None:
    rule(stage, "collections", promise=("pickup",))
    stage.fetch(comment("c1"))
    draft = _draft(stage, stage.reply("c1", text=PICKUP))
    with pytest.raises(UsageProblem, match=r"other than its writer \(giulia\): rule collections"):
        approving.approve(stage.desk("dario"), draft, shown=None)
    assert approving.approve(stage.desk("giulia"), draft, shown=None).state == "approved"
    assert stage.promise_states() == ["logged"]


def test_where_a_rule_asks_for_a_manager_an_agent_decides_nothing(stage: Stage) -> None:
    rule(stage, "collections", "manager", promise=("pickup",))
    stage.fetch(comment("c1"))
    draft = _draft(stage, stage.reply("c1", text=PICKUP, agent="tom"))
    assert (draft.by, draft.why) == ("manager", ("tom is a trainee", "rule collections: promise pickup"))
    for decide in (
        lambda: approving.consider(stage.desk("giulia"), draft),
        lambda: approving.approve(stage.desk("giulia"), draft, shown=None),
        lambda: approving.reject(stage.desk("giulia"), draft, "no"),
    ):
        with pytest.raises(
            UsageProblem, match=r"it takes only a manager other than its writer \(dario\)|takes a manager"
        ):
            decide()
    assert [one.yours for one in approving.waiting(stage.desk("giulia"))] == [False]
    assert approving.approve(stage.desk("dario"), draft, shown=None).state == "approved"


def test_the_rules_are_those_of_the_moment_of_the_yes(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    draft = _draft(stage, stage.reply("c1", text=PICKUP, agent="tom"))
    assert draft.by == "agent"
    rule(stage, "collections", "manager", promise=("pickup",))
    with pytest.raises(UsageProblem, match="rule collections"):
        approving.approve(stage.desk("giulia"), draft, shown=None)
    stage.settings = replace(stage.settings, policy=replace(stage.settings.policy, approvals=()))
    assert approving.approve(stage.desk("giulia"), draft, shown=None).state == "approved"


def test_people_are_counted_over_the_whole_decision(stage: Stage) -> None:
    rule(stage, "crowds", people_from=3)
    stage.fetch(*(comment(f"c{n}") for n in range(1, 6)))
    assert stage.reply("c1", "c2", text=CALLBACK, mode="each").state == "approved"
    waits = stage.reply("c3", "c4", "c5", text=CALLBACK, mode="each")
    assert (waits.state, len(waits.replies)) == ("awaiting", 3)


def test_what_must_wait_cannot_have_been_posted_by_hand(stage: Stage) -> None:
    rule(stage, "collections", promise=("pickup",))
    stage.fetch(comment("c1"))
    with pytest.raises(UsageProblem, match=r"waits for approval \(rule collections: promise pickup\).*by hand"):
        stage.reply("c1", text=PICKUP, by_hand="https://x.example/1")
    assert (stage.reply_states(), stage.promise_states(), stage.states("c1")) == ([], [], ["waiting"])


def test_anybody_may_ask_for_a_second_pair_of_eyes(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    waits = stage.reply("c1", text=CALLBACK, agent="giulia", draft=True)
    assert waits.awaited is not None
    assert (waits.awaited.by, waits.awaited.why) == ("agent", ("giulia asks for a second pair of eyes",))
    assert approving.approve(stage.desk(), _draft(stage, waits), shown=None).state == "approved"


def test_a_yes_that_nobody_could_give_is_not_waited_for(stage: Stage) -> None:
    stage.settings = replace(stage.settings, agents={"dario": stage.settings.agents["dario"]})
    stage.fetch(comment("c1"))
    with pytest.raises(UsageProblem, match="nobody but dario could give it"):
        stage.reply("c1", text=CALLBACK, draft=True)
    assert stage.rows("SELECT count(*) FROM draft") == [(0,)]


def test_a_reserved_template_names_who_may_and_can_be_left_for_them(stage: Stage) -> None:
    reserve(stage, "praise")
    stage.fetch(comment("c1", "bellissimo, lo adoro"))
    with pytest.raises(UsageProblem, match=r"only a manager uses it \(dario\).*--draft"):
        stage.reply("c1", text=None, template="praise", agent="giulia")
    draft = _draft(stage, stage.reply("c1", text=None, template="praise", agent="giulia", draft=True))
    assert (draft.by, draft.why[1]) == ("manager", "template praise is the manager's")
    assert approving.approve(stage.desk(), draft, shown=None).state == "approved"
    stage.send()
    assert "da Giulia" in stage.page.wall[0].text


def test_a_draft_for_the_manager_gives_another_agent_no_right_to_it(stage: Stage) -> None:
    agents = dict(stage.settings.agents)
    agents["anna"] = replace(agents["giulia"], id="anna", name="Anna")
    stage.settings = replace(stage.settings, agents=agents)
    stage.fetch(comment("c1", "mi sono ustionata con la lampada"))
    draft = _draft(stage, stage.reply("c1", text=CALLBACK, agent="giulia", draft=True))
    assert draft.by == "manager"
    with pytest.raises(UsageProblem, match="manager"):
        approving.approve(stage.desk("anna"), draft, shown=None)
    assert approving.approve(stage.desk(), draft, shown=None).state == "approved"


def test_the_inbox_says_that_a_suggestion_is_the_managers(stage: Stage) -> None:
    reserve(stage, "praise")
    stage.fetch(comment("c1", "bellissimo, lo adoro"))
    (listed,) = stage.look(agent="giulia").groups
    assert listed.group.suggestion is not None
    assert listed.group.suggestion.reserved
    assert not listed.group.suggestion.sure
    assert "praise: manager only" in listed.why


def test_what_was_rejected_comes_back_to_its_writer_until_they_write_anew(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    draft = _draft(stage, stage.reply("c1", text=CALLBACK, agent="tom"))
    approving.reject(stage.desk("giulia"), draft, "too cold")
    (back,) = stage.look(agent="tom").given_back
    assert (back.id, back.decided_by, back.because) == (draft.id, "giulia", "too cold")
    assert stage.look(agent="giulia").given_back == ()
    stage.reply("c2", text=CALLBACK, agent="tom")
    assert len(stage.look(agent="tom").given_back) == 1
    stage.reply("c1", text=CALLBACK, agent="tom")
    assert stage.look(agent="tom").given_back == ()


def test_what_was_rejected_comes_back_no_longer_once_somebody_has_answered(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    draft = _draft(stage, stage.reply("c1", text=CALLBACK, agent="tom"))
    approving.reject(stage.desk("giulia"), draft, "too cold")
    stage.reply("c1", text=CALLBACK)
    assert stage.look(agent="tom").given_back == ()


def test_what_would_wait_is_known_before_anything_is_written(stage: Stage) -> None:
    rule(stage, "collections", promise=("pickup",))
    stage.fetch(comment("c1"))
    from caretool.desk import replying

    request = stage.ask("c1", text=PICKUP)
    composed = replying.consider(stage.desk(), request)
    waits = seconding.expected(stage.desk(), request, composed, None)
    assert waits is not None
    assert waits.who == ("giulia",)
    assert stage.rows("SELECT count(*) FROM draft") == [(0,)]
