"""The ledger by hand: promises made elsewhere, kept, broken, moved, released; and what is overdue (R12, R13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from caretool.desk import following, knowing, permitting
from caretool.desk.load import keepers_of, load_of
from caretool.domain.calendar import closing_of
from caretool.domain.deliverability import earliest_due, escalated_to, judge, late_windows, review_time
from caretool.domain.planning import kept_by
from caretool.domain.promise import Overdue, Promise, PromiseState
from caretool.errors import NotFound, UsageProblem
from caretool.store.promises import OPEN, NewPromise

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.domain.draft import Refusal
    from caretool.domain.policy import Agent, PromiseKind
    from caretool.domain.roles import Ability

DUE_NEXT = timedelta(hours=24)
_DAYS_AHEAD = 60


@dataclass(frozen=True, slots=True)
class Changed:
    """Promises as they are now, and why a change was refused (then nothing was written)."""

    promises: tuple[Promise, ...]
    refusals: tuple[Refusal, ...] = ()


def standing(desk: Desk, promises: Sequence[Promise], now: datetime) -> list[Promise]:
    """The promises with `overdue` and `at_risk` worked out for the moment `now`."""
    late = _late_by_kind(desk, {promise.kind for promise in promises if promise.state in OPEN}, now)
    windows = desk.store.promises.windows([promise.id for promise in promises])
    endangered = following.endangered(desk, promises, now)
    found = []
    for promise in promises:
        overdue = promise.state == "running" and promise.due_at < now
        reviewed = promise.review_at is not None and promise.review_at <= now
        doomed = windows[promise.id] in late.get(promise.kind, ())
        at_risk = promise.state in OPEN and not overdue and (reviewed or doomed or promise.id in endangered)
        kind = desk.promisable.promises.get(promise.kind)
        raised = escalated_to(kind, promise.due_at, now) if overdue and kind is not None else None
        found.append(replace(promise, overdue=overdue, at_risk=at_risk, escalated_to=raised))
    return found


def _late_by_kind(desk: Desk, kinds: set[str], now: datetime) -> dict[str, set[tuple[object, object]]]:
    known = [desk.promisable.promises[name] for name in kinds if name in desk.promisable.promises]
    return {kind.name: set(late_windows(kind, now, load_of(desk, kind, now))) for kind in known}


def overdue(desk: Desk, as_of: datetime) -> Overdue:
    """What is overdue, at risk and due next at a moment; overdue ones however old."""
    promises = standing(desk, desk.store.promises.open(), as_of)
    return Overdue(
        as_of=as_of,
        overdue=tuple(p for p in promises if p.overdue),
        at_risk=tuple(p for p in promises if p.at_risk),
        due_next=tuple(p for p in promises if not p.overdue and not p.at_risk and p.due_at <= as_of + DUE_NEXT),
    )


def ledger(desk: Desk, *, everything: bool, limit: int | None = None) -> list[Promise]:
    """The open promises (or all of them), the earliest due first."""
    states: Sequence[PromiseState] = (
        ("logged", "running", "kept", "broken", "moved", "released", "void") if everything else OPEN
    )
    return standing(desk, desk.store.promises.in_states(states, limit), desk.clock())


def add(desk: Desk, kind_name: str, person: str, due_at: datetime, text: str | None) -> Changed:
    """Log a promise made elsewhere (on the phone, in the shop); it runs at once. Refused if it cannot be kept."""
    agent = permitting.doer(desk, "promise-by-hand")
    kind = _known_kind(desk, kind_name)
    person_id, comment = _person(desk, person)
    permitting.demand_for(desk, agent, "promise-by-hand", desk.store.comments.by_ids([comment] if comment else []))
    now = desk.clock()
    with desk.store.writing():
        refused, new = _checked(desk, kind, person_id, due_at, text, now)
        if refused is not None or new is None:
            return _refused(desk, person_id, refused)
        ids = desk.store.promises.add([replace(new, comment=comment)], now=now, state="running")
        follow_people(desk, ids)
        following.tie(desk, desk.store.promises.by_ids(ids))
        desk.store.journal.write("promise-logged", ids, agent=agent.id, at=now)
        return Changed(tuple(standing(desk, desk.store.promises.by_ids(ids), now)))


def by_id(desk: Desk, typed: str) -> Promise:
    """The promise meant."""
    return desk.store.promises.by_ids([desk.store.resolve(typed, ("p",))])[0]


def as_they_stand(desk: Desk, ids: Sequence[str]) -> list[Promise]:
    """These promises now."""
    return standing(desk, desk.store.promises.by_ids(ids), desk.clock())


def proposed_due(desk: Desk, promise: Promise) -> datetime | None:
    """The earliest time after its own by which a promise could be kept instead; None: there is none."""
    kind = desk.promise_kind(promise.kind)
    now = desk.clock()
    load = load_of(desk, kind, now, leaving_out=(promise.id,))
    minute = now.replace(second=0, microsecond=0)
    due_at = earliest_due(kind, 1, minute, load)
    if due_at is None or due_at > promise.due_at:
        return due_at
    day = promise.due_at.astimezone(kind.zone).date()
    days = (closing_of(day + timedelta(days=n), kind.calendar, kind.zone) for n in range(1, _DAYS_AHEAD))
    return next((later for later in days if judge(kind, 1, later, minute, load).check is None), None)


def move(desk: Desk, promise_id: str, due_at: datetime, because: str, *, told: bool) -> Changed:
    """Log the new promise that takes this one's place. The old one runs until the customer has been told: by a reply
    that says the new time, or already (`told`), on the phone for instance."""
    agent = desk.agent()
    now = desk.clock()
    with desk.store.writing():
        old = by_id(desk, promise_id)
        _permit(desk, agent, "promise-by-hand" if told else "move-promise", [old.id])
        if old.state != "running" or old.moved_to is not None:
            raise UsageProblem(_wrong_state(old, "moved"))
        kind = desk.promise_kind(old.kind)
        refused, new = _checked(desk, kind, old.person_id, due_at, old.text, now, leaving_out=(old.id,))
        if refused is not None or new is None:
            return _refused(desk, old.id, refused)
        comment, _ = desk.store.promises.told_to([old.id])[old.id]
        owner = new.owner if old.owner in (kind.owner, kind.stand_in) else old.owner
        new = replace(new, owner=owner, comment=comment)
        ids = desk.store.promises.add([new], now=now, state="running" if told else "logged")
        desk.store.promises.link_move(old.id, ids[0], because)
        if told:
            change(desk, [old.id], "moved", was=("running",), ended_at=now)
        desk.store.journal.write("promise-move-logged", [old.id], agent=agent.id, at=now, codes={"to": ids[0]})
        return Changed(tuple(standing(desk, desk.store.promises.by_ids([old.id, *ids]), now)))


def tell(desk: Desk, promise_id: str) -> Changed:
    """The customer knows of a move that was logged before: the old promise ends, the new one runs."""
    agent = desk.agent()
    now = desk.clock()
    with desk.store.writing():
        old = by_id(desk, promise_id)
        _permit(desk, agent, "promise-by-hand", [old.id])
        if old.state != "running" or old.moved_to is None:
            raise UsageProblem(f"{old.id} is not being moved: say by when it will be kept, with --due.")
        _refuse_unposted(desk, old)
        change(desk, [old.moved_to], "running", was=("logged",))
        change(desk, [old.id], "moved", was=("running",), ended_at=now)
        desk.store.journal.write("promise-moved", [old.id], agent=agent.id, at=now, codes={"to": old.moved_to})
        return Changed(tuple(as_they_stand(desk, [old.id, old.moved_to])))


def change(
    desk: Desk, ids: Sequence[str], state: PromiseState, *, was: Sequence[PromiseState], **values: object
) -> None:
    """Move promises from one of the states `was` to `state`. Who of these people has written again since is told by the
    inbox, as long as the promise runs. Inside a transaction."""
    desk.store.promises.change(ids, state, was=was, **values)
    follow_people(desk, ids)


def follow_people(desk: Desk, ids: Sequence[str]) -> None:
    """These promises have begun to run, or ended: what their people have written since is placed anew."""
    persons = {promise.person_id for promise in desk.store.promises.by_ids(ids)}
    wrong = desk.store.comments.wrongly_marked(sorted(persons))
    if wrong:
        from caretool.desk import triaging  # what reads comments is slow to import

        triaging.mark_again(desk, wrong)


def run(desk: Desk, reply: str, agent: str, now: datetime) -> None:
    """The reply is public: its promises run, and one whose new time it says has moved. Inside a transaction."""
    promises = [promise.id for promise in desk.store.promises.of_replies([reply])]
    change(desk, promises, "running", was=("logged",))
    for promise_id in promises:
        old = desk.store.promises.predecessor(promise_id)
        if old is not None:
            change(desk, [old], "moved", was=("running",), ended_at=now)
            desk.store.journal.write("promise-moved", [old], agent=agent, at=now, codes={"to": promise_id})


def keep(desk: Desk, ids: Sequence[str], evidence: str | None) -> Changed:
    """What was promised has been done; with the evidence its kind asks for. After its time it is kept late."""
    promises = [by_id(desk, promise_id) for promise_id in ids]
    for promise in promises:
        kind = desk.policy.promises.get(promise.kind)  # None: the policy has dropped it since
        asked = kind.evidence if kind else ()
        if asked and not any(shows(evidence or "", what) for what in asked):
            raise UsageProblem(f"A {promise.kind} is kept with evidence, {' or '.join(asked)}: add it with --evidence.")
    return _end(desk, promises, "kept", was=("running",), evidence=evidence)


def shows(evidence: str, what: str) -> bool:
    """Whether this is evidence of a kind: some text, an address, a file that is there."""
    if what == "url":
        return evidence.startswith(("https://", "http://")) and len(evidence.split()) == 1
    if what == "file":
        return bool(evidence) and Path(evidence).expanduser().is_file()
    return bool(evidence.strip())


def end(desk: Desk, ids: Sequence[str], state: PromiseState, because: str) -> Changed:
    """A promise that will not be kept (`broken`) or that the customer no longer needs (`released`)."""
    return _end(desk, [by_id(desk, i) for i in ids], state, was=("logged", "running"), because=because)


def _end(
    desk: Desk,
    promises: Sequence[Promise],
    state: PromiseState,
    *,
    was: Sequence[PromiseState],
    evidence: str | None = None,
    because: str | None = None,
) -> Changed:
    agent = desk.agent()
    now = desk.clock()
    ids = [promise.id for promise in promises]
    with desk.store.writing():
        _permit(desk, agent, "keep-promise" if state == "kept" else "end-promise", ids)
        for promise in desk.store.promises.by_ids(ids):
            if promise.state not in was:
                raise UsageProblem(_wrong_state(promise, state))
            _refuse_unposted(desk, promise)
        change(desk, ids, state, was=was, ended_at=now, evidence=evidence, because=because)
        for promise_id in ids:
            _end_pair(desk, promise_id, now)
        desk.store.journal.write(f"promise-{state}", ids, agent=agent.id, at=now)
        return Changed(tuple(standing(desk, desk.store.promises.by_ids(ids), now)))


def _permit(desk: Desk, agent: Agent, what: Ability, promises: Sequence[str]) -> None:
    """UsageProblem where the agent may not do it to these promises: the comments they answer say on which accounts."""
    answered = [comment for comment, _ in desk.store.promises.told_to(promises).values() if comment]
    permitting.demand_for(desk, agent, what, desk.store.comments.by_ids(answered))


def _refused(desk: Desk, subject: str, refusal: Refusal | None) -> Changed:
    from caretool.desk import recounting

    refusals = (refusal,) if refusal is not None else ()
    recounting.remember_refused(desk, subject, refusals)
    return Changed((), refusals)


def _refuse_unposted(desk: Desk, promise: Promise) -> None:
    """What a reply in the outbox is about to say cannot end before it was said."""
    successor = desk.store.promises.by_ids([promise.moved_to])[0] if promise.moved_to else None
    for one in (promise, successor):
        if one is not None and one.state == "logged" and one.reply is not None:
            raise UsageProblem(
                f"{promise.id} cannot end yet: {one.reply} in the outbox is about to say {one.id}; "
                "`caretool send` first."
            )


def _end_pair(desk: Desk, ended: str, now: datetime) -> None:
    """A move in progress ends with either half: the untold new promise is void, or the old one runs on alone."""
    promise = desk.store.promises.by_ids([ended])[0]
    if promise.moved_to is not None:
        desk.store.promises.change([promise.moved_to], "void", was=("logged",), ended_at=now)
    desk.store.promises.unlink_move(ended)


def _checked(
    desk: Desk,
    kind: PromiseKind,
    person: str,
    due_at: datetime,
    text: str | None,
    now: datetime,
    leaving_out: Sequence[str] = (),
) -> tuple[Refusal | None, NewPromise | None]:
    from caretool.domain.checks import refusal_for

    # Replies say minutes: a promise that a reply is to tell again must be one that words can say.
    minute, due_at = now.replace(second=0, microsecond=0), due_at.replace(second=0, microsecond=0)
    verdict = judge(kind, 1, due_at, minute, load_of(desk, kind, now, leaving_out))
    language = desk.policy.company.languages[0]
    said = text or kind.says.get(language, kind.name)
    if verdict.check is not None or verdict.window is None:
        return refusal_for(verdict, said, kind, 1, due_at, language, desk.zone), None
    review_at = review_time(kind, due_at)
    owner = kept_by(kind, verdict.window[1], keepers_of(desk))
    return None, NewPromise(kind.name, person, said, due_at, verdict.window, owner, review_at)


def _known_kind(desk: Desk, name: str) -> PromiseKind:
    if name in desk.policy.promises:
        return desk.policy.promises[name]
    from rapidfuzz import process

    near = process.extractOne(name, list(desk.policy.promises), score_cutoff=60)
    hint = f"did you mean {near[0]!r}?" if near else f"the policy has {', '.join(desk.policy.promises) or 'none'}."
    raise NotFound(f"The policy has no promise kind {name!r}: {hint}")


def _person(desk: Desk, typed: str) -> tuple[str, str | None]:
    """A person, and the comment of theirs by which they were named."""
    found = desk.store.resolve(typed, ("u", "c"))
    if found.startswith("u"):
        return knowing.somebody(desk, found), None
    return knowing.somebody(desk, desk.store.comments.by_ids([found])[0].person), found


def _wrong_state(promise: Promise, wanted: str) -> str:
    if promise.moved_to is not None and promise.state == "running":
        new = promise.moved_to
        return f"{promise.id} is being moved to {new} already: tell the customer, or release {new} first."
    return f"{promise.id} cannot be {wanted}: it is {promise.state}."
