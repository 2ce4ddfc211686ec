"""What a role may do (R3): one table, from which the desk refuses and `docs/roles.md` is held true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Role = Literal["manager", "agent", "trainee"]
Ability = Literal[
    "draft",
    "reply",
    "by-hand",
    "approve",
    "answer-escalated",
    "answer-reserved",
    "retract",
    "like",
    "settle",
    "claim",
    "take-over",
    "close",
    "snooze",
    "reopen",
    "triage",
    "de-escalate",
    "promise-by-hand",
    "keep-promise",
    "move-promise",
    "end-promise",
    "hand-over",
    "waive",
    "hide",
    "unhide",
    "delete",
    "mute",
    "report",
    "ban",
    "undo",
    "link-persons",
    "export-person",
    "forget-person",
    "purge",
    "restore",
]

_RANK: Mapping[Role, int] = MappingProxyType({"trainee": 0, "agent": 1, "manager": 2})
_WHO: Mapping[Role, str] = MappingProxyType(
    {"trainee": "any agent", "agent": "an agent or a manager", "manager": "only a manager"}
)


@dataclass(frozen=True, slots=True)
class Right:
    """One row of the table: the lowest role that may do it, and what it is, as in "a manager *bans somebody*"."""

    least: Role
    does: str


RIGHTS: Mapping[Ability, Right] = MappingProxyType(
    {
        "draft": Right("trainee", "prepares a reply that waits for somebody else's yes"),
        "reply": Right("agent", "replies without anybody else's yes, where no approval rule asks for one"),
        "by-hand": Right("agent", "says that a reply was posted by hand"),
        "approve": Right("agent", "approves or rejects somebody else's draft"),
        "answer-escalated": Right("manager", "answers what the policy's escalations reserve"),
        "answer-reserved": Right("manager", "answers with a template that is reserved"),
        "retract": Right("agent", "retracts a reply"),
        "like": Right("agent", "likes a comment"),
        "settle": Right("agent", "says whether an unsure reply was posted"),
        "claim": Right("trainee", "claims a group"),
        "take-over": Right("agent", "takes over somebody else's claim"),
        "close": Right("trainee", "closes a comment"),
        "snooze": Right("trainee", "snoozes a comment"),
        "reopen": Right("trainee", "lets a comment wait again"),
        "triage": Right("trainee", "corrects what was read in a comment"),
        "de-escalate": Right("manager", "says that a comment is no matter for the manager"),
        "promise-by-hand": Right("agent", "says what was promised or told elsewhere"),
        "keep-promise": Right("trainee", "says that a promise was kept"),
        "move-promise": Right("trainee", "moves a promise, and tells the customer by a reply"),
        "end-promise": Right("agent", "breaks or releases a promise"),
        "hand-over": Right("agent", "hands promises over"),
        "waive": Right("agent", "waives a check, as far as the policy allows"),
        "hide": Right("agent", "hides a comment"),
        "unhide": Right("agent", "shows a hidden comment again"),
        "delete": Right("agent", "deletes a stranger's comment"),
        "mute": Right("agent", "mutes somebody"),
        "report": Right("agent", "reports somebody to the platform"),
        "ban": Right("manager", "bans somebody"),
        "undo": Right("agent", "undoes what was done about a comment"),
        "link-persons": Right("agent", "says that two persons are one, or are not"),
        "export-person": Right("agent", "writes what is known of a person into a file"),
        "forget-person": Right("manager", "has a person forgotten"),
        "purge": Right("manager", "erases what has been kept long enough"),
        "restore": Right("manager", "goes back to a backup"),
    }
)


def at_least(role: Role, least: Role) -> bool:
    """Whether a role is this one or a higher one."""
    return _RANK[role] >= _RANK[least]


def higher(one: Role, other: Role) -> Role:
    """The higher of two roles."""
    return one if at_least(one, other) else other


def may(role: Role, what: Ability) -> bool:
    """Whether somebody in this role may do it."""
    return at_least(role, RIGHTS[what].least)


def who(least: Role) -> str:
    """Who is at least in this role, in words: "an agent or a manager"."""
    return _WHO[least]
