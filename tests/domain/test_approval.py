"""Two pairs of eyes: which replies wait, for whom, and whether anybody could ever say yes."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.domain.approval import (
    ApprovalRule,
    ApprovalWhen,
    Awaited,
    Matter,
    Speaker,
    awaited,
    matching,
    unfulfillable,
    unmanaged,
)
from caretool.domain.roles import Role, at_least

MATTER = Matter(
    kinds=frozenset({"complaint"}),
    tones=frozenset({"angry"}),
    topics=frozenset({"refund-late"}),
    languages=frozenset({"it"}),
    account="page",
    platform="file",
    private=False,
    template="refund-late",
    promises=frozenset({"refund"}),
    people=3,
    role="agent",
)
ROLES: tuple[Role, ...] = ("manager", "agent", "trainee")
# What holds of MATTER, and what does not, condition by condition.
HOLDS: dict[str, Any] = {
    "kind": ("question", "complaint"), "tone": ("angry",), "topic": ("refund-late",), "language": ("it", "en"),
    "account": ("page",), "platform": ("file",), "private": False, "template": ("refund-late",),
    "promise": ("refund", "callback"), "people_from": 3, "role": ("agent",),
}  # fmt: skip
FAILS: dict[str, Any] = {
    "kind": ("praise",), "tone": ("pleased",), "topic": ("praise",), "language": ("en",), "account": ("reviews",),
    "platform": ("mastodon",), "private": True, "template": ("praise",), "promise": ("callback",), "people_from": 4,
    "role": ("manager", "trainee"),
}  # fmt: skip


def _waits(when: ApprovalWhen, *matters: Matter) -> list[tuple[Role, str]]:
    return list(matching([ApprovalRule("r", when)], matters or (MATTER,)))


@given(st.dictionaries(st.sampled_from(sorted(HOLDS)), st.booleans()))
def test_a_rule_holds_exactly_where_all_its_conditions_do(chosen: dict[str, bool]) -> None:
    when = ApprovalWhen(**{name: (HOLDS if holds else FAILS)[name] for name, holds in chosen.items()})
    assert bool(_waits(when)) == all(chosen.values())


def test_every_condition_of_a_rule_is_looked_at() -> None:
    assert {field.name for field in fields(ApprovalWhen)} == HOLDS.keys() == FAILS.keys()


def test_conditions_have_to_hold_of_one_reply_together() -> None:
    praise = replace(MATTER, kinds=frozenset({"praise"}), private=True)
    assert _waits(ApprovalWhen(kind=("praise",), private=False), MATTER, praise) == []
    assert len(_waits(ApprovalWhen(kind=("praise",), private=True), MATTER, praise)) == 1


def test_a_rule_says_what_of_it_held() -> None:
    (found,) = _waits(ApprovalWhen(kind=("complaint", "fault"), promise=("refund",), people_from=2))
    assert found == ("agent", "rule r: kind complaint, promise refund, 3 people")
    assert _waits(ApprovalWhen()) == [("agent", "rule r: every reply")]


def test_of_several_reasons_the_highest_role_counts_and_all_are_told() -> None:
    assert awaited([]) is None
    found = awaited([("agent", "tom is a trainee"), ("manager", "rule money"), ("agent", "tom is a trainee")])
    assert found == Awaited("manager", ("tom is a trainee", "rule money"))


SPEAKERS = st.lists(
    st.builds(
        Speaker,
        id=st.sampled_from("abcd"),
        role=st.sampled_from(ROLES),
        accounts=st.none() | st.lists(st.sampled_from(("page", "reviews")), min_size=1, unique=True).map(tuple),
    ),
    unique_by=lambda speaker: speaker.id,
    max_size=4,
)
RULES = st.builds(
    ApprovalRule,
    name=st.just("r"),
    when=st.builds(
        ApprovalWhen,
        account=st.none() | st.just(("page",)),
        platform=st.none() | st.just(("file",)),
        role=st.none() | st.lists(st.sampled_from(ROLES), min_size=1, unique=True).map(tuple),
    ),
    by=st.sampled_from(("agent", "manager")),
)
PLATFORMS = {"page": "file", "reviews": "mastodon"}


@given(SPEAKERS, RULES)
@settings(max_examples=200)
def test_a_rule_that_loads_leaves_nobody_without_somebody_else_to_say_yes(
    speakers: list[Speaker], rule: ApprovalRule
) -> None:
    stuck = {
        (writer.id, account)
        for writer in speakers
        for account, platform in PLATFORMS.items()
        if writer.may_use(account)
        and list(matching([rule], [replace(MATTER, account=account, platform=platform, role=writer.role)]))
        and not any(
            other.id != writer.id and other.may_use(account) and at_least(other.role, rule.by) for other in speakers
        )
    }
    found = unfulfillable(rule, speakers, PLATFORMS)
    assert (found is None) == (not stuck)
    assert found is None or found in stuck


def test_an_account_without_a_manager_is_named() -> None:
    dario, giulia = Speaker("dario", "manager", ("page",)), Speaker("giulia", "agent")
    assert unmanaged([dario, giulia], ["page", "reviews"]) == ["reviews"]
    assert unmanaged([Speaker("dario", "manager"), giulia], ["page", "reviews"]) == []
    assert unmanaged([], ["page"]) == []
