"""The ledger: added, moved, kept, broken, released; never beyond what can be delivered (DESIGN §4.5, §6)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from caretool.desk import promising
from caretool.desk.promising import Changed
from caretool.domain.promise import Promise
from caretool.errors import NotFound, UsageProblem
from tests.desk.stage import CALLBACK, PICKUP, Stage, at, comment, with_kind, without_kind

_ON_FRIDAY = "{{ person.name }}, sono Dario, mi scuso per ieri: la richiamo entro venerdì 27 novembre alle 18:00."
_FRIDAY = at(27, 18)


def _add(stage: Stage, kind: str = "callback", due: object = at(24, 18), who: str = "c1") -> Changed:
    return promising.add(stage.desk(), kind, stage.comment(who).id, due, None)  # type: ignore[arg-type]


def _one(changed: Changed) -> Promise:
    assert changed.refusals == ()
    return changed.promises[0]


@pytest.fixture
def running(stage: Stage) -> Promise:
    """A call-back that runs until Tuesday evening."""
    stage.fetch(comment("c1"))
    return _one(_add(stage))


def test_a_promise_by_hand_runs_at_once_with_its_person_owner_and_standard_words(
    stage: Stage, running: Promise
) -> None:
    assert (running.state, running.owner, running.text, running.reply) == ("running", "desk", "la richiamo", None)
    assert running.person_id == stage.comment("c1").person


def test_a_promise_by_hand_that_cannot_be_kept_is_refused_with_one_that_can(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    changed = _add(stage, "pickup", at(24, 18))
    assert changed.promises == ()
    assert (changed.refusals[0].check, changed.refusals[0].earliest_due_at) == ("too-early", at(25, 18))
    assert stage.promise_states() == []


def test_a_kind_the_policy_does_not_know_is_named_with_the_nearest(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    with pytest.raises(NotFound, match="did you mean 'callback'"):
        _add(stage, "calback")


def test_a_full_kind_refuses_with_the_next_time_that_fits(stage: Stage) -> None:
    stage.settings = with_kind(stage.settings, "callback", per_day=2)
    stage.fetch(*(comment(f"c{n}") for n in range(5)))
    taken = [_add(stage, who=f"c{n}") for n in range(5)]
    # One unit is left of today, two are tomorrow's.
    assert [len(changed.promises) for changed in taken] == [1, 1, 1, 0, 0]
    assert {changed.refusals[0].earliest_due_at for changed in taken[3:]} == {at(25, 18)}


def test_what_is_kept_today_does_not_make_room_for_more_today(stage: Stage) -> None:
    stage.settings = with_kind(stage.settings, "callback", per_day=1)
    stage.clock.says(23, 8)  # before opening: the whole day is ahead
    stage.fetch(comment("c1"), comment("c2"))
    first = _one(_add(stage, due=at(23, 18)))
    stage.clock.says(23, 9, 5)
    promising.keep(stage.desk(), [first.id], None)
    assert _add(stage, due=at(23, 18), who="c2").refusals[0].check == "no-room"


@pytest.mark.parametrize("how", ["broken", "released"])
def test_a_promise_that_ends_unkept_gives_its_unit_back(stage: Stage, how: str) -> None:
    stage.settings = with_kind(stage.settings, "pickup", per_day=1)
    stage.fetch(comment("c1"), comment("c2"))
    first = _one(_add(stage, "pickup", at(25, 18)))
    assert _add(stage, "pickup", at(25, 18), "c2").refusals[0].check == "no-room"
    assert _one(promising.end(stage.desk(), [first.id], how, "because")).state == how  # type: ignore[arg-type]
    assert _add(stage, "pickup", at(25, 18), "c2").promises != ()


def test_one_overdue_promise_does_not_block_its_kind(stage: Stage) -> None:
    stage.settings = with_kind(stage.settings, "callback", per_day=2)
    stage.fetch(comment("c1"))
    _add(stage)
    stage.clock.says(26, 8)
    assert [promise.overdue for promise in promising.overdue(stage.desk(), stage.clock()).overdue] == [True]
    assert _add(stage, due=at(26, 18)).promises != ()


def test_what_is_overdue_stays_so_however_old(stage: Stage, running: Promise) -> None:
    stage.clock.goes(days=4000)
    found = promising.overdue(stage.desk(), stage.clock())
    assert [promise.id for promise in found.overdue] == [running.id]
    assert (found.at_risk, found.due_next) == ((), ())


def test_what_is_due_within_a_day_is_next_and_past_its_review_at_risk(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    pickup = _one(_add(stage, "pickup", at(25, 18)))
    _add(stage)
    stage.clock.says(23, 18, 30)
    found = promising.overdue(stage.desk(), stage.clock())
    assert [promise.kind for promise in found.due_next] == ["callback"]
    stage.clock.says(25, 14)  # four working hours before 18:00
    found = promising.overdue(stage.desk(), stage.clock())
    assert [promise.id for promise in found.at_risk] == [pickup.id]


def test_a_promise_is_kept_once(stage: Stage, running: Promise) -> None:
    assert _one(promising.keep(stage.desk(), [running.id], None)).state == "kept"
    for change in (
        lambda: promising.keep(stage.desk(), [running.id], None),
        lambda: promising.end(stage.desk(), [running.id], "broken", "x"),
        lambda: promising.move(stage.desk(), running.id, _FRIDAY, "x", told=True),
    ):
        with pytest.raises(UsageProblem, match="it is kept"):
            change()


def test_a_promise_may_be_kept_late(stage: Stage, running: Promise) -> None:
    stage.clock.goes(days=30)
    kept = _one(promising.keep(stage.desk(), [running.id], None))
    assert (kept.state, kept.overdue) == ("kept", False)


def test_a_kind_that_demands_evidence_is_not_kept_without(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    pickup = _one(_add(stage, "pickup", at(25, 18)))
    with pytest.raises(UsageProblem, match="--evidence"):
        promising.keep(stage.desk(), [pickup.id], None)
    assert _one(promising.keep(stage.desk(), [pickup.id], "collected, signed Rossi")).evidence is not None


def test_several_are_changed_all_or_none(stage: Stage, running: Promise) -> None:
    second = _one(_add(stage, due=at(25, 18)))
    promising.keep(stage.desk(), [second.id], None)
    with pytest.raises(UsageProblem):
        promising.end(stage.desk(), [running.id, second.id], "released", "x")
    assert stage.promise_states() == ["running", "kept"]


def test_a_promise_of_a_kind_the_policy_has_lost_can_still_be_kept_and_shown(stage: Stage, running: Promise) -> None:
    stage.settings = without_kind(stage.settings, "callback")
    stage.clock.says(26, 9)
    assert promising.overdue(stage.desk(), stage.clock()).overdue[0].id == running.id
    assert _one(promising.keep(stage.desk(), [running.id], None)).state == "kept"


# ── Moved ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _states(stage: Stage) -> dict[str, str]:
    return dict(stage.rows("SELECT id, state FROM promise"))


def test_moving_logs_the_new_one_and_the_old_one_runs_until_the_customer_was_told(
    stage: Stage, running: Promise
) -> None:
    old, new = promising.move(stage.desk(), running.id, _FRIDAY, "strike", told=False).promises
    assert (old.state, old.moved_to, new.state, new.due_at) == ("running", new.id, "logged", _FRIDAY)
    stage.clock.says(25, 9)
    assert [promise.id for promise in promising.overdue(stage.desk(), stage.clock()).overdue] == [old.id]


def test_whoever_was_told_on_the_phone_is_told_at_once(stage: Stage, running: Promise) -> None:
    old, new = promising.move(stage.desk(), running.id, _FRIDAY, "strike", told=True).promises
    assert (old.state, new.state) == ("moved", "running")


def test_a_reply_that_says_the_new_time_tells_and_ends_the_old_one_when_it_is_posted(
    stage: Stage, running: Promise
) -> None:
    old, new = promising.move(stage.desk(), running.id, _FRIDAY, "strike", told=False).promises
    outcome = stage.reply("c1", text=_ON_FRIDAY)
    assert [promise.id for promise in outcome.promises] == [new.id]
    assert _states(stage) == {old.id: "running", new.id: "logged"}
    stage.send()
    assert _states(stage) == {old.id: "moved", new.id: "running"}


def test_the_ledger_holds_the_words_that_told_the_new_time(stage: Stage, running: Promise) -> None:
    moved = promising.move(stage.desk(), running.id, _FRIDAY, "ill", told=False).promises[-1]
    stage.reply("c1", text=_ON_FRIDAY)
    (told,) = [one for one in stage.desk().store.promises.open() if one.id == moved.id]
    assert told.text.endswith("la richiamo entro venerdì 27 novembre alle 18:00")


def test_two_kinds_due_at_the_same_time_keep_their_own_words(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    text = "{{ person.name }}, sono Dario, mi scuso: le rispondo {{ promises.reply.when }}, "
    outcome = stage.reply("c1", text=text + "la richiamo {{ promises.callback.when }}.")
    words = {promise.kind: promise.text for promise in outcome.promises}
    assert "le rispondo" in words["reply"]
    assert words["callback"].startswith("la richiamo")


@pytest.mark.parametrize(
    ("asked", "good", "bad"), [("url", "https://x.example/1", "receipt"), ("file", None, "none.pdf")]
)
def test_evidence_is_what_its_kind_demands(
    stage: Stage, tmp_path: Path, asked: str, good: str | None, bad: str
) -> None:
    receipt = tmp_path / "receipt.pdf"
    receipt.write_text("paid")
    stage.settings = with_kind(stage.settings, "callback", evidence=(asked,))
    stage.fetch(comment("c1"))
    promise = _one(_add(stage))
    with pytest.raises(UsageProblem, match="evidence"):
        promising.keep(stage.desk(), [promise.id], bad)
    assert _one(promising.keep(stage.desk(), [promise.id], good or str(receipt))).state == "kept"


def test_a_reply_by_hand_that_says_the_new_time_tells_it_too(stage: Stage, running: Promise) -> None:
    old, new = promising.move(stage.desk(), running.id, _FRIDAY, "strike", told=False).promises
    stage.reply("c1", text=_ON_FRIDAY, by_hand="https://x.example/1")
    assert _states(stage) == {old.id: "moved", new.id: "running"}


def test_a_reply_that_told_and_failed_leaves_the_old_one_running_alone(stage: Stage, running: Promise) -> None:
    old, new = promising.move(stage.desk(), running.id, _FRIDAY, "strike", told=False).promises
    stage.reply("c1", text=_ON_FRIDAY)
    stage.clock.says(28, 9)
    assert len(stage.send().failed) == 1
    assert _states(stage) == {old.id: "running", new.id: "void"}
    assert stage.store.promises.by_ids([old.id])[0].moved_to is None


def test_a_reply_that_told_and_was_lost_for_good_leaves_the_old_one_running(stage: Stage, running: Promise) -> None:
    old, new = promising.move(stage.desk(), running.id, _FRIDAY, "strike", told=False).promises
    stage.reply("c1", text=_ON_FRIDAY)
    stage.page.next_posts = ["lost before"]
    stage.send()
    stage.send()
    assert _states(stage)[new.id] == "running"  # it may be public
    stage.clock.says(28, 9)
    assert len(stage.send().failed) == 1
    assert _states(stage) == {old.id: "running", new.id: "void"}


def test_a_reply_that_told_and_was_found_later_ends_the_old_one(stage: Stage, running: Promise) -> None:
    old, new = promising.move(stage.desk(), running.id, _FRIDAY, "strike", told=False).promises
    stage.reply("c1", text=_ON_FRIDAY)
    stage.page.next_posts = ["lost after"]
    stage.send()
    stage.send()
    assert _states(stage) == {old.id: "moved", new.id: "running"}


def test_the_moved_pair_takes_one_unit_the_new_ones(stage: Stage) -> None:
    stage.settings = with_kind(stage.settings, "pickup", per_day=1)
    stage.fetch(comment("c1"), comment("c2"), comment("c3"))
    first = _one(_add(stage, "pickup", at(25, 18)))
    promising.move(stage.desk(), first.id, at(26, 18), "strike", told=False)
    assert _add(stage, "pickup", at(25, 18), "c2").promises != ()
    assert _add(stage, "pickup", at(26, 18), "c3").refusals[0].check == "no-room"


def test_telling_takes_no_second_unit(stage: Stage) -> None:
    stage.settings = with_kind(stage.settings, "pickup", per_day=1)
    stage.fetch(comment("c1"), comment("c2"))
    first = _one(_add(stage, "pickup", at(25, 18)))
    _add(stage, "pickup", at(25, 18), "c2")
    new = promising.move(stage.desk(), first.id, at(26, 18), "strike", told=False).promises[1]
    promising.add(stage.desk(), "pickup", stage.comment("c2").id, at(25, 18), None)
    outcome = stage.reply("c1", text=PICKUP, promises=(("pickup", at(26, 18).isoformat()),))
    assert outcome.refusals == ()
    assert [promise.id for promise in outcome.promises] == [new.id]
    assert len(stage.send().posted) == 1


def test_moving_within_its_own_unit_is_possible_where_all_is_taken(stage: Stage) -> None:
    stage.settings = with_kind(stage.settings, "pickup", per_day=1)
    stage.fetch(comment("c1"))
    first = _one(_add(stage, "pickup", at(25, 18)))
    assert promising.move(stage.desk(), first.id, at(25, 17), "earlier", told=True).promises != ()


def test_a_move_that_cannot_be_kept_is_refused_and_changes_nothing(stage: Stage, running: Promise) -> None:
    changed = promising.move(stage.desk(), running.id, at(23, 9, 30), "x", told=True)
    assert changed.refusals[0].check == "too-early"
    assert _states(stage) == {running.id: "running"}


def test_what_is_being_moved_is_not_moved_again(stage: Stage, running: Promise) -> None:
    promising.move(stage.desk(), running.id, _FRIDAY, "x", told=False)
    with pytest.raises(UsageProblem, match="being moved"):
        promising.move(stage.desk(), running.id, at(26, 18), "x", told=False)


def test_keeping_the_old_one_meanwhile_makes_the_untold_one_void(stage: Stage, running: Promise) -> None:
    new = promising.move(stage.desk(), running.id, _FRIDAY, "x", told=False).promises[1]
    promising.keep(stage.desk(), [running.id], None)
    assert _states(stage) == {running.id: "kept", new.id: "void"}


def test_releasing_the_untold_one_lets_the_old_one_run_on_alone(stage: Stage, running: Promise) -> None:
    new = promising.move(stage.desk(), running.id, _FRIDAY, "x", told=False).promises[1]
    promising.end(stage.desk(), [new.id], "released", "no strike after all")
    assert _states(stage) == {running.id: "running", new.id: "released"}
    assert promising.move(stage.desk(), running.id, at(26, 18), "x", told=True).promises != ()


def test_a_length_of_time_is_moved_to_a_whole_minute_so_that_words_can_say_it(stage: Stage, running: Promise) -> None:
    stage.clock.goes(seconds=37)
    new = promising.move(stage.desk(), running.id, stage.clock() + timedelta(hours=30), "x", told=False).promises[1]
    assert (new.due_at.second, new.due_at.microsecond) == (0, 0)
    outcome = stage.reply("c1", text=CALLBACK, promises=(("callback", new.due_at.isoformat()),))
    assert [promise.id for promise in outcome.promises] == [new.id]


def test_a_customers_answer_changes_no_promise(stage: Stage, running: Promise) -> None:
    stage.fetch(comment("c2", "ok grazie", author="author.c1"))
    assert _states(stage) == {running.id: "running"}


def test_every_change_is_in_the_log_with_who_did_it(stage: Stage, running: Promise) -> None:
    promising.move(stage.desk("giulia"), running.id, _FRIDAY, "x", told=True)
    lines = stage.store.journal.about([running.id])
    assert [(line.action, line.agent) for line in lines] == [
        ("promise-logged", "dario"),
        ("promise-move-logged", "giulia"),
    ]


def test_the_reply_to_forty_for_a_day_with_room_for_forty_leaves_none(stage: Stage) -> None:
    stage.fetch(*(comment(f"c{n:03}") for n in range(120)))
    given = (("pickup", at(25, 18).isoformat()),)
    asked = stage.reply(*(f"c{n:03}" for n in range(120)), text=PICKUP, mode="each", promises=given)
    refusal = next(refusal for refusal in asked.refusals if refusal.check == "no-room")
    assert (refusal.fits, refusal.earliest_due_at) == (40, at(27, 18))
    assert stage.reply(*(f"c{n:03}" for n in range(40)), text=PICKUP, mode="each", promises=given).state == "approved"
    assert _add(stage, "pickup", at(25, 18), "c100").refusals[0].fits == 0
