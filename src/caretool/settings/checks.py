"""[checks] of policies.toml: who may waive a check, and which of the checks on style a company does without."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator

from caretool.domain.draft import Check
from caretool.domain.waiver import CHECKS, INSTEAD, STYLE, WAIVED_BY, CheckRules, Waiver
from caretool.settings.problems import instead, one_of, shown
from caretool.settings.values import Table, Takes


def _check(name: str) -> Check:
    found = next((check for check in CHECKS if check == name), None)
    if found is None:
        raise ValueError(f"{shown(name)} is not a check: {instead(name, CHECKS)}")
    return found


def _waivable(name: str) -> Check:
    check = _check(name)
    if check not in WAIVED_BY:
        raise ValueError(f"{shown(name)} can be waived by nobody: {INSTEAD[check]}")
    return check


def _style(name: str) -> Check:
    check = _check(name)
    if check not in STYLE:
        raise ValueError(f"{shown(name)} cannot be switched off: only {one_of(STYLE)} can")
    return check


class ChecksTable(Table):
    """The checks on what we say. `caretool check` shows them at work, `docs/checks.md` has them all."""

    waive: dict[Annotated[str, AfterValidator(_waivable), Takes("a check")], Waiver] = Field(
        default={},
        description="the lowest role that may waive a check with `--waive`; left out: an agent the checks on style, "
        "a manager the others, nobody `personal-data`",
    )
    off: list[Annotated[str, AfterValidator(_style), Takes("a check on style")]] = Field(
        default=[], description=f"checks the company does without: {', '.join(STYLE)}"
    )

    @field_validator("waive")
    @classmethod
    def _never_an_agent(cls, waive: dict[Check, Waiver]) -> dict[Check, Waiver]:
        if waive.get("personal-data") == "agent":
            raise ValueError("'personal-data' goes out in public by a manager's waiver at the most: write 'manager'")
        return waive


def checks_in_force(table: ChecksTable) -> CheckRules:
    """The domain's value."""
    waive = {_check(name): who for name, who in table.waive.items()}
    return CheckRules({**WAIVED_BY, **waive}, tuple(_check(name) for name in table.off))


def checks_table(rules: CheckRules) -> dict[str, Any]:
    """Back."""
    return {"waive": dict(rules.waive), "off": list(rules.off)}
