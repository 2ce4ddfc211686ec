"""Something in the hand: in private only, within its limits, each code once, returned if the reply comes to nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.desk import approving, forgetting, persons, replying, retracting, rewarding, sending, settling
from caretool.desk.replying import Outcome
from caretool.desk.request import Request
from caretool.domain.limits import Limits
from caretool.domain.template import Wording
from caretool.errors import AnswerLost, NotFound, PlatformFailed, UsageProblem
from tests.desk.rewarded import GRATEFUL, codes_of, coupon, gift, giving, write_codes
from tests.desk.stage import PLAIN, Stage, comment

OURS = "Buongiorno {{ person.name }}, sono {{ agent.name }}: per lei {{ reward.code }}."


def _with_codes(stage: Stage, *codes: str, **keys: object) -> None:
    stage.settings = giving(coupon(**keys))
    write_codes(stage.folder, codes)


def _praised(stage: Stage, *native_ids: str) -> None:
    stage.fetch(*(comment(native_id, GRATEFUL) for native_id in native_ids or ("c1",)))


def _give(stage: Stage, *native_ids: str, agent: str = "dario", **asked: object) -> Outcome:
    """Answer with the reward's own words, in private."""
    asked = {"text": None, "reward": "thanks", "private": True} | asked
    return stage.reply(*(native_ids or ("c1",)), agent=agent, **asked)


def _refused(outcome: Outcome) -> list[str]:
    assert outcome.state is None
    return [refusal.why for refusal in outcome.refusals if refusal.check == "no-reward"]


def test_a_code_is_drawn_with_the_approval_and_sent_in_private(stage: Stage) -> None:
    _with_codes(stage, "AAA", "BBB")
    _praised(stage)
    outcome = _give(stage)
    assert outcome.state == "approved"
    assert (outcome.rewards[0].kind, outcome.rewards[0].comment_kind) == ("thanks", "praise")
    assert codes_of(stage) == {"AAA": "given", "BBB": None}
    stage.send()
    posted = stage.page.wall[0]
    assert (posted.private, "il codice AAA è per lei" in posted.text) == (True, True)
    assert stage.store.rewards.by_ids([outcome.rewards[0].id])[0].stands == "given"


def test_before_the_yes_no_code_is_shown_and_none_reserved(stage: Stage) -> None:
    _with_codes(stage, "AAA")
    _praised(stage)
    request = stage.ask("c1", text=None, reward="thanks", private=True)
    shown = replying.consider(stage.desk(), request)
    assert "‹code›" in shown.parts[0].text
    assert "AAA" not in shown.parts[0].text
    assert codes_of(stage) == {}
    assert replying.approve(stage.desk(), request, shown=shown).state == "approved"


def test_own_words_show_the_code_or_are_refused(stage: Stage) -> None:
    _with_codes(stage, "AAA", "BBB")
    _praised(stage)
    assert _refused(_give(stage, text=PLAIN)) == ["The text brings thanks and does not show its code."]
    assert _give(stage, text=OURS).state == "approved"
    assert stage.rows("SELECT text FROM reply")[0][0].endswith("per lei AAA.")


def test_in_public_it_is_refused_and_nothing_drawn(stage: Stage) -> None:
    _with_codes(stage, "AAA")
    _praised(stage)
    outcome = _give(stage, private=False)
    assert _refused(outcome) == ["A reward is for one person alone, and this answer is public."]
    assert "--private" in str(outcome.refusals[0].suggest)
    assert (codes_of(stage), stage.reply_states()) == ({}, [])


def test_a_private_message_needs_no_word_for_it(stage: Stage) -> None:
    _with_codes(stage, "AAA")
    stage.fetch(comment("c1", GRATEFUL, private=True, thread=None))
    assert _give(stage, private=False).state == "approved"


def test_where_nobody_can_be_answered_in_private_it_is_said(stage: Stage) -> None:
    _with_codes(stage, "AAA")
    stage.page.limits = Limits(together="names", private_replies=False)
    _praised(stage)
    with pytest.raises(UsageProblem, match="cannot answer a public comment in private"):
        _give(stage)


def test_an_unknown_reward_is_told_with_those_there_are(stage: Stage) -> None:
    _with_codes(stage, "AAA")
    _praised(stage)
    with pytest.raises(NotFound, match="it has thanks"):
        _give(stage, reward="mug")


def test_it_is_given_for_the_kinds_of_comment_it_is_for(stage: Stage) -> None:
    _with_codes(stage, "AAA", kinds=["suggestion", "fault"])
    _praised(stage)
    assert _refused(_give(stage)) == [f"thanks is for suggestion, fault: {stage.comment('c1').id} was read as praise."]


def test_nobody_gets_it_twice_for_one_comment_nor_in_one_go(stage: Stage) -> None:
    _with_codes(stage, "AAA", "BBB")
    anna = {"author": "anna", "private": True, "thread": None}
    stage.fetch(comment("c1", GRATEFUL, **anna), comment("c2", GRATEFUL, **anna))
    assert "would get thanks twice." in _refused(_give(stage, "c1", "c2"))[0]
    assert _give(stage, "c1").state == "approved"
    stage.send()
    again = rewarding.request_for(stage.desk(), "thanks", [stage.comment("c1").id], None)
    assert "has thanks already" in _refused(replying.approve(stage.desk(), again, shown=None))[0]


def test_without_codes_it_is_refused_with_what_would_pass(stage: Stage) -> None:
    stage.settings = giving(coupon(), gift())
    write_codes(stage.folder, ["AAA"])
    _praised(stage, "c1", "c2")
    outcome = _give(stage, "c1", "c2")
    assert _refused(outcome) == ["There are only 1 codes of thanks left."]
    assert outcome.refusals[0].fits == 1
    assert outcome.refusals[0].suggest == ("1 of these 2 can have it now, or --reward mug, or answer without a reward")
    (stage.folder / "codes" / "thanks.txt").unlink()
    assert "is missing" in _refused(_give(stage, "c1"))[0]


def test_a_months_number_ends_with_the_month(stage: Stage) -> None:
    _with_codes(stage, "AAA", "BBB", per_month=1)
    _praised(stage, "c1", "c2")
    assert _give(stage, "c1").state == "approved"
    outcome = _give(stage, "c2")
    assert _refused(outcome) == ["thanks is given 1 times a month at most: 1 were."]
    assert "from Tue 1 Dec 00:00 on it passes" in str(outcome.refusals[0].suggest)
    stage.clock.goes(days=8)
    assert _give(stage, "c2").state == "approved"


def test_a_budget_is_money(stage: Stage) -> None:
    budget = {"value": 10, "currency": "EUR", "budget": {"amount": 25, "per": "month"}}
    _with_codes(stage, *(f"CODE{number}" for number in range(9)), **budget)
    _praised(stage, "c1", "c2", "c3")
    outcome = _give(stage, "c1", "c2", "c3")
    assert _refused(outcome) == ["The budget of thanks has 25.00 EUR a month: 0.00 EUR are spent."]
    assert outcome.refusals[0].fits == 2
    assert _give(stage, "c1", "c2").state == "approved"
    assert "20.00 EUR are spent" in _refused(_give(stage, "c3"))[0]


def test_one_person_gets_it_as_often_as_the_policy_says(stage: Stage) -> None:
    _with_codes(stage, "AAA", "BBB", "CCC", per_person={"month": 1})
    stage.fetch(comment("c1", GRATEFUL, author="anna"), comment("c2", GRATEFUL, author="anna", thread="other"))
    assert _give(stage, "c1").state == "approved"
    assert "One person gets thanks once a month" in _refused(_give(stage, "c2"))[0]
    stage.clock.goes(days=8)
    assert _give(stage, "c2").state == "approved"


def test_a_gift_needs_no_code_and_ends_with_its_stock(stage: Stage) -> None:
    stage.settings = giving(gift(stock=1))
    _praised(stage, "c1", "c2")
    assert _give(stage, "c1", reward="mug").state == "approved"
    assert _refused(_give(stage, "c2", reward="mug")) == ["There are no mug left."]


def _template_gives(stage: Stage, **texts: str) -> None:
    stage.settings = giving(coupon())
    praise = stage.settings.templates["praise"]
    template = replace(praise, gives="thanks", replies={"it": Wording(public="Grazie da {{ agent.name }}!", **texts)})
    stage.settings = replace(stage.settings, templates={**stage.settings.templates, "praise": template})


def test_a_template_gives_in_private_and_says_so_in_public(stage: Stage) -> None:
    _template_gives(stage, private=OURS)
    write_codes(stage.folder, ["AAA"])
    _praised(stage, "c1", "c2")
    asked = {"text": None, "template": "praise"}
    public = stage.reply("c1", **asked)
    assert (public.state, public.rewards) == ("approved", ())
    assert any("caretool reward give thanks" in remark for remark in public.composed.remarks)
    assert stage.reply("c2", **asked, private=True).rewards[0].kind == "thanks"


def test_a_trainees_draft_reserves_no_code(stage: Stage) -> None:
    _with_codes(stage, "AAA")
    _praised(stage, "c1", "c2")
    awaiting = _give(stage, "c1", agent="tom")
    assert (awaiting.state, codes_of(stage)) == ("awaiting", {})
    assert "‹code›" in awaiting.replies[0].text
    assert _give(stage, "c2").state == "approved"
    draft = approving.find(stage.desk(), awaiting.replies[0].draft)
    assert "no codes" in _refused(approving.approve(stage.desk(), draft, shown=None))[0]
    write_codes(stage.folder, ["AAA", "BBB"])
    approved = approving.approve(stage.desk(), draft, shown=approving.consider(stage.desk(), draft))
    assert (approved.state, "BBB" in approved.replies[0].text) == ("approved", True)


def test_a_rejected_draft_leaves_every_code(stage: Stage) -> None:
    _with_codes(stage, "AAA")
    _praised(stage)
    draft = approving.find(stage.desk(), _give(stage, agent="tom").replies[0].draft)
    approving.reject(stage.desk(), draft, "too early")
    assert stage.rows("SELECT count(*) FROM reward") == [(0,)]
    assert _give(stage).state == "approved"


def test_a_coupon_cannot_have_been_posted_by_hand(stage: Stage) -> None:
    _with_codes(stage, "AAA")
    _praised(stage)
    with pytest.raises(UsageProblem, match="cannot have been posted by hand"):
        _give(stage, by_hand="https://board.example/1")
    assert codes_of(stage) == {}


def test_what_fails_for_good_returns_its_code_and_does_not_show_it_any_more(stage: Stage) -> None:
    _with_codes(stage, "AAA")
    _praised(stage, "c1", "c2")
    (reward,) = _give(stage, "c1").rewards
    stage.page.next_posts = [PlatformFailed("no")]
    stage.send()
    assert (stage.reply_states(), codes_of(stage), stage.states("c1")) == (["failed"], {"AAA": None}, ["waiting"])
    assert "AAA" not in stage.rows("SELECT text FROM reply")[0][0]
    assert stage.store.rewards.by_ids([reward.id])[0].stands == "returned"
    assert [line.action for line in stage.store.journal.about([reward.id])] == ["reward-given", "reward-returned"]
    assert "AAA" in _give(stage, "c2").replies[0].text


@pytest.mark.parametrize("how", ["deleted", "edited", "answered elsewhere"])
def test_what_nobody_can_get_any_more_returns_its_code(stage: Stage, how: str) -> None:
    _with_codes(stage, "AAA")
    _praised(stage)
    _give(stage)
    if how == "deleted":
        stage.page.deleted.add("c1")
    elif how == "edited":
        stage.page.edited["c1"] = comment("c1", "bellissimo, ma anche caro")
    else:
        stage.rows("UPDATE comment SET state = 'answered'")
    stage.send()
    assert (stage.reply_states(), codes_of(stage)) == (["failed"], {"AAA": None})


def test_what_is_unsure_keeps_its_code_until_it_is_settled(stage: Stage) -> None:
    _with_codes(stage, "AAA")
    _praised(stage)
    (reward,) = _give(stage).rewards
    stage.page.next_posts = ["lost before"]
    stage.send()
    assert (stage.reply_states(), codes_of(stage)) == (["unsure"], {"AAA": "given"})
    assert stage.store.rewards.by_ids([reward.id])[0].stands == "perhaps given"
    stage.page.next_posts = [PlatformFailed("no")]
    stage.send()
    stage.clock.goes(seconds=61)
    stage.send()
    assert (stage.reply_states(), codes_of(stage)) == (["failed"], {"AAA": None})


@pytest.mark.parametrize("posted", [True, False])
def test_what_a_person_settles_keeps_its_code_and_a_failure_after_it_returns_it(stage: Stage, posted: bool) -> None:
    _with_codes(stage, "AAA")
    stage.page.limits = Limits(together="names", private_replies=True, listing_trustworthy=False)
    _praised(stage)
    reply = _give(stage).replies[0].id
    stage.page.next_posts = ["lost before"]
    stage.send()
    stage.page.next_posts = [PlatformFailed("no")]
    settling.settle(stage.desk(), [reply] if posted else [], [] if posted else [reply], None)
    state, code = ("posted", "given") if posted else ("failed", None)
    assert (stage.reply_states(), codes_of(stage)) == ([state], {"AAA": code})


def test_what_was_seen_stays_given_when_it_is_taken_back(stage: Stage) -> None:
    _with_codes(stage, "AAA")
    _praised(stage)
    reply = _give(stage).replies[0].id
    stage.send()
    retracting.retract(stage.desk(), reply, "wrong person", by_hand=True)
    assert (stage.reply_states(), codes_of(stage)) == (["retracted"], {"AAA": "given"})


def _later(stage: Stage, *native_ids: str) -> Request:
    ids = [stage.comment(native_id).id for native_id in native_ids]
    return rewarding.request_for(stage.desk(), "thanks", ids, None)


def test_who_had_an_answer_is_given_it_in_a_further_message(stage: Stage) -> None:
    _with_codes(stage, "AAA")
    _praised(stage)
    with pytest.raises(UsageProblem, match="has no answer yet"):
        _later(stage, "c1")
    stage.reply("c1")
    stage.send()
    assert replying.approve(stage.desk(), _later(stage, "c1"), shown=None).state == "approved"
    stage.send()
    assert [(one.private, "AAA" in one.text) for one in stage.page.wall] == [(False, False), (True, True)]
    assert stage.states("c1") == ["answered"]


def test_a_person_is_given_it_for_the_last_comment_that_it_is_for(stage: Stage) -> None:
    _with_codes(stage, "AAA")
    _praised(stage, "c1")
    stage.reply("c1")
    stage.send()
    request = rewarding.request_for(stage.desk(), "thanks", [stage.comment("c1").person], None)
    assert request.comments == (stage.comment("c1").id,)


def test_who_had_an_answer_does_not_wait_again_for_a_present_that_failed(stage: Stage) -> None:
    _with_codes(stage, "AAA")
    _praised(stage)
    stage.reply("c1")
    stage.send()
    replying.approve(stage.desk(), _later(stage, "c1"), shown=None)
    stage.page.next_posts = [PlatformFailed("no")]
    stage.send()
    assert (stage.reply_states(), stage.states("c1"), codes_of(stage)) == (
        ["posted", "failed"], ["answered"], {"AAA": None},
    )  # fmt: skip


def test_a_file_is_taken_in_as_it_is_when_a_code_is_drawn(stage: Stage) -> None:
    _with_codes(stage, "# ours", "", "AAA", "BBB", "AAA", "two words")
    _praised(stage, "c1", "c2", "c3")
    _give(stage, "c1")
    assert stage.said == [
        "codes/thanks.txt: line 5 is the same as line 3: it counts once",
        "codes/thanks.txt: line 6 is no code: one a line, at most 200 letters, digits and signs without blanks",
    ]
    write_codes(stage.folder, ["CCC", "AAA"])
    _give(stage, "c2")
    assert codes_of(stage) == {"CCC": "given", "AAA": "given"}
    assert "no codes" in _refused(_give(stage, "c3"))[0]


def test_two_rewards_never_give_the_same_code(stage: Stage) -> None:
    stage.settings = giving(coupon(), coupon("sorry"))
    write_codes(stage.folder, ["AAA", "BBB"])
    write_codes(stage.folder, ["BBB", "AAA"], "sorry")
    _praised(stage, "c1", "c2", "c3")
    assert "AAA" in _give(stage, "c1").replies[0].text
    assert _refused(_give(stage, "c2", reward="sorry")) == ["There are no codes of sorry left."]
    write_codes(stage.folder, ["AAA"])
    assert "BBB" in _give(stage, "c2", reward="sorry").replies[0].text


def test_with_its_code_a_text_still_fits(stage: Stage) -> None:
    text = "Grazie {{ person.name }}, sono {{ agent.name }}: {{ reward.code }}"
    _with_codes(stage, "A" * 40)
    stage.page.limits = Limits(length=60, private_replies=True)
    _praised(stage)
    outcome = _give(stage, text=text)
    assert [refusal.check for refusal in outcome.refusals] == ["too-long"]
    write_codes(stage.folder, ["A"])
    assert _give(stage, text=text).state == "approved"


def test_a_file_that_leaves_the_workspace_by_a_link_is_not_read(stage: Stage) -> None:
    _with_codes(stage, "AAA")
    outside = stage.folder.parent / "outside.txt"
    outside.write_text("SECRET\n", encoding="utf-8")
    path = stage.folder / "codes" / "thanks.txt"
    path.unlink()
    path.symlink_to(outside)
    _praised(stage)
    why = _refused(_give(stage))[0]
    assert "out of the workspace" in why
    assert "SECRET" not in why


@settings(max_examples=40, deadline=None)
@given(walk=st.lists(st.sampled_from(["give", "fail", "lose", "send", "look", "more"]), max_size=14))
def test_every_code_is_free_or_belongs_to_one_reward_that_was_not_returned(walk: list[str]) -> None:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as name:
        stage = Stage(Path(name), ":memory:")
        number, codes = 0, ["A1", "A2"]
        _with_codes(stage, *codes)
        for step in walk:
            if step == "give":
                number += 1
                _praised(stage, f"c{number}")
                _give(stage, f"c{number}")
            elif step == "more":
                codes.append(f"A{len(codes) + 1}")
                write_codes(stage.folder, codes)
            else:
                stage.clock.goes(seconds=61)
                posts: dict[str, list[str | BaseException]] = {"fail": [PlatformFailed("no")], "lose": ["lost before"]}
                stage.page.next_posts = posts.get(step, [])
                stage.send()
            _no_code_lost_or_given_twice(stage)
        stage.store.close()


def _no_code_lost_or_given_twice(stage: Stage) -> None:
    held = stage.rows(
        "SELECT w.state, r.state FROM code c JOIN reward w ON w.id = c.reward JOIN reply r ON r.id = w.reply"
    )
    assert all(reward == "given" and reply not in ("failed", "rejected") for reward, reply in held)
    assert stage.rows("SELECT count(*) FROM reward WHERE state = 'given'") == [(len(held),)]
    texts = [post.text for post in stage.page.wall]
    shown = [text.split("codice ")[1].split(" ")[0] for text in texts]
    assert len(shown) == len(set(shown))


def test_what_a_code_is_worth_is_said_in_the_customers_language(stage: Stage) -> None:
    says = {"it": OURS[:-1] + ", cioè {{ reward.value }}.", "en": OURS[:-1] + ", that is {{ reward.value }}."}
    _with_codes(stage, "AAA", "BBB", value="9.90", currency="EUR", says=says)
    stage.fetch(comment("c1", GRATEFUL), comment("c2", "beautiful, I love it, great product", language="en"))
    texts = [reply.text for reply in (*_give(stage, "c1").replies, *_give(stage, "c2").replies)]
    assert texts[0].endswith("AAA, cioè 9,90\xa0€.")
    assert texts[1].endswith("BBB, that is €9.90.")


def test_the_report_counts_and_tells_no_code(stage: Stage) -> None:
    _with_codes(stage, "AAA", "BBB", "CCC", value=10, currency="EUR", budget={"amount": 40, "per": "month"})
    _praised(stage, "c1", "c2")
    _give(stage, "c1")
    stage.clock.goes(seconds=1)
    _give(stage, "c2", agent="giulia")
    stage.page.next_posts = ["", PlatformFailed("no")]
    stage.send()
    report = rewarding.report(stage.desk(), None, stage.clock() + timedelta(minutes=1), with_names=False)
    (kind,) = report.kinds
    assert (kind.given, kind.returned, kind.left, kind.spent, kind.kinds, kind.agents) == (
        1, 1, 2, {"EUR": 10}, {"praise": 1}, {"dario": 1},
    )  # fmt: skip
    assert [(one.month, one.given, one.spent, one.budget) for one in report.months] == [("2026-11", 1, 10, 40)]
    assert report.rewards is None
    assert "AAA" not in repr(rewarding.report(stage.desk(), None, stage.clock(), with_names=True))


def test_nothing_in_the_log_tells_a_code(stage: Stage) -> None:
    _with_codes(stage, "QXZAAA", "QXZBBB")
    _praised(stage, "c1", "c2")
    _give(stage, "c1")
    _give(stage, "c2")
    stage.page.next_posts = [AnswerLost("lost"), PlatformFailed("no")]
    sent = sending.send(stage.desk())
    assert "QXZ" not in repr(stage.rows("SELECT * FROM log")) + repr(sent.problems) + repr(stage.said)


@pytest.mark.parametrize("posted", [True, False])
def test_who_is_forgotten_leaves_the_codes_as_they_should_be(stage: Stage, posted: bool) -> None:
    _with_codes(stage, "AAA")
    _praised(stage)
    _give(stage)
    if posted:
        stage.send()
    person = persons.find(stage.desk(), stage.comment("c1").person)
    forgetting.forget(stage.desk(), forgetting.consider(stage.desk(), person))
    assert codes_of(stage) == {"AAA": "given" if posted else None}
    assert stage.rows("SELECT count(*), sum(state = 'given') FROM reward") == [(1, int(posted))]
    assert "AAA" not in repr(stage.rows("SELECT text FROM reply"))
