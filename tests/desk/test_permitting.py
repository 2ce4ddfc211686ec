"""Where an agent may work, and what a role may do there: every verb asks in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from caretool.desk import approving, claiming, closing, permitting, promising, retracting, settling, triaging
from caretool.domain.roles import RIGHTS, at_least
from caretool.errors import UsageProblem
from tests.desk.stage import CALLBACK, Stage, at, comment


def confine(stage: Stage, agent: str, *accounts: str) -> None:
    """Let an agent work on these accounts only."""
    agents = dict(stage.settings.agents)
    agents[agent] = replace(agents[agent], accounts=accounts)
    stage.settings = replace(stage.settings, agents=agents)


@pytest.mark.parametrize("what", RIGHTS)
def test_each_ability_is_refused_below_its_role_and_the_refusal_names_who_may(stage: Stage, what: Any) -> None:
    for agent in stage.settings.agents.values():
        if at_least(agent.role, RIGHTS[what].least):
            permitting.demand(stage.desk(agent.id), agent, what)
            continue
        with pytest.raises(UsageProblem) as refused:
            permitting.demand(stage.desk(agent.id), agent, what)
        assert RIGHTS[what].does in str(refused.value)
        assert "dario" in str(refused.value)


def _posted(stage: Stage) -> str:
    outcome = stage.reply("c1", text=CALLBACK)
    stage.send()
    return outcome.replies[0].id


def _unsure(stage: Stage) -> str:
    stage.page.next_posts = ["lost before"]
    return _posted(stage)


def _drafted(stage: Stage) -> Any:
    outcome = stage.reply("c1", text=CALLBACK, agent="tom")
    return approving.find(stage.desk(), outcome.replies[0].draft)


def _id(stage: Stage) -> str:
    return stage.comment("c1").id


def _promised(stage: Stage) -> str:
    _posted(stage)
    return stage.store.promises.open()[0].id


def _group(stage: Stage) -> str:
    return stage.group_of("c1")


# How each verb begins, and what the agent then tries.
VERBS: dict[str, tuple[Callable[[Stage], Any], Callable[[Any, Any], Any]]] = {
    "reply": (_id, lambda desk, _: _stage_of(desk).reply("c1", text=CALLBACK, agent=desk.agent_id)),
    "draft": (_id, lambda desk, _: _stage_of(desk).reply("c1", text=CALLBACK, agent=desk.agent_id, draft=True)),
    "by hand": (
        _id,
        lambda desk, _: _stage_of(desk).reply("c1", text=CALLBACK, agent=desk.agent_id, by_hand="https://x.example/1"),
    ),
    "approve": (_drafted, lambda desk, draft: approving.approve(desk, draft, shown=None)),
    "consider": (_drafted, lambda desk, draft: approving.consider(desk, draft)),
    "reject": (_drafted, lambda desk, draft: approving.reject(desk, draft, "no")),
    "retract": (_posted, lambda desk, reply: retracting.retract(desk, reply, "no", by_hand=True)),
    "settle": (_unsure, lambda desk, reply: settling.settle(desk, [reply], [], None)),
    "close": (_id, lambda desk, found: closing.close(desk, [found], "chatter")),
    "snooze": (_id, lambda desk, found: closing.snooze(desk, [found], at(24, 9))),
    "triage": (_id, lambda desk, found: triaging.correct(desk, [found], {"kind": "praise"})),
    "promise": (_id, lambda desk, found: promising.add(desk, "callback", found, at(24, 18), None)),
    "keep": (_promised, lambda desk, promise: promising.keep(desk, [promise], "called at nine")),
    "move": (_promised, lambda desk, promise: promising.move(desk, promise, at(25, 18), "strike", told=False)),
    "tell": (_promised, lambda desk, promise: promising.move(desk, promise, at(25, 18), "strike", told=True)),
    "break": (_promised, lambda desk, promise: promising.end(desk, [promise], "broken", "sold out")),
    "claim": (_group, lambda desk, found: claiming.claim(desk, found)),
}
_TABLES = ("comment", "reply", "draft", "promise", "claim", "log")
_stages: dict[int, Stage] = {}


def _stage_of(desk: Any) -> Stage:
    return _stages[id(desk.store)]


@pytest.mark.parametrize("verb", VERBS)
def test_nobody_works_on_an_account_that_is_not_theirs(stage: Stage, verb: str) -> None:
    _stages[id(stage.store)] = stage
    begin, attempt = VERBS[verb]
    stage.fetch(comment("c1"))
    stage.look(agent="giulia")
    subject = begin(stage)
    confine(stage, "giulia", "fediverse")
    before = [list(stage.rows(f"SELECT * FROM {table}")) for table in _TABLES]
    with pytest.raises(UsageProblem, match=r"giulia may not work on page: .* \(dario"):
        attempt(stage.desk("giulia"), subject)
    assert before == [list(stage.rows(f"SELECT * FROM {table}")) for table in _TABLES]
    confine(stage, "giulia", "page")
    attempt(stage.desk("giulia"), subject)


def test_one_comment_elsewhere_is_enough_to_refuse_all(stage: Stage) -> None:
    stage.fediverse.receive(comment("f1"))
    stage.fetch(comment("c1"))
    confine(stage, "giulia", "page")
    with pytest.raises(UsageProblem, match="may not work on fediverse"):
        stage.reply("c1", "f1", text=CALLBACK, agent="giulia")
    assert stage.reply_states() == []
    assert stage.reply("c1", text=CALLBACK, agent="giulia").state == "approved"


def test_a_draft_waits_only_for_those_who_work_on_its_account(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    confine(stage, "giulia", "fediverse")
    draft = _drafted(stage)
    (found,) = approving.waiting(stage.desk("giulia"))
    assert (found.who, found.yours) == (("dario",), False)
    assert [one.yours for one in stage.look(agent="giulia").drafts] == [False]
    assert [one.yours for one in stage.look(agent="dario").drafts] == [True]
    assert [one.yours for one in stage.look(agent="tom").drafts] == [False]
    with pytest.raises(UsageProblem, match="may not work on page"):
        approving.approve(stage.desk("giulia"), draft, shown=None)


def test_a_trainee_says_nothing_that_only_others_may(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2", "mi sono ustionata"))
    posted = _posted(stage)
    with pytest.raises(
        UsageProblem, match=r"tom is a trainee: an agent or a manager retracts a reply \(dario, giulia\)"
    ):
        retracting.consider(stage.desk("tom"), posted, by_hand=False)
    with pytest.raises(UsageProblem, match="says that a reply was posted by hand"):
        stage.reply("c2", text=CALLBACK, agent="tom", by_hand="https://x.example/1")
    with pytest.raises(UsageProblem, match="only a manager says it is not"):
        triaging.correct(stage.desk("tom"), [stage.comment("c2").id], {"topic": "praise"})
    assert stage.reply("c2", text=CALLBACK).state == "approved"


def test_a_trainee_moves_a_promise_and_keeps_it_and_neither_makes_nor_ends_one_alone(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    promise, tom = _promised(stage), stage.desk("tom")
    with pytest.raises(UsageProblem, match="an agent or a manager says what was promised or told elsewhere"):
        promising.add(tom, "callback", stage.comment("c2").id, at(24, 18), None)
    with pytest.raises(UsageProblem, match="says what was promised or told elsewhere"):
        promising.move(tom, promise, at(25, 18), "strike", told=True)
    for state in ("broken", "released"):
        with pytest.raises(UsageProblem, match="breaks or releases a promise"):
            promising.end(tom, [promise], state, "sold out")
    assert stage.promise_states() == ["running"]
    moved = promising.move(tom, promise, at(25, 18), "strike", told=False)
    with pytest.raises(UsageProblem, match="says what was promised or told elsewhere"):
        promising.tell(tom, promise)
    promising.tell(stage.desk("giulia"), promise)
    promising.keep(tom, [moved.promises[1].id], "called at nine")
    assert stage.promise_states() == ["moved", "kept"]
