"""Who may do what, and where (R3): every verb asks here. What a role may do is `domain.roles`'; where an agent may do
it, the agent's `accounts` in accounts.toml say. Nothing here is proof of identity: docs/roles.md says what that means.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from caretool.domain import roles
from caretool.errors import UsageProblem

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.domain.comment import Comment
    from caretool.domain.policy import Agent, Settings
    from caretool.domain.roles import Ability, Role


def may(agent: Agent, what: Ability) -> bool:
    """Whether this agent's role may do it."""
    return roles.may(agent.role, what)


def may_use(agent: Agent, account: str) -> bool:
    """Whether this agent may do anything on one of our accounts; one without `accounts` may on all."""
    return agent.accounts is None or account in agent.accounts


class Staffed(Protocol):
    """What knows the agents: a desk, or the premises where none can be opened."""

    @property
    def settings(self) -> Settings:
        """The workspace's settings."""


def demand(desk: Staffed, agent: Agent, what: Ability, accounts: Iterable[str] = ()) -> None:
    """UsageProblem where the agent may not do it on these accounts: it names who may."""
    accounts = list(dict.fromkeys(accounts))
    right = roles.RIGHTS[what]
    if not may(agent, what):
        able = who_may(desk, right.least, accounts)
        raise UsageProblem(f"{agent.id} is {_a(agent.role)}: {roles.who(right.least)} {right.does}{_named(able)}.")
    demand_accounts(desk, agent, accounts, right.least)


def demand_accounts(desk: Staffed, agent: Agent, accounts: Iterable[str], least: Role = "trainee") -> None:
    """UsageProblem where the agent may not use one of these accounts: it names who may."""
    closed = next((account for account in accounts if not may_use(agent, account)), None)
    if closed is not None:
        able = _named(who_may(desk, least, [closed]))
        raise UsageProblem(f"{agent.id} may not work on {closed}: accounts.toml names other accounts{able}.")


def doer(desk: Desk, what: Ability, accounts: Iterable[str] = ()) -> Agent:
    """Who is at the desk, if they may do it on these accounts; UsageProblem otherwise."""
    agent = desk.agent()
    demand(desk, agent, what, accounts)
    return agent


def demand_for(desk: Desk, agent: Agent, what: Ability, comments: Sequence[Comment]) -> None:
    """The same for the accounts on which these comments stand."""
    demand(desk, agent, what, (comment.account for comment in comments))


def who_may(desk: Staffed, least: Role, accounts: Sequence[str], *, but: str | None = None) -> tuple[str, ...]:
    """The ids of the agents of at least this role who may use all of these accounts, without one of them."""
    return tuple(
        agent.id
        for agent in desk.settings.agents.values()
        if agent.id != but and roles.at_least(agent.role, least) and all(may_use(agent, name) for name in accounts)
    )


def _a(role: Role) -> str:
    return f"an {role}" if role == "agent" else f"a {role}"


def _named(ids: Sequence[str]) -> str:
    return f" ({', '.join(ids)})" if ids else ""
