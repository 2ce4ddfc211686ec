"""Cases beside the ledger: which replies start one, which promises its steps keep, which of those they put at risk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from caretool.domain.promise import Promise
from caretool.store.promises import OPEN

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.domain.procedure import Case, Hours, Procedure
    from caretool.domain.template import Template


def hours_of(desk: Desk) -> Hours:
    """What the times of steps run on."""
    from caretool.domain.procedure import Hours

    return Hours(desk.zone, desk.policy.calendars)


def start_for(desk: Desk, template: str | None, people: Mapping[str, str], agent: str, now: datetime) -> list[str]:
    """Answering these people (each with a comment) with a template that names a procedure starts a case for each who
    has none of it running. Inside the transaction that approves the answer; the ids of the new cases."""
    found: Template | None = desk.settings.templates.get(template) if template is not None else None
    if found is None or found.procedure is None or found.procedure not in desk.policy.procedures:
        return []
    running = desk.store.cases.of_people(list(people), running=True)
    served = {case.person_id for case in running if case.procedure == found.procedure}
    new = {person: comment for person, comment in people.items() if person not in served}
    return start(desk, desk.policy.procedures[found.procedure], new, agent, now)


def start(desk: Desk, procedure: Procedure, people: Mapping[str, str | None], agent: str, now: datetime) -> list[str]:
    """Start a case for each of these people (each with the comment it is about, if any); inside a transaction."""
    from caretool.domain.procedure import begun
    from caretool.store.cases import NewCase

    steps = begun(procedure.steps, now, hours_of(desk))
    new = [NewCase(procedure.name, person, steps, now, comment) for person, comment in people.items()]
    ids = desk.store.cases.add(new)
    desk.store.journal.write("case-started", ids, agent=agent, at=now, codes={"procedure": procedure.name})
    return ids


def tie(desk: Desk, promises: Sequence[Promise], prefer: str | None = None) -> None:
    """Tie new promises to the steps that keep them: of a running case of their person, the first step to come that
    keeps their kind and has no open promise of it yet. `prefer` is the procedure that is looked at first; else the
    oldest case is. Inside the transaction that logs them."""
    cases = desk.store.cases.of_people([promise.person_id for promise in promises], running=True) if promises else []
    if not cases:
        return
    cases.sort(key=lambda case: case.procedure != prefer)
    theirs: dict[str, list[Case]] = {}
    for case in cases:
        theirs.setdefault(case.person_id, []).append(case)
    tied = desk.store.cases.ties([case.id for case in cases])
    still_open = {one.id for one in desk.store.promises.by_ids([p for p, _, _ in tied]) if one.state in OPEN}
    taken = {(case, place) for promise, case, place in tied if promise in still_open}
    known = {promise for promise, _, _ in tied}
    found = []
    for promise in promises:
        steps = () if promise.id in known else _steps_for(theirs.get(promise.person_id, ()), promise)
        free = next((one for one in steps if one not in taken), None)
        if free is not None:
            taken.add(free)
            found.append((promise.id, *free))
    desk.store.cases.tie(found)


def _steps_for(cases: Iterable[Case], promise: Promise) -> Iterable[tuple[str, int]]:
    return (
        (case.id, place)
        for case in cases
        for place, one in enumerate(case.steps)
        if one.state in ("now", "ahead") and one.step.promise == promise.kind
    )


def endangered(desk: Desk, promises: Sequence[Promise], now: datetime) -> frozenset[str]:
    """Of these promises, the open ones that the steps of their cases put at risk."""
    ties = desk.store.cases.running_ties()
    tied = {one.id: one for one in promises if one.state in OPEN and one.id in ties}
    if not tied:
        return frozenset()
    from caretool.domain.procedure import endangers

    hours = hours_of(desk)
    cases = {case.id: case for case in desk.store.cases.by_ids(list({ties[promise][0] for promise in tied}))}
    return frozenset(
        promise.id
        for promise in tied.values()
        if endangers(cases[ties[promise.id][0]], ties[promise.id][1], promise.due_at, now, hours)
    )
