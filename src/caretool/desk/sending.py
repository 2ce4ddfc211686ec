"""Send: what waits in the outbox leaves, each reply at most once, and what is unsure is settled (DESIGN §4.3)."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from caretool.desk import committing, triaging
from caretool.desk.desk import Desk
from caretool.domain.deliverability import judge
from caretool.domain.draft import Reply
from caretool.domain.moment import stamp
from caretool.domain.promise import Promise
from caretool.errors import AnswerLost, CaretoolError, PlatformBusy, PlatformFailed, TokenRefused
from caretool.platforms.platform import Outgoing, Platform, Posted

# Between two looks for an unsure reply on a platform whose listing may lag.
SETTLE = timedelta(seconds=60)
# A reply that leaves this soon after its approval keeps the lead time that was checked then.
FRESH = timedelta(minutes=15)


@dataclass
class Sent:
    """What became of the outbox: replies by what happened, and sentences about what did not go well."""

    posted: list[Reply] = field(default_factory=list)
    failed: list[Reply] = field(default_factory=list)
    unsure: list[Reply] = field(default_factory=list)
    left: list[Reply] = field(default_factory=list)
    problems: list[CaretoolError] = field(default_factory=list)

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
    due = [reply for state in ("sending", "unsure", "approved") for reply in desk.store.replies.in_state(state)]
    wanted = [reply for reply in due if only is None or reply.id in set(only)]
    for account in dict.fromkeys(reply.account for reply in wanted):
        ours = [reply for reply in wanted if reply.account == account]
        try:
            platform = desk.open_platform(desk.account(account))
            with _alone(desk, account) as alone:
                if alone:
                    _send_account(desk, platform, ours, sent)
                else:
                    desk.say(f"{account}: another caretool is sending there now; it takes these along.")
                    sent.left += ours
        except CaretoolError as problem:
            sent.problems.append(problem)
            sent.left += [reply for reply in ours if reply not in (*sent.posted, *sent.failed, *sent.unsure)]
    return sent


@contextmanager
def _alone(desk: Desk, account: str) -> Iterator[bool]:
    """Hold the account's outbox: an OS lock, which dies with its process. False if somebody else holds it."""
    folder = desk.folder / ".locks"
    try:
        folder.mkdir(exist_ok=True)
        handle = os.open(folder / f"{account.encode().hex()}.send", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CaretoolError(f"{folder} cannot be written to ({error.strerror}): nothing was sent.") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)


def _send_account(desk: Desk, platform: Platform, replies: Sequence[Reply], sent: Sent) -> None:
    for stale in replies:
        reply = desk.store.replies.by_ids([stale.id])[0]
        if reply.state == "sending":  # we hold the lock, so whoever was sending it is gone
            _mark_unsure(desk, reply)
            reply = desk.store.replies.by_ids([reply.id])[0]
        if reply.state == "unsure" and not _settled_by_looking(desk, platform, reply, sent):
            continue
        if reply.state in ("approved", "unsure"):
            desk.progress(f"{reply.account}: {len(sent.posted)} of {len(replies)} posted")
            _post(desk, platform, reply, sent)


def _settled_by_looking(desk: Desk, platform: Platform, reply: Reply, sent: Sent) -> bool:
    """Look for an unsure reply. True only where it is surely not there and may be posted again."""
    found = platform.find(outgoing(reply))
    if found is not None:
        _posted(desk, reply, found)
        sent.posted.append(reply)
        return False
    if platform.limits.key_protects:
        return True
    now = desk.clock()
    if platform.limits.listing_trustworthy and reply.looked_at is not None and now - reply.looked_at >= SETTLE:
        return True
    if reply.looked_at is None:
        desk.store.replies.looked(reply.id, now)
    sent.unsure.append(reply)
    hint = (
        f"run `caretool send` again in {int(SETTLE.total_seconds())} s"
        if platform.limits.listing_trustworthy
        else "look on the platform yourself"
    )
    sent.problems.append(CaretoolError(f"{reply.id} may or may not have been posted on {reply.account}: {hint}."))
    return False


def outgoing(reply: Reply) -> Outgoing:
    """A reply as a connector takes it."""
    return Outgoing(
        key=reply.key,
        text=reply.text,
        to=reply.to,
        thread=reply.thread_native_id,
        private=reply.private,
        created_at=reply.made_at,
    )


def _post(desk: Desk, platform: Platform, reply: Reply, sent: Sent) -> None:
    now = desk.clock()
    trouble = _no_longer_possible(desk, reply, now)
    if trouble is not None:
        _fail(desk, reply, trouble)
        sent.failed.append(reply)
        sent.problems.append(PlatformFailed(trouble))
        return
    if not desk.store.replies.change(reply.id, "sending", was=("approved", "unsure"), sending_at=now):
        return
    try:
        posted = platform.post(outgoing(reply))
    except AnswerLost as lost:
        _mark_unsure(desk, reply)
        sent.unsure.append(reply)
        sent.problems.append(lost)
    except PlatformFailed as refused:
        _fail(desk, reply, str(refused))
        sent.failed.append(reply)
        sent.problems.append(refused)
    except (TokenRefused, PlatformBusy):
        desk.store.replies.change(reply.id, "approved", was=("sending",))
        raise
    except Exception as bug:  # a connector's: whether it posted before it failed, nobody knows
        _mark_unsure(desk, reply)
        sent.unsure.append(reply)
        sent.problems.append(AnswerLost(f"{reply.id}: the {reply.account} connector failed while posting ({bug!r})."))
    else:
        _posted(desk, reply, posted)
        sent.posted.append(reply)


def _posted(desk: Desk, reply: Reply, posted: Posted) -> None:
    now = desk.clock()
    with desk.store.writing():
        desk.store.replies.change(
            reply.id,
            "posted",
            was=("sending", "unsure"),
            posted_at=posted.posted_at,
            native_id=posted.native_id,
            url=posted.url,
            error=None,
        )
        desk.store.comments.set_state(reply.comments, "answered", was=("queued", "waiting", "snoozed"))
        _run_promises(desk, reply, now)
        desk.store.journal.write("reply-posted", [reply.id], agent=reply.agent, at=now)


def _run_promises(desk: Desk, reply: Reply, now: datetime) -> None:
    promises = desk.store.promises.of_replies([reply.id])
    desk.store.promises.change([promise.id for promise in promises], "running", was=("logged",))
    for promise in promises:
        old = desk.store.promises.predecessor(promise.id)
        if old is not None:
            desk.store.promises.change([old], "moved", was=("running",), ended_at=now)
            desk.store.journal.write("promise-moved", [old], agent=reply.agent, at=now, codes={"to": promise.id})


def _mark_unsure(desk: Desk, reply: Reply) -> None:
    """It may be public: its promises run."""
    now = desk.clock()
    with desk.store.writing():
        desk.store.replies.change(reply.id, "unsure", was=("sending",))
        _run_promises(desk, reply, now)
        desk.store.journal.write("reply-unsure", [reply.id], agent=reply.agent, at=now)


def _fail(desk: Desk, reply: Reply, why: str) -> None:
    """It will not go out: its promises were never made, its comments wait again."""
    now = desk.clock()
    with desk.store.writing():
        desk.store.replies.change(reply.id, "failed", was=("approved", "sending", "unsure"), error=why)
        promises = [promise.id for promise in desk.store.promises.of_replies([reply.id])]
        desk.store.promises.change(promises, "void", was=("logged", "running"), ended_at=now)
        for promise in promises:
            desk.store.promises.unlink_move(promise)
        desk.store.comments.set_state(reply.comments, "waiting", was=("queued",))
        triaging.regroup(desk, reply.comments)
        desk.store.journal.write("reply-failed", [reply.id], agent=reply.agent, at=now)


def _no_longer_possible(desk: Desk, reply: Reply, now: datetime) -> str | None:
    """Check every promise of a reply again at the moment of posting; words like "tomorrow" are read anew first."""
    promises = desk.store.promises.of_replies([reply.id])
    if not promises:
        return None
    relative = set(desk.store.promises.relative_of(reply.id))
    if relative:
        promises = _read_again(desk, reply, promises, relative, now)
    fresh = now - reply.made_at <= FRESH
    by_kind: dict[tuple[str, datetime], list[Promise]] = {}
    for promise in promises:
        by_kind.setdefault((promise.kind, promise.due_at), []).append(promise)
    for (name, due_at), same in by_kind.items():
        kind = desk.promise_kind(name)
        if due_at <= now:
            said = f"its {name} was promised for {stamp(due_at, desk.zone)}, which is past"
        else:
            load = committing.load_of(desk, kind, now, leaving_out=[promise.id for promise in promises])
            moment = reply.made_at.replace(second=0, microsecond=0) if fresh else now
            verdict = judge(kind, len(same), due_at, moment, load)
            if verdict.check is None:
                continue
            said = verdict.why
        earliest = judge(kind, len(same), due_at, now, committing.load_of(desk, kind, now)).earliest_due_at
        offer = f" The earliest that would pass is {stamp(earliest, desk.zone)}." if earliest else ""
        return f"{reply.id} was not posted: {said}.{offer} Answer its comments again."
    return None


def _read_again(
    desk: Desk, reply: Reply, promises: Sequence[Promise], relative: set[str], now: datetime
) -> list[Promise]:
    moment = now.replace(second=0, microsecond=0)
    told = committing.find_commitments(desk, [reply.text], moment)[0]
    due_by_excerpt = {one.excerpt: one.due_at for one in told if one.due_at is not None and one.relative}
    for promise in promises:
        due_at = due_by_excerpt.get(promise.text)
        if promise.id not in relative or due_at is None or due_at == promise.due_at:
            continue
        kind = desk.promise_kind(promise.kind)
        load = committing.load_of(desk, kind, now, leaving_out=[promise.id])
        verdict = judge(kind, 1, due_at, moment, load)
        if verdict.check is None and verdict.window is not None:
            desk.store.promises.set_due(promise.id, due_at, verdict.window, committing.review_time(kind, due_at))
        else:
            desk.store.promises.set_due(
                promise.id, due_at, desk.store.promises.windows([promise.id])[promise.id], promise.review_at
            )
    return desk.store.promises.by_ids([promise.id for promise in promises])
