"""Retract: a reply of ours is deleted where it was posted; what it promised is released, whom it answered waits again.

The platform comes first, then one transaction: whatever happens between the two, doing it again ends it, because a
platform takes a reply that is gone already for deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from caretool.desk import permitting, promising, tokens, triaging
from caretool.desk.desk import Desk
from caretool.desk.sending import alone
from caretool.domain.comment import Comment
from caretool.domain.draft import Reply, ReplyState
from caretool.domain.promise import Promise
from caretool.errors import CaretoolError, PlatformFailed, TokenRefused, UsageProblem
from caretool.platforms.platform import Retracts

# A comment that one of these answers is not left without an answer.
_STANDS: tuple[ReplyState, ...] = ("approved", "sending", "posted", "unsure")


@dataclass(frozen=True, slots=True)
class Retraction:
    """What retracting a reply does, or has done.

    `comments` wait again: those it answered, save who is answered by another reply too, was closed or is gone.
    `released` are its promises that were running. `resumed` are promises that it had moved: with the new time gone,
    what was said before holds again. `staying` are the other parts of the same answer, which stay posted.
    """

    reply: Reply
    comments: tuple[Comment, ...]
    released: tuple[Promise, ...]
    resumed: tuple[Promise, ...]
    staying: tuple[Reply, ...]


def consider(desk: Desk, typed: str, *, by_hand: bool) -> Retraction:
    """What would be retracted; UsageProblem where it cannot be. `by_hand`: a person has deleted it there."""
    permitting.doer(desk, "retract")
    reply = desk.store.replies.by_ids([desk.store.resolve(typed, ("r",))])[0]
    permitting.doer(desk, "retract", [reply.account])
    _refuse_unposted(reply)
    if not by_hand:
        with tokens.stopping(desk, reply.account, _stays(reply)):
            _able(desk, reply)
    return _planned(desk, reply)


def retract(desk: Desk, reply_id: str, because: str, *, by_hand: bool) -> Retraction:
    """Delete it there (unless `by_hand`), then write it down. Raises as the platform does; nothing is written then."""
    reply = desk.store.replies.by_ids([reply_id])[0]
    agent = permitting.doer(desk, "retract", [reply.account])
    with alone(desk, reply.account):
        reply = desk.store.replies.by_ids([reply_id])[0]
        _refuse_unposted(reply)
        if not by_hand:
            with tokens.stopping(desk, reply.account, _stays(reply)):
                _delete(desk, reply)
        now = desk.clock()
        with desk.store.writing():
            plan = _planned(desk, reply)
            desk.store.replies.change(reply.id, "retracted", was=("posted",), error=f"retracted: {because}")
            if reply.native_id is not None:  # it may have been fetched back as a comment of our own
                gone = (reply.native_id,)
                desk.store.arrivals.add_page(reply.account, (), bookmark=None, now=now, deleted=gone)
            _release(desk, plan, because, now)
            triaging.wait_again(desk, [comment.id for comment in plan.comments], was=("answered",))
            log = desk.store.journal
            log.write("reply-retracted", [reply.id], agent=agent.id, at=now, codes={"by_hand": int(by_hand)})
            log.write("promise-released", [promise.id for promise in plan.released], agent=agent.id, at=now)
            log.write("promise-resumed", [promise.id for promise in plan.resumed], agent=agent.id, at=now)
    return _as_it_is(desk, plan)


def _stays(reply: Reply) -> str:
    return f"Nothing was deleted: {reply.id} stays posted; to try again: caretool retract {reply.id}"


def _refuse_unposted(reply: Reply) -> None:
    if reply.state == "unsure":
        raise UsageProblem(f"{reply.id} may or may not have been posted: settle that first, with `caretool send`.")
    if reply.state != "posted":
        what = "is retracted already" if reply.state == "retracted" else f"is {reply.state}: it is not posted"
        raise UsageProblem(f"{reply.id} {what}, there is nothing to delete.")


def _able(desk: Desk, reply: Reply) -> tuple[Retracts, str]:
    """The platform on which this reply can be deleted for us, and the reply's id there."""
    platform = desk.open_platform(desk.account(reply.account)) if reply.native_id is not None else None
    if isinstance(platform, Retracts) and reply.native_id is not None:
        return platform, reply.native_id
    why = (
        f"{reply.account} cannot delete what was posted"
        if platform is not None
        else f"a person posted {reply.id}, so {reply.account} does not know it by an id"
    )
    where = f" ({reply.url})" if reply.url else ""
    raise UsageProblem(
        f"{why}: delete it there yourself{where}, then say `caretool retract {reply.id} --by-hand`. "
        "Nothing was changed."
    )


def _delete(desk: Desk, reply: Reply) -> None:
    platform, native_id = _able(desk, reply)
    again = f"{reply.id} counts as posted until it is surely gone; to try again: caretool retract {reply.id}"
    try:
        platform.retract(native_id)
    except TokenRefused:  # it surely stands there still
        raise
    except CaretoolError:
        desk.say(again)
        raise
    except Exception as bug:  # a connector's: whether it deleted before it failed, nobody knows
        desk.say(again)
        raise PlatformFailed(f"The {reply.account} connector failed while deleting ({bug!r}).") from bug


def _planned(desk: Desk, reply: Reply) -> Retraction:
    others = [
        other
        for other in desk.store.replies.of_comments(reply.comments)
        if other.id != reply.id and other.state in _STANDS
    ]
    answered = {comment for other in others for comment in other.comments}
    comments = desk.store.comments.by_ids(reply.comments)
    released = [one for one in desk.store.promises.of_replies([reply.id]) if one.state in ("logged", "running")]
    parts = desk.store.replies.of_draft(reply.draft)
    return Retraction(
        reply=reply,
        comments=tuple(one for one in comments if one.state == "answered" and one.id not in answered),
        released=tuple(released),
        resumed=tuple(_moved_by(desk, released)),
        staying=tuple(part for part in parts if part.id != reply.id and part.state in ("posted", "unsure")),
    )


def _moved_by(desk: Desk, released: Sequence[Promise]) -> list[Promise]:
    """Promises that had ended because these took their place, and that were said where it still stands (or by hand)."""
    found = []
    for new in released:
        for old in desk.store.promises.of_person(new.person_id):
            if old.state == "moved" and old.moved_to == new.id:
                said_by = desk.store.replies.by_ids([old.reply]) if old.reply is not None else []
                found += [] if any(reply.state not in _STANDS for reply in said_by) else [old]
    return found


def _release(desk: Desk, plan: Retraction, because: str, now: datetime) -> None:
    """Inside a transaction: its promises end; a new time for one of them that nobody was told yet is void."""
    promises = desk.store.promises
    for promise in plan.released:
        successors = promises.by_ids([promise.moved_to]) if promise.moved_to is not None else []
        promises.change([one.id for one in successors if one.reply is None], "void", was=("logged",), ended_at=now)
        values = {"ended_at": now, "because": because, "moved_to": None}
        promising.change(desk, [promise.id], "released", was=("logged", "running"), **values)
        promises.unlink_move(promise.id)
    ids = [promise.id for promise in plan.resumed]
    promising.change(desk, ids, "running", was=("moved",), moved_to=None, ended_at=None, because=None)


def _as_it_is(desk: Desk, plan: Retraction) -> Retraction:
    """The plan with everything as it stands now."""
    now = desk.clock()

    def fresh(promises: Sequence[Promise]) -> tuple[Promise, ...]:
        ids = [promise.id for promise in promises]
        return tuple(promising.standing(desk, desk.store.promises.by_ids(ids), now))

    return Retraction(
        reply=desk.store.replies.by_ids([plan.reply.id])[0],
        comments=tuple(desk.store.comments.by_ids([comment.id for comment in plan.comments])),
        released=fresh(plan.released),
        resumed=fresh(plan.resumed),
        staying=plan.staying,
    )
