"""Who may say that a check does not count this once, and which checks a company does without (R3, R5; pure).

What guards what holds everywhere (DESIGN §4) is waived by nobody: it has a proper way of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, get_args

from caretool.domain import roles
from caretool.domain.codes import Check
from caretool.domain.roles import Role

if TYPE_CHECKING:
    from caretool.domain.draft import Refusal

Waiver = Literal["agent", "manager", "nobody"]
"""The lowest role that may waive a check."""

CHECKS: Final[tuple[Check, ...]] = get_args(Check)

WAIVED_BY: Final[Mapping[Check, Waiver]] = MappingProxyType(
    {
        "shouting": "agent",
        "sarcasm": "agent",
        "wrong-language": "agent",
        "wrong-register": "agent",
        "unanswered-question": "agent",
        "stock-phrase": "manager",
        "blame": "manager",
        "no-agent-name": "manager",
        "no-commitment": "manager",
        "personal-data": "nobody",
    }
)
"""What can be waived at all, and by whom where the policy says nothing."""

STYLE: Final[tuple[Check, ...]] = ("shouting", "sarcasm", "wrong-language", "wrong-register", "unanswered-question")
"""What a company may switch off."""

INSTEAD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "vague": "say a day and an hour, or --not-a-promise EXCERPT where the words promise nothing",
        "no-time": "say by when, or --not-a-promise EXCERPT where the words promise nothing",
        "missing-value": "give it with --set NAME=VALUE, or take it out of the text",
        "too-long": "shorten it: nothing is cut off",
        "too-early": "promise the time that would pass, or --not-a-promise EXCERPT where the words promise nothing",
        "too-late": "promise the time that would pass, or --not-a-promise EXCERPT where the words promise nothing",
        "no-room": "promise the time that would pass, or to fewer people",
        "mismatch": "say the same time in the text and with --promise",
        "group-changed": "look with `caretool show`, or add --include-new",
        "already-answered": "leave it out, or `caretool reopen` it to write again",
        "claimed": "wait, or take it over with `caretool claim`",
        "no-reward": "leave the reward out, or choose another one",
        "by-hand-only": "answer it there yourself, and say --by-hand URL",
        "window-closed": "answer elsewhere and say --by-hand URL, or close it",
    }
)
"""The proper way where a check cannot be waived."""


@dataclass(frozen=True, slots=True)
class CheckRules:
    """The policy's table [checks]: who may waive what it names (`WAIVED_BY` says it of the rest), what is off."""

    waive: Mapping[Check, Waiver] = field(default_factory=dict)
    off: tuple[Check, ...] = ()

    def who(self, check: Check) -> Waiver:
        """The lowest role that may waive it."""
        return self.waive.get(check) or WAIVED_BY.get(check, "nobody")


@dataclass(frozen=True, slots=True)
class Waived:
    """A refusal that somebody waived. `wish`: it takes somebody else to make it count."""

    refusal: Refusal
    by: str
    wish: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of it with the draft: our own words that the check refused, and who answers for them
    (`asked`: who asked to waive it, and nobody has made that his own yet)."""

    check: Check
    words: str
    by: str
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """What is left refused after waivers, what they waived, and the checks that were named and had refused nothing."""

    refusals: tuple[Refusal, ...]
    waived: tuple[Waived, ...]
    idle: tuple[Check, ...]


def may_waive(role: Role, check: Check, rules: CheckRules) -> bool:
    """Whether somebody in this role may waive it."""
    least = rules.who(check)
    return least != "nobody" and roles.at_least(role, least)


def apply(
    refusals: Sequence[Refusal], named: Iterable[Check], *, by: str, wish: bool, role: Role, rules: CheckRules
) -> Applied:
    """Take out what `by` names and may waive. A `wish` may be for what anybody may waive: it counts once somebody who
    may makes it his own. What the role may not waive stays refused.
    """
    named = tuple(dict.fromkeys(named))
    allowed = {one for one in named if may_waive("manager" if wish else role, one, rules)}
    return Applied(
        refusals=tuple(one for one in refusals if one.check not in allowed),
        waived=tuple(Waived(one, by, wish) for one in refusals if one.check in allowed),
        idle=tuple(one for one in named if all(one != refusal.check for refusal in refusals)),
    )
