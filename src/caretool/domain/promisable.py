"""What can be promised, and who keeps it: all that the ledger is held against, and nothing else of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal
from zoneinfo import ZoneInfo

from caretool.domain.calendar import Calendar
from caretool.domain.duration import Duration
from caretool.domain.roles import Role

Units = tuple[int, int, int, int, int, int, int]
"""Whole units by weekday, Monday first."""
Reference = Mapping[str, Any]
"""Where a secret is kept, as a file names it (see `caretool.secrets`): `{"env": "NAME"}`."""


@dataclass(frozen=True, slots=True)
class Days:
    """Days in a row, the first and the last included, and why they are special (may be empty)."""

    first: date
    last: date
    why: str = ""

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Escalated:
    """Who hears of a promise that is overdue for so long."""

    to: str
    after: Duration


@dataclass(frozen=True, slots=True)
class PromiseKind:
    """What can be delivered (DESIGN §6). `capacity`: whole units per open day; `weekly`: units an ISO week; None:
    unlimited. On the days of `blackouts` there are none, and `calendar` is shut on them.

    `says` is the standard wording by language, `cues` the words that betray the kind in a text (a trailing `*` is a
    stem; several words are matched in order). `zone` is the desk's. `evidence` is what `keep` demands. `stand_in` keeps
    what is due while the owner is away; `supplier` delivers it for us. `apology` is what a customer is told, by
    language, when a promise of this kind cannot be kept.
    """

    name: str
    owner: str
    zone: ZoneInfo
    earliest: Duration | None = None
    latest: Duration | None = None
    due: Duration | None = None
    calendar: Calendar | None = None
    capacity: Units | None = None
    weekly: int | None = None
    blackouts: tuple[Days, ...] = ()
    stand_in: str | None = None
    supplier: str | None = None
    escalate: Escalated | None = None
    review: Duration | None = None
    says: Mapping[str, str] = field(default_factory=dict)
    cues: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    evidence: tuple[Literal["text", "url", "file"], ...] = ()
    apology: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agent:
    """Who answers, by name; where one keeps promises, the limits are those of an `Owner`. `accounts`: where one may
    work; None: everywhere."""

    id: str
    name: str
    role: Role = "agent"
    signature: str | None = None
    capacity: Units | None = None
    weekly: int | None = None
    away: tuple[Days, ...] = ()
    accounts: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Owner:
    """Who keeps promises, and the addresses at which they are told: `mailto:…`, another of apprise's, or where such an
    address is kept as a secret. `capacity` (a day) and `weekly` (an ISO week) limit the sum of all kinds they keep;
    None: unlimited. While they are `away` they keep none."""

    id: str
    notify: tuple[str | Reference, ...] = ()
    capacity: Units | None = None
    weekly: int | None = None
    away: tuple[Days, ...] = ()


@dataclass(frozen=True, slots=True)
class Promisable:
    """The kinds of promise of the policy, and everybody who may keep one, by name."""

    promises: Mapping[str, PromiseKind]
    agents: Mapping[str, Agent]
    owners: Mapping[str, Owner]
