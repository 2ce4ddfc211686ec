"""Cases by hand: started, taken on step by step, given up; and where each stands (R2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from caretool.desk import following, knowing, promising
from caretool.desk.desk import Desk
from caretool.domain.procedure import Case, CaseStep, Ending, Procedure, closed, expected, taken
from caretool.domain.promise import Promise
from caretool.errors import NotFound, UsageProblem
from caretool.store.promises import OPEN


@dataclass(frozen=True, slots=True)
class Followed:
    """A case and where it stands at a moment.

    `expected`: when each step will have ended if each takes its time (None: it has ended). `promises` by the place of
    the step that keeps them, those that were moved or never said left out.
    """

    case: Case
    as_of: datetime
    expected: tuple[datetime | None, ...]
    promises: Mapping[int, tuple[Promise, ...]]

    @property
    def late(self) -> bool:
        """Whether the step that has its turn is late."""
        return self.case.late(self.as_of)

    @property
    def open_promises(self) -> tuple[Promise, ...]:
        """What the case still owes."""
        return tuple(one for promises in self.promises.values() for one in promises if one.state in OPEN)


def standing(desk: Desk, cases: Sequence[Case], now: datetime) -> list[Followed]:
    """The cases with what their steps promise and when they should end, for the moment `now`."""
    hours = following.hours_of(desk)
    ties = desk.store.cases.ties([case.id for case in cases])
    tied = desk.store.promises.by_ids([promise for promise, _, _ in ties])
    promises = {one.id: one for one in promising.standing(desk, tied, now) if one.state not in ("moved", "void")}
    kept: dict[str, dict[int, tuple[Promise, ...]]] = {case.id: {} for case in cases}
    for promise, owner, place in ties:
        if promise in promises:
            kept[owner][place] = (*kept[owner].get(place, ()), promises[promise])
    return [Followed(case, now, expected(case, now, hours), kept[case.id]) for case in cases]


def cases(desk: Desk, *, everything: bool = False, late: bool = False, owner: str | None = None) -> list[Followed]:
    """The running cases (or all), those whose step is due first on top. `owner`: whose step it is now."""
    now = desk.clock()
    found = desk.store.cases.in_states(("running", "done", "closed") if everything else ("running",))
    if late:
        found = [case for case in found if case.late(now)]
    if owner is not None:
        found = [case for case in found if case.now is not None and case.now.step.owner == owner]
    return sorted(standing(desk, found, now), key=_urgency)


def _urgency(one: Followed) -> tuple[bool, datetime, str]:
    due_at = one.case.now.due_at if one.case.now is not None else None
    return due_at is None, due_at or one.case.started_at, one.case.id


def about(desk: Desk, subject: str, promises: Sequence[Promise], now: datetime) -> list[Followed]:
    """The cases of a case's, comment's, person's or promise's id. A comment's are those that it started, and what runs
    for whoever wrote it."""
    store = desk.store.cases
    if subject[0] == "k":
        found = store.by_ids([subject])
    elif subject[0] == "p":
        found = store.by_ids(store.of_promises([promise.id for promise in promises]))
    elif subject[0] == "u":
        found = store.of_people([subject])
    elif subject[0] == "c":
        (comment,) = desk.store.comments.by_ids([subject])
        found = [one for one in store.of_people([comment.person]) if subject == one.comment or one.state == "running"]
    else:
        found = []
    return standing(desk, found, now)


def start(desk: Desk, procedure: str, typed: str) -> Followed:
    """Start a case by hand for a person, or for whoever wrote a comment. UsageProblem where they have one running."""
    agent = desk.agent()
    found = _procedure(desk, procedure)
    subject = desk.store.resolve(typed, ("c", "u"))
    comment = subject if subject.startswith("c") else None
    now = desk.clock()
    with desk.store.writing():
        person = knowing.somebody(desk, desk.store.comments.by_ids([comment])[0].person if comment else subject)
        for case in desk.store.cases.of_people([person], running=True):
            if case.procedure == found.name:
                raise UsageProblem(f"{case.id}, {found.name}, runs for them already: caretool show {case.id}")
        ids = following.start(desk, found, {person: comment}, agent.id, now)
        return standing(desk, desk.store.cases.by_ids(ids), now)[0]


def done(desk: Desk, typed: str, step: str, evidence: str | None) -> Followed:
    """The step whose turn it is has been done, and its promise is kept with it. UsageProblem where it is the turn of
    another step (somebody may have been quicker), or evidence is missing."""
    agent = desk.agent()
    now = desk.clock()
    with desk.store.writing():
        case = _one(desk, typed)
        after = taken(case, step, "done", now, following.hours_of(desk), evidence=evidence)
        assert case.now is not None
        _refuse_without_evidence(case.now, evidence)
        (followed,) = standing(desk, [case], now)
        kept = [one for one in followed.promises.get(case.place or 0, ()) if one.state in OPEN]
        for one in kept:
            if one.state == "logged":
                raise UsageProblem(f"{one.id} has not been said yet, so it cannot be kept: `caretool send` first.")
        if kept:
            promising.keep(desk, [one.id for one in kept], evidence)
        return _write(desk, case, after, "done", agent.id, now)


def skip(desk: Desk, typed: str, step: str, because: str) -> Followed:
    """The step whose turn it is will not be done; a promise it was to keep runs on in the ledger."""
    agent = desk.agent()
    now = desk.clock()
    with desk.store.writing():
        case = _one(desk, typed)
        after = taken(case, step, "skipped", now, following.hours_of(desk), because=because)
        return _write(desk, case, after, "skipped", agent.id, now)


def close(desk: Desk, typed: str, because: str) -> Followed:
    """Give a case up; its promises run on in the ledger."""
    agent = desk.agent()
    now = desk.clock()
    with desk.store.writing():
        case = _one(desk, typed)
        if not desk.store.cases.change(case, closed(case, because, now)):
            raise UsageProblem(_quicker(case))
        desk.store.journal.write("case-closed", [case.id], agent=agent.id, at=now)
        return standing(desk, desk.store.cases.by_ids([case.id]), now)[0]


def _write(desk: Desk, case: Case, after: Case, how: Ending, agent: str, now: datetime) -> Followed:
    if not desk.store.cases.change(case, after):
        raise UsageProblem(_quicker(case))
    assert case.now is not None
    codes = {"step": case.now.step.name}
    desk.store.journal.write(f"case-step-{how}", [case.id], agent=agent, at=now, codes=codes)
    if after.state == "done":
        desk.store.journal.write("case-done", [case.id], agent=agent, at=now)
    return standing(desk, desk.store.cases.by_ids([case.id]), now)[0]


def _quicker(case: Case) -> str:
    return f"Somebody else changed {case.id} meanwhile: caretool show {case.id}"


def _refuse_without_evidence(one: CaseStep, evidence: str | None) -> None:
    asked = one.step.evidence
    if asked and not any(promising.shows(evidence or "", what) for what in asked):
        raise UsageProblem(
            f"The step {one.step.name!r} is done with evidence, {' or '.join(asked)}: add it with --evidence."
        )


def _procedure(desk: Desk, name: str) -> Procedure:
    procedures = desk.policy.procedures
    if name in procedures:
        return procedures[name]
    from rapidfuzz import process

    near = process.extractOne(name, list(procedures), score_cutoff=60)
    hint = f"did you mean {near[0]!r}?" if near else f"policies.toml has {', '.join(procedures) or 'none'}."
    raise NotFound(f"No procedure is called {name!r}: {hint}")


def _one(desk: Desk, typed: str) -> Case:
    return desk.store.cases.by_ids([desk.store.resolve(typed, ("k",))])[0]
