"""Recount: what became of the promises, how often a check changed what was about to be said, and what was waived."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from caretool.domain.record import NO_WORDS, Record, Refused, Waiver, record
from caretool.errors import StoreProblem

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.domain.draft import Refusal

_REFUSED = "reply-refused"


def remember_refused(desk: Desk, subject: str, refusals: Sequence[Refusal]) -> None:
    """Write into the log which checks stopped an attempt: codes only, its words are nobody's. Whoever asked is told why
    whether or not this can be written."""
    if not refusals:
        return
    agent = desk.agent()
    with suppress(StoreProblem), desk.store.writing():
        codes = dict(Counter[str](refusal.check for refusal in refusals))
        desk.store.journal.write(_REFUSED, [subject], agent=agent.id, at=desk.clock(), codes=codes)


def recount(desk: Desk, since: datetime | None, as_of: datetime) -> Record:
    """What ended since a moment (None: ever) and what is overdue, however old, as it stood at another."""
    outcomes = desk.store.promises.outcomes(since, as_of)
    kinds = desk.policy.promises.values()
    return record(
        outcomes,
        _refused(desk, since, as_of),
        _waivers(desk, since, as_of),
        since=since,
        as_of=as_of,
        zone=desk.zone,
        suppliers={kind.name: kind.supplier for kind in kinds if kind.supplier},
    )


def _refused(desk: Desk, since: datetime | None, as_of: datetime) -> Refused:
    stopped = [line for line in desk.store.journal.of_action(_REFUSED, since) if line.at <= as_of]
    by_check = Counter(check for line in stopped for check in line.codes)
    approved = {
        str(line.codes.get("draft"))
        for action in ("reply-approved", "reply-posted-by-hand")
        for line in desk.store.journal.of_action(action, since)
        if line.at <= as_of
    }
    attempts = sum(bool(line.codes.keys() - NO_WORDS) for line in stopped)
    return Refused(attempts, len(approved), dict(sorted(by_check.items())))


def _waivers(desk: Desk, since: datetime | None, as_of: datetime) -> list[Waiver]:
    """The excerpts stand with the draft: they are text, so the log has only their number."""
    found = []
    for draft in desk.store.replies.waiving(since):
        if draft.state == "rejected" or draft.made_at > as_of:
            continue
        replies = tuple(reply.id for reply in desk.store.replies.of_draft(draft.id))
        for excerpt in json.loads(draft.request)["not_a_promise"]:
            found.append(Waiver(excerpt, draft.agent, draft.id, replies, draft.made_at))
    return found
