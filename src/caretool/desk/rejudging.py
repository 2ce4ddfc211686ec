"""Rejudge: what a reply promises is held against the policy once more when it leaves; words like "tomorrow" are read
anew from that moment (DESIGN §4.6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from caretool.desk import committing
from caretool.desk.desk import Desk
from caretool.desk.load import load_of
from caretool.domain.deliverability import Window, judge, review_time
from caretool.domain.draft import Reply
from caretool.domain.moment import stamp
from caretool.domain.promise import Promise

# A reply that leaves this soon after its approval keeps the lead time that was checked then.
FRESH = timedelta(minutes=15)


def no_longer_possible(desk: Desk, reply: Reply, now: datetime) -> str | None:
    """Why a promise of a reply can no longer be made at the moment of posting; None: all can. Inside the transaction
    that marks the reply as leaving: the ledger takes a due time that moved only where all of them pass."""
    promises = desk.store.promises.of_replies([reply.id])
    if not promises:
        return None
    fresh = now - reply.made_at <= FRESH
    due = _due_now(desk, reply, promises, now)
    by_kind: dict[tuple[str, datetime], list[Promise]] = {}
    for promise in promises:
        by_kind.setdefault((promise.kind, due[promise.id]), []).append(promise)
    ours = [promise.id for promise in promises]
    added: dict[str, dict[Window, int]] = {}
    for (name, due_at), same in by_kind.items():
        kind = desk.policy.promises.get(name) or (desk.promise_kind(name) if name == "other" else None)
        if kind is None:
            return f"the policy no longer has the promise kind {name!r}."
        load = load_of(desk, kind, now, leaving_out=ours, adding=added)
        moment = reply.made_at if fresh and due_at > now else now
        verdict = judge(kind, len(same), due_at, moment.replace(second=0, microsecond=0), load)
        if verdict.check is None and verdict.window is not None:
            counted = added.setdefault(name, {})
            counted[verdict.window] = counted.get(verdict.window, 0) + len(same)
            for promise in same:
                if due_at != promise.due_at:
                    review_at = review_time(kind, due_at)
                    desk.store.promises.set_due(promise.id, due_at, verdict.window, review_at)
            continue
        past = f"its {name} was promised for {stamp(due_at, desk.zone)}, which is past"
        earliest = judge(kind, len(same), due_at, now, load).earliest_due_at
        offer = f" The earliest that would pass is {stamp(earliest, desk.zone)}." if earliest else ""
        said = past if due_at <= now else verdict.why
        return f"{said}.{offer} Answer its comments again."
    return None


def _due_now(desk: Desk, reply: Reply, promises: Sequence[Promise], now: datetime) -> dict[str, datetime]:
    """The due time of each promise; of one said in relative words as they read at this moment."""
    relative = set(desk.store.promises.relative_of(reply.id))
    due = {promise.id: promise.due_at for promise in promises}
    if relative:
        told = committing.find_commitments(desk, [reply.text], now.replace(second=0, microsecond=0))[0]
        by_excerpt = {one.excerpt: one.due_at for one in told if one.due_at is not None and one.relative}
        for promise in promises:
            if promise.id in relative:
                due[promise.id] = by_excerpt.get(promise.text) or promise.due_at
    return due
