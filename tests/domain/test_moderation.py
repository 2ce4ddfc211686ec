from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.domain.comment import Kind, Tone
from caretool.domain.moderation import SILENCING, decide, grounded
from caretool.domain.policy import Action, ModerationRule, When
from caretool.domain.reading import Reading

KINDS: tuple[Kind, ...] = get_args(Kind)
TONES: tuple[Tone, ...] = get_args(Tone)
ACTIONS: tuple[Action, ...] = get_args(Action)
GROUNDS = ("spam", "abuse")


def some(*values: str) -> st.SearchStrategy[tuple[str, ...] | None]:
    return st.none() | st.lists(st.sampled_from(values), max_size=3, unique=True).map(tuple)


whens = st.builds(
    When,
    kind=some(*KINDS),
    tone=some(*TONES),
    topic=some("delivery-late", "returns"),
    language=some("it", "en"),
    account=some("page"),
    platform=some("file"),
    same_message_profiles=st.none() | st.integers(0, 4),
    personal_data=st.none() | st.booleans(),
)
rules = st.builds(ModerationRule, name=st.just("a rule"), when=whens, action=st.sampled_from(ACTIONS))
readings = st.builds(
    Reading,
    language=st.sampled_from(("it", "en")),
    kind=st.sampled_from(KINDS),
    tone=st.sampled_from(TONES),
    topic=st.sampled_from((None, "delivery-late", "returns")),
    vulgar=st.booleans(),
    personal_data=st.booleans(),
)


def decision(reading: Reading, *loaded: ModerationRule, copies_on: int = 1) -> tuple[Action, str | None]:
    action, name, why = decide(reading, loaded, account="page", platform="file", copies_on=copies_on)
    assert why
    return action, name


@given(readings, st.lists(rules, max_size=5), st.integers(0, 5))
@settings(max_examples=200)
def test_no_complaint_is_ever_silenced_save_to_hide_exposed_data(
    reading: Reading, loaded: list[ModerationRule], copies_on: int
) -> None:
    action, name, why = decide(reading, loaded, account="page", platform="file", copies_on=copies_on)
    assert why
    if action in SILENCING and reading.kind == "complaint":
        assert action == "hide"
        assert reading.personal_data
    if name is None:
        assert action == "leave"


@given(readings, rules, st.integers(0, 5))
@settings(max_examples=200)
def test_nothing_is_silenced_without_a_ground_that_holds(
    reading: Reading, rule: ModerationRule, copies_on: int
) -> None:
    action, _, _ = decide(reading, [rule], account="page", platform="file", copies_on=copies_on)
    if action in SILENCING:
        assert (
            reading.kind in GROUNDS
            or (copies_on >= 2 and (rule.when.same_message_profiles or 0) >= 2)
            or (action == "hide" and reading.personal_data)
        )


@given(rules)
@settings(max_examples=200)
def test_a_rule_that_loads_and_silences_requires_a_ground(rule: ModerationRule) -> None:
    if grounded(rule.when, rule.action) is None and rule.action in SILENCING:
        kind_is_ground = bool(rule.when.kind) and set(rule.when.kind or ()) <= set(GROUNDS)
        repeated = (rule.when.same_message_profiles or 0) >= 2
        assert kind_is_ground or repeated or (rule.action == "hide" and rule.when.personal_data)


@pytest.mark.parametrize("action", sorted(SILENCING))
@pytest.mark.parametrize(
    "when",
    [
        When(),
        When(tone=("angry",)),
        When(topic=("delivery-late",)),
        When(kind=("complaint",)),
        When(kind=("spam", "complaint")),
        When(kind=("complaint",), same_message_profiles=3),
        When(kind=("question",), tone=("angry",), language=("it",)),
        When(kind=()),
        When(same_message_profiles=1),
        When(personal_data=False),
        When(account=("page",), platform=("file",)),
    ],
)
def test_a_rule_that_could_silence_a_complaint_does_not_load(when: When, action: Action) -> None:
    assert grounded(when, action) is not None


@pytest.mark.parametrize("action", sorted(SILENCING))
@pytest.mark.parametrize(
    "when",
    [
        When(kind=("spam",)),
        When(kind=("abuse", "spam")),
        When(same_message_profiles=2),
        When(kind=("abuse",), personal_data=True, tone=("angry",)),
    ],
)
def test_a_rule_with_a_ground_loads(when: When, action: Action) -> None:
    assert grounded(when, action) is None


def test_exposed_personal_data_is_ground_to_hide_and_nothing_else() -> None:
    exposed = When(personal_data=True)
    assert grounded(exposed, "hide") is None
    assert all(grounded(exposed, action) for action in SILENCING - {"hide"})


def test_what_silences_nobody_needs_no_ground() -> None:
    assert all(grounded(When(), action) is None for action in set(ACTIONS) - SILENCING)


def test_the_first_rule_that_matches_wins() -> None:
    spam = Reading(language="en", kind="spam", tone="neutral")
    first = ModerationRule("elsewhere", When(kind=("spam",), language=("it",)), "ban")
    second = ModerationRule("links", When(kind=("spam",)), "hide")
    third = ModerationRule("all spam", When(kind=("spam",)), "delete")
    assert decision(spam, first, second, third) == ("hide", "links")


def test_the_same_message_counts_from_the_number_of_profiles_in_the_rule() -> None:
    chatter = Reading(language="en", kind="chatter", tone="neutral")
    rule = ModerationRule("flood", When(same_message_profiles=3), "hide")
    assert decision(chatter, rule, copies_on=2) == ("leave", None)
    assert decision(chatter, rule, copies_on=3) == ("hide", "flood")


def test_a_complaint_skips_the_rule_that_would_delete_it_and_is_hidden_by_the_one_that_protects_it() -> None:
    complaint = Reading(language="it", kind="complaint", tone="angry", personal_data=True)
    flood = ModerationRule("flood", When(same_message_profiles=2), "delete")
    privacy = ModerationRule("privacy", When(personal_data=True), "hide")
    assert decision(complaint, flood, privacy, copies_on=5) == ("hide", "privacy")
    _, _, why = decide(complaint, [flood], account="page", platform="file", copies_on=5)
    assert "a complaint is never silenced" in why[0]


def test_why_names_each_condition_that_held() -> None:
    spam = Reading(language="en", kind="spam", tone="neutral", topic="returns")
    rule = ModerationRule("r", When(kind=("spam",), topic=("returns",), platform=("file",)), "ask")
    _, _, why = decide(spam, [rule], account="page", platform="file", copies_on=1)
    assert why == ("kind is spam", "topic is returns", "platform is file")
