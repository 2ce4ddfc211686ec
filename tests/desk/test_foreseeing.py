"""What the rules of today make impossible of what was promised under those of yesterday; and limits over all kinds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from caretool.desk import foreseeing, promising
from caretool.desk.foreseeing import Foreseen
from caretool.domain.duration import Duration
from caretool.domain.policy import Days, Escalated, Owner, PromiseKind, Settings
from caretool.errors import NotFound, UsageProblem
from tests.desk.stage import CALLBACK, PICKUP, Stage, at, comment, with_kind

WED, THU = date(2026, 11, 25), date(2026, 11, 26)
STRIKE = Days(WED, THU, "courier on strike")


def on_strike(settings: Settings, name: str = "pickup") -> Settings:
    """The settings with a blackout of two days."""
    kind: PromiseKind = settings.policy.promises[name]
    shut = kind.calendar.without([WED, THU]) if kind.calendar else None
    return with_kind(settings, name, blackouts=(STRIKE,), calendar=shut)


def with_owner(settings: Settings, owner: Owner) -> Settings:
    return replace(settings, owners={**settings.owners, owner.id: owner})


def promised(stage: Stage, kind: str, due: datetime, *who: str) -> None:
    for one in who:
        assert promising.add(stage.desk(), kind, stage.comment(one).id, due, None).refusals == ()


def foreseen(stage: Stage) -> list[Foreseen]:
    found = foreseeing.foresee(stage.desk(), stage.clock())
    assert foreseeing.count(stage.desk(), stage.clock()) == len(found)
    return found


def test_while_all_can_be_kept_nothing_is_foreseen(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    promised(stage, "pickup", at(26, 18), "c1")
    assert foreseen(stage) == []
    assert foreseeing.reminder(0) is None


def test_a_blackout_tells_which_are_late_why_by_when_and_what_to_write(stage: Stage) -> None:
    stage.fetch(comment("c1", name="Anna Neri"), comment("c2", language="en", text="Where is my order?"))
    stage.reply("c1", text=PICKUP, promises=(("pickup", at(26, 18).isoformat()),))
    stage.reply("c2", text="Hello {{ person.name }}, Dario here: the courier collects the parcel "
        "{{ promises.pickup.when }}.", promises=(("pickup", at(26, 18).isoformat()),))  # fmt: skip
    stage.send()
    stage.settings = on_strike(stage.settings)
    by_comment = {one.comment: one for one in foreseen(stage)}
    italian, english = by_comment[stage.comment("c1").id], by_comment[stage.comment("c2").id]
    assert italian.why == "no pickup 25–26 Nov: courier on strike"
    assert italian.promise.at_risk
    assert italian.new_due_at == english.new_due_at == at(27, 18)
    assert italian.text == (
        "Buongiorno Anna Neri, sono Dario. Mi scuso: non riusciamo a rispettare i tempi che le avevo indicato. "
        "Il corriere passa a ritirare il pacco entro venerdì 27 novembre alle 18:00."
    )
    assert english.text is not None
    assert english.text.endswith("The courier collects the parcel by Friday 27 November at 18:00.")
    assert foreseeing.reminder(2) == (
        "2 open promises can no longer be kept in time: `caretool promise foresee` tells which, and what to write."
    )


def test_nothing_is_moved_by_looking(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    promised(stage, "pickup", at(26, 18), "c1")
    stage.settings = on_strike(stage.settings)
    before = stage.rows("SELECT * FROM promise")
    foreseen(stage)
    assert stage.rows("SELECT * FROM promise") == before


def test_moved_in_the_order_shown_every_new_time_passes(stage: Stage) -> None:
    names = [f"c{n}" for n in range(5)]
    stage.fetch(*map(comment, names))
    promised(stage, "pickup", at(26, 18), *names)
    stage.settings = with_kind(on_strike(stage.settings), "pickup", per_day=2)
    found = foreseen(stage)
    assert [one.new_due_at for one in found] == [at(30, 18) + timedelta(days=1)] + [at(30, 18)] * 2 + [at(27, 18)] * 2
    for one in found:
        assert one.new_due_at is not None
        assert promising.move(stage.desk(), one.promise.id, one.new_due_at, "strike", told=False).refusals == ()
    assert foreseen(stage) == []


def test_of_too_many_those_promised_last_are_late(stage: Stage) -> None:
    names = ["c0", "c1", "c2"]
    stage.fetch(*map(comment, names))
    for name in names:
        promised(stage, "pickup", at(25, 18), name)
        stage.clock.goes(minutes=5)
    stage.settings = with_kind(stage.settings, "pickup", per_day=2)
    (one,) = foreseen(stage)
    assert one.promise.person_id == stage.comment("c2").person
    assert one.why == "more are promised until 2026-11-25 than can be kept"
    assert one.new_due_at == at(26, 18)


def test_what_is_overdue_is_reported_as_such_and_not_foreseen(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    promised(stage, "pickup", at(25, 18), "c1")
    stage.clock.says(27, 9)
    assert foreseen(stage) == []


def test_where_no_time_is_left_none_is_offered(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    promised(stage, "pickup", at(26, 18), "c1")
    stage.settings = with_kind(stage.settings, "pickup", per_day=0)
    (one,) = foreseen(stage)
    assert (one.new_due_at, one.text) == (None, None)


def test_a_kind_says_its_own_apology(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    promised(stage, "pickup", at(26, 18), "c1")
    stage.settings = with_kind(on_strike(stage.settings), "pickup", apology={"it": "Scusi! {{ instead }}."})
    (one,) = foreseen(stage)
    assert one.text == "Scusi! Il corriere passa a ritirare il pacco entro venerdì 27 novembre alle 18:00."


# Who keeps it


def test_an_owners_limit_holds_for_all_kinds_together(stage: Stage) -> None:
    stage.settings = with_owner(stage.settings, Owner("desk", capacity=(2,) * 7))
    stage.clock.says(23, 8)
    stage.fetch(comment("c1"), comment("c2"), comment("c3"))
    promised(stage, "callback", at(23, 18), "c1")
    promised(stage, "reply", at(23, 18), "c2")
    changed = promising.add(stage.desk(), "callback", stage.comment("c3").id, at(23, 18), None)
    (refusal,) = changed.refusals
    assert (refusal.check, refusal.earliest_due_at) == ("no-room", at(24, 18))
    assert refusal.why.startswith("Desk keeps 2 a day at most, of all kinds;")


def test_two_kinds_in_one_answer_count_together(stage: Stage) -> None:
    stage.settings = with_owner(stage.settings, Owner("desk", capacity=(1,) * 7))
    stage.clock.says(23, 8)
    stage.fetch(comment("c1"))
    text = CALLBACK + " E le rispondo qui {{ promises.reply.when }}."
    due = at(23, 18).isoformat()
    outcome = stage.reply("c1", text=text, promises=(("callback", due), ("reply", due)))
    assert [refusal.check for refusal in outcome.refusals] == ["no-room"]
    assert stage.promise_states() == []


def test_what_was_kept_this_week_counts(stage: Stage) -> None:
    stage.settings = with_owner(with_kind(stage.settings, "callback", weekly=3), Owner("desk", weekly=2))
    stage.clock.says(23, 8)
    stage.fetch(comment("c1"), comment("c2"), comment("c3"))
    promised(stage, "callback", at(24, 18), "c1")
    promising.keep(stage.desk(), [stage.rows("SELECT id FROM promise")[0][0]], None)
    stage.clock.says(25, 8)
    promised(stage, "callback", at(27, 18), "c2")
    refused = promising.add(stage.desk(), "callback", stage.comment("c3").id, at(27, 18), None).refusals[0]
    assert refused.earliest_due_at == at(30, 18)
    assert refused.why.startswith("Desk keeps 2 a week at most, of all kinds;")


def test_what_is_due_while_the_owner_is_away_goes_to_the_stand_in(stage: Stage) -> None:
    away = Owner("logistics", away=(Days(WED, WED, "stocktaking"),))
    stage.settings = with_owner(with_kind(stage.settings, "pickup", stand_in="desk"), away)
    stage.fetch(comment("c1"), comment("c2"))
    promised(stage, "pickup", at(25, 18), "c1")
    stage.reply("c2", text=PICKUP, promises=(("pickup", at(26, 18).isoformat()),))
    assert stage.rows("SELECT owner FROM promise ORDER BY rowid") == [("desk",), ("logistics",)]


def test_one_overdue_for_long_is_escalated_in_the_reports(stage: Stage) -> None:
    raised = Escalated("management", Duration(1, "hours"))
    stage.settings = with_kind(stage.settings, "callback", escalate=raised)
    stage.fetch(comment("c1"))
    promised(stage, "callback", at(23, 18), "c1")
    for hour, minute, to in ((18, 30, None), (19, 1, "management")):
        (one,) = promising.overdue(stage.desk(), at(23, hour, minute)).overdue
        assert one.escalated_to == to


# What is left


def test_the_room_is_that_of_the_ledger(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    promised(stage, "pickup", at(25, 18), "c1")
    found = foreseeing.room(stage.desk(), "pickup", stage.clock(), None)
    assert (len(found.days), found.days[0].day) == (14, date(2026, 11, 23))
    wednesday = next(one for one in found.days if one.day == WED)
    assert (wednesday.capacity, wednesday.taken, wednesday.left, wednesday.why) == (40, 1, 39, None)
    assert len(foreseeing.room(stage.desk(), "pickup", stage.clock(), at(25, 12)).days) == 3


@pytest.mark.parametrize(("until", "said"), [(at(22, 12), "is past"), (at(22, 12).replace(year=2029), "two years")])
def test_no_room_is_told_of_the_past_or_of_far_away(stage: Stage, until: datetime, said: str) -> None:
    with pytest.raises(UsageProblem, match=said):
        foreseeing.room(stage.desk(), "pickup", stage.clock(), until)
    with pytest.raises(NotFound, match="promise kind"):
        foreseeing.room(stage.desk(), "picup", stage.clock(), None)
