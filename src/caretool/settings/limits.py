"""The tables that both files share: how many can be kept, and on which days nobody does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import Field, ValidationInfo, field_validator, model_validator

from caretool.domain.policy import Days, Units
from caretool.settings.values import Day, Table, Text, Whole

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LONGEST = 366


class CapacityTable(Table):
    """How many can be done. 0: none. A week is Monday to Sunday."""

    per_day: Whole | None = Field(default=None, description="every open day; left out: no limit a day")
    monday: Whole | None = Field(default=None, description="Monday, instead of per_day, as for each day below")
    tuesday: Whole | None = Field(default=None, description="Tuesday")
    wednesday: Whole | None = Field(default=None, description="Wednesday")
    thursday: Whole | None = Field(default=None, description="Thursday")
    friday: Whole | None = Field(default=None, description="Friday")
    saturday: Whole | None = Field(default=None, description="Saturday")
    sunday: Whole | None = Field(default=None, description="Sunday")
    per_week: Whole | None = Field(default=None, description="a week, whatever the days allow; left out: no limit")

    @model_validator(mode="after")
    def _some_limit(self) -> CapacityTable:
        if self.per_day is None and any(getattr(self, day) is not None for day in WEEK):
            raise ValueError("names days of the week and not the others: add per_day = …")
        if self.per_day is None and self.per_week is None:
            raise ValueError("says no number: add per_day = … or per_week = …")
        return self


class AwayTable(Table):
    """Days in a row, the first and the last included."""

    from_: Day = Field(alias="from", description="the first day")
    until: Day = Field(description="the last day")
    why: Text | None = Field(default=None, description="the reason")

    @field_validator("until")
    @classmethod
    def _in_order(cls, until: date, info: ValidationInfo) -> date:
        first = info.data.get("from_")
        if isinstance(first, date) and not 0 <= (until - first).days < _LONGEST:
            raise ValueError(
                f"{until} is before {first}, the first day" if until < first else f"is more than a year from {first}"
            )
        return until


class BlackoutTable(AwayTable):
    """Days in a row on which nothing of the kind is done, the first and the last included."""

    why: Text = Field(description="the reason, as a refusal tells it")


def units(table: CapacityTable | None) -> Units | None:
    """The units by weekday; None: no limit a day."""
    if table is None or table.per_day is None:
        return None
    own = (getattr(table, day) for day in WEEK)
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = (
        number if number is not None else table.per_day for number in own
    )
    return monday, tuesday, wednesday, thursday, friday, saturday, sunday


def weekly(table: CapacityTable | None) -> int | None:
    """The units a week; None: no limit."""
    return table.per_week if table is not None else None


def days(tables: Sequence[AwayTable]) -> tuple[Days, ...]:
    """The days, the earliest first."""
    found = (Days(table.from_, table.until, table.why or "") for table in tables)
    return tuple(sorted(found, key=lambda one: (one.first, one.last)))


def capacity_as_table(capacity: Units | None, per_week: int | None) -> dict[str, Any] | None:
    """Back: one number a day, with the days that differ; None where there is no limit."""
    table: dict[str, Any] = {}
    if capacity is not None:
        per_day = capacity[0]
        table = {day: number for day, number in zip(WEEK, capacity, strict=True) if number != per_day}
        table = {"per_day": per_day, **table}
    if per_week is not None:
        table["per_week"] = per_week
    return table or None


def days_as_tables(found: Sequence[Days]) -> list[dict[str, Any]]:
    """Back."""
    return [{"from": out.first.isoformat(), "until": out.last.isoformat(), "why": out.why or None} for out in found]
