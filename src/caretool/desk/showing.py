"""Show: one thing with its history, whatever the kind of its id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from caretool.desk import listing, proceeding, promising
from caretool.desk.desk import Desk
from caretool.desk.listing import Listed
from caretool.desk.proceeding import Followed
from caretool.domain.comment import Comment
from caretool.domain.draft import Reply
from caretool.domain.ids import Letter
from caretool.domain.log import Line
from caretool.domain.promise import Promise

ANY: tuple[Letter, ...] = ("g", "c", "t", "u", "r", "d", "p", "k")


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything about one id. `group` only for a group; `revisions` only for a comment; `because` is
    why a draft was rejected or a promise ended or moved; `unmasked`: somebody asked for the personal data too."""

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
    told = [*(one.case.id for one in cases), *(reply.id for reply in replies), *(promise.id for promise in promises)]
    return Shown(
        id=found,
        comments=tuple(comments),
        replies=tuple(replies),
        promises=tuple(promising.standing(desk, promises, now)),
        notes=tuple(store.journal.notes(found)),
        history=tuple(store.journal.about(list(dict.fromkeys([found, *told])))),
        group=_group(desk, found, now) if found.startswith("g") else None,
        because=_because(desk, found, promises),
        revisions=tuple(store.comments.revisions(found)) if found.startswith("c") else (),
        cases=tuple(cases),
        unmasked=unmasked,
    )


def _hanging_together(desk: Desk, found: str) -> tuple[list[Comment], list[Reply], list[Promise]]:
    """The comments, replies and promises that belong to the thing with this id."""
    store = desk.store
    replies: list[Reply] = []
    promises: list[Promise] = []
    if found.startswith("g"):
        comments = store.comments.waiting_in(found) or store.comments.of_group(found)
    elif found.startswith("c"):
        comments = store.comments.by_ids([found])
    elif found.startswith("t"):
        comments = store.comments.of_thread(found)
    elif found.startswith("u"):
        comments = store.comments.of_person(found)
        promises = store.promises.of_person(found)
    elif found[0] in "rd":
        replies = store.replies.by_ids([found]) if found[0] == "r" else store.replies.of_draft(found)
        comments = store.comments.by_ids([comment for reply in replies for comment in reply.comments])
    elif found.startswith("k"):
        (case,) = store.cases.by_ids([found])
        comments = store.comments.by_ids([case.comment] if case.comment else [])
        promises = store.promises.by_ids([promise for promise, _, _ in store.cases.ties([found])])
    else:
        promises = store.promises.by_ids([found])
        replies = store.replies.by_ids([promises[0].reply]) if promises[0].reply else []
        answered = store.comments.by_ids([c for reply in replies for c in reply.comments])
        comments = [comment for comment in answered if comment.person == promises[0].person_id]
    if found[0] in "gctu":
        replies = store.replies.of_comments([comment.id for comment in comments])
    if found[0] not in "puk":
        promises = store.promises.of_replies([reply.id for reply in replies])
        if found[0] == "c":
            promises = [promise for promise in promises if promise.person_id == comments[0].person]
    return comments, replies, promises


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
    urgency, why = listing.urgency_of(desk, group, now)
    return Listed(group, group.people, urgency, group.due_at is not None and group.due_at < now, why)
