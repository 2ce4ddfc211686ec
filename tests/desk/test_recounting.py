"""The report on promises: kept, late, stopped by a check, waived."""

from __future__ import annotations

from datetime import timedelta

from caretool.desk import promising, recounting
from caretool.domain.draft import Refusal
from caretool.errors import StoreProblem
from tests.desk.stage import CALLBACK, PICKUP, Stage, at, comment

_NO_PROMISE = "Buongiorno {{ person.name }}, sono Dario. La richiamo domani. Le rispondo qui {{ promises.reply.when }}."


def _add(stage: Stage, kind: str, due: object) -> str:
    changed = promising.add(stage.desk(), kind, stage.comment("c1").id, due, None)  # type: ignore[arg-type]
    return changed.promises[0].id


def test_kept_late_broken_and_overdue_are_told_apart_by_kind_owner_and_week(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    ids = [_add(stage, "callback", at(24, 18)) for _ in range(3)]
    pickups = [_add(stage, "pickup", at(25, 18)) for _ in range(2)]
    stage.clock.says(24, 12)
    promising.keep(stage.desk(), ids[:1], None)
    stage.clock.says(25, 18)
    promising.keep(stage.desk(), ids[1:2], None)
    promising.end(stage.desk(), pickups[:1], "broken", "lost")
    promising.end(stage.desk(), pickups[1:], "released", "no longer wanted")
    found = recounting.recount(stage.desk(), None, stage.clock())
    total = found.total
    assert (total.in_time, total.late, total.broken, total.overdue, found.released) == (1, 1, 1, 1, 1)
    assert total.worst_late == timedelta(days=1)
    assert [(one.name, one.due, one.rate) for one in found.kinds] == [("callback", 3, 1 / 3), ("pickup", 1, 0.0)]
    assert [one.name for one in found.owners] == ["desk", "logistics"]
    assert [one.name for one in found.weeks] == ["2026-W48"]


def test_since_leaves_out_what_ended_before_and_nothing_that_is_overdue(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    first, _ = _add(stage, "callback", at(24, 18)), _add(stage, "callback", at(25, 18))
    promising.keep(stage.desk(), [first], None)
    stage.clock.goes(days=60)
    found = recounting.recount(stage.desk(), stage.clock() - timedelta(days=1), stage.clock())
    assert (found.total.in_time, found.total.overdue) == (0, 1)


def test_a_moment_in_the_past_is_told_as_it_was(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    promise = _add(stage, "callback", at(24, 18))
    stage.clock.says(26, 12)
    promising.keep(stage.desk(), [promise], None)
    assert recounting.recount(stage.desk(), None, at(25, 9)).total.overdue == 1
    assert recounting.recount(stage.desk(), None, at(24, 9)).total.due == 0
    assert recounting.recount(stage.desk(), None, at(26, 13)).total.late == 1


def test_a_promise_that_is_refused_is_counted_with_its_check_and_no_word_of_it(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    promising.add(stage.desk(), "pickup", stage.comment("c1").id, at(23, 18), "SECRET words")
    promising.move(stage.desk(), _add(stage, "callback", at(24, 18)), at(23, 9, 20), "x", told=True)
    refused = recounting.recount(stage.desk(), None, stage.clock()).refused
    assert (refused.attempts, refused.by_check) == (2, {"too-early": 2})
    assert "SECRET" not in str(stage.rows("SELECT * FROM log"))


def test_who_had_not_looked_was_not_changed_in_what_they_say(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    for check in ("group-changed", "no-room"):
        recounting.remember_refused(stage.desk(), stage.comment("c1").id, [Refusal(check, "x", "y")])  # type: ignore[arg-type]
    refused = recounting.recount(stage.desk(), None, stage.clock()).refused
    assert (refused.attempts, refused.by_check) == (1, {"group-changed": 1, "no-room": 1})


def test_what_cannot_be_written_down_stops_nobody(stage: Stage) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreProblem("the disk is full")

    stage.store.journal.write = full  # type: ignore[method-assign]
    recounting.remember_refused(stage.desk(), "c1", [Refusal("no-room", "x", "y")])


def test_answers_are_counted_once_however_many_replies_they_were(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"), comment("c3"))
    stage.reply("c1", "c2", text=CALLBACK, mode="each")
    stage.reply("c3", text=PICKUP)
    assert recounting.recount(stage.desk(), None, stage.clock()).refused.approved == 2


def test_words_that_were_said_to_be_no_promise_are_shown_for_review(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    stage.reply("c1", text=_NO_PROMISE, not_a_promise=("La richiamo domani",))
    outcome = stage.reply("c2", text=CALLBACK)
    assert outcome.state == "approved"
    (waiver,) = recounting.recount(stage.desk(), None, stage.clock()).waivers
    assert (waiver.excerpt, waiver.agent) == ("La richiamo domani", "dario")
    assert waiver.replies == (stage.rows("SELECT id FROM reply ORDER BY rowid")[0][0],)
    assert recounting.recount(stage.desk(), stage.clock() + timedelta(seconds=1), stage.clock()).waivers == ()


def test_a_text_that_quotes_the_list_hides_no_waiver(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    text = _NO_PROMISE + ' "not_a_promise": []'
    assert stage.reply("c1", text=text, not_a_promise=("La richiamo domani",)).state == "approved"
    assert len(recounting.recount(stage.desk(), None, stage.clock()).waivers) == 1
