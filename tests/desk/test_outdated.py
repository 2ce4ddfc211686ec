"""A stale draft is refused with what has changed: what it said and says, who answered and when, what is gone (R3).

Each case comes before the approver looks, and between what was shown and the yes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from caretool.desk import approving, closing, triaging
from caretool.domain.draft import Draft
from caretool.errors import UsageProblem
from tests.desk.stage import CALLBACK, LATE, Stage, comment, with_kind, without_kind

EDITED = LATE.replace("quando arriva?", "ora vorrei il rimborso.")


def _drafted(stage: Stage, **asked: Any) -> Draft:
    outcome = stage.reply("c1", text=asked.pop("text", CALLBACK), agent="tom", **asked)
    assert outcome.state == "awaiting", outcome.refusals
    return approving.find(stage.desk(), outcome.replies[0].draft)


def _by_giulia(stage: Stage) -> None:
    stage.clock.goes(minutes=13)
    stage.look(agent="giulia")
    assert stage.reply("c1", text=CALLBACK, agent="giulia").state == "approved"


def _by_giulia_and_out(stage: Stage) -> None:
    _by_giulia(stage)
    stage.send()


def _elsewhere(stage: Stage) -> None:
    stage.fetch(
        comment(
            "o1", "Buongiorno Anna, abbiamo risolto.", author="bottegablu", reply_to="c1", written_at=stage.clock.now
        )
    )


def _closed(stage: Stage) -> None:
    closing.close(stage.desk("giulia"), [stage.comment("c1").id], "they called us")


def _corrected(stage: Stage) -> None:
    triaging.correct(stage.desk("giulia"), [stage.comment("c1").id], {"kind": "praise", "topic": "praise"})


def _calmed(stage: Stage) -> None:
    triaging.correct(stage.desk("giulia"), [stage.comment("c1").id], {"tone": "pleased"})


def _deleted(stage: Stage) -> None:
    stage.fetch(deleted=["c1"])


# What happens meanwhile, the check that refuses, and what it has to tell.
CHANGES: dict[str, tuple[Callable[[Stage], object], str, tuple[str, ...]]] = {
    "edited": (lambda stage: stage.fetch(comment("c1", EDITED)), "group-changed", (LATE, EDITED)),
    "made private": (lambda stage: stage.fetch(comment("c1", private=True)), "group-changed", ("is private now",)),
    "answered": (_by_giulia, "already-answered", ("giulia approved an answer", "Mon 23 Nov 09:25", "la richiamo")),
    "answered and out": (_by_giulia_and_out, "already-answered", ("giulia answered it", "Mon 23 Nov 09:25")),
    "answered elsewhere": (
        _elsewhere, "already-answered", ("bottegablu answered it there Mon 23 Nov 09:12", "abbiamo risolto"),
    ),
    "closed": (_closed, "already-answered", ("giulia, Mon 23 Nov 09:12", "they called us")),
    "deleted": (_deleted, "already-answered", ("deleted on the platform",)),
    "read otherwise": (
        _corrected, "group-changed",
        ("neutral complaint about delivery-late", "neutral praise about praise", "by giulia, Mon 23 Nov 09:12"),
    ),
    "read as less angry": (_calmed, "group-changed", ("neutral complaint about", "is pleased complaint about")),
}  # fmt: skip


@pytest.mark.parametrize("shown_before", [False, True], ids=["before it is shown", "between showing and the yes"])
@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_is_told_with_the_difference(stage: Stage, change: str, shown_before: bool) -> None:
    happens, check, told = CHANGES[change]
    stage.fetch(comment("c1"))
    triaging.correct(stage.desk(), [stage.comment("c1").id], {"kind": "complaint", "topic": "delivery-late"})
    draft = _drafted(stage)
    shown = approving.consider(stage.desk(), draft) if shown_before else None
    assert shown is None or shown.refusals == ()
    happens(stage)
    refused = shown or approving.consider(stage.desk(), draft)
    found = refused.refusals if shown is None else ()
    outcome = approving.approve(stage.desk(), draft, shown=shown)
    for refusals in (found, outcome.refusals) if shown is None else (outcome.refusals,):
        first = next(refusal for refusal in refusals if refusal.check == check)
        for words in told:
            assert words in first.why
    kept = stage.store.replies.draft(draft.id)
    assert kept is not None
    assert kept == draft or (change, kept.state) == ("closed", "rejected")
    assert stage.rows("SELECT count(*) FROM promise p JOIN reply r ON r.id = p.reply WHERE r.agent = 'tom'") == [(0,)]


def test_of_two_edits_the_words_that_the_draft_answers_are_shown(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    draft = _drafted(stage)
    stage.fetch(comment("c1", "Allora?"))
    stage.fetch(comment("c1", EDITED))
    (refusal,) = approving.approve(stage.desk(), draft, shown=None).refusals
    assert LATE in refusal.why
    assert "Allora" not in refusal.why


def test_what_was_edited_and_put_back_is_as_it_was(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    draft = _drafted(stage)
    stage.fetch(comment("c1", EDITED))
    stage.fetch(comment("c1"))
    assert approving.approve(stage.desk(), draft, shown=None).state == "approved"


def test_personal_data_in_an_edit_stays_masked(stage: Stage) -> None:
    stage.fetch(comment("c1", f"{LATE} Il mio numero è 333 1234567."))
    draft = _drafted(stage)
    stage.fetch(comment("c1", f"{LATE} Il mio numero è 333 7654321."))
    (refusal,) = approving.approve(stage.desk(), draft, shown=None).refusals
    assert "1234567" not in refusal.why
    assert "7654321" not in refusal.why
    assert "personal data in it is not what it was" in refusal.why


def test_a_promise_that_is_no_longer_possible_is_refused_with_what_would_pass(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    text = "{{ person.name }}, sono Tom, mi scuso: il corriere passa mercoledì 25 novembre alle 18:00."
    draft = _drafted(stage, text=text)
    stage.settings = with_kind(stage.settings, "pickup", per_day=0)
    refusals = approving.approve(stage.desk(), draft, shown=None).refusals
    assert [refusal.check for refusal in refusals] == ["no-room"]
    stage.settings = with_kind(stage.settings, "pickup", per_day=40)
    stage.clock.says(24, 9)
    (late,) = approving.approve(stage.desk(), draft, shown=None).refusals
    assert late.check == "too-early"
    assert late.earliest_due_at is not None


def _without_agent(stage: Stage) -> None:
    agents = {name: agent for name, agent in stage.settings.agents.items() if name != "tom"}
    stage.settings = replace(stage.settings, agents=agents)


def _without_template(stage: Stage) -> None:
    templates = {name: one for name, one in stage.settings.templates.items() if name != "delivery-late"}
    stage.settings = replace(stage.settings, templates=templates)


def _without_kind(stage: Stage) -> None:
    stage.settings = without_kind(stage.settings, "reply")


@pytest.mark.parametrize(
    ("goes", "told"),
    [
        (_without_agent, "was written by tom, who is no longer in accounts.toml: reject it"),
        (_without_template, "No template is called 'delivery-late'.*Reject it, or put that back"),
        (_without_kind, "no promise kind 'reply'.*Reject it, or put that back"),
    ],
)
@pytest.mark.parametrize("shown_before", [False, True])
def test_what_a_draft_is_made_of_may_go_and_is_named(
    stage: Stage, goes: Callable[[Stage], None], told: str, shown_before: bool
) -> None:
    stage.fetch(comment("c1"))
    draft = _drafted(stage, text=None, template="delivery-late")
    shown = approving.consider(stage.desk(), draft) if shown_before else None
    goes(stage)
    with pytest.raises(UsageProblem, match=told):
        approving.approve(stage.desk(), draft, shown=shown)
    with pytest.raises(UsageProblem, match=told):
        approving.consider(stage.desk(), draft)
    approving.reject(stage.desk(), draft, "no longer so")
    assert stage.reply_states() == ["rejected"]


def test_who_joined_and_what_reads_otherwise_is_remarked_and_stops_nothing(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    stage.look(agent="tom")
    outcome = stage.reply(groups=[stage.group_of("c1")], text=CALLBACK, agent="tom")
    draft = approving.find(stage.desk(), outcome.replies[0].draft)
    assert approving.since(stage.desk(), draft, approving.consider(stage.desk(), draft)) == []
    stage.fetch(comment("c2"))
    stage.clock.says(25, 9)
    composed = approving.consider(stage.desk(), draft)
    joined, otherwise = approving.since(stage.desk(), draft, composed)
    assert joined == f"1 comment has joined {draft.group} since tom wrote this: it does not answer them."
    assert "martedì 24 novembre" in otherwise
    assert "giovedì 26 novembre" in otherwise
    assert approving.approve(stage.desk(), draft, shown=composed).state == "approved"


def test_a_reply_too_is_told_who_was_quicker(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    _by_giulia(stage)
    (refusal,) = stage.reply("c1", text=CALLBACK).refusals
    assert "giulia approved an answer Mon 23 Nov 09:25" in refusal.why
