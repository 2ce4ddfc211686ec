from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.domain.comment import Kind, Tone
from caretool.domain.duration import Duration
from caretool.domain.moderation import (
    GUARDED,
    SILENCING,
    Circumstances,
    Copy,
    Decision,
    Ground,
    against,
    decide,
    grounded,
    likely_ground,
    profiles,
)
from caretool.domain.policy import Action, ModerationRule, When
from caretool.domain.reading import Reading

KINDS: tuple[Kind, ...] = get_args(Kind)
TONES: tuple[Tone, ...] = get_args(Tone)
ACTIONS: tuple[Action, ...] = get_args(Action)
GROUNDS: tuple[Ground, ...] = get_args(Ground)
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


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
    vulgar=st.none() | st.booleans(),
    within=st.none() | st.builds(Duration, st.integers(0, 48), st.just("hours")),
    by=st.sampled_from((None, "one", "several")),
    removed_before=st.none() | st.integers(1, 2),
    first_comment=st.none() | st.booleans(),
    thread=some("post"),
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
moments = st.integers(-72, 72).map(lambda hours: NOON + timedelta(hours=hours))
copies = st.builds(
    Copy,
    comment=st.sampled_from(("c1", "c2", "c3")),
    account=st.sampled_from(("page", "second", "third")),
    platform=st.sampled_from(("file", "board")),
    person=st.sampled_from(("u1", "u2")),
    handle=st.sampled_from(("anna", "bruno")),
    kind=st.sampled_from((None, *KINDS)),
    written_at=moments,
)
circumstances = st.builds(
    Circumstances,
    account=st.sampled_from(("page", "second")),
    platform=st.sampled_from(("file", "board")),
    person=st.sampled_from(("u1", "u2")),
    handle=st.sampled_from(("anna", "bruno")),
    written_at=st.none() | moments,
    copies=st.lists(copies, max_size=5).map(tuple),
    words=st.integers(0, 8),
    threads=st.sampled_from(((), ("post",))),
    removed_before=st.integers(0, 3),
    first_comment=st.booleans(),
)
HERE = Circumstances("page", "file", "u1", "anna", NOON)


def copy(account: str, *, kind: Kind = "chatter", hours: float = 0, person: str = "u1", handle: str = "anna") -> Copy:
    return Copy(f"c-{account}", account, "file", person, handle, kind, NOON + timedelta(hours=hours))


def pasted(*found: Copy, words: int = 8) -> Circumstances:
    """A comment on the page, with what says the same."""
    return Circumstances("page", "file", "u1", "anna", NOON, (copy("page"), *found), words)


def read(kind: Kind, **more: bool) -> Reading:
    return Reading(language="en", kind=kind, tone="neutral", **more)  # type: ignore[arg-type]


def decision(reading: Reading, *loaded: ModerationRule, around: Circumstances = HERE) -> tuple[Action, str | None]:
    made = decide(reading, loaded, around)
    assert made.why
    return made.action, made.rule


def complains(reading: Reading, around: Circumstances) -> bool:
    return reading.kind == "complaint" or any(one.kind == "complaint" for one in around.copies)


def spares(made: Decision, reading: Reading, around: Circumstances) -> bool:
    """Whether a decision leaves complaints alone, save hiding the customer's own data."""
    protects = made.action == "hide" and reading.personal_data and made.ground == "personal-data"
    return made.action not in GUARDED or not complains(reading, around) or protects


@given(readings, st.lists(rules, max_size=5), circumstances)
@settings(max_examples=200)
def test_no_complaint_and_no_copy_of_one_is_ever_silenced_save_to_hide_exposed_data(
    reading: Reading, loaded: list[ModerationRule], around: Circumstances
) -> None:
    """Also by rules that would not have loaded."""
    made = decide(reading, loaded, around)
    assert made.why
    assert spares(made, reading, around)
    if made.rule is None:
        assert made.action == "leave"


@given(readings, rules, circumstances)
@settings(max_examples=200)
def test_nothing_is_silenced_without_a_ground_that_holds_and_is_named(
    reading: Reading, rule: ModerationRule, around: Circumstances
) -> None:
    made = decide(reading, [rule], around)
    if made.action not in GUARDED:
        assert made.ground is None
        return
    accounts = {around.account, *(one.account for one in around.copies)}
    holds = {
        "spam": reading.kind == "spam",
        "abuse": reading.kind == "abuse",
        "repeated": len(accounts) >= 2 and (rule.when.same_message_profiles or 0) >= 2,
        "personal-data": made.action == "hide" and reading.personal_data,
    }
    assert made.ground is not None
    assert holds[made.ground]


@given(readings, st.sampled_from(ACTIONS), st.none() | st.sampled_from(GROUNDS), circumstances)
@settings(max_examples=200)
def test_a_person_is_held_to_the_same_grounds(
    reading: Reading, action: Action, ground: Ground | None, around: Circumstances
) -> None:
    if against(action, ground, reading, around) is None:
        assert spares(Decision(action, None, ground, ()), reading, around)
        assert action not in GUARDED or ground is not None
    likely = likely_ground(reading, around, action)
    assert likely is None or against(action, likely, reading, around) is None


@given(rules)
@settings(max_examples=200)
def test_a_rule_that_loads_and_silences_requires_a_ground(rule: ModerationRule) -> None:
    if grounded(rule.when, rule.action) is None and rule.action in GUARDED:
        kind_is_ground = bool(rule.when.kind) and set(rule.when.kind or ()) <= {"spam", "abuse"}
        repeated = (rule.when.same_message_profiles or 0) >= 2
        assert kind_is_ground or repeated or (rule.action == "hide" and rule.when.personal_data)


@pytest.mark.parametrize("action", sorted(GUARDED))
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
        When(vulgar=True),
        When(removed_before=2),
        When(first_comment=True, thread=("post",)),
        When(by="several"),
    ],
)
def test_a_rule_that_could_silence_a_complaint_does_not_load(when: When, action: Action) -> None:
    assert grounded(when, action) is not None


@pytest.mark.parametrize("action", sorted(GUARDED))
@pytest.mark.parametrize(
    "when",
    [
        When(kind=("spam",)),
        When(kind=("abuse", "spam")),
        When(same_message_profiles=2),
        When(kind=("abuse",), personal_data=True, tone=("angry",)),
        When(kind=("abuse",), vulgar=True, removed_before=1),
    ],
)
def test_a_rule_with_a_ground_loads(when: When, action: Action) -> None:
    assert grounded(when, action) is None


def test_exposed_personal_data_is_ground_to_hide_and_nothing_else() -> None:
    exposed = When(personal_data=True)
    assert grounded(exposed, "hide") is None
    assert all(grounded(exposed, action) for action in GUARDED - {"hide"})


def test_what_silences_nobody_needs_no_ground() -> None:
    assert all(grounded(When(), action) is None for action in set(ACTIONS) - GUARDED)
    assert {"hide", "delete", "mute", "ban"} == SILENCING


def test_the_first_rule_that_matches_wins() -> None:
    first = ModerationRule("elsewhere", When(kind=("spam",), language=("it",)), "ban")
    second = ModerationRule("links", When(kind=("spam",)), "hide")
    third = ModerationRule("all spam", When(kind=("spam",)), "delete")
    assert decision(read("spam"), first, second, third) == ("hide", "links")


def test_an_exception_comes_first_and_leaves_it_alone() -> None:
    ours = ModerationRule("our own contest", When(thread=("post", "https://shop.example/contest")), "leave")
    links = ModerationRule("links", When(kind=("spam",)), "hide")
    there = Circumstances("page", "file", threads=("1", "https://shop.example/contest"))
    assert decision(read("spam"), ours, links, around=there) == ("leave", "our own contest")
    assert decision(read("spam"), ours, links) == ("hide", "links")


def test_the_same_message_counts_from_the_number_of_profiles_in_the_rule() -> None:
    rule = ModerationRule("flood", When(same_message_profiles=3), "hide")
    assert decision(read("chatter"), rule, around=pasted(copy("second"))) == ("leave", None)
    three = pasted(copy("second"), copy("third"), copy("third"))
    assert decision(read("chatter"), rule, around=three) == ("hide", "flood")
    assert decide(read("chatter"), [rule], three).ground == "repeated"


def test_one_author_is_one_person_or_one_handle_on_one_platform() -> None:
    same_handle = copy("second", person="u7")
    same_person = copy("second", handle="anna_b")
    namesake = Copy("c9", "second", "board", "u8", "anna", "chatter", NOON)
    somebody = copy("second", person="u9", handle="bruno")
    assert [profiles(pasted(one), None, "one") for one in (same_handle, same_person, namesake, somebody)] == [
        2,
        2,
        1,
        1,
    ]
    assert profiles(pasted(somebody), None, "several") == 2


def test_a_greeting_that_many_write_is_not_spread_by_anybody() -> None:
    wishes = pasted(copy("second", person="u9", handle="bruno"), words=2)
    assert profiles(wishes, None, "several") == 1


def test_copies_count_only_within_their_window() -> None:
    day = timedelta(hours=24)
    assert profiles(pasted(copy("second", hours=-20), copy("third", hours=20)), day, "one") == 2
    assert profiles(pasted(copy("second", hours=-20), copy("third", hours=4)), day, "one") == 3
    assert profiles(pasted(copy("second", hours=-30)), day, "one") == 1
    assert profiles(pasted(copy("second", hours=-30)), None, "one") == 2


def test_the_same_complaint_pasted_by_many_customers_is_no_flood() -> None:
    flood = ModerationRule("flood", When(same_message_profiles=2, by="several"), "delete")
    chatter = pasted(copy("second", person="u9", handle="bruno"))
    assert decision(read("question"), flood, around=chatter) == ("delete", "flood")
    complaint = pasted(copy("second", person="u9", handle="bruno", kind="complaint"))
    made = decide(read("question"), [flood], complaint)
    assert made.action == "leave"
    assert "is a complaint in c-second" in made.why[0]


def test_a_complaint_skips_the_rule_that_would_delete_it_and_is_hidden_by_the_one_that_protects_it() -> None:
    complaint = read("complaint", personal_data=True)
    flood = ModerationRule("flood", When(same_message_profiles=2), "delete")
    privacy = ModerationRule("privacy", When(personal_data=True), "hide")
    around = pasted(copy("second"), copy("third"))
    assert decision(complaint, flood, privacy, around=around) == ("hide", "privacy")
    assert decide(complaint, [flood, privacy], around).ground == "personal-data"
    assert "a complaint is never silenced" in decide(complaint, [flood], around).why[0]


def test_an_authors_history_and_vulgar_words_narrow_a_rule() -> None:
    again = ModerationRule("again", When(kind=("abuse",), vulgar=True, removed_before=2), "ban")
    for before, vulgar, action in ((2, True, "ban"), (1, True, "leave"), (2, False, "leave")):
        around = Circumstances("page", "file", removed_before=before)
        assert decision(read("abuse", vulgar=vulgar), again, around=around)[0] == action
    newcomers = ModerationRule("newcomers", When(kind=("spam",), first_comment=True), "delete")
    assert decision(read("spam"), newcomers, around=Circumstances("page", "file", first_comment=True))[0] == "delete"
    assert decision(read("spam"), newcomers)[0] == "leave"


def test_why_names_each_condition_that_held() -> None:
    spam = Reading(language="en", kind="spam", tone="neutral", topic="returns")
    rule = ModerationRule("r", When(kind=("spam",), topic=("returns",), platform=("file",)), "ask")
    assert decide(spam, [rule], HERE).why == ("kind is spam", "topic is returns", "platform is file")


def test_a_person_is_told_how_a_ground_would_come_to_hold() -> None:
    assert "triage ID --kind spam" in str(against("ban", "spam", read("question"), HERE))
    assert "on 1 of our profiles" in str(against("hide", "repeated", read("question"), HERE))
    assert against("hide", "personal-data", read("question"), HERE) == "no personal data is read in it"
    assert against("ban", "spam", read("spam"), HERE) is None
    assert against("leave", None, read("complaint"), HERE) is None
