"""Cases: each run of a procedure with its steps as they were when it started, and the promises tied to them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from peewee import JOIN

from caretool.domain.duration import Duration
from caretool.store.database import Database, Row, moment_in, moment_out, optional_moment
from caretool.store.numbers import chunks, new_ids
from caretool.store.schema import Case as C
from caretool.store.schema import CasePromise, Person
from caretool.store.schema import CaseStep as S

if TYPE_CHECKING:
    from caretool.domain.procedure import Case, CaseState, CaseStep, Step

_TIMES = ("began_at", "due_at", "remind_at", "close_at", "ended_at")
_LENGTHS = ("due", "remind", "close")


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case that is about to start, its first step in its turn."""

    procedure: str
    person: str
    steps: tuple[CaseStep, ...]
    started_at: datetime
    comment: str | None = None


class Cases:
    """The tables of cases. A person has at most one running case of a procedure."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, cases: Sequence[NewCase]) -> list[str]:
        """Start cases; their ids. Inside a transaction."""
        ids = new_ids(self._database, "k", len(cases)) if cases else []
        rows = [
            {
                "id": case_id,
                "procedure": new.procedure,
                "person": new.person,
                "comment": new.comment,
                "state": "running",
                "started_at": moment_out(new.started_at),
            }
            for case_id, new in zip(ids, cases, strict=True)
        ]
        self._database.insert(C, rows)
        steps = [
            {"in_case": case_id, "place": place, "step": _step_out(one.step), **_standing_out(one)}
            for case_id, new in zip(ids, cases, strict=True)
            for place, one in enumerate(new.steps)
        ]
        self._database.insert(S, steps)
        return ids

    def change(self, was: Case, now: Case) -> bool:
        """Write what one change made of a case; False where somebody else was quicker. Inside a transaction."""
        if was.state != now.state:
            values = {
                C.c.state: now.state,
                C.c.ended_at: _moment(now.ended_at),
                C.c.because: now.because,
            }
            if not self._database.run(C.update(values).where((C.c.id == was.id) & (C.c.state == was.state))):
                return False
        for place, (old, new) in enumerate(zip(was.steps, now.steps, strict=True)):
            if old == new:
                continue
            update = {getattr(S.c, name): value for name, value in _standing_out(new).items()}
            where = (S.c.in_case == was.id) & (S.c.place == place) & (S.c.state == old.state)
            if not self._database.run(S.update(update).where(where)):
                return False
        return True

    def by_ids(self, ids: Sequence[str]) -> list[Case]:
        """These cases, in this order."""
        found: dict[str, Case] = {}
        for part in chunks(list(ids)):
            found.update({case.id: case for case in self._cases(C.c.id.in_(part))})
        return [found[i] for i in ids if i in found]

    def in_states(self, states: Sequence[CaseState]) -> list[Case]:
        """Cases in these states, the oldest first."""
        return self._cases(C.c.state.in_(tuple(states)))

    def of_people(self, people: Sequence[str], *, running: bool = False) -> list[Case]:
        """The cases of these people, the oldest first."""
        found: list[Case] = []
        for part in chunks(list(dict.fromkeys(people))):
            where = C.c.person.in_(part)
            found += self._cases(where & (C.c.state == "running") if running else where)
        return found

    def tie(self, ties: Sequence[tuple[str, str, int]]) -> None:
        """Promises with the case and the place of the step that keeps them. The successor of one that is moved follows
        by itself (see `migrations`)."""
        rows = [{"promise": promise, "in_case": case, "place": place} for promise, case, place in ties]
        self._database.insert(CasePromise, rows)

    def ties(self, cases: Sequence[str]) -> list[tuple[str, str, int]]:
        """The promises tied to these cases: promise, case, place."""
        found: list[tuple[str, str, int]] = []
        for part in chunks(list(cases)):
            query = CasePromise.select(CasePromise.c.promise, CasePromise.c.in_case, CasePromise.c.place)
            found += self._database.tuples(query.where(CasePromise.c.in_case.in_(part)))
        return found

    def running_ties(self) -> dict[str, tuple[str, int]]:
        """Every promise tied to a running case: its case and place."""
        query = (
            CasePromise.select(CasePromise.c.promise, CasePromise.c.in_case, CasePromise.c.place)
            .join(C, on=(C.c.id == CasePromise.c.in_case))
            .where(C.c.state == "running")
        )
        return {promise: (case, place) for promise, case, place in self._database.tuples(query)}

    def of_promises(self, promises: Sequence[str]) -> list[str]:
        """The cases that these promises are tied to."""
        found: list[str] = []
        for part in chunks(list(promises)):
            query = CasePromise.select(CasePromise.c.in_case).where(CasePromise.c.promise.in_(part))
            found += [row[0] for row in self._database.tuples(query)]
        return list(dict.fromkeys(found))

    def _cases(self, where: Any) -> list[Case]:
        columns = [getattr(C.c, name) for name in C.columns]
        query = (
            C.select(*columns, Person.c.name.alias("person_name"))
            .join(Person, JOIN.LEFT_OUTER, on=(Person.c.id == C.c.person))
            .where(where)
            .order_by(C.c.started_at, C.c.id)
        )
        rows = self._database.rows(query)
        steps: dict[str, list[CaseStep]] = {row["id"]: [] for row in rows}
        for part in chunks(list(steps)):
            columns = [getattr(S.c, name) for name in S.columns]
            for row in self._database.rows(S.select(*columns).where(S.c.in_case.in_(part)).order_by(S.c.place)):
                steps[row["in_case"]].append(_case_step(row))
        return [_case(row, steps[row["id"]]) for row in rows]


def _moment(at: datetime | None) -> str | None:
    return moment_out(at) if at is not None else None


def _standing_out(one: CaseStep) -> Row:
    times = {name: _moment(getattr(one, name)) for name in _TIMES}
    return {"state": one.state, **times, "evidence": one.evidence, "because": one.because}


def _step_out(step: Step) -> str:
    values = {field.name: getattr(step, field.name) for field in fields(step)}
    values |= {name: str(values[name]) for name in _LENGTHS if values[name] is not None}
    return json.dumps(values, ensure_ascii=False)


def _step_in(text: str) -> Step:
    from caretool.domain.procedure import Step  # mostly no case runs

    values = json.loads(text)
    values |= {name: Duration.parse(values[name]) for name in _LENGTHS if values[name] is not None}
    return Step(**{**values, "evidence": tuple(values["evidence"])})


def _case_step(row: Row) -> CaseStep:
    from caretool.domain.procedure import CaseStep

    times = {name: optional_moment(row[name]) for name in _TIMES}
    return CaseStep(_step_in(row["step"]), row["state"], **times, evidence=row["evidence"], because=row["because"])


def _case(row: Row, steps: Sequence[CaseStep]) -> Case:
    from caretool.domain.procedure import Case

    return Case(
        id=row["id"],
        procedure=row["procedure"],
        person_id=row["person"],
        person_name=row["person_name"],
        started_at=moment_in(row["started_at"]),
        steps=tuple(steps),
        state=row["state"],
        comment=row["comment"],
        ended_at=optional_moment(row["ended_at"]),
        because=row["because"],
    )
