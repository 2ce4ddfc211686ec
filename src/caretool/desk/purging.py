"""Purge: what has been kept as long as the policy says is erased (R8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from caretool.desk import forgetting, lasting, permitting, tracing, triaging
from caretool.desk.desk import Desk
from caretool.domain.codes import Kind
from caretool.domain.retention import kept_for
from caretool.errors import UsageProblem

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Expired:
    """What of one sort is older than `before`: `comments` to erase, and how many are `needed` still (they wait, or a
    promise or a case of who wrote them runs). `kind` is None where nobody has read it."""

    account: str
    kind: Kind | None
    length: timedelta
    before: datetime
    comments: int
    needed: int


@dataclass(frozen=True, slots=True)
class Purge:
    """What a purge erases: comments by sort, and the words of so much evidence, kept before `evidence_before`."""

    expired: tuple[Expired, ...]
    evidence: int = 0
    evidence_before: datetime | None = None

    @property
    def comments(self) -> int:
        """How many comments are to be erased."""
        return sum(one.comments for one in self.expired)


def plan(desk: Desk) -> Purge:
    """What is older than `[retention]` says, or the platform allows. UsageProblem where nothing says how long."""
    now = desk.clock()
    expired = tuple(one for one in _expired(desk, now) if one.comments or one.needed)
    length = desk.policy.retention.evidence_length
    before = now - length if length is not None else None
    return Purge(expired, desk.store.expiring.old_evidence(before) if before is not None else 0, before)


def permit(desk: Desk, *, asked: bool) -> None:
    """UsageProblem where who is there may not purge. Where nobody is named and nobody was `asked`, as in cron, the
    policy has said so."""
    if asked or desk.agent_id is not None:
        permitting.doer(desk, "purge")


def purge(desk: Desk, planned: Purge, *, asked: bool = False) -> int:
    """Erase it, a few hundred comments at once; how many. What is stopped in between goes on with the next purge.
    `asked`: a person said yes to it."""
    permit(desk, asked=asked)
    now = desk.clock()
    done = 0
    for one in planned.expired:
        while erased := _some(desk, one, now):
            done += erased
            desk.progress(f"erasing: {done} of {planned.comments}")
    if planned.evidence and planned.evidence_before is not None:
        with desk.store.writing():
            desk.store.expiring.empty_evidence(planned.evidence_before)
            desk.store.erasing.note_due(now)
            _log(desk, now, {"evidence": planned.evidence})
    if (done or planned.evidence) and not forgetting.finish(desk):
        desk.say("Old bytes stay in the database's files until the next fetch.")
    return done


def copies(desk: Desk) -> tuple[Path, ...]:
    """The files that a purge does not touch although they may hold the same: what our accounts read and write."""
    return tuple(path for path in tracing.files_of_accounts(desk.folder, desk.settings) if path.is_file())


def _some(desk: Desk, one: Expired, now: datetime) -> int:
    """Erase some of one sort, of which nobody has need at this very moment; how many."""
    with desk.store.writing():
        some = desk.store.expiring.some(one.account, one.kind, one.before, _AT_ONCE)
        if not some:
            return 0
        groups = desk.store.groups.of_comments(some)
        erased = desk.store.erasing.erase_comments(some, now)
        desk.store.expiring.unsay(some)
        triaging.refresh(desk, groups)
        _log(desk, now, {"comments": len(some), "account": one.account, "kind": one.kind})
        return erased


def _log(desk: Desk, now: datetime, codes: Mapping[str, str | int | None]) -> None:
    desk.store.journal.write("purged", ["database"], agent=desk.onlooker(), at=now, codes=codes)


def _expired(desk: Desk, now: datetime) -> Iterator[Expired]:
    retention = desk.policy.retention
    longest = lasting.remembered(desk)
    for account, kind in desk.store.expiring.sorts():
        ours = desk.settings.accounts.get(account)
        at_most = longest.get(account)
        platform = ours.platform if ours is not None else ""
        length = kept_for(retention, platform=platform, kind=kind, at_most=at_most)
        if length is not None:
            comments, needed = desk.store.expiring.count(account, kind, now - length)
            yield Expired(account, kind, length, now - length, comments, needed)
    if not retention.says_something and not longest:
        raise UsageProblem(
            'Nothing says how long comments are kept: add [retention] default = "730 days" to policies.toml.'
        )
