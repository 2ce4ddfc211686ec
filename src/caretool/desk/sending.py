"""Send: what waits in the outbox leaves, each reply at most once, and what is unsure is settled (DESIGN §4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from caretool.desk import (
    looking,
    overhearing,
    promising,
    rationing,
    rejudging,
    rewarding,
    shutting,
    tokens,
    triaging,
)
from caretool.desk.desk import Desk
from caretool.desk.locks import held
from caretool.desk.premises import Premises
from caretool.desk.request import warning_of
from caretool.domain.draft import Reply, ReplyState
from caretool.domain.ration import Ration
from caretool.errors import AnswerLost, CaretoolError, Delayed, PlatformBusy, PlatformFailed, TokenRefused
from caretool.platforms.platform import Outgoing, Platform

# Between two looks for an unsure reply on a platform whose listing may lag.
SETTLE = timedelta(seconds=60)


@dataclass
class Sent:
    """What became of the outbox: replies by what happened, and sentences about what did not go well. `rations`: how
    many more may leave on its accounts that let only so many. `handed_to`: by account, the file in which its replies
    stand for a person to post."""

    posted: list[Reply] = field(default_factory=list)
    failed: list[Reply] = field(default_factory=list)
    unsure: list[Reply] = field(default_factory=list)
    left: list[Reply] = field(default_factory=list)
    problems: list[CaretoolError] = field(default_factory=list)
    rations: list[Ration] = field(default_factory=list)
    handed_to: dict[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 if all went out; 4 if only tokens were refused; 6 if some went out; 1 if none did."""
        if not self.problems:
            return 0
        if self.posted:
            return 6
        return 4 if all(isinstance(problem, TokenRefused) for problem in self.problems) else 1


def send(desk: Desk, only: Sequence[str] | None = None) -> Sent:
    """Post every approved reply (or `only` these) and settle what is unsure; one account's trouble stops no other."""
    sent = Sent()
    for account in dict.fromkeys(reply.account for reply in _due(desk, None, only)):
        try:
            platform = desk.open_platform(desk.account(account))
            if platform.limits.handed_to is not None:
                sent.handed_to[account] = platform.limits.handed_to
            with alone(desk, account):
                # Listed under the lock: what somebody else posted meanwhile is not ours any more.
                _send_these(desk, platform, account, _due(desk, account, only), sent)
            if (ration := rationing.ration_of(desk, account, platform.limits)) is not None:
                sent.rations.append(ration)
                if ration.scarce:
                    desk.say(ration.says(desk.zone))
        except CaretoolError as problem:
            done = {reply.id for reply in (*sent.posted, *sent.failed, *sent.unsure, *sent.left)}
            sent.left += [reply for reply in _due(desk, account, only) if reply.id not in done]
            sent.problems.append(tokens.noted(desk, account, problem, _so_far(account, sent)))
    return sent


def _so_far(account: str, sent: Sent) -> str:
    """What became of an account's replies where it takes no more of them just now."""
    posted, unsure, left = (
        [reply for reply in some if reply.account == account] for some in (sent.posted, sent.unsure, sent.left)
    )
    before = f"{len(posted)} {'reply was' if len(posted) == 1 else 'replies were'} posted before that"
    more = "more " if unsure or any(reply.state == "unsure" for reply in left) else ""
    first = before if posted else f"Nothing {more}was posted"
    return f"{first}: {len(left)} {'waits' if len(left) == 1 else 'wait'} for `caretool send`." if left else f"{first}."


def _send_these(desk: Desk, platform: Platform, account: str, due: Sequence[Reply], sent: Sent) -> None:
    """The most urgent first where the platform does not let all of them be posted today."""
    allowance = rationing.Allowance(platform)
    stay = 0
    for reply in rationing.in_order(desk, due, allowance):
        if reply.state == "approved" and not allowance.covers(1):
            sent.left.append(reply)
            stay += 1
            continue
        desk.progress(f"{account}: {len(sent.posted)} posted")
        before = len(sent.posted) + len(sent.unsure)
        _send_one(desk, platform, reply, sent)
        allowance.used(len(sent.posted) + len(sent.unsure) - before)
    if stay:
        sent.problems.append(rationing.staying(desk, account, platform.limits, stay))


def _due(desk: Desk, account: str | None, only: Sequence[str] | None) -> list[Reply]:
    states: tuple[ReplyState, ...] = ("sending", "unsure", "approved")
    due = [reply for state in states for reply in desk.store.replies.in_state(state, account)]
    return [reply for reply in due if only is None or reply.id in only]


def alone(place: Desk | Premises, account: str) -> AbstractContextManager[None]:
    """Hold the account's outbox: nobody else sends there meanwhile. Waits for whoever does."""
    return held(
        place, f"{account.encode().hex()}.send", f"{account}: waiting for another caretool that is sending there"
    )


def _send_one(desk: Desk, platform: Platform, reply: Reply, sent: Sent) -> None:
    if reply.state == "sending":  # we hold the lock, so whoever was sending it is gone
        _mark_unsure(desk, reply)
        reply = desk.store.replies.by_ids([reply.id])[0]
    if reply.state != "unsure":
        _post(desk, platform, reply, sent, perhaps_public=False)
        return
    try:
        settled = _settled_by_looking(desk, platform, reply, sent)
    except PlatformFailed as problem:  # it cannot be looked for today: the others still go out
        sent.unsure.append(reply)
        sent.problems.append(problem)
        return
    if settled is not None:
        _post(desk, platform, reply, sent, perhaps_public=settled == "protected")


def _settled_by_looking(
    desk: Desk, platform: Platform, reply: Reply, sent: Sent
) -> Literal["absent", "protected"] | None:
    """Look for an unsure reply: `absent`: surely not there, `protected`: it may be, and its key keeps it
    from being posted twice. None: found, or still unsure."""
    found = platform.find(outgoing(desk, reply))
    if found is not None:
        posted(desk, reply, found.native_id, found.posted_at, found.url)
        sent.posted.append(reply)
        return None
    # Where a fetch has seen an answer of ours, it may well be this one: a person decides.
    states = {comment.state for comment in desk.store.comments.by_ids(reply.comments)}
    answered = "answered" in states and "queued" not in states
    now = desk.clock()
    trustworthy = platform.limits.listing_trustworthy and not answered
    protected = _key_protects(reply, now, platform) and not answered
    # A server may still be at work on the first request: neither its list nor its key tells of it before it is done.
    if reply.looked_at is not None and now - reply.looked_at >= SETTLE and (trustworthy or protected):
        return "absent" if trustworthy else "protected"
    if reply.looked_at is None:
        desk.store.replies.looked(reply.id, now)
    sent.unsure.append(reply)
    again = f"run `caretool send` again in {int(SETTLE.total_seconds())} s"
    sent.problems.append(_doubt(reply, again if trustworthy or protected else _look_yourself(reply)))
    return None


def _doubt(reply: Reply, hint: str) -> CaretoolError:
    return CaretoolError(f"{reply.id} may or may not have been posted on {reply.account}: {hint}.")


def _look_yourself(reply: Reply) -> str:
    return (
        f"look on the platform yourself, then say `caretool send --was-posted {reply.id}` "
        f"or `caretool send --was-not-posted {reply.id}`"
    )


def _key_protects(reply: Reply, now: datetime, platform: Platform) -> bool:
    """Whether posting again cannot post twice. A clock that was put back tells nothing of how long ago it left."""
    return reply.sending_at is not None and timedelta(0) <= now - reply.sending_at < platform.limits.key_protects


def outgoing(desk: Desk, reply: Reply) -> Outgoing:
    """The reply as its connector takes it."""
    comments = desk.store.comments.by_ids(reply.comments)
    return Outgoing(
        key=reply.key,
        text=reply.text,
        to=reply.to,
        thread=reply.thread_native_id,
        private=reply.private,
        created_at=reply.made_at,
        warning=warning_of(comments, reply.language),
        not_these=frozenset(desk.store.replies.posted_alike(reply)),
        addressee=next((one.handle for one in comments if one.native_id in reply.to[:1] and not one.erased), None),
    )


def _post(desk: Desk, platform: Platform, reply: Reply, sent: Sent, *, perhaps_public: bool) -> None:
    """Post a reply, if it may still go out. One that is `perhaps_public` goes again under the protection of its key; it
    never fails, for nobody knows that it has not been said."""
    with desk.store.writing():
        shut = shutting.nobody_left(desk, reply, desk.clock())
        if shut is not None:
            _stop(desk, reply, shut, sent, perhaps_public=perhaps_public)
            return
    try:
        looking.look(desk, desk.store.comments.by_ids(reply.comments))
    except PlatformFailed as problem:  # what it answers cannot be seen today: the others still go out
        unsure = reply.state == "unsure"
        (sent.unsure if unsure else sent.left).append(reply)
        waits = f"{str(problem).rstrip('.')}. {reply.id} was not posted: it waits for `caretool send`."
        sent.problems.append(problem if unsure else PlatformFailed(waits))
        return
    now = desk.clock()
    with desk.store.writing():
        trouble = (
            _nobody_left(desk, reply)
            or shutting.nobody_left(desk, reply, now)
            or overhearing.barred(desk, reply)
            or _no_longer_fits(desk, reply)
            or rewarding.taken_from(desk, reply)
            or rejudging.no_longer_possible(desk, reply, now)
        )
        if trouble is not None:
            _stop(desk, reply, trouble, sent, perhaps_public=perhaps_public)
            return
        first = reply.sending_at or now
        moved = desk.store.replies.change(
            reply.id, "sending", was=("approved", "unsure"), sending_at=first, looked_at=None
        )
    if moved:
        _leave(desk, platform, reply, sent, perhaps_public=perhaps_public)


def _stop(desk: Desk, reply: Reply, trouble: str, sent: Sent, *, perhaps_public: bool) -> None:
    """It does not leave. Inside the transaction that found the trouble."""
    if perhaps_public:
        sent.unsure.append(reply)
        sent.problems.append(_doubt(reply, f"it is not posted again, {_look_yourself(reply)}"))
        return
    why = f"{reply.id} was not posted: {trouble}"
    _fail(desk, reply, why)
    sent.failed.append(reply)
    sent.problems.append(PlatformFailed(why))


def _leave(desk: Desk, platform: Platform, reply: Reply, sent: Sent, *, perhaps_public: bool) -> None:
    """The request leaves; what comes back is written down."""
    try:
        told = platform.post(outgoing(desk, reply))
    except AnswerLost as lost:
        _mark_unsure(desk, reply)
        sent.unsure.append(reply)
        sent.problems.append(lost)
    except PlatformFailed as refused:
        if perhaps_public:
            _mark_unsure(desk, reply)
            sent.unsure.append(reply)
        else:
            _fail(desk, reply, str(refused))
            sent.failed.append(reply)
        sent.problems.append(refused)
    except (TokenRefused, PlatformBusy) as later:
        # What was unsure may be public all the same: it is looked for again before it leaves again.
        desk.store.replies.change(reply.id, reply.state, was=("sending",))
        if not isinstance(later, Delayed):
            raise
        (sent.unsure if reply.state == "unsure" else sent.left).append(reply)
        sent.problems.append(Delayed(f"{reply.id}: {later}"))
    except Exception as bug:  # a connector's: whether it posted before it failed, nobody knows
        _mark_unsure(desk, reply)
        sent.unsure.append(reply)
        sent.problems.append(AnswerLost(f"{reply.id}: the {reply.account} connector failed while posting ({bug!r})."))
    else:
        posted(desk, reply, told.native_id, told.posted_at, told.url)
        sent.posted.append(reply)


def _nobody_left(desk: Desk, reply: Reply) -> str | None:
    """Why a reply has nobody to answer any more: its comments were deleted, or answered elsewhere."""
    states = {comment.state for comment in desk.store.comments.by_ids(reply.comments)}
    if "queued" in states:
        return None
    what = "deleted on the platform" if states == {"gone"} else "answered elsewhere or deleted"
    return f"what it answers was {what} meanwhile."


def _edited(desk: Desk, reply: Reply) -> list[str]:
    """Those of its comments that say something else since it was approved, or are private now."""
    draft = desk.store.replies.draft(reply.draft)
    return looking.edited_since(desk, draft, reply.comments) if draft is not None else []


def _no_longer_fits(desk: Desk, reply: Reply) -> str | None:
    """Why a reply answers what nobody says any more."""
    edited = _edited(desk, reply)
    return f"{min(edited)} was edited since. Read it and answer again." if edited else None


def posted(desk: Desk, reply: Reply, native_id: str | None, at: datetime, url: str | None) -> None:
    """It is public: its promises run, its comments are answered. `native_id` is None where a person found it there."""
    now = desk.clock()
    with desk.store.writing():
        edited = _edited(desk, reply)
        desk.store.replies.change(
            reply.id,
            "posted",
            was=("sending", "unsure"),
            posted_at=at,
            native_id=native_id,
            url=url,
            error=None,
        )
        comments = desk.store.comments.by_ids(reply.comments)
        # One that was edited into a matter for the manager, and waits for that, is not answered by what came before.
        served = [one.id for one in comments if not (one.state == "waiting" and one.escalation and one.id in edited)]
        waiting = [one.id for one in comments if one.state == "waiting" and one.id in served]
        desk.store.comments.set_state(served, "answered", was=("queued", "waiting", "snoozed"))
        triaging.leave_groups(desk, waiting)
        promising.run(desk, reply.id, reply.agent, now)
        desk.store.journal.write("reply-posted", [reply.id], agent=reply.agent, at=now)


def not_yet(desk: Desk, replies: Sequence[Reply]) -> list[str]:
    """What is to be said of replies that do not leave now: by when they have to, how many others may."""
    said = shutting.closing_soon(desk, replies, desk.clock())
    for account in dict.fromkeys(reply.account for reply in replies):
        scarce = rationing.told(desk, account, desk.open_platform(desk.account(account)).limits)
        said += [scarce] if scarce else []
    return said


def doubt_all(desk: Desk) -> list[Reply]:
    """After a restore: what had not left at the time of the backup may have since, and whether a key still protects it
    nobody knows. All of it becomes unsure, so that `send` looks on the platform first. Inside a transaction."""
    due = _due(desk, None, None)
    for reply in due:
        _mark_unsure(desk, reply, was=(reply.state,), sending_at=None, looked_at=None)
    return due


def _mark_unsure(desk: Desk, reply: Reply, was: Sequence[ReplyState] = ("sending",), **forgotten: None) -> None:
    """It may be public: its promises run. One that it moves runs on until that is certain."""
    now = desk.clock()
    with desk.store.writing():
        desk.store.replies.change(reply.id, "unsure", was=was, **forgotten)
        promises = [promise.id for promise in desk.store.promises.of_replies([reply.id])]
        promising.change(desk, promises, "running", was=("logged",))
        desk.store.journal.write("reply-unsure", [reply.id], agent=reply.agent, at=now)


def _fail(desk: Desk, reply: Reply, why: str) -> None:
    """It will not go out: its promises were never made, its comments wait again; who wrote it is told."""
    now = desk.clock()
    with desk.store.writing():
        desk.store.replies.change(reply.id, "failed", was=("approved", "sending", "unsure"), error=why, untold=1)
        promises = [promise.id for promise in desk.store.promises.of_replies([reply.id])]
        promising.change(desk, promises, "void", was=("logged", "running"), ended_at=now)
        for promise in promises:
            desk.store.promises.unlink_move(promise)
        rewarding.take_back(desk, [reply.id], reply.agent, now)
        triaging.wait_again(desk, reply.comments, was=("queued",))
        desk.store.journal.write("reply-failed", [reply.id], agent=reply.agent, at=now)
