"""The rules of the house and who we are, as settings hands them over: frozen values, already validated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from caretool.domain.approval import ApprovalRule
from caretool.domain.calendar import Calendar
from caretool.domain.codes import Kind, Tone
from caretool.domain.duration import Duration
from caretool.domain.links import Link
from caretool.domain.procedure import Procedure
from caretool.domain.promisable import Agent as Agent
from caretool.domain.promisable import Days as Days
from caretool.domain.promisable import Escalated as Escalated
from caretool.domain.promisable import Owner as Owner
from caretool.domain.promisable import Promisable
from caretool.domain.promisable import PromiseKind as PromiseKind
from caretool.domain.promisable import Reference as Reference
from caretool.domain.promisable import Units as Units
from caretool.domain.retention import Retention
from caretool.domain.reward import RewardKind
from caretool.domain.roles import Role as Role
from caretool.domain.template import Template
from caretool.domain.voice import Voice
from caretool.domain.waiver import CheckRules
from caretool.domain.watch import Watch

Action = Literal["leave", "hide", "unhide", "delete", "mute", "ban", "report", "ask"]
Together = Literal["mentions", "names", "no"]
Tls = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class Company:
    """Who we are. `languages[0]` is the default; `zone` is the desk's."""

    name: str
    languages: tuple[str, ...]
    zone: ZoneInfo
    help_page: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """By when a first answer is due: the account's own wins, then the platform's, then the default."""

    default: Duration
    calendar: Calendar | None = None
    platforms: Mapping[str, Duration] = field(default_factory=dict)
    accounts: Mapping[str, Duration] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class When:
    """What a moderation rule looks at; None: does not matter. A list in the file means any of these. `within` and `by`
    say how the same message is counted (see `moderation.profiles`; `by` None: one)."""

    kind: tuple[Kind, ...] | None = None
    tone: tuple[Tone, ...] | None = None
    topic: tuple[str, ...] | None = None
    language: tuple[str, ...] | None = None
    account: tuple[str, ...] | None = None
    platform: tuple[str, ...] | None = None
    same_message_profiles: int | None = None
    personal_data: bool | None = None
    vulgar: bool | None = None
    within: Duration | None = None
    by: Literal["one", "several"] | None = None
    removed_before: int | None = None
    first_comment: bool | None = None
    thread: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ModerationRule:
    """First match wins; `action` is what would be done, on a person's yes."""

    name: str
    when: When
    action: Action


@dataclass(frozen=True, slots=True)
class Escalation:
    """What never gets a template's answer (injury, legal, press, data-subject): whole words or stems, by language."""

    name: str
    cues: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ReplyRules:
    """What our replies may and may not say. Phrases are by language; `patterns` are the company's own regular
    expressions for what must not be public (order numbers…), by name. `apology` is what a customer is told, by
    language, when a promise cannot be kept and its kind has no words of its own. `commits` and `harmless` are words of
    this company that commit it beside the usual ones, or do not, whatever stands beside them. `claim`: how long
    somebody who writes a reply has the group alone."""

    together_from: int = 5
    stock_phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    vague: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    blame: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    patterns: Mapping[str, str] = field(default_factory=dict)
    apology: Mapping[str, str] = field(default_factory=dict)
    commits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    harmless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    claim: Duration = field(default_factory=lambda: Duration(15, "minutes"))


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example of the policy: a text and what must be read in it (`expect`: kind, tone, topic, language,
    escalation, action)."""

    text: str
    expect: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Policy:
    """policies.toml, whole."""

    company: Company
    calendars: Mapping[str, Calendar]
    response: Response
    promises: Mapping[str, PromiseKind]
    reply: ReplyRules = field(default_factory=ReplyRules)
    moderation: tuple[ModerationRule, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    examples: tuple[Example, ...] = ()
    procedures: Mapping[str, Procedure] = field(default_factory=dict)
    rewards: Mapping[str, RewardKind] = field(default_factory=dict)
    approvals: tuple[ApprovalRule, ...] = ()
    voice: Voice = field(default_factory=Voice)
    checks: CheckRules = field(default_factory=CheckRules)
    links: tuple[Link, ...] = ()
    watches: tuple[Watch, ...] = ()
    retention: Retention = field(default_factory=Retention)


@dataclass(frozen=True, slots=True)
class Mail:
    """The server through which mail leaves. `sender` is the address it comes from; with `user` there is a password."""

    server: str
    port: int
    sender: str
    user: str | None = None
    password: Reference | None = None
    tls: Tls = "starttls"


@dataclass(frozen=True, slots=True)
class Account:
    """One of our presences. `settings` is the connector's own validated model; the desk never looks inside it.

    `handle` is ours there (our own posts never wait). `since` bounds the first fetch; None: nothing is too old.
    """

    name: str
    platform: str
    settings: Any
    handle: str | None = None
    followers: int | None = None
    since: Duration | None = None
    language: str | None = None

    @property
    def reach(self) -> timedelta | None:
        """How far back a first fetch goes; None: to the beginning."""
        return None if self.since is None else self.since.elapsed


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that people write by hand in a workspace."""

    accounts: Mapping[str, Account]
    agents: Mapping[str, Agent]
    owners: Mapping[str, Owner]
    policy: Policy
    templates: Mapping[str, Template]
    mail: Mail | None = None

    @property
    def promisable(self) -> Promisable:
        """What the ledger is held against."""
        return Promisable(self.policy.promises, self.agents, self.owners)
