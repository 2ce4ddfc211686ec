"""Show: one thing with its history, whatever the kind of its id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from caretool.desk import linking, listing, proceeding, promising, waiving
from caretool.desk.desk import Desk
from caretool.desk.listing import Listed
from caretool.desk.proceeding import Followed
from caretool.domain.comment import Comment
from caretool.domain.draft import Reply
from caretool.domain.exchange import Turn
from caretool.domain.ids import Letter
from caretool.domain.links import Fit
from caretool.domain.log import Line
from caretool.domain.moderation import Moderation
from caretool.domain.procedure import Case
from caretool.domain.promise import Promise
from caretool.domain.reward import Reward
from caretool.domain.waiver import Kept

_TURNS = 6
ANY: tuple[Letter, ...] = ("g", "c", "t", "u", "r", "d", "p", "k", "w", "m")


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything about one id. `group` only for a group; `revisions` only for a comment; `because` is why a draft was
    rejected or a promise ended or moved; `unmasked`: somebody asked for the personal data too; `waived`: what did not
    count in its replies; `links`: pages of ours that may help; `said`: by the id of a comment, what was said before in
    its exchange, where the comment or its group is meant; `waits_in`: the group in which the same waits now, where this
    one has ended."""

    id: str
    comments: tuple[Comment, ...]
    replies: tuple[Reply, ...]
    promises: tuple[Promise, ...]
    notes: tuple[tuple[datetime, str, str], ...]
    history: tuple[Line, ...]
    group: Listed | None = None
    because: str | None = None
    revisions: tuple[tuple[datetime, str], ...] = ()
    cases: tuple[Followed, ...] = ()
    unmasked: bool = False
    rewards: tuple[Reward, ...] = ()
    links: tuple[Fit, ...] = ()
    waived: tuple[Kept, ...] = ()
    moderations: tuple[Moderation, ...] = ()
    said: Mapping[str, tuple[Turn, ...]] = field(default_factory=dict)
    waits_in: str | None = None


def show(desk: Desk, typed: str, *, unmasked: bool = False) -> Shown:
    """The thing meant by an id, with who did what; a group so shown counts as seen by the agent. That somebody looked
    at it `unmasked` is logged."""
    found = desk.store.resolve(typed, ANY)
    store = desk.store
    now = desk.clock()
    if unmasked:
        with store.writing():
            store.journal.write("shown-unmasked", [found], agent=desk.agent().id, at=now)
    comments, replies, promises = _hanging_together(desk, found)
    again = {comment.again for comment in comments if comment.again and comment.state == "waiting"}
    promises += store.promises.by_ids(sorted(again - {promise.id for promise in promises}))
    cases = proceeding.about(desk, found, promises, now)
    rewards = _rewards(desk, found, replies)
    things: list[Case | Reward | Reply | Promise] = [*(one.case for one in cases), *rewards, *replies, *promises]
    moderations = _moderations(desk, found)
    members = [comment.id for comment in store.comments.of_group(found)] if found.startswith("g") else []
    drafts = [reply.draft for reply in (store.replies.of_comments(members) if members else replies)]
    told = [*(thing.id for thing in things), *(one.id for one in moderations), *members, *drafts]
    return Shown(
        id=found,
        comments=tuple(comments),
        replies=tuple(replies),
        promises=tuple(promising.standing(desk, promises, now)),
        notes=_notes(desk, found, members),
        history=tuple(store.journal.about(list(dict.fromkeys([found, *told])))),
        group=_group(desk, found, now) if found.startswith("g") else None,
        because=_because(desk, found, promises),
        revisions=tuple(store.comments.revisions(found)) if found.startswith("c") else (),
        cases=tuple(cases),
        unmasked=unmasked,
        rewards=tuple(rewards),
        links=linking.offered(desk, comments) if found[0] in "gc" else (),
        waived=waiving.kept(desk, replies),
        moderations=tuple(moderations),
        said=store.exchanges.before([comment.id for comment in comments], _TURNS) if found[0] in "gc" else {},
        waits_in=store.groups.moved_on(found) if found.startswith("g") else None,
    )


def _notes(desk: Desk, found: str, members: Sequence[str]) -> tuple[tuple[datetime, str, str], ...]:
    """The notes on it and on the comments of a group; what was noted on many at once is told once."""
    return tuple(dict.fromkeys(desk.store.journal.notes(found, *members)))


def _hanging_together(desk: Desk, found: str) -> tuple[list[Comment], list[Reply], list[Promise]]:
    """The comments, replies and promises that belong to the thing with this id."""
    store = desk.store
    if found[0] in "pk":
        return (_of_promise if found[0] == "p" else _of_case)(desk, found)
    if found[0] in "rdw":
        replies = _replies(desk, found)
        comments = store.comments.by_ids([comment for reply in replies for comment in reply.comments])
    else:
        comments = _comments(desk, found)
        replies = store.replies.of_comments([comment.id for comment in comments]) if found[0] in "gctu" else []
    if found[0] == "u":
        return comments, replies, store.promises.of_person(found)
    promises = store.promises.of_replies([reply.id for reply in replies])
    if found[0] == "c":
        promises = [promise for promise in promises if promise.person_id == comments[0].person]
    return comments, replies, promises


def _comments(desk: Desk, found: str) -> list[Comment]:
    """Those of a group, thread or person, the one that is meant, or the one that something was done about."""
    store = desk.store
    if found[0] == "g":
        return store.comments.waiting_in(found) or store.comments.of_group(found)
    if found[0] == "t":
        return store.comments.of_thread(found)
    if found[0] == "u":
        return store.comments.of_person(found)
    ids = [one.comment for one in store.moderations.by_ids([found])] if found[0] == "m" else [found]
    return store.comments.by_ids(ids)


def _of_case(desk: Desk, found: str) -> tuple[list[Comment], list[Reply], list[Promise]]:
    store = desk.store
    (case,) = store.cases.by_ids([found])
    comments = store.comments.by_ids([case.comment] if case.comment else [])
    return comments, [], store.promises.by_ids([promise for promise, _, _ in store.cases.ties([found])])


def _of_promise(desk: Desk, found: str) -> tuple[list[Comment], list[Reply], list[Promise]]:
    store = desk.store
    (promise,) = store.promises.by_ids([found])
    replies = store.replies.by_ids([promise.reply]) if promise.reply else []
    answered = store.comments.by_ids([comment for reply in replies for comment in reply.comments])
    return [comment for comment in answered if comment.person == promise.person_id], replies, [promise]


def _replies(desk: Desk, found: str) -> list[Reply]:
    """A reply, those of a draft, or the one that brings a reward."""
    if found.startswith("w"):
        return desk.store.replies.by_ids([one.reply for one in desk.store.rewards.by_ids([found])])
    return desk.store.replies.by_ids([found]) if found.startswith("r") else desk.store.replies.of_draft(found)


def _moderations(desk: Desk, found: str) -> list[Moderation]:
    """What was done about a comment or a person, or the one thing that is meant."""
    if found[0] == "c":
        return desk.store.moderations.of_comments([found])
    if found[0] == "u":
        return desk.store.moderations.of_person(found)
    return desk.store.moderations.by_ids([found]) if found[0] == "m" else []


def _rewards(desk: Desk, found: str, replies: Sequence[Reply]) -> list[Reward]:
    """What these replies bring; of a person everything, of a promise and a case nothing."""
    if found[0] in "uw":
        return desk.store.rewards.of_person(found) if found[0] == "u" else desk.store.rewards.by_ids([found])
    return desk.store.rewards.of_replies([reply.id for reply in replies]) if found[0] in "cgtrd" else []


def _because(desk: Desk, found: str, promises: Sequence[Promise]) -> str | None:
    if found[0] == "p":
        return promises[0].because
    draft = desk.store.replies.draft(found) if found[0] == "d" else None
    return draft.because if draft else None


def _group(desk: Desk, group_id: str, now: datetime) -> Listed | None:
    group = desk.store.groups.by_id(group_id)
    if group is None:
        return None
    joined = desk.store.groups.last_joined([group_id])
    with desk.store.writing():
        desk.store.groups.remember_shown(desk.onlooker(), joined)
    claim = desk.store.claims.running(now, [group_id]).get(group_id)
    return listing.listed(desk, group, now, listing.windows_of(desk, [group], now)[group_id], claim)
