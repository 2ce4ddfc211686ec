"""The customer is told of a move or a break: in their language, posted with all checks or not at all (R13)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from caretool.desk import apologising, approving, promising
from caretool.desk.apologising import Message, Told
from caretool.desk.promising import Changed
from caretool.domain.promise import Promise
from caretool.errors import StoreProblem, UsageProblem
from tests.desk.stage import CALLBACK, PLAIN, Stage, at, comment, with_kind

_FRIDAY = at(27, 18)


def _said(stage: Stage, *native_ids: str, language: str = "it") -> list[Promise]:
    """Promises of a call by Tuesday evening, said in public."""
    english = language == "en"
    text = "Hello {{ person.name }}, Dario here, I am sorry: I'll call you back {{ promises.callback.when }}."
    late = ("my parcel has not arrived yet",) if english else ()
    stage.fetch(*(comment(native_id, *late, language=language) for native_id in native_ids or ("c1",)))
    stage.reply(*(native_ids or ("c1",)), text=text if english else CALLBACK, mode="each")
    stage.send()
    return stage.store.promises.open()


def _move(stage: Stage, promise: Promise, agent: str = "dario") -> tuple[Callable[[], Changed], list[Message]]:
    desk = stage.desk(agent)
    message = apologising.of_move(desk, promise, _FRIDAY)
    return lambda: promising.move(desk, promise.id, _FRIDAY, "strike", told=False), [message]


def _carried_out(stage: Stage, promise: Promise, agent: str = "dario") -> Told:
    change, messages = _move(stage, promise, agent)
    messages, edited = apologising.look_again(stage.desk(agent), messages)
    assert edited == []
    return apologising.carry_out(stage.desk(agent), change, messages, None)


def test_the_message_apologises_and_says_the_new_time_in_the_customers_language(stage: Stage) -> None:
    (promise,) = _said(stage)
    message = apologising.of_move(stage.desk(), promise, _FRIDAY)
    assert message.language == "it"
    assert message.text is not None
    assert message.text.startswith("Buongiorno author.c1, sono Dario. Mi scuso")
    assert message.text.endswith("La richiamo entro venerdì 27 novembre alle 18:00.")


def test_an_english_customer_reads_english(stage: Stage) -> None:
    (promise,) = _said(stage, language="en")
    text = apologising.of_move(stage.desk(), promise, _FRIDAY).text
    assert text is not None
    assert text.endswith("I'll call you back by Friday 27 November at 18:00.")
    assert "I am sorry" in text


def test_the_companys_own_words_come_first(stage: Stage) -> None:
    (promise,) = _said(stage)
    own = {"it": "{{ person.name }}, {{ agent.name }}: ci scusiamo davvero. {{ instead }}, promesso."}
    stage.settings = with_kind(stage.settings, "callback", apology=own)
    for message in (
        apologising.of_move(stage.desk(), promise, _FRIDAY),
        apologising.of_break(stage.desk(), promise, "la rimborsiamo entro venerdì"),
    ):
        assert message.text is not None
        assert message.text.startswith("author.c1, Dario: ci scusiamo davvero.")
        assert message.text.endswith(", promesso.")


def test_a_move_is_logged_and_told_in_one_go_and_the_old_one_ends_when_it_is_posted(stage: Stage) -> None:
    (promise,) = _said(stage)
    told = _carried_out(stage, promise)
    new = told.changed.promises[1]
    assert told.written
    assert [one.id for one in told.outcomes[0].promises] == [new.id]
    assert (stage.promise_states(), stage.states("c1")) == (["running", "logged"], ["queued"])
    stage.send()
    assert (stage.promise_states(), stage.states("c1")) == (["moved", "running"], ["answered"])
    assert stage.page.wall[-1].text.endswith("La richiamo entro venerdì 27 novembre alle 18:00.")
    assert stage.page.wall[-1].to == ("c1",)


def test_what_reads_as_the_agent_saw_it_is_what_is_written(stage: Stage) -> None:
    (promise,) = _said(stage)
    change, messages = _move(stage, promise)
    shown = apologising.rehearse(stage.desk(), change, messages)
    assert (shown.refusals, stage.promise_states()) == ((), ["running"])
    stage.settings = with_kind(stage.settings, "callback", says={"it": "la chiamo", "en": "I'll call"})
    _, other = _move(stage, promise)
    told = apologising.carry_out(stage.desk(), change, other, shown.composed)
    assert (told.written, stage.promise_states(), len(stage.rows("SELECT 1 FROM reply"))) == (False, ["running"], 1)


def test_a_rehearsal_writes_nothing(stage: Stage) -> None:
    (promise,) = _said(stage)
    before = stage.rows("SELECT count(*) FROM log"), stage.rows("SELECT * FROM counter ORDER BY 1")
    change, messages = _move(stage, promise)
    told = apologising.rehearse(stage.desk(), change, messages)
    assert told.composed[0].parts[0].text == messages[0].text
    assert (stage.rows("SELECT count(*) FROM log"), stage.rows("SELECT * FROM counter ORDER BY 1")) == before


def test_a_message_that_a_check_refuses_leaves_the_promise_where_it_was(stage: Stage) -> None:
    (promise,) = _said(stage)
    own = {"it": "{{ person.name }}, sono {{ agent.name }}: le faremo sapere al più presto. {{ instead }}."}
    stage.settings = with_kind(stage.settings, "callback", apology=own)
    told = _carried_out(stage, promise)
    assert told.refusals != ()
    assert (stage.promise_states(), stage.states("c1")) == (["running"], ["answered"])


def test_a_time_that_cannot_be_kept_is_refused_before_anything_is_said(stage: Stage) -> None:
    (promise,) = _said(stage)
    stage.settings = with_kind(stage.settings, "callback", per_day=0)
    told = _carried_out(stage, promise)
    assert [refusal.check for refusal in told.refusals] == ["no-room"]
    assert (stage.promise_states(), len(stage.page.wall)) == (["running"], 1)


def test_the_message_takes_no_second_unit_where_all_is_taken(stage: Stage) -> None:
    (promise,) = _said(stage)
    stage.settings = with_kind(stage.settings, "callback", per_day=1)
    stage.clock.says(27, 9)
    change, messages = _move(stage, promise)
    stage.clock.says(26, 17, 59)
    messages, _ = apologising.look_again(stage.desk(), messages)
    assert apologising.rehearse(stage.desk(), change, messages).refusals == ()
    assert apologising.carry_out(stage.desk(), change, messages, None).written


def test_a_trainees_message_waits_for_somebody_else_and_the_old_one_runs_on(stage: Stage) -> None:
    (promise,) = _said(stage)
    told = _carried_out(stage, promise, "tom")
    assert told.outcomes[0].state == "awaiting"
    assert stage.promise_states() == ["running", "logged"]
    (draft,) = stage.store.replies.drafts("awaiting")
    assert approving.approve(stage.desk("giulia"), draft, shown=None).refusals == ()
    stage.send()
    assert stage.promise_states() == ["moved", "running"]


def test_a_message_that_fails_for_good_leaves_the_old_one_running_and_its_comment_waiting(stage: Stage) -> None:
    (promise,) = _said(stage)
    _carried_out(stage, promise)
    stage.clock.says(28, 12)
    assert len(stage.send().failed) == 1
    assert (stage.promise_states(), stage.states("c1")) == (["running", "void"], ["waiting"])


def test_a_promise_that_will_not_be_kept_is_told_with_what_happens_instead(stage: Stage) -> None:
    (promise,) = _said(stage)
    message = apologising.of_break(stage.desk(), promise, None)
    assert message.text is not None
    assert (
        "non possiamo mantenere quanto promesso. Le rispondo qui entro martedì 24 novembre alle 18:00." in message.text
    )
    messages, _ = apologising.look_again(stage.desk(), [message])
    told = apologising.carry_out(
        stage.desk(), lambda: promising.end(stage.desk(), [promise.id], "broken", "no longer made"), messages, None
    )
    assert told.refusals == ()
    stage.send()
    assert [(row[0], row[1]) for row in stage.rows("SELECT kind, state FROM promise ORDER BY rowid")] == [
        ("callback", "broken"),
        ("reply", "running"),
    ]


def test_what_a_person_says_happens_instead_is_checked_like_anything(stage: Stage) -> None:
    (promise,) = _said(stage)
    message = apologising.of_break(stage.desk(), promise, "il corriere passa domani")
    told = apologising.rehearse(
        stage.desk(), lambda: promising.end(stage.desk(), [promise.id], "broken", "x"), [message]
    )
    assert [refusal.check for refusal in told.refusals] == ["too-early"]


def test_without_a_kind_that_answers_a_person_has_to_say_what_happens_instead(stage: Stage) -> None:
    (promise,) = _said(stage)
    kinds = {name: kind for name, kind in stage.settings.policy.promises.items() if name != "reply"}
    stage.settings = replace(stage.settings, policy=replace(stage.settings.policy, promises=kinds))
    message = apologising.of_break(stage.desk(), promise, None)
    assert message.text is None
    with pytest.raises(UsageProblem, match="--instead"):
        apologising.look_again(stage.desk(), [message])


def test_several_are_told_all_or_none(stage: Stage) -> None:
    promises = _said(stage, "c1", "c2")
    desk = stage.desk()
    messages = [apologising.of_break(desk, promise, None) for promise in promises]
    stage.store.comments.set_state([stage.comment("c2").id], "queued", was=("answered",))
    told = apologising.carry_out(
        desk, lambda: promising.end(desk, [promise.id for promise in promises], "broken", "x"), messages, None
    )
    assert [refusal.check for refusal in told.refusals] == ["already-answered"]
    assert (stage.promise_states(), len(stage.rows("SELECT 1 FROM reply"))) == (["running", "running"], 2)


def test_who_was_promised_something_on_the_phone_is_called(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    person = stage.comment("c1").person
    promise = promising.add(stage.desk(), "callback", person, at(24, 18), None).promises[0]
    message = apologising.of_move(stage.desk(), promise, _FRIDAY)
    assert (message.comment, message.request) == (None, None)
    with pytest.raises(UsageProblem, match="call them"):
        apologising.look_again(stage.desk(), [message])
    old, new = promising.move(stage.desk(), promise.id, _FRIDAY, "strike", told=False).promises
    assert [one.state for one in promising.tell(stage.desk(), old.id).promises] == ["moved", "running"]
    with pytest.raises(UsageProblem, match="not being moved"):
        promising.tell(stage.desk(), new.id)


def test_whose_comment_is_gone_is_called(stage: Stage) -> None:
    (promise,) = _said(stage)
    _, messages = _move(stage, promise)
    stage.page.deleted = {"c1"}
    with pytest.raises(UsageProblem, match="call them"):
        apologising.look_again(stage.desk(), messages)


def test_a_promise_that_was_moved_is_moved_again_under_the_same_comment(stage: Stage) -> None:
    (promise,) = _said(stage)
    new = _carried_out(stage, promise).changed.promises[1]
    stage.send()
    message = apologising.of_move(stage.desk(), stage.store.promises.by_ids([new.id])[0], at(30, 18))
    assert message.comment is not None
    assert message.comment.native_id == "c1"


# ── Silently nothing moves ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", ["running", "kept", "broken", "moved", "released", "void"])
def test_a_due_time_that_was_said_cannot_be_changed_in_the_ledger(stage: Stage, state: str) -> None:
    (promise,) = _said(stage)
    stage.store.promises.change([promise.id], state, was=("running",))  # type: ignore[arg-type]
    days = stage.store.promises.windows([promise.id])[promise.id]
    with pytest.raises(StoreProblem, match="the promise is moved"):
        stage.store.promises.set_due(promise.id, _FRIDAY, days, None)
    assert stage.store.promises.by_ids([promise.id])[0].due_at == promise.due_at


def test_the_earliest_that_passes_is_proposed_and_lies_after_the_old_time(stage: Stage) -> None:
    (promise,) = _said(stage)
    assert promising.proposed_due(stage.desk(), promise) == at(25, 18)
    stage.clock.says(26, 9)
    assert promising.proposed_due(stage.desk(), promise) == at(26, 18)
    stage.settings = with_kind(stage.settings, "callback", per_day=0)
    assert promising.proposed_due(stage.desk(), promise) is None


def test_an_ordinary_reply_still_does_not_answer_twice(stage: Stage) -> None:
    _said(stage)
    assert stage.reply("c1", text=PLAIN).refusals[0].check == "already-answered"
