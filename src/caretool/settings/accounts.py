"""accounts.toml: where we are and who we are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from caretool.domain.duration import Duration
from caretool.domain.host import on_this_machine
from caretool.domain.mailbox import is_mailbox, is_mailto, mailbox_of
from caretool.domain.policy import Account, Agent, Days, Mail, Owner, Reference, Role, Tls, Units
from caretool.secrets import Secret
from caretool.settings.known import Known
from caretool.settings.limits import AwayTable, CapacityTable, days, units, weekly
from caretool.settings.problems import Path, Problem, instead, one_of, shown
from caretool.settings.speaking import AgentAccounts, accounts_of
from caretool.settings.validation import keys, validated
from caretool.settings.values import Address, Elapsed, Name, Spoken, Table, Takes, Text, Whole

_FIRST_FETCH = "7 days"
_CAPACITY = "how many promises can be kept, all kinds together; left out: no limit"
_AWAY = "days on which none is kept; what is due then goes to the stand-in of its kind"
_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_HOST = re.compile(r"[\w.:-]{1,253}", re.ASCII)
_WITH_PASSWORD = re.compile(r"[^:/]+://[^/@]*:[^/@]+@")


def _host(name: str) -> str:
    if not _HOST.fullmatch(name):
        raise ValueError(f"{shown(name)} is not a server's name: write it like smtp.shop.example, the port beside it")
    return name


def _mailbox(address: str) -> str:
    if not is_mailbox(address):
        raise ValueError(f"{shown(address)} is not a mail address: write it like desk@shop.example")
    return address


def _reachable(address: str) -> str:
    if is_mailto(address) and mailbox_of(address) is None:
        raise ValueError(f'{shown(address)} is not an address: write it like "mailto:desk@shop.example"')
    if _WITH_PASSWORD.match(address):
        raise ValueError("holds a password, which does not belong into this file: name it with { env = … }")
    return address


def _way(value: object) -> str:
    return "secret" if isinstance(value, dict | Secret) else "text"


Notified = Annotated[
    Annotated[Annotated[Address, AfterValidator(_reachable)], Tag("text")] | Annotated[Secret, Tag("secret")],
    Discriminator(_way),
]


class AccountTable(Table):
    """The keys that every account has; the others are the connector's own."""

    model_config = ConfigDict(extra="ignore")

    platform: Text = Field(description="what kind of place it is; the connector that speaks to it")
    handle: Text | None = Field(default=None, description="what we are called there: our own posts never wait")
    followers: Whole | None = Field(default=None, description="how many people follow it")
    language: Spoken | None = Field(
        default=None, description="what a comment too short to tell is assumed to be written in"
    )
    since: Elapsed | None = Field(
        default=None,
        description=f"how far back the first fetch reaches; {_FIRST_FETCH} unless the platform says otherwise",
    )


class AgentTable(Table):
    """Who answers, by name."""

    name: Text = Field(description="the name customers read")
    role: Role = Field(default="agent", description="a trainee's replies wait for somebody else's yes")
    signature: Text | None = Field(default=None, description="how this person signs")
    capacity: CapacityTable | None = Field(default=None, description=_CAPACITY)
    away: list[AwayTable] = Field(default=[], description=_AWAY)
    accounts: AgentAccounts | None = Field(
        default=None, description="where this person may reply, approve, close, moderate; left out: on every account"
    )


class OwnerTable(Table):
    """Who keeps promises."""

    notify: Annotated[list[Notified], Takes("a list: an address, or `{ env = … }` that holds one")] = Field(
        default=[], description="where they are told: `mailto:` through [mail], anything else through apprise"
    )
    capacity: CapacityTable | None = Field(default=None, description=_CAPACITY)
    away: list[AwayTable] = Field(default=[], description=_AWAY)


class MailTable(Table):
    """The server through which reports are mailed."""

    server: Annotated[str, AfterValidator(_host)] = Field(description="its name")
    port: Annotated[int, Field(ge=1, le=65535), Takes("a whole number")] | None = Field(
        default=None, description="587 if left out; 465 with tls, 25 with none"
    )
    user: Text | None = Field(default=None, description="who we are there; with a password")
    password: Annotated[Secret, Takes("`{ env = … }`, `{ command = [...] }` or `{ keyring = … }`")] | None = Field(
        default=None, description="where the password is kept"
    )
    from_: Annotated[str, AfterValidator(_mailbox), Takes("a mail address")] = Field(
        alias="from", description="the address it comes from"
    )
    tls: Tls = Field(default="starttls", description="how the connection is protected; none only on this machine")

    @model_validator(mode="after")
    def _is_whole_and_private(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password belong together: write both or none")
        if self.tls == "none" and self.password is not None and not on_this_machine(self.server):
            raise ValueError('tls = "none" would send the password in the clear: leave tls out')
        return self


def _with_a_manager(agents: dict[str, AgentTable]) -> dict[str, AgentTable]:
    if agents and not any(agent.role == "manager" for agent in agents.values()):
        raise ValueError('nobody is a manager: give one of them role = "manager"')
    return agents


AccountKeys = Annotated[dict[str, Any], Takes("the keys of an account")]


class AccountsFile(Table):
    """The whole file."""

    accounts: dict[Name, AccountKeys] = Field(default={}, description="our presences, by a name of your own")
    agents: Annotated[dict[Name, AgentTable], AfterValidator(_with_a_manager)] = Field(
        default={}, description="who answers, by a short name"
    )
    owners: dict[Name, OwnerTable] = Field(default={}, description="who keeps promises, by a short name")
    mail: MailTable | None = Field(default=None, description="the server through which reports are mailed")


@dataclass(frozen=True, slots=True)
class People:
    """accounts.toml as the desk knows it."""

    accounts: Mapping[str, Account]
    agents: Mapping[str, Agent]
    owners: Mapping[str, Owner]
    mail: Mail | None = None


def read_accounts(
    file: str, data: Mapping[str, Any], known: Known, platforms: Mapping[str, type[BaseModel]]
) -> tuple[People | None, list[Problem]]:
    """The file's tables, or None and all that is wrong with them. `platforms`: a connector's name → its own model."""
    whole, problems = validated(AccountsFile, data, known, file=file)
    accounts: dict[str, Account] = {}
    tables = data.get("accounts")
    for name, table in tables.items() if isinstance(tables, dict) else ():
        if isinstance(table, dict):
            account, wrong = read_account(file, name, table, known, platforms)
            problems += wrong
            if account is not None:
                accounts[name] = account
    if whole is None or problems:
        return None, problems
    agents = {
        id_: Agent(id_, table.name, table.role, table.signature, *_limits(table), accounts=accounts_of(table.accounts))
        for id_, table in whole.agents.items()
    }
    owners = {
        id_: Owner(id_, tuple(map(_notified, table.notify)), *_limits(table)) for id_, table in whole.owners.items()
    }
    return People(accounts, agents, owners, _mail(whole.mail)), []


def _notified(address: str | Secret) -> str | Reference:
    return address.model_dump(exclude_none=True) if isinstance(address, Secret) else address


def _mail(table: MailTable | None) -> Mail | None:
    if table is None:
        return None
    password = table.password.model_dump(exclude_none=True) if table.password is not None else None
    return Mail(table.server, table.port or _PORTS[table.tls], table.from_, table.user, password, table.tls)


def _limits(table: AgentTable | OwnerTable) -> tuple[Units | None, int | None, tuple[Days, ...]]:
    return units(table.capacity), weekly(table.capacity), days(table.away)


def read_account(
    file: str, name: str, data: Mapping[str, Any], known: Known, platforms: Mapping[str, type[BaseModel]]
) -> tuple[Account | None, list[Problem]]:
    """One account's section, or None and all that is wrong with it; no value of a connector's own key is repeated."""
    at = ("accounts", name)
    common, problems = validated(AccountTable, data, known, file=file, at=at)
    platform = data.get("platform")
    model = platforms.get(platform) if isinstance(platform, str) else None
    if model is None:
        if isinstance(platform, str):
            problems.append(Problem(file, (*at, "platform"), _unknown_platform(platform, list(platforms))))
        return None, [*problems, *_slips(file, at, data, platforms.values())]
    shared, theirs = keys(AccountTable), keys(model)
    own = {key: value for key, value in data.items() if key not in shared or key in theirs}
    settings, wrong = validated(model, own, known, file=file, at=at, discreet=True, also=shared)
    told = {problem.path for problem in problems}
    problems += [problem for problem in wrong if problem.path not in told]
    if common is None or settings is None:
        return None, problems
    since = common.since or _default_since(model)
    return Account(name, common.platform, settings, common.handle, common.followers, since, common.language), problems


def _slips(file: str, at: Path, data: Mapping[str, Any], models: Iterable[type[BaseModel]]) -> Iterator[Problem]:
    """Keys that look like another one, where nobody knows yet which keys the account's connector has."""
    options = list(dict.fromkeys([*keys(AccountTable), *(key for model in models for key in keys(model))]))
    missing = [key for key in options if key not in data]
    for key in data:
        hint = instead(key, missing) if key not in options else ""
        if hint.startswith("did"):
            yield Problem(file, (*at, key), f"there is no such key here: {hint}")


def _unknown_platform(platform: str, platforms: list[str]) -> str:
    hint = instead(platform, platforms)
    near = f": {hint}" if hint.startswith("did") else ""
    return f"{shown(platform)} is not {one_of(platforms)}{near}"


def _default_since(model: type[BaseModel]) -> Duration | None:
    """What the connector declares as `default_since` (None: nothing is too old), else a week."""
    default: str | None = getattr(model, "default_since", _FIRST_FETCH)
    return None if default is None else Duration.parse(default)
