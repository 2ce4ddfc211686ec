"""Replying: promises and reply in one transaction, who may answer what, what is refused (DESIGN §4.4 to §4.8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from caretool.desk import replying
from caretool.desk.request import Request
from caretool.errors import NotFound, UsageProblem
from caretool.store.log import Journal
from caretool.store.promises import Promises
from caretool.store.replies import Replies
from tests.desk.stage import CALLBACK, PICKUP, Stage, at, comment, with_kind

_TABLES = ("draft", "reply", "reply_comment", "promise", "log", "counter")


def _everything(stage: Stage) -> list[Any]:
    return [stage.rows(f"SELECT * FROM {table}") for table in _TABLES] + [stage.rows("SELECT id, state FROM comment")]


def test_a_reply_its_promise_the_state_and_the_log_come_together(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    outcome = stage.reply("c1", text=CALLBACK)
    assert outcome.state == "approved"
    promise = outcome.promises[0]
    assert (promise.kind, promise.state, promise.owner) == ("callback", "logged", "desk")
    assert (promise.due_at, promise.reply) == (at(24, 18), outcome.replies[0].id)
    assert promise.person_id == stage.comment("c1").person
    assert stage.states("c1") == ["queued"]
    actions = [line.action for line in stage.store.journal.about([outcome.replies[0].id or "", promise.id])]
    assert actions == ["reply-approved", "promise-logged"]


@pytest.mark.parametrize(
    ("where", "name"), [(Promises, "add"), (Replies, "add"), (Replies, "add_draft"), (Journal, "write")]
)
def test_a_failure_in_the_middle_leaves_neither_reply_nor_promise(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, where: type, name: str
) -> None:
    stage.fetch(comment("c1"))
    before = _everything(stage)

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr(where, name, fails)
    with pytest.raises(RuntimeError):
        stage.reply("c1", text=CALLBACK)
    assert _everything(stage) == before


def test_what_is_refused_writes_nothing(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    before = _everything(stage)
    outcome = stage.reply("c1", text="{{ person.name }}, sono Dario: la richiamiamo appena possibile.")
    assert {"vague"} <= {refusal.check for refusal in outcome.refusals}
    assert outcome.state is None
    assert _everything(stage) == before


def test_looking_at_what_a_reply_would_be_writes_nothing(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    before = _everything(stage)
    composed = replying.consider(stage.desk(), stage.ask("c1", text=CALLBACK))
    assert (len(composed.parts), len(composed.promises), composed.refusals) == (1, 1, ())
    assert _everything(stage) == before


def test_a_pickup_tomorrow_is_refused_with_the_day_that_would_pass(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    text = "{{ person.name }}, sono Dario, mi scuso: domani passa il corriere a ritirare il pacco."
    refusal = stage.reply("c1", text=text).refusals[0]
    assert (refusal.check, refusal.promise_kind) == ("too-early", "pickup")
    assert refusal.earliest_due_at == at(25, 18)
    assert refusal.suggest is not None
    assert "mercoledì 25 novembre" in refusal.suggest


def test_a_sentence_that_was_taken_out_promises_nothing(stage: Stage) -> None:
    stage.fetch(comment("c1", "bellissimo, lo adoro"))
    outcome = stage.reply("c1", text="Grazie {{ person.name }}, un saluto da {{ agent.name }}.")
    assert outcome.state == "approved"
    assert outcome.promises == ()


def test_a_reply_without_room_for_all_is_refused_with_how_many_fit_and_the_next_time(stage: Stage) -> None:
    stage.settings = with_kind(stage.settings, "callback", per_day=2)
    stage.fetch(*(comment(f"c{n}") for n in range(6)))
    ids = [f"c{n}" for n in range(6)]
    request = stage.ask(*ids, text=CALLBACK, promises=(("callback", at(24, 18).isoformat()),), mode="each")
    outcome = replying.approve(stage.desk(), request, shown=None)
    refusal = next(refusal for refusal in outcome.refusals if refusal.check == "no-room")
    # One and a half units are left of today, so one; two tomorrow; the sixth is for Wednesday.
    assert refusal.fits == 3
    assert refusal.earliest_due_at == at(26, 18).astimezone(UTC)
    assert stage.promise_states() == []


def test_a_template_wish_is_shifted_to_what_fits_and_said_so(stage: Stage) -> None:
    stage.settings = with_kind(stage.settings, "callback", per_day=2)
    stage.fetch(*(comment(f"c{n}") for n in range(6)))
    request = stage.ask(*[f"c{n}" for n in range(6)], text=CALLBACK, mode="each")
    composed = replying.consider(stage.desk(), request)
    assert composed.refusals == ()
    assert {one.due_at for one in composed.promises} == {at(26, 18)}
    assert "giovedì 26 novembre" in composed.parts[0].text
    assert composed.remarks != ()


def test_who_says_yes_to_a_text_that_changed_meanwhile_is_shown_the_new_one(stage: Stage) -> None:
    stage.settings = with_kind(stage.settings, "callback", per_day=1)
    stage.fetch(comment("c1"), comment("c2", author="zeno"))
    request = stage.ask("c1", text=CALLBACK)
    shown = replying.consider(stage.desk(), request)
    stage.reply("c2", text=CALLBACK, agent="giulia")
    outcome = replying.approve(stage.desk(), request, shown=shown)
    assert (outcome.state, outcome.refusals) == (None, ())
    assert outcome.composed.parts[0].text != shown.parts[0].text
    assert stage.states("c1") == ["waiting"]
    assert replying.approve(stage.desk(), request, shown=outcome.composed).state == "approved"


@pytest.mark.parametrize("before", ["queued", "answered", "gone"])
def test_what_is_answered_or_gone_is_not_answered_again(stage: Stage, before: str) -> None:
    stage.fetch(comment("c1"))
    if before == "gone":
        stage.fetch(deleted=["c1"])
    else:
        stage.reply("c1", text=CALLBACK)
    if before == "answered":
        stage.send()
    assert stage.states("c1") == [before]
    outcome = stage.reply("c1", text=CALLBACK)
    assert [refusal.check for refusal in outcome.refusals] == ["already-answered"]
    assert stage.rows("SELECT count(*) FROM reply") == [(0 if before == "gone" else 1,)]


def test_one_answered_comment_among_several_stops_them_all(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    stage.reply("c1", text=CALLBACK)
    assert [r.check for r in stage.reply("c1", "c2", text=CALLBACK).refusals] == ["already-answered"]
    assert stage.states("c2") == ["waiting"]


def test_a_comment_deleted_since_is_seen_before_the_reply(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    stage.page.deleted = {"c1"}
    request, _ = replying.look_again(stage.desk(), stage.ask("c1", "c2", text=CALLBACK))
    assert request.comments == (stage.comment("c2").id,)
    assert stage.states("c1", "c2") == ["gone", "waiting"]
    assert stage.said == ["1 of these comments were deleted on the platform: left out."]


def test_a_group_never_shown_counts_as_changed(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    group = stage.group_of("c1")
    outcome = stage.reply(groups=[group], text=CALLBACK)
    assert [refusal.check for refusal in outcome.refusals] == ["group-changed"]
    assert stage.states("c1") == ["waiting"]


def test_a_group_that_was_shown_may_be_answered(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    stage.look()
    assert stage.reply(groups=[stage.group_of("c1")], text=CALLBACK).state == "approved"


def test_what_one_agent_saw_another_has_not(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    stage.look(agent="giulia")
    outcome = stage.reply(groups=[stage.group_of("c1")], text=CALLBACK)
    assert [refusal.check for refusal in outcome.refusals] == ["group-changed"]


def test_who_joined_since_it_was_shown_changes_a_group_unless_they_are_included(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    stage.look()
    stage.fetch(comment("c2"))
    group = stage.group_of("c1")
    assert [r.check for r in stage.reply(groups=[group], text=CALLBACK).refusals] == ["group-changed"]
    assert stage.reply(groups=[group], text=CALLBACK, include_new=True).state == "approved"
    assert stage.states("c1", "c2") == ["queued", "queued"]


def test_a_fetch_with_nothing_new_changes_no_group(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    stage.look()
    stage.fetch(comment("c1"))
    assert stage.reply(groups=[stage.group_of("c1")], text=CALLBACK).state == "approved"


def test_a_group_keeps_its_id_until_it_is_empty(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    first = stage.group_of("c1")
    stage.reply("c1", text=CALLBACK)
    stage.fetch(comment("c3"))
    assert stage.group_of("c3") == first
    stage.reply("c2", "c3", text=CALLBACK)
    with pytest.raises(NotFound, match="Nobody waits"):
        stage.ask(groups=[first])
    stage.fetch(comment("c4"))
    assert stage.group_of("c4") != first


def test_private_comments_never_join_a_group(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2", private=True), comment("c3", private=True), comment("c4"))
    assert stage.group_of("c1") == stage.group_of("c4")
    assert len({stage.group_of(name) for name in ("c1", "c2", "c3")}) == 3


def test_a_private_comment_is_answered_in_private_with_the_private_text(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2", private=True))
    outcome = stage.reply("c1", "c2", text=None, template="delivery-late")
    assert [(reply.private, "in privato" in reply.text) for reply in outcome.replies] == [(False, False), (True, True)]
    stage.send()
    assert {post.to: post.private for post in stage.page.wall} == {("c1",): False, ("c2",): True}


def test_a_public_comment_may_be_answered_in_private_where_the_platform_can(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    assert stage.reply("c1", text=None, template="delivery-late", private=True).replies[0].private
    stage.page.limits = replace(stage.page.limits, private_replies=False)
    with pytest.raises(UsageProblem, match="cannot answer a public comment in private"):
        stage.reply("c2", text=None, template="delivery-late", private=True)


def test_a_private_answer_has_the_length_that_the_platform_gives_private_ones(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    stage.page.limits = replace(stage.page.limits, length=1000, private_length=50)
    outcome = stage.reply("c1", text=None, template="delivery-late", private=True)
    assert [refusal.check for refusal in outcome.refusals] == ["too-long"]
    assert "where the platform takes 50" in outcome.refusals[0].why
    assert stage.reply("c1", text=None, template="delivery-late").replies


def test_together_is_not_for_private_comments(stage: Stage) -> None:
    stage.fetch(comment("c1", private=True), comment("c2"))
    for ids in (["c1"], ["c1", "c2"], ["c2", "c1"]):
        with pytest.raises(UsageProblem, match="--mode each"):
            stage.reply(*ids, text=CALLBACK, mode="together")


def test_nothing_private_is_answered_together_with_what_is_public(stage: Stage) -> None:
    stage.fetch(*(comment(f"c{n}") for n in range(6)), comment("secret", private=True))
    outcome = stage.reply(*(f"c{n}" for n in range(6)), "secret", text=None, template="delivery-late")
    assert sorted((reply.private, len(reply.to)) for reply in outcome.replies) == [(False, 6), (True, 1)]
    assert not any("author.secret" in reply.text for reply in outcome.replies if not reply.private)


def test_two_times_for_one_kind_in_one_text_need_room_for_both(stage: Stage) -> None:
    stage.settings = with_kind(stage.settings, "callback", per_day=1)
    stage.fetch(comment("c1"))
    text = CALLBACK + " Prima la richiamo entro martedì 24 novembre alle 17:00."
    assert "no-room" in {refusal.check for refusal in stage.reply("c1", text=text).refusals}
    stage.settings = with_kind(stage.settings, "callback", per_day=2)
    assert len(stage.reply("c1", text=text).promises) == 2


def test_an_escalated_comment_takes_no_template_and_only_the_manager(stage: Stage) -> None:
    stage.fetch(comment("c1", "Il pacco non è arrivato e mi sono ustionata"))
    assert stage.comment("c1").escalation == "injury"
    with pytest.raises(UsageProblem, match="only a manager"):
        stage.reply("c1", text=CALLBACK, agent="giulia")
    with pytest.raises(UsageProblem, match="no template"):
        stage.reply("c1", text=None, template="delivery-late")
    assert stage.look().groups[0].urgency == "escalated"
    assert stage.look().groups[0].group.suggestion is None
    assert stage.reply("c1", text=CALLBACK).state == "approved"


def test_one_escalated_comment_among_others_is_enough(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2", "mi sono ustionata"))
    with pytest.raises(UsageProblem, match="only a manager"):
        stage.reply("c1", "c2", text=CALLBACK, agent="giulia")


def test_a_reserved_template_is_the_managers(stage: Stage) -> None:
    templates = dict(stage.settings.templates)
    templates["praise"] = replace(templates["praise"], reserved=True)
    stage.settings = replace(stage.settings, templates=templates)
    stage.fetch(comment("c1", "bellissimo, lo adoro"))
    with pytest.raises(UsageProblem, match="manager's"):
        stage.reply("c1", text=None, template="praise", agent="giulia")
    assert stage.reply("c1", text=None, template="praise").state == "approved"


def test_one_person_with_two_comments_in_a_thread_gets_one_answer(stage: Stage) -> None:
    stage.fetch(comment("c1", author="anna"), comment("c2", author="anna"), comment("c3"))
    outcome = stage.reply("c1", "c2", "c3", text=CALLBACK, mode="each")
    assert sorted(reply.to for reply in outcome.replies) == [("c1", "c2"), ("c3",)]
    assert len(outcome.promises) == 2


def test_a_missing_value_is_named(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    refusals = stage.reply(
        "c1", text="{{ person.name }}, sono Dario: ordine {{ order }}, {{ promises.reply.when }}"
    ).refusals
    assert [refusal.excerpt for refusal in refusals if refusal.check == "missing-value"] == ["{{ order }}"]


def test_a_comment_in_braces_is_never_a_template(stage: Stage) -> None:
    stage.fetch(comment("c1", "{{ agent.name }} bellissimo {% for x in y %}", name="{{ 7*7 }}", author="{{x}}"))
    outcome = stage.reply("c1")
    assert outcome.replies[0].text == "Grazie x, un saluto da Dario."


def test_a_reply_by_hand_is_posted_and_its_promises_run(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    outcome = stage.reply("c1", text=CALLBACK, by_hand="https://x.example/1")
    assert outcome.state == "posted"
    assert (stage.states("c1"), stage.promise_states()) == (["answered"], ["running"])
    assert stage.send().posted == []
    assert stage.page.attempts == 0


def test_a_trainee_posts_nothing_by_hand(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    with pytest.raises(UsageProblem, match="trainee"):
        stage.reply("c1", text=CALLBACK, agent="tom", by_hand="https://x.example/1")
    assert stage.reply_states() == []


def test_a_given_time_is_promised_even_where_the_text_does_not_say_it(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    outcome = stage.reply("c1", text=CALLBACK, promises=(("callback", at(25, 11).isoformat()),))
    assert outcome.promises[0].due_at == at(25, 11)
    assert "mercoledì 25 novembre alle 11:00" in outcome.replies[0].text


def test_a_text_that_contradicts_a_given_time_is_refused(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    text = "{{ person.name }}, sono Dario, mi scuso: la richiamo domani."
    outcome = stage.reply("c1", text=text, promises=(("callback", at(25, 11).isoformat()),))
    assert "mismatch" in {refusal.check for refusal in outcome.refusals}
    assert stage.promise_states() == []


def test_words_that_are_no_promise_are_not_logged_and_that_is_in_the_log(stage: Stage) -> None:
    stage.fetch(comment("c1", "bellissimo, lo adoro"))
    text = "Grazie {{ person.name }}, sono Dario: domani passa il corriere a ritirare il pacco."
    outcome = stage.reply("c1", text=text, not_a_promise=("domani passa il corriere",))
    assert (outcome.state, outcome.promises) == ("approved", ())
    codes = stage.store.journal.about([outcome.replies[0].id or ""])[0].codes
    assert (codes["not-promises"], codes["waived"]) == (1, 0)


def test_a_promise_of_what_the_policy_does_not_know_is_refused_by_name(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    with pytest.raises(NotFound, match="nothing"):
        stage.reply("c1", text="{{ person.name }}, sono Dario {{ promises.nothing.when }}")


def test_nobody_to_answer_is_said_so(stage: Stage) -> None:
    with pytest.raises(NotFound):
        replying.approve(stage.desk(), Request(comments=("c000000",), text="x"), shown=None)


def test_a_pickup_and_a_callback_in_one_text_are_two_promises(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    outcome = stage.reply("c1", text=PICKUP[:-1] + " e la richiamo {{ promises.callback.when }}.")
    assert sorted(promise.kind for promise in outcome.promises) == ["callback", "pickup"]


def test_everything_a_reply_logs_is_ids_and_codes_never_words_or_names(stage: Stage) -> None:
    stage.fetch(comment("c1", "Siete delle sardine, il pacco non è arrivato", name="Ludovica", author="ludo"))
    stage.reply("c1", text=CALLBACK)
    stage.send()
    logged = " ".join(str(row) for row in stage.rows("SELECT agent, action, subject, codes FROM log"))
    assert not any(word in logged for word in ("sardine", "Ludovica", "ludo", "richiamo", "Buongiorno"))
