"""Two who are one, and part again: what was whose is whose again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from caretool.desk import forgetting, persons, proceeding, promising, rewarding
from caretool.errors import UsageProblem
from tests.desk.guarded import HIDE_SPAM, SPAM, GuardedStage
from tests.desk.rewarded import GRATEFUL, coupon, giving, write_codes
from tests.desk.stage import MONDAY, Stage, comment
from tests.desk.test_proceeding import with_procedure


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[GuardedStage]:
    stage = GuardedStage(tmp_path)
    stage.settings = giving(coupon(), settings=with_procedure(stage.settings))
    stage.rules(HIDE_SPAM)
    write_codes(stage.folder, ["AAA"])
    yield stage
    stage.store.close()


@pytest.fixture
def three(stage: Stage) -> tuple[str, str, str]:
    """Ada, Bea and Cia, who have each written once."""
    stage.fetch(*(comment(f"{name[0]}1", author=name) for name in ("ada", "bea", "cia")))
    ada, bea, cia = (stage.comment(f"{letter}1").person for letter in "abc")
    return ada, bea, cia


def link(stage: Stage, kept: str, other: str) -> None:
    persons.link(stage.desk(), kept, other, "the same")


def unlink(stage: Stage, other: str) -> None:
    persons.unlink(stage.desk(), other, "not the same")


def whose(stage: Stage, *native_ids: str) -> list[str]:
    return [stage.comment(one).person for one in native_ids]


def of(stage: Stage, table: str) -> list[tuple[str, str]]:
    return [(thing, person) for thing, person in stage.rows(f"SELECT id, person FROM {table} ORDER BY 1")]


def test_who_is_parted_takes_along_who_was_linked_to_them_before(stage: Stage, three: tuple[str, str, str]) -> None:
    ada, bea, cia = three
    promising.add(stage.desk(), "callback", stage.comment("c1").id, stage.clock.now.replace(day=24), None)
    link(stage, bea, cia)
    link(stage, ada, bea)
    assert whose(stage, "a1", "b1", "c1") == [ada, ada, ada]
    unlink(stage, bea)
    assert whose(stage, "a1", "b1", "c1") == [ada, bea, bea]
    assert [person for _, person in of(stage, "promise")] == [bea]
    forgetting.forget(stage.desk(), forgetting.consider(stage.desk(), persons.find(stage.desk(), bea)))
    assert [stage.comment("a1").text != "", stage.rows("SELECT count(*) FROM author")] == [True, [(1,)]]


def test_the_middle_of_a_chain_can_be_parted_from_both_sides(stage: Stage, three: tuple[str, str, str]) -> None:
    ada, bea, cia = three
    link(stage, bea, cia)
    link(stage, ada, bea)
    unlink(stage, cia)
    assert whose(stage, "a1", "b1", "c1") == [ada, ada, cia]
    unlink(stage, bea)
    assert whose(stage, "a1", "b1", "c1") == [ada, bea, cia]


def test_a_case_a_reward_and_what_was_done_about_them_go_along_and_come_back(stage: GuardedStage) -> None:
    stage.fetch(
        comment("a1", author="ada"),
        comment("b1", GRATEFUL, author="bea"),
        comment("b2", author="bea"),
        comment("b3", SPAM, author="bea"),
    )
    ada, bea = whose(stage, "a1", "b1")
    stage.reply("b1", text=None, reward="thanks", private=True)
    proceeding.start(stage.desk(), "damaged-parcel", stage.comment("b2").id)
    stage.moderate("b3")
    tables = ("cases", "reward", "moderation")
    before = [of(stage, table) for table in tables]
    assert [len(rows) for rows in before] == [1, 1, 1]
    link(stage, ada, bea)
    assert [person for table in tables for _, person in of(stage, table)] == [ada] * 3
    found = persons.dossier(stage.desk(), persons.find(stage.desk(), "bea"))
    assert [len(found.cases), len(found.rewards), len(found.moderation)] == [1, 1, 1]
    unlink(stage, bea)
    assert [of(stage, table) for table in tables] == before


def test_two_who_both_have_a_procedure_running_are_not_linked(stage: Stage, three: tuple[str, str, str]) -> None:
    ada, bea, _ = three
    for person in (ada, bea):
        proceeding.start(stage.desk(), "damaged-parcel", person)
    with pytest.raises(UsageProblem, match="Both have damaged-parcel running"):
        link(stage, ada, bea)
    assert whose(stage, "a1", "b1") == [ada, bea]
    (_, theirs) = (one.id for one in stage.store.cases.of_people([ada, bea], running=True))
    proceeding.close(stage.desk(), theirs, "one is enough")
    link(stage, ada, bea)
    assert whose(stage, "a1", "b1") == [ada, ada]


def test_who_was_forgotten_is_nobody_to_promise_give_or_say_anything_to(stage: Stage) -> None:
    stage.fetch(comment("b1", GRATEFUL, author="bea"), comment("a1", author="ada"))
    stage.reply("b1")
    stage.send()
    ((written, bea),) = stage.rows("SELECT id, person FROM comment WHERE handle = 'bea'")
    forgetting.forget(stage.desk(), forgetting.consider(stage.desk(), persons.find(stage.desk(), bea)))
    desk = stage.desk()
    for named in (bea, written):
        attempts: list[Callable[[str], object]] = [
            lambda who: promising.add(desk, "callback", who, MONDAY.replace(day=24), None),
            lambda who: proceeding.start(desk, "damaged-parcel", who),
            lambda who: rewarding.request_for(desk, "thanks", [who], None),
        ]
        for attempt in attempts:
            with pytest.raises(UsageProblem, match=r"was (forgotten|erased)"):
                attempt(named)
    with pytest.raises(UsageProblem, match="was erased"):
        stage.reply(f"forgotten:{written}")
    with pytest.raises(UsageProblem, match="was forgotten"):
        link(stage, stage.comment("a1").person, bea)


def test_a_promise_to_whom_somebody_was_found_to_be(stage: Stage, three: tuple[str, str, str]) -> None:
    ada, bea, _ = three
    link(stage, ada, bea)
    promising.add(stage.desk(), "callback", bea, MONDAY.replace(day=24), None)
    assert [person for _, person in of(stage, "promise")] == [ada]
