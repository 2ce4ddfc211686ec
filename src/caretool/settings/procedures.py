"""[procedures.NAME] of policies.toml: what is done about something, step by step, and what a reply says of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from caretool.domain.procedure import Procedure, Step
from caretool.settings.problems import shown
from caretool.settings.relative import relative_words
from caretool.settings.values import (
    CalendarName,
    Keeper,
    Length,
    Name,
    PromiseName,
    Spoken,
    Table,
    Text,
    known_to,
    unsayable,
)


class StepTable(Table):
    """A step. Each of ours has its time, counted from the end of the step before (the first: from the start). One that
    waits for the customer has none: the clock of the next step starts when it is done."""

    name: Name = Field(description="how it is called, like photo")
    does: Text | None = Field(default=None, description="what is to be done, for whoever does it")
    owner: Keeper = Field(description="who does it, or asks the customer: an owner or an agent of accounts.toml")
    waits_for: Literal["customer"] | None = Field(
        default=None, description="the customer has to do something first: it never makes us late"
    )
    due: Length | None = Field(default=None, description="how long we have for it")
    calendar: CalendarName | None = Field(default=None, description="the hours it runs on; left out: the procedure's")
    promise: PromiseName | None = Field(default=None, description="the kind of promise that is kept by doing it")
    evidence: list[Literal["text", "url", "file"]] = Field(default=[], description="what must be shown when it is done")
    remind: Length | None = Field(default=None, description="after how long the customer is asked again")
    close: Length | None = Field(default=None, description="after how long without a word the case may be closed")

    @model_validator(mode="after")
    def _timed(self) -> StepTable:
        if self.waits_for is None:
            if self.due is None:
                raise ValueError('has no time: add due = "4 working hours", or waits_for = "customer"')
            if self.remind is not None or self.close is not None:
                raise ValueError("is ours to do: remind and close are for what waits for the customer")
        elif self.due is not None:
            raise ValueError("waits for the customer, whom no clock of ours can hurry: write remind instead of due")
        elif self.promise is not None:
            raise ValueError("waits for the customer: a promise is kept by a step of ours")
        return self


class ProcedureTable(Table):
    """A procedure: what is done about something, step by step. A template names it with `procedure`, and says it with
    `{{ procedure.says }}`; answering with that template starts a case."""

    says: dict[Spoken, Text] = Field(
        default={}, validate_default=True, description="what the reply tells everybody who reads, by language"
    )
    calendar: CalendarName | None = Field(default=None, description="the hours that lengths in working time run on")
    steps: Annotated[list[StepTable], Field(min_length=1)] = Field(description="the steps, in order")

    @field_validator("says")
    @classmethod
    def _in_every_language(cls, says: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        unsaid = [tag for tag in known_to(info).languages or () if tag not in says and unsayable(tag) is None]
        if unsaid:
            example = ", ".join(f'{tag} = "…"' for tag in unsaid)
            raise ValueError(f"what it says is missing in {' and '.join(unsaid)}: add says = {{ {example} }}")
        if any(mark in text for text in says.values() for mark in ("{{", "{%", "{#")):
            raise ValueError("is shown as it stands: values like {{ person.name }} belong into the template")
        moving = [words for text in says.values() for words in relative_words(text)]
        if moving:
            raise ValueError(f"{shown(moving[0])} means another day whenever it is read: say what is done, not when")
        return says

    @field_validator("steps")
    @classmethod
    def _sound(cls, steps: list[StepTable], info: ValidationInfo) -> list[StepTable]:
        names = [step.name for step in steps]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"has two steps called {shown(twice)}")
        usual = info.data.get("calendar", "")  # "": one that is wrong itself, and told as such
        for step in steps:
            lengths = (step.due, step.remind, step.close)
            working = next((length for length in lengths if length is not None and length.working), None)
            if working is not None and step.calendar is None and usual is None:
                there = ", ".join(known_to(info).calendars or ()) or "none is yet"
                where = f"'{working}' of {shown(step.name)}"
                raise ValueError(f"{where} runs on a calendar and none is named: add calendar = … ({there})")
        return steps


def procedure_in_force(name: str, table: ProcedureTable) -> Procedure:
    """The domain's procedure; the names in it were found sound."""
    return Procedure(name, dict(table.says), tuple(_step(step, table.calendar) for step in table.steps))


def procedure_table(procedure: Procedure) -> dict[str, Any]:
    """Back to a table of TOML; None where a key is left out."""
    return {"says": procedure.says, "steps": [_step_table(step) for step in procedure.steps]}


def _step(table: StepTable, calendar: str | None) -> Step:
    return Step(
        name=table.name,
        owner=table.owner,
        due=table.due,
        calendar=table.calendar or calendar,
        does=table.does,
        promise=table.promise,
        evidence=tuple(table.evidence),
        waits_for=table.waits_for or "us",
        remind=table.remind,
        close=table.close,
    )


def _step_table(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "does": step.does,
        "owner": step.owner,
        "waits_for": step.waits_for if step.waits_for == "customer" else None,
        "due": step.due,
        "calendar": step.calendar,
        "promise": step.promise,
        "evidence": step.evidence,
        "remind": step.remind,
        "close": step.close,
    }
