"""Who may speak, as the files say it: an agent's accounts, [[approval]], the length of a claim."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from caretool.domain.approval import ApprovalRule, ApprovalWhen
from caretool.domain.duration import Duration
from caretool.settings import kept
from caretool.settings.in_force import policy_as_toml
from tests.settings.shop import ACCOUNTS, POLICIES, changed, loaded, problems, workspace


def test_an_agent_without_accounts_works_everywhere(tmp_path: Path) -> None:
    agents = loaded(workspace(tmp_path)).agents
    assert (agents["dario"].accounts, agents["tom"].accounts) == (None, ("page", "feed", "archive"))


def test_one_account_need_not_be_a_list(tmp_path: Path) -> None:
    accounts = changed(ACCOUNTS, 'accounts = ["page", "feed", "archive"]', 'accounts = "page"')
    policies = changed(POLICIES, "people_from = 20", 'people_from = 20, account = "page"')
    assert loaded(workspace(tmp_path, accounts=accounts, policies=policies)).agents["tom"].accounts == ("page",)


def test_a_rule_is_read_with_all_its_conditions(tmp_path: Path) -> None:
    money, crowds = loaded(workspace(tmp_path)).policy.approvals
    assert crowds == ApprovalRule("crowds", ApprovalWhen(people_from=20))
    assert (money.name, money.by) == ("money", "manager")
    assert money.when == ApprovalWhen(
        kind=("complaint",), tone=("angry", "neutral"), topic=("delivery-late",), language=("it",), account=("page",),
        platform=("board",), private=False, template=("delivery-late",), promise=("pickup",), people_from=3,
        role=("agent", "trainee"),
    )  # fmt: skip


def test_what_is_kept_of_it_comes_back(tmp_path: Path) -> None:
    settings = loaded(workspace(tmp_path))
    again = kept.from_text(kept.to_text(kept.worked_in(settings, 2026)))
    assert again.policy.approvals == settings.policy.approvals
    assert again.policy.reply.claim == settings.policy.reply.claim == Duration(20, "minutes")
    assert again.agents == settings.agents


def test_it_is_shown_as_it_is_in_force(tmp_path: Path) -> None:
    shown = tomllib.loads(policy_as_toml(loaded(workspace(tmp_path))))
    assert shown["approval"][1] == {"name": "crowds", "by": "agent", "when": {"people_from": 20}}
    assert shown["reply"]["claim"] == "20m"


MISTAKES = [
    ('accounts = ["page", "feed", "archive"]', 'accounts = ["pge"]', "agents.tom.accounts[1]: 'pge' is not an account"),
    ('accounts = ["page", "feed", "archive"]', "accounts = []", "agents.tom.accounts: must not be empty"),
    ('claim = "20m"', 'claim = "2 working hours"', "reply.claim: '2 working hours' runs on a calendar"),
    ('claim = "20m"', 'claim = "2 days"', "reply.claim: '2 days' is no time for a claim: write one from 1m to 24h"),
    ('claim = "20m"', 'claim = "0m"', "reply.claim: '0m' is no time for a claim"),
    ('template = ["delivery-late"]', 'template = ["delivry-late"]', "did you mean 'delivery-late'?"),
    ('promise = "pickup"\npeople', 'promise = "pikup"\npeople', "did you mean 'pickup'?"),
    ('name = "crowds"', 'name = "money"', "approval[2].name: 'money' is the name of an earlier one"),
    ('by = "manager"', 'by = "trainee"', "approval[1].by: 'trainee' is not one of agent, manager"),
    ('role = ["agent", "trainee"]', 'rank = "agent"', "approval[1].when.rank: there is no such key here"),
]


@pytest.mark.parametrize(("right", "wrong", "told"), MISTAKES)
def test_a_mistake_is_told_in_one_line(tmp_path: Path, right: str, wrong: str, told: str) -> None:
    accounts = changed(ACCOUNTS, right, wrong) if right in ACCOUNTS else ACCOUNTS
    policies = changed(POLICIES, right, wrong) if right in POLICIES else POLICIES
    (found,) = problems(workspace(tmp_path, accounts=accounts, policies=policies))
    assert told in found


def test_a_rule_that_nobody_could_fulfil_does_not_load(tmp_path: Path) -> None:
    policies = POLICIES + '\n[[approval]]\nname = "all"\nby = "manager"\n'
    (found,) = problems(workspace(tmp_path, policies=policies))
    assert found == (
        f"policies.toml:{policies[: policies.rindex('[[approval]]')].count(chr(10)) + 1} approval[3]: could never be "
        "fulfilled: nobody but dario could approve what dario writes on page: add another manager to accounts.toml, "
        'or say role = ["agent", "trainee"] in its when, and what a manager writes goes out by itself'
    )


def test_nor_one_where_only_one_may_work_on_the_account(tmp_path: Path) -> None:
    accounts = changed(ACCOUNTS, 'accounts = ["page", "feed", "archive"]', 'accounts = ["feed"]')
    (found,) = problems(workspace(tmp_path, accounts=accounts))
    assert "approval[2]: could never be fulfilled: nobody but dario could approve what dario writes on page" in found


def test_an_account_on_which_no_manager_may_work_does_not_load(tmp_path: Path) -> None:
    accounts = changed(ACCOUNTS, 'role = "manager"', 'role = "manager"\naccounts = ["page", "feed"]')
    found = problems(workspace(tmp_path, accounts=accounts))
    assert [line for line in found if "no manager" in line] == [
        "accounts.toml:15 accounts.archive: no manager may work on it: add 'archive' to the accounts of dario, "
        "or leave those out"
    ]
