"""Who may speak: the accounts of an agent, and [[approval]], what waits for a second pair of eyes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from caretool.domain.approval import ApprovalRule, ApprovalWhen, Speaker, unfulfillable, unmanaged
from caretool.domain.claim import claimable
from caretool.domain.comment import Kind, Tone
from caretool.domain.duration import Duration
from caretool.domain.policy import Account, Agent
from caretool.domain.roles import Role
from caretool.settings.problems import Problem, shown
from caretool.settings.values import (
    AccountName,
    Elapsed,
    PlatformName,
    PromiseName,
    Several,
    Table,
    Tag,
    Takes,
    TemplateName,
    Text,
    TopicName,
)

_ANY = "one or a list of them: any will do"


def _claimable(length: Duration) -> Duration:
    if not claimable(length):
        raise ValueError(f"'{length}' is no time for a claim: write one from 1m to 24h")
    return length


ClaimLength = Annotated[Elapsed, AfterValidator(_claimable), Takes("a length of time")]
AgentAccounts = Annotated[list[AccountName], Several, Field(min_length=1)]


class ApprovalWhenTable(Table):
    """What an approval rule looks at: all that is named must hold of one reply."""

    kind: Annotated[list[Kind] | None, Several, Field(min_length=1)] = Field(default=None, description=_ANY)
    tone: Annotated[list[Tone] | None, Several, Field(min_length=1)] = Field(default=None, description=_ANY)
    topic: Annotated[list[TopicName] | None, Several, Field(min_length=1)] = Field(default=None, description=_ANY)
    language: Annotated[list[Tag] | None, Several, Field(min_length=1)] = Field(
        default=None, description="of the comments; " + _ANY
    )
    account: Annotated[list[AccountName] | None, Several, Field(min_length=1)] = Field(default=None, description=_ANY)
    platform: Annotated[list[PlatformName] | None, Several, Field(min_length=1)] = Field(default=None, description=_ANY)
    private: bool | None = Field(default=None, description="the reply goes out in private, or in public")
    template: Annotated[list[TemplateName] | None, Several, Field(min_length=1)] = Field(default=None, description=_ANY)
    promise: Annotated[list[PromiseName] | None, Several, Field(min_length=1)] = Field(
        default=None, description="the reply promises one of these kinds"
    )
    people_from: Annotated[int, Field(ge=1, le=10_000), Takes("a whole number")] | None = Field(
        default=None, description="the decision answers so many people, or more"
    )
    role: Annotated[list[Role] | None, Several, Field(min_length=1)] = Field(
        default=None, description="who wrote it is in one of these roles; left out: whoever wrote it"
    )


class ApprovalTable(Table):
    """What waits for a second pair of eyes, whoever wrote it: somebody else says yes before it goes out. Of several
    rules that hold, the highest role counts. A trainee's replies wait in any case."""

    name: Text = Field(description="how the log and the inbox call it")
    when: ApprovalWhenTable = Field(default_factory=ApprovalWhenTable, description="which replies; left out: every one")
    by: Literal["agent", "manager"] = Field(
        default="agent", description="the lowest role that may say yes; never who wrote it"
    )


def accounts_of(names: Sequence[str] | None) -> tuple[str, ...] | None:
    """Where an agent may work, each account once; None: everywhere."""
    return tuple(dict.fromkeys(names)) if names is not None else None


def approvals_in_force(tables: Sequence[ApprovalTable]) -> tuple[ApprovalRule, ...]:
    """The domain's rules."""
    return tuple(ApprovalRule(table.name, _when(table.when), table.by) for table in tables)


def approval_tables(rules: Sequence[ApprovalRule]) -> list[dict[str, Any]]:
    """Back to tables of TOML; None where a key is left out."""
    return [
        {
            "name": rule.name,
            "by": rule.by,
            "when": {field.name: getattr(rule.when, field.name) for field in fields(rule.when)},
        }
        for rule in rules
    ]


def _when(table: ApprovalWhenTable) -> ApprovalWhen:
    named: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in table.model_dump().items()
    }
    return ApprovalWhen(**named)


def unspoken(
    accounts: Mapping[str, Account],
    agents: Mapping[str, Agent],
    rules: Sequence[ApprovalRule],
    *,
    people: str,
    policies: str,
) -> Iterator[Problem]:
    """What nobody could ever answer or approve, told with the files in which that stands."""
    speakers = [Speaker(agent.id, agent.role, agent.accounts) for agent in agents.values()]
    for account in unmanaged(speakers, accounts):
        managers = ", ".join(one.id for one in speakers if one.role == "manager")
        what = f"no manager may work on it: add {shown(account)} to the accounts of {managers}, or leave those out"
        yield Problem(people, ("accounts", account), what)
    platforms = {name: account.platform for name, account in accounts.items()}
    for place, rule in enumerate(rules):
        stuck = unfulfillable(rule, speakers, platforms)
        if stuck is not None:
            yield Problem(policies, ("approval", place), _stuck(rule, *stuck))


def _stuck(rule: ApprovalRule, writer: str, account: str) -> str:
    role = "manager" if rule.by == "manager" else "agent or manager"
    fix = (
        'or say role = ["agent", "trainee"] in its when, and what a manager writes goes out by itself'
        if rule.by == "manager"
        else ""
    )
    ways = " ".join(way for way in (f"add another {role} to accounts.toml,", fix) if way).rstrip(",")
    return f"could never be fulfilled: nobody but {writer} could approve what {writer} writes on {account}: {ways}"
