"""Our accounts: how each stands by what the desk knows, and what its platform says of it when it is asked."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from queue import Queue
from typing import Literal

from caretool.desk import tokens
from caretool.desk.desk import Desk
from caretool.domain.limits import Limits
from caretool.domain.policy import Account
from caretool.errors import CaretoolError, TokenRefused
from caretool.platforms.platform import Checked, Platform

Health = Literal["ok", "failed", "never-fetched"]

_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Presence:
    """One account by what the desk knows: who we are there, how many comments wait, how many replies are in the outbox
    or `unsure`, how its last fetch went (`failed_at` and `error`: one since the last good one, or a token that was
    refused since), when its token ends (None: nobody has said)."""

    account: Account
    handle: str | None
    waiting: int
    outbox: int
    unsure: int
    fetched_at: datetime | None
    failed_at: datetime | None
    error: str | None
    expires_at: datetime | None = None

    @property
    def state(self) -> Health:
        """How the last fetch went, and whether the token was refused since."""
        if self.error is not None:
            return "failed"
        return "ok" if self.fetched_at is not None else "never-fetched"


@dataclass(frozen=True, slots=True)
class Visit:
    """What one platform said of our account; `error` where it said nothing, or lacks a right that caretool needs.
    `replies_left`: how many can still be posted, until `replies_until` (None: no limit is known)."""

    account: Account
    checked: Checked = field(default_factory=Checked)
    fetched_at: datetime | None = None
    remarks: tuple[str, ...] = ()
    error: CaretoolError | None = None
    replies_left: int | None = None
    replies_until: datetime | None = None


def presences(desk: Desk) -> list[Presence]:
    """Every account as the desk knows it, in the order of accounts.toml; no platform is asked."""
    waiting = desk.store.comments.waiting_by_account()
    leaving = desk.store.replies.leaving()
    found = []
    for account in desk.settings.accounts.values():
        visited = desk.store.arrivals.visited(account.name)
        found.append(
            Presence(
                account=account,
                handle=account.handle or desk.store.kept(_handle_key(account)),
                waiting=waiting.get(account.name, 0),
                outbox=leaving.get((account.name, "approved"), 0) + leaving.get((account.name, "sending"), 0),
                unsure=leaving.get((account.name, "unsure"), 0),
                fetched_at=visited.fetched_at,
                failed_at=visited.failed_at,
                error=visited.error,
                expires_at=tokens.ends_at(desk.store, account),
            )
        )
    return found


def check(desk: Desk, names: Sequence[str]) -> list[Visit]:
    """Ask the platforms of these accounts (none named: all) at once; one that fails stops no other. What they tell of
    the place is kept."""
    named = [desk.account(name) for name in dict.fromkeys(names)]
    accounts = {account.name: account for account in named or desk.settings.accounts.values()}
    answers: Queue[tuple[Account, Checked | CaretoolError]] = Queue()
    opened: list[tuple[Account, Platform]] = []
    for account in accounts.values():
        try:
            opened.append((account, desk.open_platform(account)))
        except CaretoolError as problem:  # its token is missing, for instance
            answers.put((account, problem))
    for start in range(min(_AT_ONCE, len(opened))):
        threading.Thread(target=_ask, args=(opened[start::_AT_ONCE], answers), daemon=True).start()
    visits: dict[str, Visit] = {}
    while len(visits) < len(accounts):
        desk.progress(f"{len(visits)} of {len(accounts)} accounts have answered")
        account, answer = answers.get()
        visit = _visit(desk, account, answer)
        limits = next((platform.limits for one, platform in opened if one is account and visit.error is None), Limits())
        visits[account.name] = replace(visit, replies_left=limits.replies_left, replies_until=limits.replies_until)
    return [visits[name] for name in accounts]


def _ask(opened: Sequence[tuple[Account, Platform]], answers: Queue[tuple[Account, Checked | CaretoolError]]) -> None:
    for account, platform in opened:
        answer: Checked | CaretoolError
        try:
            answer = platform.check()
            answer = replace(answer, expires_at=answer.expires_at or tokens.end_of(platform))
        except CaretoolError as problem:
            answer = problem
        except Exception as bug:  # a connector's: the others must not wait for ever
            answer = CaretoolError(f"the {account.platform} connector failed ({bug!r}).")
        answers.put((account, answer))


def _visit(desk: Desk, account: Account, answer: Checked | CaretoolError) -> Visit:
    fetched_at = desk.store.arrivals.visited(account.name).fetched_at
    if isinstance(answer, CaretoolError):
        return Visit(account, fetched_at=fetched_at, error=tokens.explained(account, answer))
    tokens.learn(desk.store, account, answer.expires_at)
    with desk.store.writing():
        if answer.facts is not None:
            desk.store.arrivals.learn(account.name, answer.facts)
        if answer.handle is not None:
            desk.store.keep(_handle_key(account), answer.handle)
    lacking: CaretoolError | None = None
    if answer.missing:
        problem = TokenRefused(f"the token may not {', '.join(answer.missing)}: make one that may.")
        lacking = tokens.explained(account, problem)
    return Visit(account, answer, fetched_at, (*answer.remarks, *_remarks(desk, account, answer)), lacking)


def _remarks(desk: Desk, account: Account, checked: Checked) -> list[str]:
    """What the desk itself has to say of an answer."""
    remarks = []
    if account.handle is not None and checked.handle is not None and not _same(account.handle, checked.handle):
        remarks.append(
            f"accounts.toml says we are {account.handle!r} here, the platform says {checked.handle!r}: "
            "correct its handle, or our own posts wait for an answer."
        )
    if ending := tokens.warning(account, checked.expires_at, desk.clock(), desk.zone):
        remarks.append(ending)
    return remarks


def _same(ours: str, theirs: str) -> bool:
    """Whether two handles are one: an @ before it, its case, and the place behind it where only one says it, aside."""
    one, other = (handle.lstrip("@").casefold().partition("@") for handle in (ours, theirs))
    return one[0] == other[0] and (one[2] == other[2] or not one[2] or not other[2])


def _handle_key(account: Account) -> str:
    """Where a handle that the platform told is kept. By platform too: the name may have been another's before."""
    return f"handle of {account.name} on {account.platform}"


def failure(visits: Sequence[Visit]) -> int:
    """The exit code: 0 if all is well, 4 if nothing works for want of tokens only, 6 if some works, 1 if none."""
    failed = [visit.error for visit in visits if visit.error is not None]
    if not failed:
        return 0
    if len(failed) < len(visits):
        return 6
    return 4 if all(isinstance(error, TokenRefused) for error in failed) else 1
