"""Inbox: what waits, grouped, most urgent first; only what was worked out before is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from caretool.domain.group import Windows
from caretool.domain.moment import stamp

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.domain.claim import Claim
    from caretool.domain.comment import Comment
    from caretool.domain.draft import Draft, Reply
    from caretool.domain.exchange import Turn
    from caretool.domain.group import Group

SOON = timedelta(hours=1)
_TURNS = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the inbox somebody wants to see; `limit` counts groups."""

    account: str | None = None
    topic: str | None = None
    kind: str | None = None
    late: bool = False
    search: str | None = None
    limit: int = 20
    watch: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One group as shown: `urgency` is escalated, again, late, soon or later; `why` says so in words. `windows` says
    until when the platform takes an answer, and how many it lets nobody answer any more. `said` is, by the id of a
    comment, what was said before in its exchange: of each comment, or of the first one where they are not asked for."""

    group: Group
    people: int
    urgency: str
    late: bool
    why: tuple[str, ...]
    windows: Windows
    comments: tuple[Comment, ...] = ()
    claim: Claim | None = None
    said: Mapping[str, tuple[Turn, ...]] = field(default_factory=dict)

    @property
    def all_shut(self) -> bool:
        """Whether the platform lets nobody answer any of it any more."""
        return 0 < self.group.size <= self.windows.shut


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A draft that waits for somebody's eyes, with how many replies it holds. `yours`: whoever looks may decide;
    `stale`: what became of what it answers, where it can no longer be approved."""

    draft: Draft
    replies: int
    yours: bool = True
    stale: str | None = None


@dataclass(frozen=True, slots=True)
class Matching:
    """The part of the inbox that is asked for, whatever the limit: comments that wait, those late, their groups."""

    waiting: int
    late: int
    groups: int


@dataclass(frozen=True, slots=True)
class Inbox:
    """The whole desk in numbers, and the groups asked for (`matching`: that part in numbers; `more`: the limit left
    some out). `waiting`, `late` count comments, `outbox` replies that are to be posted; `unsure` are ids of replies
    that may or may not be. `given_back` are rejected drafts of whoever looks, about which nobody has written anew;
    `failed` their replies that did not go out since they last looked."""

    as_of: datetime
    waiting: int
    late: int
    groups_waiting: int
    promises_overdue: int
    drafts: tuple[Awaiting, ...]
    groups: tuple[Listed, ...]
    matching: Matching
    more: bool
    outbox: int = 0
    unsure: tuple[str, ...] = ()
    given_back: tuple[Draft, ...] = ()
    failed: tuple[Reply, ...] = ()


def inbox(desk: Desk, wanted: Wanted, as_of: datetime, *, with_comments: bool) -> Inbox:
    """What waits at a moment. What is shown is remembered for the agent, so that a reply knows what joined since."""
    _bring_up_to_date(desk)
    store = desk.store
    columns = ("account", "topic", "kind", "watch")
    where = {column: value for column in columns if (value := getattr(wanted, column))}
    late_at = as_of if wanted.late else None
    among = store.comments.matching(wanted.search) if wanted.search else None
    groups = store.groups.alive(where=where, late_at=late_at, among=among, limit=wanted.limit + 1)
    if not groups:
        _must_be_known(desk, wanted)
    more = len(groups) > wanted.limit
    groups = groups[: wanted.limit]
    joined = store.groups.last_joined([group.id for group in groups])
    failed = store.replies.untold(desk.onlooker())
    with store.writing():
        store.groups.remember_shown(desk.onlooker(), joined)
        if failed and not with_comments:  # a program that looks tells nobody
            store.replies.told([reply.id for reply in failed])
    windows = windows_of(desk, groups, as_of)
    waiting, late = store.comments.count_waiting(as_of)
    whole = Matching(waiting, late, store.groups.count_alive())
    matching = whole
    if where or late_at is not None or among is not None:
        matching = Matching(*store.groups.count_meant(as_of, where=where, late_at=late_at, among=among))
    if not desk.onlooker():
        desk.say("Say --as NAME or set CARETOOL_AGENT, so that your replies know what you have seen.")
    claims = store.claims.running(desk.clock())
    leaving = store.replies.leaving()
    unsure = any(state == "unsure" for _, state in leaving)
    found = [
        listed(desk, one, as_of, windows[one.id], claims.get(one.id), with_comments=with_comments) for one in groups
    ]
    return Inbox(
        as_of=as_of,
        waiting=waiting,
        late=late,
        groups_waiting=whole.groups,
        promises_overdue=store.promises.count_overdue(as_of),
        drafts=_awaiting(desk),
        groups=tuple(_with_exchanges(desk, found)),
        matching=matching,
        more=more,
        outbox=sum(number for (_, state), number in leaving.items() if state != "unsure"),
        unsure=tuple(reply.id for reply in store.replies.in_state("unsure")) if unsure else (),
        given_back=tuple(store.replies.given_back(desk.onlooker())),
        failed=tuple(failed),
    )


def _must_be_known(desk: Desk, wanted: Wanted) -> None:
    """NotFound where nothing is called so. Asked only where nothing waits there: to load the settings takes longer than
    to look, and what was taken out of them leaves what it brought."""
    if wanted.account:
        desk.account(wanted.account)
    if wanted.topic:
        desk.topic(wanted.topic)
    if wanted.watch:
        desk.watch(wanted.watch)


def _bring_up_to_date(desk: Desk) -> None:
    """What was snoozed until now waits again, and what nobody has read yet is read."""
    if desk.store.comments.due_to_wake(desk.clock()) or desk.store.comments.unread(1):
        from caretool.desk import triaging  # what reads comments is slow to import

        triaging.wake(desk, desk.clock())
        triaging.read_unread(desk)


def _awaiting(desk: Desk) -> tuple[Awaiting, ...]:
    drafts = desk.store.replies.drafts("awaiting")
    if not drafts:
        return ()
    from caretool.desk import deciding

    ids = [draft.id for draft in drafts]
    replies, states = desk.store.replies.count_of_drafts(ids), desk.store.replies.states_of_drafts(ids)
    yours = deciding.among(desk, drafts)
    return tuple(
        Awaiting(one, replies.get(one.id, 0), one.id in yours, deciding.stale(one, states.get(one.id, ())))
        for one in drafts
    )


def listed(
    desk: Desk, group: Group, as_of: datetime, windows: Windows, claim: Claim | None, *, with_comments: bool = False
) -> Listed:
    """One group as it is shown at a moment."""
    comments: Sequence[Comment] = desk.store.comments.waiting_in(group.id) if with_comments else ()
    urgency, why = urgency_of(desk, group, as_of, claim, windows)
    late = group.due_at is not None and group.due_at < as_of
    return Listed(group, group.people, urgency, late, why, windows, tuple(comments), claim)


def _with_exchanges(desk: Desk, listed: Sequence[Listed]) -> list[Listed]:
    """The same with what was said before."""
    ids = {one.group.id: [comment.id for comment in one.comments] or [one.group.first or ""] for one in listed}
    said = desk.store.exchanges.before([comment for some in ids.values() for comment in some], _TURNS)
    return [
        replace(one, said={comment: said[comment] for comment in ids[one.group.id] if comment in said})
        for one in listed
    ]


def windows_of(desk: Desk, groups: Sequence[Group], as_of: datetime) -> dict[str, Windows]:
    """How the windows of each of these groups stand. What is kept of a group says it, until the first of them ends."""
    kept = {group.id: Windows(0, group.due_at, group.closes_at, group.private_until) for group in groups}
    some = [group.id for group in groups if any(at and at <= as_of for at in (group.closes_at, group.private_until))]
    return kept | desk.store.comments.windows_of(some, as_of) if some else kept


def urgency_of(
    desk: Desk, group: Group, as_of: datetime, claim: Claim | None, windows: Windows
) -> tuple[str, tuple[str, ...]]:
    """How urgent a group is, and why: first that somebody writes again, then who is at work on it."""
    why: list[str] = []
    if group.again:
        why.append(writes_again(desk, group, as_of))
    if claim is not None:
        why.append(f"{claim.agent} is at work on it until {stamp(claim.until, desk.zone)}")
    if group.suggestion is not None and group.suggestion.reserved:
        why.append(f"{group.suggestion.template}: manager only")
    if group.escalation:
        why.append(f"{group.escalation}: for the manager, no template answers")
    if group.watch:
        why.append(f"watch {group.watch}: found, not said to us")
    why += _told_of(desk, group, windows)
    first = "escalated" if group.escalation else "again" if group.again else None
    if group.due_at is None:
        return first or "later", tuple(why)
    due = stamp(group.due_at, desk.zone)
    late = group.due_at < as_of
    if group.due_at not in (group.closes_at, windows.closes_at):
        why.append(f"an answer {'was' if late else 'is'} due {due}")
    urgency = "late" if late else "soon" if group.due_at - as_of <= SOON else "later"
    return first or urgency, tuple(why)


def _told_of(desk: Desk, group: Group, windows: Windows) -> list[str]:
    """What there is to say of its windows: that some have shut, the first of which the group keeps, and the next."""
    why = []
    if windows.shut and group.closes_at is not None:
        whose = "" if group.size == windows.shut == 1 else f" for {windows.shut} of {group.size}, the first"
        at = stamp(group.closes_at, desk.zone)
        why.append(f"its window closed{whose} {at}: close it, or answer elsewhere and say --by-hand URL")
    if windows.closes_at is not None:
        why.append(f"the platform takes no answer after {stamp(windows.closes_at, desk.zone)}")
    return why


def writes_again(desk: Desk, group: Group, as_of: datetime) -> str:
    """What a group that stands alone for its promise says of it."""
    assert group.again_due_at is not None
    day, due = (stamp(at, desk.zone).rpartition(" ") for at in (as_of, group.again_due_at))
    when = due[2] if due[0] == day[0] else f"{due[0]} {due[2]}"
    was = "ran" if group.again_due_at < as_of else "runs"
    return f"writes again: promise {group.again} {was} to {when}"
