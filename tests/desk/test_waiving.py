"""Waive: a check that does not count this once has a name under it, on the screen, with the draft and in the log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from caretool.desk import approving, replying, showing, waiving
from caretool.domain.draft import Check
from caretool.domain.waiver import CHECKS, WAIVED_BY, CheckRules, Kept
from caretool.errors import UsageProblem
from tests.desk.rewarded import coupon, giving, write_codes
from tests.desk.stage import Stage, comment

LOUD = "Grazie {{ person.name }}, UN SALUTO DA TUTTI, {{ agent.name }}."
STOCK = "Grazie {{ person.name }}, nel minor tempo possibile, {{ agent.name }}."
NICE = "Bellissimo, lo adoro"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    made.fetch(comment("one", NICE), comment("two", NICE))
    return made


def logged(stage: Stage, action: str) -> list[tuple[str, str, str]]:
    return stage.rows("SELECT agent, subject, codes FROM log WHERE action = ?", action)


def checks_of(found: object) -> list[str]:
    return [one.check for one in found]  # type: ignore[attr-defined]


def test_what_is_waived_goes_out_under_a_name(stage: Stage) -> None:
    assert checks_of(stage.reply("one", text=LOUD).refusals) == ["shouting"]
    done = stage.reply("one", text=LOUD, waive=("shouting",))
    assert done.state == "approved"
    (waived,) = done.composed.waived
    assert (waived.by, waived.wish, waived.refusal.excerpt) == ("dario", False, "UN SALUTO DA TUTTI")
    (reply,) = done.replies
    assert logged(stage, "check-waived") == [("dario", reply.id, '{"shouting": 1}')]
    (approved,) = [line.codes for line in stage.store.journal.about([reply.id]) if line.action == "reply-approved"]
    assert (approved["waived"], approved["not-promises"]) == (1, 0)
    kept = (Kept("shouting", "UN SALUTO DA TUTTI", "dario"),)
    assert showing.show(stage.desk(), reply.id).waived == kept
    assert showing.show(stage.desk(), reply.draft).waived == kept
    assert showing.show(stage.desk(), stage.comment("one").id).waived == kept
    assert showing.show(stage.desk(), stage.comment("two").id).waived == ()


def test_the_log_holds_no_words_of_it(stage: Stage) -> None:
    stage.reply("one", text=LOUD, waive=("shouting",))
    assert all("SALUTO" not in str(row) for row in stage.rows("SELECT * FROM log"))


def test_a_waiver_counts_for_what_it_names_and_for_nothing_else(stage: Stage) -> None:
    both = LOUD.replace("Grazie", "Grazie nel minor tempo possibile")
    done = stage.reply("one", text=both, waive=("shouting",))
    assert checks_of(done.refusals) == ["stock-phrase"]
    assert stage.reply_states() == []
    assert logged(stage, "check-waived") == []


def test_what_had_refused_nothing_is_told_in_a_line(stage: Stage) -> None:
    done = stage.reply("one", waive=("sarcasm",))
    assert done.state == "approved"
    assert "--waive sarcasm: it had refused nothing." in done.composed.remarks
    assert logged(stage, "check-waived") == []


def test_who_may_not_waive_it_is_told_who_may(stage: Stage) -> None:
    done = stage.reply("one", text=STOCK, waive=("stock-phrase",), agent="giulia")
    assert checks_of(done.refusals) == ["stock-phrase"]
    assert "giulia is agent: only a manager waives stock-phrase (dario)." in done.composed.remarks
    assert stage.reply("one", text=STOCK, waive=("stock-phrase",)).state == "approved"


def test_the_policy_says_who_may(stage: Stage) -> None:
    rules = CheckRules({**WAIVED_BY, "stock-phrase": "agent", "shouting": "nobody"})
    stage.settings = replace(stage.settings, policy=replace(stage.settings.policy, checks=rules))
    assert stage.reply("one", text=STOCK, waive=("stock-phrase",), agent="giulia").state == "approved"
    done = stage.reply("two", text=LOUD, waive=("shouting",))
    assert checks_of(done.refusals) == ["shouting"]
    assert any("Nobody waives shouting here" in remark for remark in done.composed.remarks)


def test_a_check_the_company_does_without_is_not_made(stage: Stage) -> None:
    rules = CheckRules(off=("shouting",))
    stage.settings = replace(stage.settings, policy=replace(stage.settings.policy, checks=rules))
    assert stage.reply("one", text=LOUD).state == "approved"


def test_whatever_is_waived_a_promise_beyond_what_can_be_kept_is_refused(stage: Stage) -> None:
    text = "Grazie {{ person.name }}, sono {{ agent.name }}: domani passa il corriere, a breve la richiamo."
    done = stage.reply("one", text=text, waive=CHECKS)
    assert {"too-early", "vague"} <= set(checks_of(done.refusals))
    assert stage.promise_states() == []


@pytest.mark.parametrize("check", sorted(set(CHECKS) - set(WAIVED_BY)))
def test_what_cannot_be_waived_says_the_proper_way(check: Check) -> None:
    with pytest.raises(UsageProblem, match=f"{check} cannot be waived: .{{20,}}"):
        waiving.named([check])


def test_a_slip_of_the_keyboard_is_told_the_nearest_check() -> None:
    with pytest.raises(UsageProblem, match="did you mean shouting"):
        waiving.named(["shuoting"])
    assert waiving.named([" shouting ", "shouting"]) == ("shouting",)


def test_a_trainee_asks_and_who_approves_has_to_make_it_his_own(stage: Stage) -> None:
    asked = stage.reply("one", text=LOUD, waive=("shouting",), agent="tom")
    assert asked.state == "awaiting"
    assert asked.composed.waived[0].wish
    draft = approving.find(stage.desk(), asked.replies[0].draft)
    assert logged(stage, "check-waived") == []
    assert logged(stage, "waiver-asked") == [("tom", draft.id, '{"shouting": 1}')]
    assert showing.show(stage.desk(), draft.id).waived == (Kept("shouting", "UN SALUTO DA TUTTI", "tom", asked=True),)

    looked = approving.consider(stage.desk("giulia"), draft)
    assert checks_of(looked.refusals) == ["shouting"]
    assert "tom asks to waive shouting: add --waive shouting to answer for it." in looked.remarks
    assert checks_of(approving.approve(stage.desk("giulia"), draft, shown=None).refusals) == ["shouting"]

    shown = approving.consider(stage.desk("giulia"), draft, ("shouting",))
    done = approving.approve(stage.desk("giulia"), draft, shown=shown, waive=("shouting",))
    assert done.state == "approved"
    assert [(by, codes) for by, _, codes in logged(stage, "check-waived")] == [("giulia", '{"shouting": 1}')]
    assert showing.show(stage.desk(), draft.id).waived == (Kept("shouting", "UN SALUTO DA TUTTI", "giulia"),)


def test_an_agent_cannot_approve_what_only_a_manager_waives(stage: Stage) -> None:
    asked = stage.reply("one", text=STOCK, waive=("stock-phrase",), agent="tom")
    assert asked.state == "awaiting"
    draft = approving.find(stage.desk(), asked.replies[0].draft)
    done = approving.approve(stage.desk("giulia"), draft, shown=None, waive=("stock-phrase",))
    assert checks_of(done.refusals) == ["stock-phrase"]
    assert approving.approve(stage.desk("dario"), draft, shown=None, waive=("stock-phrase",)).state == "approved"


def test_a_trainee_cannot_ask_for_what_nobody_may_waive(stage: Stage) -> None:
    text = "Grazie {{ person.name }}, mi scriva a anna@altrove.example, {{ agent.name }}."
    done = stage.reply("one", text=text, waive=("personal-data",), agent="tom")
    assert checks_of(done.refusals) == ["personal-data"]


def test_the_yes_is_to_the_waivers_that_were_shown(stage: Stage) -> None:
    request = stage.ask("one", text=LOUD, waive=("shouting",))
    shown = replying.consider(stage.desk(), request)
    assert len(shown.waived) == 1
    done = replying.approve(stage.desk(), request, shown=replace(shown, waived=()))
    assert (done.state, done.refusals) == (None, ())
    assert stage.reply_states() == []
    assert replying.approve(stage.desk(), request, shown=shown).state == "approved"


def test_what_is_waived_beside_a_code_is_logged_and_shown_too(stage: Stage) -> None:
    stage.settings = giving(coupon(), settings=stage.settings)
    write_codes(stage.folder, ["SECRET1"])
    nameless = "{{ person.name }}, il codice {{ reward.code }} è per lei, grazie."
    done = stage.reply("one", text=nameless, reward="thanks", private=True, waive=("no-agent-name",))
    (reply,) = done.replies
    assert (done.state, "SECRET1" in reply.text) == ("approved", True)
    assert logged(stage, "check-waived") == [("dario", reply.id, '{"no-agent-name": 1}')]
    (kept,) = showing.show(stage.desk(), reply.id).waived
    assert (kept.check, kept.by, "SECRET1" in kept.words) == ("no-agent-name", "dario", False)


def test_a_draft_from_before_there_were_waivers_is_still_read(stage: Stage) -> None:
    asked = stage.reply("one", agent="tom")
    stage.rows(
        "UPDATE draft SET request = json_remove(request, '$.waive', '$.waived') WHERE id = ?", asked.replies[0].draft
    )
    draft = approving.find(stage.desk(), asked.replies[0].draft)
    assert approving.approve(stage.desk(), draft, shown=None).state == "approved"


def test_a_question_is_answered_in_the_language_it_was_asked_in(stage: Stage) -> None:
    asked = "Buongiorno, quanto costa la lampada grande che avete in vetrina e quando la avete?"
    stage.fetch(comment("price", asked))
    silent = stage.reply("price", text="Grazie {{ person.name }} per averci scritto, sono {{ agent.name }}.")
    assert checks_of(silent.refusals) == ["unanswered-question"]
    assert "quanto costa la lampada grande" in silent.refusals[0].why
    assert "entro" in str(silent.refusals[0].suggest)
    english = "Hello {{ person.name }}, this is {{ agent.name }} and it is 39 euros at our shop, for you today."
    assert checks_of(stage.reply("price", text=english).refusals) == ["wrong-language"]
    assert stage.reply("price", text="{{ person.name }}, 39 euro, da {{ agent.name }}.").state == "approved"


def test_an_answer_for_many_is_not_held_to_what_one_of_them_adds(stage: Stage) -> None:
    names = [f"fan{n}" for n in range(5)]
    stage.fetch(*(comment(name, NICE) for name in names), comment("odd", f"{NICE}. E dove siete a Trieste?"))
    thanks = "Grazie {{ people }}, un saluto da {{ agent.name }}."
    assert checks_of(stage.reply("odd").refusals) == ["unanswered-question"]
    assert stage.reply(*names, "odd", text=thanks, mode="together").state == "approved"
