"""Whoever leaves hands over what they keep (DESIGN §6, R13)."""

from __future__ import annotations

import pytest

from caretool.desk import handing_over, promising
from caretool.errors import NotFound, UsageProblem
from tests.desk.stage import Stage, at, comment


@pytest.fixture
def kept(stage: Stage) -> Stage:
    """Two calls and an answer that the desk keeps, a pickup that logistics keeps."""
    stage.fetch(comment("c1"))
    for kind, due in (
        ("callback", at(24, 18)),
        ("callback", at(25, 18)),
        ("reply", at(24, 18)),
        ("pickup", at(26, 18)),
    ):
        promising.add(stage.desk(), kind, stage.comment("c1").id, due, None)
    return stage


def _owners(stage: Stage) -> list[str]:
    return [row[0] for row in stage.rows("SELECT owner FROM promise ORDER BY rowid")]


def test_all_open_promises_of_theirs_change_hands(kept: Stage) -> None:
    changed = handing_over.hand_over(kept.desk(), "desk", "giulia", None, "has left")
    assert len(changed.promises) == 3
    assert _owners(kept) == ["giulia", "giulia", "giulia", "logistics"]
    lines = kept.store.journal.last(10, action="promise-handed-over")
    assert [dict(line.codes) for line in lines] == [{"from": "desk", "to": "giulia"}] * 3
    assert [text for _, _, text in kept.store.journal.notes(changed.promises[0].id)] == ["has left"]


def test_only_those_of_one_kind_where_it_is_named(kept: Stage) -> None:
    handing_over.hand_over(kept.desk(), "desk", "logistics", "reply", None)
    assert _owners(kept) == ["desk", "desk", "logistics", "logistics"]


def test_what_has_ended_stays_with_who_ended_it(kept: Stage) -> None:
    first = kept.store.promises.open()[0]
    promising.end(kept.desk(), [first.id], "released", "x")
    handing_over.hand_over(kept.desk(), "desk", "giulia", None, None)
    assert kept.store.promises.by_ids([first.id])[0].owner == first.owner


def test_the_policys_kinds_that_still_name_them_are_told(kept: Stage) -> None:
    assert handing_over.still_named(kept.desk(), "desk", None) == ["callback", "reply"]
    assert handing_over.still_named(kept.desk(), "desk", "reply") == ["reply"]
    assert handing_over.still_named(kept.desk(), "giulia", None) == []


def test_nobody_can_be_handed_promises_who_is_not_there(kept: Stage) -> None:
    with pytest.raises(NotFound, match="Nobody is called 'marta'"):
        handing_over.consider(kept.desk(), "desk", "marta", None)
    with pytest.raises(NotFound, match=r"tom has no open promise. .*desk \(3\), logistics \(1\)"):
        handing_over.consider(kept.desk(), "tom", "giulia", None)
    with pytest.raises(UsageProblem, match="has them already"):
        handing_over.consider(kept.desk(), "desk", "desk", None)
    with pytest.raises(UsageProblem, match="trainee"):
        handing_over.hand_over(kept.desk("tom"), "desk", "giulia", None, None)


def test_a_promise_that_was_handed_over_is_moved_by_whoever_keeps_it_now(kept: Stage) -> None:
    handing_over.hand_over(kept.desk(), "desk", "giulia", None, None)
    handing_over.hand_over(kept.desk(), "giulia", "tom", "callback", None)
    first = next(one for one in kept.store.promises.open() if one.owner == "tom")
    assert promising.move(kept.desk(), first.id, at(26, 18), "x", told=True).promises[1].owner == "tom"
