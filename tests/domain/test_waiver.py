"""Who may waive what: everything is either waivable or has a proper way of its own, never both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caretool.domain.draft import Check, Refusal
from caretool.domain.roles import Role
from caretool.domain.waiver import CHECKS, INSTEAD, STYLE, WAIVED_BY, CheckRules, apply, may_waive

GUARDS: tuple[Check, ...] = (
    "missing-value", "too-long", "no-time", "vague", "too-early", "too-late", "no-room", "mismatch", "group-changed",
    "already-answered",
)  # fmt: skip
ROLES: tuple[Role, ...] = ("trainee", "agent", "manager")
checks = st.sampled_from(CHECKS)
refusals = st.lists(st.builds(Refusal, checks, st.text(max_size=5), st.just("Because.")), max_size=6)
rules = st.builds(
    CheckRules, st.dictionaries(st.sampled_from(list(WAIVED_BY)), st.sampled_from(["agent", "manager", "nobody"]))
)


def test_every_check_can_be_waived_or_has_a_proper_way() -> None:
    assert set(WAIVED_BY) | set(INSTEAD) >= set(CHECKS)
    assert not set(WAIVED_BY) & set(INSTEAD)
    assert set(STYLE) <= set(WAIVED_BY)


@pytest.mark.parametrize("check", GUARDS)
@pytest.mark.parametrize("role", ROLES)
def test_what_guards_an_invariant_is_waived_by_nobody(check: Check, role: Role) -> None:
    assert not may_waive(role, check, CheckRules())
    assert check in INSTEAD


def test_by_default_an_agent_waives_style_a_manager_the_rest_and_nobody_personal_data() -> None:
    usual = CheckRules()
    by_agent = {check for check in CHECKS if may_waive("agent", check, usual)}
    by_manager = {check for check in CHECKS if may_waive("manager", check, usual)}
    assert by_agent == set(STYLE)
    assert by_manager - by_agent == {"stock-phrase", "blame", "no-agent-name", "no-commitment"}


@given(refusals, st.lists(checks, max_size=6), st.sampled_from(ROLES), rules, st.booleans())
def test_nothing_is_lost_and_nothing_goes_that_was_not_named_and_allowed(
    found: list[Refusal], named: list[Check], role: Role, rules: CheckRules, wish: bool
) -> None:
    applied = apply(found, named, by="dario", wish=wish, role=role, rules=rules)
    waived = [one.refusal for one in applied.waived]
    assert sorted([*applied.refusals, *waived], key=repr) == sorted(found, key=repr)
    for one in waived:
        assert one.check in named
        assert one.check in WAIVED_BY
        assert rules.who(one.check) != "nobody"
        assert wish or may_waive(role, one.check, rules)
    assert set(applied.idle) == {check for check in named if all(check != one.check for one in found)}
