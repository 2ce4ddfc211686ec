"""Answering where a person does it: the way there, and one address for one answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from caretool.desk import replying
from caretool.domain.limits import Limits
from caretool.errors import UsageProblem
from tests.desk.stage import CALLBACK, Stage, comment

THERE = "https://forum.example/t/77"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    stage.page.limits = Limits(answerable="nobody")
    return stage


def test_the_refusal_leads_to_the_place(stage: Stage) -> None:
    stage.fetch(comment("c1", url=THERE), comment("c2", author="bruno"))
    for one, helps in (
        ("c1", f"Answer it there yourself, at {THERE}, and say --by-hand URL"),
        ("c2", "Answer it there yourself, and say --by-hand URL"),
    ):
        (refusal,) = replying.consider(stage.desk(), stage.ask(one, text=CALLBACK)).refusals
        assert refusal.suggest == helps
        assert refusal.why.endswith(" on page can be answered by no program: the platform lets none.")


def test_one_address_is_one_answer_and_nothing_is_written_for_several(stage: Stage) -> None:
    stage.fetch(comment("c1", thread="t1"), comment("c2", author="bruno", thread="t2"))
    with pytest.raises(UsageProblem, match=r"2 answers .* one by one"):
        stage.reply("c1", "c2", text=CALLBACK, by_hand=THERE)
    assert (stage.states("c1", "c2"), stage.promise_states()) == (["waiting", "waiting"], [])
    for one in ("c1", "c2"):
        assert stage.reply(one, text=CALLBACK, by_hand=f"{THERE}#{one}").state == "posted"
    assert stage.promise_states() == ["running", "running"]


def test_one_answer_to_several_has_one_address(stage: Stage) -> None:
    stage.page.limits = replace(stage.page.limits, together="names")
    stage.fetch(comment("c1"), comment("c2", author="bruno"))
    outcome = stage.reply(
        "c1", "c2", text="{{ people }}, sono Dario: vi rispondo entro domani.", mode="together", by_hand=THERE
    )
    assert (outcome.state, stage.states("c1", "c2")) == ("posted", ["answered", "answered"])
