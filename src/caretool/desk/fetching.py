"""Fetch: what is new on every platform at once, into the store page by page; then it is read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from queue import Empty, Queue

from caretool.desk import barring, forgetting, lasting, tokens, triaging, watching
from caretool.desk.desk import Desk
from caretool.desk.locks import held
from caretool.domain.calendar import after
from caretool.domain.policy import Account
from caretool.domain.watch import Watch
from caretool.errors import CaretoolError, PlatformBusy, PlatformFailed, TokenRefused
from caretool.platforms.platform import Page, Searches, Skipped
from caretool.store.arrivals import Stored

_AT_ONCE = 32
# Pages that are stored with one commit, where so many are there.
_TOGETHER = 16
# Of one list in one fetch: a server whose list has no end is left after that. The next fetch goes on from there.
_MOST_PAGES = 20_000


@dataclass
class Fetched:
    """What one account's fetch brought. `found` of the `new` ones were found by watch words. `held_back`: of so many
    nobody can tell whether they were forgotten. `remarks` are for a person to read; `error` is why it stopped early,
    `unsearched` why the search for a watch did."""

    account: str
    new: int = 0
    found: int = 0
    edited: int = 0
    deleted: int = 0
    held_back: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    error: CaretoolError | None = None
    unsearched: dict[str, CaretoolError] = field(default_factory=dict)

    @property
    def trouble(self) -> CaretoolError | None:
        """Why not everything was read; None: it was."""
        return self.error or next(iter(self.unsearched.values()), None)


@dataclass(frozen=True, slots=True)
class _Source:
    """What is read page after page: what is said to us, or what a `watch` finds."""

    read: Callable[[], Iterator[Page]]
    watch: Watch | None = None


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A page of a source, or that the source is done (`page` None); or that the account is (`source` None)."""

    account: Account
    source: _Source | None = None
    page: Page | None = None
    error: CaretoolError | None = None


def fetch(desk: Desk, names: Sequence[str]) -> list[Fetched]:
    """Fetch these accounts (none named: all); one that fails stops no other. Then read what is new."""
    # A restore in between would store a bookmark beside comments it does not belong to.
    with held(desk, "fetch", "waiting for a restore to end", shared=True):
        forgetting.finish(desk)
        return _fetch(desk, names)


def _fetch(desk: Desk, names: Sequence[str]) -> list[Fetched]:
    accounts = [desk.account(name) for name in dict.fromkeys(names)] or list(desk.settings.accounts.values())
    results = {account.name: Fetched(account.name) for account in accounts}
    pages: Queue[_Arrived] = Queue(maxsize=2 * _AT_ONCE)
    stop = threading.Event()
    waiting = [(account, _sources(desk, account)) for account in accounts]
    readers = [
        threading.Thread(target=_read_accounts, args=(waiting[start::_AT_ONCE], pages, stop), daemon=True)
        for start in range(min(_AT_ONCE, len(waiting)))
    ]
    now = desk.clock()
    for reader in readers:
        reader.start()
    try:
        left = len(waiting)
        while left:
            first = pages.get()
            with desk.store.writing():
                for arrived in _at_hand(pages, first):
                    left -= arrived.source is None
                    _take_in(desk, arrived, now, results[arrived.account.name])
    finally:
        stop.set()
        _drain(pages)
    triaging.wake(desk, now)
    triaging.read_unread(desk)
    triaging.read_edited(desk)
    barring.tell_held_back(desk, sum(result.held_back for result in results.values()))
    lasting.remembered(desk)
    for name, sentence in tokens.ending(desk, accounts):
        results[name].remarks.append(sentence)
    return list(results.values())


def _at_hand(pages: Queue[_Arrived], first: _Arrived) -> Iterator[_Arrived]:
    """What is there already comes with the first, a bounded number: one commit for all of them."""
    yield first
    for _ in range(_TOGETHER - 1):
        try:
            yield pages.get_nowait()
        except Empty:
            return


def _take_in(desk: Desk, arrived: _Arrived, now: datetime, result: Fetched) -> None:
    if arrived.source is None:
        return
    if arrived.page is not None:
        _store(desk, arrived.account, arrived.source.watch, arrived.page, now, result)
    else:
        _end(desk, arrived, arrived.source.watch, now, result)


def _sources(desk: Desk, account: Account) -> list[_Source]:
    """First what is said to us: what is found beyond that can wait."""
    try:
        platform = desk.open_platform(account)
    except CaretoolError as problem:
        return [_Source(partial(_fails, problem))]
    sources = [_Source(partial(platform.fetch, desk.store.arrivals.bookmark(account.name)))]
    for watch in watching.concerning(desk, account, platform):
        assert isinstance(platform, Searches)
        place = watching.bookmark(desk, account, watch)
        sources.append(_Source(partial(platform.search, watch, place), watch))
    return sources


def _fails(problem: CaretoolError) -> Iterator[Page]:
    raise problem


def _read_accounts(
    accounts: Sequence[tuple[Account, Sequence[_Source]]], pages: Queue[_Arrived], stop: threading.Event
) -> None:
    for account, sources in accounts:
        for source in sources:
            error: CaretoolError | None = None
            try:
                for page in _bounded(account, source.read()):
                    if stop.is_set():
                        return
                    pages.put(_Arrived(account, source, page))
            except CaretoolError as problem:
                error = problem
            except Exception as problem:  # a connector's bug must not leave the others waiting for ever
                error = CaretoolError(f"{account.name}: the {account.platform} connector failed ({problem!r}).")
            pages.put(_Arrived(account, source, error=error))
            if error is not None and (source.watch is None or isinstance(error, PlatformBusy)):
                break
        pages.put(_Arrived(account))


def _bounded(account: Account, pages: Iterator[Page]) -> Iterator[Page]:
    yield from islice(pages, _MOST_PAGES)
    if next(pages, None) is not None:
        raise PlatformFailed(f"{account.name}: {_MOST_PAGES:,} pages were read; the next fetch goes on from there")


def _store(desk: Desk, account: Account, watch: Watch | None, page: Page, now: datetime, result: Fetched) -> None:
    if watch is not None:
        with desk.store.writing():
            stored = watching.store(desk, account, watch, page, now, _before(desk, account, now))
            triaging.refresh(desk, stored.touched_groups)
        result.found += stored.new
        _count(desk, account, page, stored, result)
        return
    with desk.store.writing():
        # What is held back now is read once more, and comes in when the key is there again.
        bookmark = None if desk.store.tombstones.key_is_lost() else page.bookmark
        first_page = desk.store.arrivals.bookmark(account.name) is None
        bound = _before(desk, account, now) if first_page else desk.store.arrivals.first_fetch_bound(account.name)
        stored = desk.store.arrivals.add_page(
            account.name,
            page.comments,
            bookmark=bookmark,
            now=now,
            our_handle=account.handle,
            deleted=page.deleted,
            closed_before=bound,
            facts=page.facts,
        )
        triaging.refresh(desk, stored.touched_groups)
    _count(desk, account, page, stored, result)


def _count(desk: Desk, account: Account, page: Page, stored: Stored, result: Fetched) -> None:
    desk.progress(f"{account.name}: {result.new + stored.new} new comments")
    result.new += stored.new
    result.edited += stored.edited
    result.deleted += stored.deleted
    result.held_back += stored.held_back
    result.remarks += page.remarks
    result.skipped += page.skipped


def _end(desk: Desk, arrived: _Arrived, watch: Watch | None, now: datetime, result: Fetched) -> None:
    account = arrived.account.name
    error = arrived.error and tokens.explained(arrived.account, arrived.error)
    if watch is not None:
        if error is None:
            desk.store.watches.searched(account, watch.key)
        else:
            result.unsearched[watch.name] = error
            why = str(error).removeprefix(f"{account}: ")
            desk.store.arrivals.failed(account, now, f"watch {watch.name}: {why}")
        return
    result.error = error
    if error is None:
        desk.store.arrivals.fetched(account, now)
    else:
        desk.store.arrivals.failed(account, now, str(error))


def _before(desk: Desk, account: Account, now: datetime) -> datetime | None:
    if account.since is None:
        return None
    length = after(now, account.since, None, desk.zone, "closing") - now
    return now - length


def _drain(pages: Queue[_Arrived]) -> None:
    while True:
        try:
            pages.get_nowait()
        except Empty:
            return


def failure(results: Sequence[Fetched]) -> int:
    """The exit code: 0 if all went well, 4 if nothing came but refused tokens, 6 if some did, 1 if none."""
    failed = [result.error for result in results if result.error is not None]
    if not any(result.trouble for result in results):
        return 0
    if len(failed) < len(results):
        return 6
    return 4 if all(isinstance(error, TokenRefused) for error in failed) else 1
