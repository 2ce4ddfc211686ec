"""Forget: one human being leaves the desk. What was open ends, what they wrote and what names them goes, marks stay by
which they do not come back (R8).

Marks first, in a file beside the key; then everything in one transaction; then the bytes. Whatever happens between,
doing it again ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from caretool.desk import permitting, rewarding, tracing
from caretool.desk.locks import held
from caretool.domain.codes import ReplyState
from caretool.domain.person import Person
from caretool.domain.promise import Promise, PromiseState
from caretool.errors import SettingsProblem, StoreProblem, UsageProblem
from caretool.store.promises import OPEN
from caretool.store.tombstones import Stone

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.desk.tracing import Trace
    from caretool.domain.draft import Draft, Reply
    from caretool.domain.procedure import Case
    from caretool.domain.redaction import Terms
    from caretool.store.belongings import Belongings

WHY = "the person was forgotten"
_LEAVING: tuple[ReplyState, ...] = ("approved", "sending", "unsure")


@dataclass(frozen=True, slots=True)
class Plan:
    """What forgetting a person does. `theirs` goes, save ids, codes, times and counts. `promises` and `cases` end,
    `withdrawn` replies fail and `drafts` are rejected; of `doubtful` replies nobody will know whether they were posted.
    `waiting_again` are comments of others whom a withdrawn reply answered too. `stops`: why it cannot be done yet.
    `namesakes` share a handle or a name with them, which stays therefore; `perhaps` have the same words in their names,
    in another order; `files` of the workspace hold them."""

    person: Person
    theirs: Belongings
    promises: tuple[Promise, ...] = ()
    cases: tuple[Case, ...] = ()
    withdrawn: tuple[Reply, ...] = ()
    doubtful: tuple[Reply, ...] = ()
    drafts: tuple[Draft, ...] = ()
    waiting_again: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    namesakes: tuple[Person, ...] = ()
    perhaps: tuple[Person, ...] = ()
    files: tuple[Trace, ...] = ()


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was done: `whole` where no byte is left in the database's files; `deleted` are backups; `files` still hold
    them."""

    plan: Plan
    whole: bool
    deleted: tuple[Path, ...] = ()
    files: tuple[Trace, ...] = ()


def consider(desk: Desk, person: Person) -> Plan:
    """What would go, what would end and what stays; nothing is written."""
    permitting.doer(desk, "forget-person")
    theirs = desk.store.erasing.belongings(desk.store.persons.selves(person.id))
    if person.forgotten_at is not None:
        return Plan(person, theirs, files=_of_before(desk, theirs))
    files = _sought(desk, theirs, terms_of(desk, theirs))()
    namesakes, perhaps = _namesakes(desk, theirs)
    return replace(_planned(desk, person, theirs), namesakes=namesakes, perhaps=perhaps, files=files)


def forget(desk: Desk, plan: Plan, *, delete_backups: bool = False) -> Forgotten:
    """Do it. UsageProblem where something has to be settled first; then nothing was written."""
    agent = permitting.doer(desk, "forget-person")
    if plan.person.forgotten_at is not None:
        return _looked_again(desk, plan, delete_backups=delete_backups)
    with _alone(desk, plan):
        now = desk.clock()
        tombstones = desk.store.tombstones
        theirs = desk.store.erasing.belongings(plan.theirs.persons)
        stones = _stones(desk, theirs, now)
        sought = _sought(desk, theirs, terms_of(desk, theirs))
        _refuse(_planned(desk, plan.person, theirs).stops)
        with tombstones.write_down(stones), desk.store.writing():
            theirs = desk.store.erasing.belongings(plan.theirs.persons)
            current = _planned(desk, plan.person, theirs)
            _refuse(current.stops)
            # Somebody may have written more of theirs since the marks were written down: they are put up here.
            tombstones.put_up(_stones(desk, theirs, now))
            _forget(desk, current, agent.id, now, live=True)
            # Before it is done for good: what is stopped here is done again by the same command.
            deleted = _deleted(plan.files) if delete_backups else ()
    whole = finish(desk)
    files = sought()  # a backup may have been made meanwhile
    if delete_backups:
        deleted += _deleted(files)
    return Forgotten(plan, whole, deleted, tuple(one for one in files if one.file not in deleted))


def _looked_again(desk: Desk, plan: Plan, *, delete_backups: bool) -> Forgotten:
    """Who was forgotten already: what is left of it to do. By now nobody knows what they were called: every backup of
    before may hold them."""
    whole = finish(desk)
    files = _of_before(desk, plan.theirs)
    deleted = _deleted(files) if delete_backups else ()
    return Forgotten(plan, whole, deleted, tuple(one for one in files if one.file not in deleted))


def _of_before(desk: Desk, theirs: Belongings) -> tuple[Trace, ...]:
    return tuple(tracing.backups_of_before(desk.folder, theirs.persons, desk.progress))


def _deleted(files: Sequence[Trace]) -> tuple[Path, ...]:
    """Delete the backups that caretool made."""
    ours = tuple(trace.file for trace in files if trace.ours)
    for file in ours:
        file.unlink(missing_ok=True)
    return ours


def finish(desk: Desk) -> bool:
    """Where bytes of what was erased may still stand in the database's files, make those anew; whether none does. What
    hinders it hinders nothing else."""
    if not desk.store.erasing.due():
        return True
    desk.progress("making the database anew without what was erased")
    try:
        return desk.store.erasing.finish()
    except StoreProblem as problem:
        desk.say(f"What was erased could not be taken out of the database's files yet. {problem}")
        return False


def again(desk: Desk, stones: Sequence[Stone]) -> int:
    """In a restored database, before it takes its place: forget whom these marks mean; how many. Asks no platform."""
    tombstones = desk.store.tombstones
    now = desk.clock()
    with desk.store.writing():
        tombstones.put_up(stones)
        meant = tombstones.persons_meant(stones)
        for person in desk.store.persons.by_ids(list(meant)):
            theirs = desk.store.erasing.belongings(desk.store.persons.selves(person.id))
            tombstones.put_up(_stones(desk, theirs, meant[person.id]))
            _forget(desk, _planned(desk, person, theirs), desk.agent_id or "", now, live=False)
    finish(desk)
    return len(meant)


def terms_of(desk: Desk, theirs: Belongings) -> Terms:
    """What they are known by: handles, names, and the e-mail addresses, telephone, account, card and tax numbers in
    their comments. What others are called too is not theirs; nor is what our own settings speak of."""
    from caretool.desk.naming import terms

    persons = desk.store.persons.by_ids(theirs.persons)
    return terms(
        persons,
        [text for text, _ in desk.store.erasing.words(theirs)],
        settings=desk.store.kept("settings") or "",
        ours=_called(desk),
        others=desk.store.persons,
    )


def _called(desk: Desk) -> set[str]:
    """What we are called: the company, its agents, and with an @ our handles; nothing where the settings are wrong."""
    try:
        settings = desk.settings
    except SettingsProblem:
        return set()
    handles = {f"@{one.handle.removeprefix('@')}" for one in settings.accounts.values() if one.handle}
    return {settings.policy.company.name, *(agent.name for agent in settings.agents.values()), *handles}


def _refuse(stops: Sequence[str]) -> None:
    if stops:
        raise UsageProblem(f"{' '.join(stops)} Nothing was written.")


@contextmanager
def _alone(desk: Desk, plan: Plan) -> Iterator[None]:
    """Nobody fetches meanwhile, nor sends where something of theirs is about to leave."""
    from caretool.desk import sending

    accounts = {reply.account for reply in (*plan.withdrawn, *plan.doubtful)}
    with ExitStack() as locks:
        locks.enter_context(held(desk, "fetch", "waiting for another caretool that is fetching"))
        for account in sorted(accounts):
            locks.enter_context(sending.alone(desk, account))
        yield


def _planned(desk: Desk, person: Person, theirs: Belongings) -> Plan:
    store = desk.store
    alone = store.replies.by_ids(theirs.alone)
    together = store.replies.by_ids(theirs.together)
    withdrawn = [one for one in (*alone, *together) if one.state == "approved"]
    doubtful = [one for one in (*alone, *together) if one.state in ("sending", "unsure")]
    drafts = [store.replies.draft(one) for one in (*theirs.drafts, *theirs.shared_drafts)]
    mine = set(theirs.comments)
    others = [comment for one in (*withdrawn, *doubtful) for comment in one.comments if comment not in mine]
    stops = [
        f"{one.id} answers others too, and may or may not have been posted: settle it first, with caretool send."
        for one in doubtful
        if one.id in theirs.together
    ]
    if any(one.own for one in store.comments.by_ids(theirs.comments)):
        stops.append(f"{person.id} is ourselves: what they wrote are our own posts.")
    return Plan(
        person=person,
        theirs=theirs,
        promises=tuple(one for one in store.promises.by_ids(theirs.promises) if one.state in OPEN),
        cases=tuple(store.cases.of_people(theirs.persons, running=True)),
        withdrawn=tuple(withdrawn),
        doubtful=tuple(doubtful),
        drafts=tuple(one for one in drafts if one is not None and one.state == "awaiting"),
        waiting_again=tuple(others),
        stops=tuple(stops),
    )


def _forget(desk: Desk, plan: Plan, agent: str, now: datetime, *, live: bool) -> None:
    """Inside a transaction. `live` where the platforms may be asked what they can do."""
    from caretool.domain.redaction import Quotes, Redactor

    theirs = plan.theirs
    redactor = Redactor(terms_of(desk, theirs), Quotes(desk.store.erasing.words(theirs)))
    _end(desk, plan, agent, now, live=live)
    groups = desk.store.groups.of_comments(theirs.comments)
    with _drafts_of_others_still_fit(desk):
        desk.store.erasing.forget(theirs, redactor, now)
    for state in ("released", "void"):
        ended = [one.id for one in plan.promises if (one.state == "running") == (state == "released")]
        desk.store.promises.change(ended, state, was=(state,), because=WHY)
    if live:
        from caretool.desk import triaging

        triaging.read_unread(desk)
        triaging.refresh(desk, groups)
    else:
        desk.store.groups.refresh(groups)
    codes: Mapping[str, int] = {
        "comments": len(theirs.comments),
        "replies": len(theirs.alone) + len(theirs.together),
        "promises": len(theirs.promises),
    }
    action = "person-forgotten" if live else "person-forgotten-again"
    desk.store.journal.write(action, theirs.persons, agent=agent, at=now, codes=codes)


def _end(desk: Desk, plan: Plan, agent: str, now: datetime, *, live: bool) -> None:
    """What was open with them ends, before it is emptied."""
    store, log = desk.store, desk.store.journal
    for draft in plan.drafts:
        store.replies.decide(draft.id, "rejected", by=agent, at=now)
        for reply in store.replies.of_draft(draft.id):
            store.replies.change(reply.id, "rejected", was=("awaiting",), error=WHY)
    log.write("draft-rejected", [draft.id for draft in plan.drafts], agent=agent, at=now)
    for reply in (*plan.withdrawn, *plan.doubtful):
        store.replies.change(reply.id, "failed", was=_LEAVING, error=WHY)
        if reply in plan.withdrawn:
            _void(desk, [one.id for one in store.promises.of_replies([reply.id])], now)
    rewarding.take_back(desk, [reply.id for reply in plan.withdrawn], agent, now)
    log.write("reply-failed", [reply.id for reply in (*plan.withdrawn, *plan.doubtful)], agent=agent, at=now)
    for promise in plan.promises:
        store.promises.unlink_move(promise.id)
        state: PromiseState = "released" if promise.state == "running" else "void"
        store.promises.change([promise.id], state, was=OPEN, ended_at=now, because=WHY)
        log.write(f"promise-{state}", [promise.id], agent=agent, at=now)
    _close(desk, plan.cases, agent, now)
    for moderation in plan.theirs.moderations:
        store.moderations.change(moderation, "failed", was=("doing", "unsure"))
    store.comments.set_state(plan.theirs.comments, "gone", was=("waiting", "snoozed", "queued"))
    _wait_again(desk, plan.waiting_again, live=live)


def _void(desk: Desk, promises: Sequence[str], now: datetime) -> None:
    for promise in promises:
        desk.store.promises.unlink_move(promise)
    desk.store.promises.change(promises, "void", was=("logged",), ended_at=now)


def _close(desk: Desk, cases: Sequence[Case], agent: str, now: datetime) -> None:
    from caretool.domain.procedure import closed

    for case in cases:
        desk.store.cases.change(case, closed(case, WHY, now))
    desk.store.journal.write("case-closed", [case.id for case in cases], agent=agent, at=now)


def _wait_again(desk: Desk, comments: Sequence[str], *, live: bool) -> None:
    if not live:  # they are placed when the settings are worked in again
        desk.store.comments.set_state(comments, "waiting", was=("queued",))
        return
    from caretool.desk import triaging

    triaging.wait_again(desk, comments, was=("queued",))


@contextmanager
def _drafts_of_others_still_fit(desk: Desk) -> Iterator[None]:
    """What is about to answer somebody else answers what they said, also where a name is taken out of it here."""
    from caretool.desk import looking

    store = desk.store
    leaving = {reply.draft for state in _LEAVING for reply in store.replies.in_state(state)}
    waiting = [*(store.replies.draft(one) for one in leaving), *store.replies.drafts("awaiting")]
    before = {one.id: _said(one) for one in waiting if one is not None}
    fit = {
        draft: [c for c, digest in looking.said(desk, list(said)).items() if digest == said[c]]
        for draft, said in before.items()
    }
    yield
    for draft, comments in fit.items():
        store.erasing.say_anew(draft, looking.said(desk, comments))


def _said(draft: Draft) -> dict[str, str]:
    from caretool.desk.request import Request

    return dict(Request.from_json(draft.request).said)


def _stones(desk: Desk, theirs: Belongings, now: datetime) -> list[Stone]:
    tombstones = desk.store.tombstones
    marker = tombstones.made_marker()
    posts = [Stone(marker.post(account, one), "post", now) for account, one in desk.store.persons.posts(theirs)]
    persons = desk.store.persons.by_ids(theirs.persons)
    aliases = [Stone(marker.author(one.account, one.handle), "author", now) for p in persons for one in p.aliases]
    return [Stone(marker.key(), "key", now), *posts, *aliases]


def _namesakes(desk: Desk, theirs: Belongings) -> tuple[tuple[Person, ...], tuple[Person, ...]]:
    """Who else is called exactly so, and who has the same words in another order."""
    persons = desk.store.persons.by_ids(theirs.persons)
    called = {name for p in persons for one in p.aliases for name in (one.handle, one.name) if name}
    found = {one.id: one for name in sorted(called) for one in desk.store.persons.namesakes(name)}
    others = tuple(one for one in found.values() if one.id not in theirs.persons)
    alike = desk.store.persons.with_the_words(theirs.persons, called)
    return others, tuple(one for one in alike if one.id not in found)


def _sought(desk: Desk, theirs: Belongings, terms: Terms) -> Callable[[], tuple[Trace, ...]]:
    """What looks for them in the files of the workspace, also once the database knows nothing of them any more."""
    native_ids = {native_id for _, native_id in desk.store.persons.posts(theirs)}
    known = tracing.files_of_accounts(desk.folder, desk.settings)
    aliases = [alias for person in desk.store.persons.by_ids(theirs.persons) for alias in person.aliases]
    return lambda: tuple(tracing.traces(desk.folder, terms, native_ids, aliases, known, desk.progress))
